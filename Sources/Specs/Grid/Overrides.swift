// Other training for some variants.
import Text

/// The `overrides` of a spec.
struct Overrides {
  private let rules: [JSONNode]
  private let matches: [LevelMatch]

  init(_ rules: [JSONNode]) {
    self.rules = rules
    matches = rules.map { $0["match"].map(LevelMatch.init) ?? LevelMatch($0) }
  }

  /// The protocol's JSON with the changes of every rule that matches these levels, in order.
  func apply(to node: JSONNode, levels: [FactorLevel]) -> JSONNode {
    rules.indices.filter { matches[$0].matches(levels) }.reduce(node) { result, index in
      rules[index]["protocol"].map { result.merged(with: $0) } ?? result
    }
  }

  /// Rules that name unknown levels or match no variant.
  /// - Parameter variants: the levels of every variant.
  func problems(for variants: [[FactorLevel]]) -> [SpecProblem] {
    rules.enumerated().flatMap { index, rule -> [SpecProblem] in
      guard let match = rule["match"] else { return [] }
      let path = "overrides[\(index)].match"
      let unknown = match.members.flatMap { member in
        SpecRules.unknownLevels(
          in: member.value, known: Self.levels(of: member.key, in: variants),
          path: "\(path).\(member.key)")
      }
      guard unknown.isEmpty else { return unknown }
      guard !variants.contains(where: matches[index].matches) else { return [] }
      return [SpecProblem(position: match.position, path: path, message: "matches no variant")]
    }
  }

  /// The levels that a factor has, each once, in the order of the variants.
  private static func levels(of factor: String, in variants: [[FactorLevel]]) -> [String] {
    var seen: Set<String> = []
    return variants.compactMap { $0.first { $0.factor == factor }?.level }
      .filter { seen.insert($0).inserted }
  }
}

extension JSONNode {
  /// A protocol with the fields of `change` put in: objects key by key, everything else whole.
  /// A schedule with a kind replaces the whole schedule, an optimizer with a kind all but the
  /// learning rate; iterations and epochs replace each other.
  func merged(with change: JSONNode, at key: String = "") -> JSONNode {
    guard case .object = content, case .object(let changes) = change.content else { return change }
    if key == "schedule", change["kind"] != nil { return change }
    var result = self
    if key == "optimizer", change["kind"] != nil {
      for member in members where member.key != "learningRate" { result.remove(member.key) }
    }
    for member in changes {
      if member.key == "iterations" { result.remove("epochs") }
      if member.key == "epochs" { result.remove("iterations") }
      let merged = self[member.key]?.merged(with: member.value, at: member.key)
      result.set(member.key, to: merged ?? member.value, at: member.keyPosition)
    }
    return result
  }

  /// A protocol with the field at a dotted path replaced.
  func replacing(_ path: String, with value: JSONNode) -> JSONNode {
    let keys = path.split(separator: ".").map(String.init)
    guard let first = keys.first else { return self }
    var result = self
    if keys.count == 1 {
      if first == "iterations" { result.remove("epochs") }
      if first == "epochs" { result.remove("iterations") }
      result.set(first, to: value)
    } else {
      let inner = self[first] ?? JSONNode(.object([]), at: value.position)
      result.set(first, to: inner.replacing(joined(Array(keys.dropFirst())), with: value))
    }
    return result
  }
}
