// One field of an architecture as data, so that specs, names, storage and ledgers need no list of
// their own.

/// How one field is called, what values it has, and how it is read, written and compared.
package struct ArchitectureField: Sendable {
  /// A value of any field.
  package enum Value: Hashable, Sendable {
    case text(String)
    case integer(Int)
    case number(Double)
    case flag(Bool)
    /// Where a net has no such thing, as a plain net has no shortcut.
    case none

    /// `original`, `56`, `0.5`, `true`, `none`
    package var text: String {
      switch self {
      case .text(let text): text
      case .integer(let integer): String(integer)
      case .number(let number):
        Int(exactly: number).map(String.init) ?? String(number)
      case .flag(let flag): flag ? "true" : "false"
      case .none: "none"
      }
    }

    /// The same for people: `yes`, `no`.
    package var words: String {
      guard case .flag(let flag) = self else { return text }
      return flag ? "yes" : "no"
    }
  }

  /// What values there are.
  package enum Kind: Sendable {
    case choice([String])
    case integer(ClosedRange<Int>)
    case number(ClosedRange<Double>)
    case flag

    /// The raw values of an enumeration.
    static func choice<Choice: CaseIterable & RawRepresentable<String>>(
      of type: Choice.Type
    ) -> Kind {
      .choice(type.allCases.map(\.rawValue))
    }
  }

  /// How a value stands in a variant's name: as a word of its own, or behind a label and an equals
  /// sign.
  struct NamePart: Sendable {
    var words: [(word: String, value: Value)] = []
    /// What stands before the equals sign; nil where there are words alone.
    var label: String?

    /// Every value is its own word.
    static func words<Choice: CaseIterable & RawRepresentable<String>>(
      of type: Choice.Type
    ) -> NamePart {
      NamePart(words: type.allCases.map { ($0.rawValue, .text($0.rawValue)) })
    }

    /// - Parameter word: what stands for this one value.
    static func word(_ word: String, for value: some ArchitectureFieldType) -> NamePart {
      NamePart(words: [(word, value.fieldValue)])
    }

    static func label(_ label: String) -> NamePart { NamePart(label: label) }
  }

  /// When canonical JSON has the field. A field that the first version did not have is left out
  /// where it says nothing, so that the hashes of earlier variants stay.
  enum Storage: Sendable {
    case always
    case unlessNone
    case unlessDefault
  }

  /// What a ledger of departures from the papers calls the field, and what the papers' nets have.
  package struct LedgerEntry: Sendable {
    package let label: String
    /// The value of published nets like this one; this net's own where they have every value.
    package let papers: @Sendable (Architecture, PublishedNets) -> Value

    /// - Parameter papers: of all published nets.
    static func entry(_ label: String, papers: some ArchitectureFieldType) -> LedgerEntry {
      let value = papers.fieldValue
      return LedgerEntry(label: label) { _, _ in value }
    }

    static func entry(
      _ label: String, papers: @escaping @Sendable (Architecture, PublishedNets) -> Value
    ) -> LedgerEntry {
      LedgerEntry(label: label, papers: papers)
    }
  }

  /// As specs and stored configurations write it.
  package let key: String
  package let kind: Kind
  /// One sentence with the default.
  package let summary: String
  /// Nil of network and depth, with which every name begins.
  let name: NamePart?
  let storage: Storage
  /// Nil where the papers vary the field themselves.
  package let ledger: LedgerEntry?
  private let read: @Sendable (Architecture) -> Value
  private let write: @Sendable (Value, inout Architecture.Choices) -> Bool

  /// - Parameters:
  ///   - choice: where it is asked for.
  ///   - value: where a net has it.
  init<Level: ArchitectureFieldType>(
    _ key: String, _ choice: WritableKeyPath<Architecture.Choices, Level?> & Sendable,
    _ value: @escaping @Sendable (Architecture) -> Level?, _ kind: Kind, _ summary: String,
    name: NamePart?, storage: Storage = .unlessDefault, ledger: LedgerEntry? = nil
  ) {
    self.key = key
    self.kind = kind
    self.summary = summary
    self.name = name
    self.storage = storage
    self.ledger = ledger
    read = { value($0)?.fieldValue ?? .none }
    write = { value, choices in
      let level = Level(fieldValue: value)
      guard level != nil || value == .none else { return false }
      choices[keyPath: choice] = level
      return true
    }
  }

  package func value(of architecture: Architecture) -> Value { read(architecture) }

  /// Asks for a value, or for the default where it is `none`.
  /// - Returns: whether the field can have this value.
  package func choose(_ value: Value, in choices: inout Architecture.Choices) -> Bool {
    write(value, &choices)
  }

  /// Whether the net would be the same if nothing were asked for here.
  /// - Parameter choices: all of the net's.
  func isDefault(in architecture: Architecture, _ choices: Architecture.Choices) -> Bool {
    var others = choices
    return write(.none, &others) && (try? Architecture(others)) == architecture
  }

  /// What canonical JSON has of the field; nil where it leaves it out.
  package func storedValue(of architecture: Architecture) -> Value? {
    let value = read(architecture)
    switch storage {
    case .always: return value
    case .unlessNone: return value == .none ? nil : value
    case .unlessDefault: return isDefault(in: architecture, architecture.choices) ? nil : value
    }
  }
}

/// What a field of an architecture can be.
package protocol ArchitectureFieldType: Sendable {
  var fieldValue: ArchitectureField.Value { get }
  /// Nil for a value of another kind, or a word that is none of the choices.
  init?(fieldValue: ArchitectureField.Value)
}

extension ArchitectureFieldType where Self: RawRepresentable<String> {
  package var fieldValue: ArchitectureField.Value { .text(rawValue) }
  package init?(fieldValue: ArchitectureField.Value) {
    guard case .text(let text) = fieldValue else { return nil }
    self.init(rawValue: text)
  }
}

extension Int: ArchitectureFieldType {
  package var fieldValue: ArchitectureField.Value { .integer(self) }
  package init?(fieldValue: ArchitectureField.Value) {
    guard case .integer(let integer) = fieldValue else { return nil }
    self = integer
  }
}

extension Double: ArchitectureFieldType {
  package var fieldValue: ArchitectureField.Value { .number(self) }
  package init?(fieldValue: ArchitectureField.Value) {
    guard case .number(let number) = fieldValue else { return nil }
    self = number
  }
}

extension Bool: ArchitectureFieldType {
  package var fieldValue: ArchitectureField.Value { .flag(self) }
  package init?(fieldValue: ArchitectureField.Value) {
    guard case .flag(let flag) = fieldValue else { return nil }
    self = flag
  }
}

/// The nets of a paper's experiment, as far as others are compared with them.
package struct PublishedNets: Sendable {
  package let family: Architecture.Family
  /// Empty where every depth counts.
  package let depths: [Int]

  package init(family: Architecture.Family, depths: [Int]) {
    self.family = family
    self.depths = depths
  }
}

extension Architecture {
  /// This net with nothing left to defaults.
  var choices: Choices {
    ArchitectureField.all.reduce(into: .defaults) { choices, field in
      _ = field.choose(field.value(of: self), in: &choices)
    }
  }
}
