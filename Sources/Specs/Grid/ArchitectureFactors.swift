// The fields of an architecture as a spec has them: grammar, levels, canonical JSON and the one
// decoder, all from the descriptions in Networks.
import Networks
import Text

extension SpecGrammar {
  /// In the order in which levels are stored.
  static let architectureFactors = ArchitectureField.all.map { field in
    SpecField(field.key, field.kind.shape, field.summary)
  }
}

extension Architecture {
  /// Every field as a factor's level, in the grammar's order; a plain net's shortcut is `none`.
  public var levels: [FactorLevel] {
    ArchitectureField.all.map { field in
      let value = field.value(of: self)
      return FactorLevel(factor: field.key, level: value.text, numeric: value.number)
    }
  }

  /// Every field with its value; fields that the first version did not have are left out at their
  /// defaults, so that its variants keep their hashes.
  public var canonicalJSON: CanonicalJSON {
    let stored = ArchitectureField.all.compactMap { field in
      field.storedValue(of: self).map { (field.key, $0.json) }
    }
    return .object(Dictionary(uniqueKeysWithValues: stored))
  }

  /// The net of a combination of levels or a stored configuration; what is left out, null or of
  /// another kind has its default.
  /// - Parameter node: the value under a field's key.
  /// - Throws: `ArchitectureError` for an unknown word, and where the net cannot exist.
  init(_ node: (_ key: String) -> JSONNode?) throws(ArchitectureError) {
    var choices = Choices.defaults
    for field in ArchitectureField.all {
      guard let value = node(field.key).flatMap(field.kind.value) else { continue }
      guard field.choose(value, in: &choices) else {
        throw ArchitectureError("\(field.key) '\(printable(value.text))' is not known")
      }
    }
    try self.init(choices)
  }
}

extension ArchitectureField.Kind {
  fileprivate var shape: SpecShape {
    switch self {
    case .choice(let words): .choice(words)
    case .integer(let range): .integer(range)
    case .number(let range): .number(range, above: false)
    case .flag: .flag
    }
  }

  /// Nil for a value of another kind.
  fileprivate func value(_ node: JSONNode) -> ArchitectureField.Value? {
    switch self {
    case .choice: node.text.map { .text($0) }
    case .integer: node.integer.map { .integer($0) }
    case .number: node.double.map { .number($0) }
    case .flag: node.flag.map { .flag($0) }
    }
  }
}

extension ArchitectureField.Value {
  fileprivate var number: Double? {
    switch self {
    case .integer(let integer): Double(integer)
    case .number(let number): number
    case .text, .flag, .none: nil
    }
  }

  fileprivate var json: CanonicalJSON {
    switch self {
    case .text(let text): .text(text)
    case .integer(let integer): .integer(integer)
    case .number(let number): .number(number)
    case .flag(let flag): .flag(flag)
    case .none: .null
    }
  }
}
