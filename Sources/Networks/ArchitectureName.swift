// The one grammar of variant names: written here, read here.

extension Architecture {
  /// The variant's name: `plain-56`, `resnet-20`, `resnet-110-preact`, `resnet-34-shortcut=C`.
  ///
  /// Grammar: `(plain|resnet)-DEPTH`, then a part for each field that is not at its default, in the
  /// order of `ArchitectureField.inNames`: a word of its own, such as `-bottleneck` or `-nonorm`, or
  /// `-LABEL=VALUE`.
  public var name: String {
    let choices = choices
    let parts = ArchitectureField.inNames.compactMap { $0.namePart(of: self, choices) }
    return ([network == .plain ? "plain" : "resnet", String(depth)] + parts)
      .joined(separator: "-")
  }

  /// The parts of a name; a minus behind an equals sign is a number's.
  private static func parts(of name: String) -> [String] {
    var parts: [String] = []
    for part in name.split(separator: "-", omittingEmptySubsequences: false).map(String.init) {
      if let last = parts.last, last.hasSuffix("=") {
        parts[parts.count - 1] = "\(last)-\(part)"
      } else {
        parts.append(part)
      }
    }
    return parts
  }

  /// Reads a name of the grammar above; parts may come in any order.
  /// - Throws: `ArchitectureError` naming the part that is not understood.
  public init(name: String) throws(ArchitectureError) {
    let parts = Self.parts(of: name)
    guard parts.count >= 2, let network = ["plain": Network.plain, "resnet": .residual][parts[0]],
      let depth = Int(parts[1])
    else {
      throw ArchitectureError(
        "'\(name)' is not a network name; it starts like plain-56, resnet-20 or resnet-18")
    }
    var choices = Choices(network: network, depth: depth)
    for part in parts.dropFirst(2) {
      guard ArchitectureField.inNames.contains(where: { $0.choose(namePart: part, in: &choices) })
      else {
        let allowed = ArchitectureField.inNames.flatMap(\.nameGrammar).joined(separator: ", ")
        throw ArchitectureError(
          "'\(part)' in '\(name)' is not understood; allowed are \(allowed)")
      }
    }
    try self.init(choices)
  }
}

extension ArchitectureField {
  /// `preact`, `shortcut=C`; nil at the default.
  fileprivate func namePart(
    of architecture: Architecture, _ choices: Architecture.Choices
  ) -> String? {
    guard let name, !isDefault(in: architecture, choices) else { return nil }
    let value = value(of: architecture)
    return name.words.first { $0.value == value }?.word ?? name.label.map { "\($0)=\(value.text)" }
  }

  /// Asks for what a part of a name says.
  /// - Returns: whether it is a part of this field.
  fileprivate func choose(namePart part: String, in choices: inout Architecture.Choices) -> Bool {
    guard let name else { return false }
    if let word = name.words.first(where: { $0.word == part }) {
      return choose(word.value, in: &choices)
    }
    let pair = part.split(separator: "=", maxSplits: 1).map(String.init)
    guard pair.count == 2, pair[0] == name.label, let value = kind.value(pair[1]) else {
      return false
    }
    return choose(value, in: &choices)
  }

  /// What parts of a name there are: `preact`, `order=original|…`, `width=NUMBER`.
  fileprivate var nameGrammar: [String] {
    guard let name else { return [] }
    return name.words.map(\.word) + (name.label.map { ["\($0)=\(kind.grammar)"] } ?? [])
  }
}

extension ArchitectureField.Kind {
  /// The value that a text means; nil where it is of another kind.
  fileprivate func value(_ text: String) -> ArchitectureField.Value? {
    switch self {
    case .choice(let words): words.contains(text) ? .text(text) : nil
    case .integer: Int(text).map { .integer($0) }
    case .number: Double(text).map { .number($0) }
    case .flag: Bool(text).map { .flag($0) }
    }
  }

  fileprivate var grammar: String {
    switch self {
    case .choice(let words): words.joined(separator: "|")
    case .integer, .number: "NUMBER"
    case .flag: "true|false"
    }
  }
}
