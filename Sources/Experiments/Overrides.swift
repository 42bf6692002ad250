// Other training for some variants.

/// The `overrides` of a spec.
struct Overrides {
  private let rules: [JSONNode]

  init(_ rules: [JSONNode]) { self.rules = rules }

  /// The protocol's JSON with the changes of every rule that matches these levels, in order.
  func apply(to node: JSONNode, levels: [FactorLevel]) -> JSONNode {
    rules.reduce(node) { result, rule in
      guard let match = rule["match"], let change = rule["protocol"],
        Self.matches(match, levels)
      else { return result }
      return result.merged(with: change)
    }
  }

  /// Rules that name unknown levels or match no variant.
  /// - Parameter variants: the levels of every variant.
  func problems(for variants: [[FactorLevel]]) -> [SpecProblem] {
    rules.enumerated().flatMap { index, rule -> [SpecProblem] in
      guard let match = rule["match"] else { return [] }
      let path = "overrides[\(index)].match"
      let unknown = match.members.flatMap { member in
        let known = variants.compactMap { $0.first { $0.factor == member.key }?.level }
        let distinct = known.enumerated().filter { known.firstIndex(of: $1) == $0 }.map(\.element)
        return SpecRules.unknownLevels(
          in: member.value, known: distinct, path: "\(path).\(member.key)")
      }
      guard unknown.isEmpty else { return unknown }
      guard !variants.contains(where: { Self.matches(match, $0) }) else { return [] }
      return [SpecProblem(position: match.position, path: path, message: "matches no variant")]
    }
  }

  private static func matches(_ match: JSONNode, _ levels: [FactorLevel]) -> Bool {
    match.members.allSatisfy { member in
      let level = levels.first { $0.factor == member.key }?.level
      return SpecRules.choices(member.value).contains { SpecRules.level($0) == level }
    }
  }
}

extension JSONNode {
  /// A protocol with the fields of `change` put in: objects key by key, everything else whole.
  /// A schedule with a kind replaces the whole schedule; iterations and epochs replace each other.
  func merged(with change: JSONNode, at key: String = "") -> JSONNode {
    guard case .object = content, case .object(let changes) = change.content else { return change }
    if key == "schedule", change["kind"] != nil { return change }
    var result = self
    for member in changes {
      if member.key == "iterations" { result.remove("epochs") }
      if member.key == "epochs" { result.remove("iterations") }
      let merged = self[member.key]?.merged(with: member.value, at: member.key)
      result.set(member.key, to: merged ?? member.value)
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
