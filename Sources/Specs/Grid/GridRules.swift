// How the keys that make combinations must fit each other.
import Text

extension SpecRules {
  /// Problems of `factors`, `zip`, `when`, `ablate` and `include` that show without expanding them.
  static func gridProblems(_ root: JSONNode) -> [SpecProblem] {
    guard case .object = root.content, root["extends"] == nil else { return [] }
    guard ["factors", "ablate", "include"].contains(where: { root[$0] != nil }) else {
      return [
        SpecProblem(
          position: root.position, path: "",
          message: "there is nothing to run: give factors, ablate, or include with single variants")
      ]
    }
    return withoutGrid(root) + depths(root) + size(root) + zips(root) + levelsTwice(root)
      + matches(root) + changes(root)
  }

  /// More combinations than are expanded.
  static func tooMany(_ node: JSONNode) -> SpecProblem {
    SpecProblem(
      position: node.position, path: "factors",
      message: "the grid has more than \(maximumVariants) variants; split the experiment")
  }

  /// Keys that act on a grid where there is none.
  private static func withoutGrid(_ root: JSONNode) -> [SpecProblem] {
    guard root["factors"] == nil else { return [] }
    return root.members.filter { ["zip", "when", "exclude"].contains($0.key) }.map {
      SpecProblem(
        position: $0.keyPosition, path: $0.key,
        message: "acts on the grid, and there is none without factors")
    }
  }

  private static func depths(_ root: JSONNode) -> [SpecProblem] {
    var problems: [SpecProblem] = []
    if let factors = root["factors"], factors["depth"] == nil {
      problems.append(
        SpecProblem(
          position: factors.position, path: "factors",
          message: "the grid is empty without a depth; add \"depth\": [20, 56] or the like"))
    }
    let singles = (root["include"]?.elements ?? []).enumerated().map { ("include[\($0)]", $1) }
    let base = root["ablate"]?["base"].map { [("ablate.base", $0)] } ?? []
    for (path, node) in singles + base where node["depth"] == nil {
      problems.append(
        SpecProblem(
          position: node.position, path: path, message: "the key \"depth\" is missing"))
    }
    return problems
  }

  private static func size(_ root: JSONNode) -> [SpecProblem] {
    guard let factors = root["factors"] else { return [] }
    let cells = Grid.axes(root).reduce(1) { min($0 * $1.count, maximumVariants + 1) }
    return cells > maximumVariants ? [tooMany(factors)] : []
  }

  // MARK: Groups that go together

  private static func zips(_ root: JSONNode) -> [SpecProblem] {
    guard let factors = root["factors"] else { return [] }
    var seen: [String: TextPosition] = [:]
    var problems: [SpecProblem] = []
    for (index, group) in (root["zip"]?.elements ?? []).enumerated() {
      let path = "zip[\(index)]"
      var members: [JSONNode.Member] = []
      for (place, node) in group.elements.enumerated() {
        guard let name = node.text, SpecGrammar.allFactors.contains(where: { $0.key == name })
        else { continue }
        func report(_ message: String) {
          problems.append(
            SpecProblem(position: node.position, path: "\(path)[\(place)]", message: message))
        }
        guard let factor = factors.members.first(where: { $0.key == name }) else {
          let known = factors.members.map(\.key)
          report("is no factor of the grid; \(suggestion(for: printable(name), among: known))")
          continue
        }
        if let first = seen.updateValue(node.position, forKey: name) {
          report("\(name) is in a group already, at \(first)")
          continue
        }
        members.append(factor)
      }
      problems += unequal(members, group, path)
    }
    return problems
  }

  /// Levels that cannot go together, or that do so twice.
  private static func unequal(
    _ members: [JSONNode.Member], _ group: JSONNode, _ path: String
  ) -> [SpecProblem] {
    let counts = members.map(\.value.elements.count)
    guard let first = counts.first, counts.allSatisfy({ $0 == first }) else {
      let text = members.map { "\($0.key) has \($0.value.elements.count)" }
      return counts.isEmpty
        ? []
        : [
          SpecProblem(
            position: group.position, path: path,
            message: "levels that go together are equally many: \(text.joined(separator: ", "))")
        ]
    }
    var seen: Set<[String]> = []
    return (0..<first).compactMap { index in
      let levels = members.map { CellLevel($0.key, $0.value.elements[index]) }
      guard !seen.insert(levels.map(\.level)).inserted, let node = levels.first?.node else {
        return nil
      }
      let text = levels.map(\.text).joined(separator: ", ")
      return SpecProblem(
        position: node.position, path: path, message: "\(text) go together for the second time")
    }
  }

  // MARK: Levels

  private static func levelsTwice(_ root: JSONNode) -> [SpecProblem] {
    let zipped = (root["zip"]?.elements ?? []).flatMap { $0.elements.compactMap(\.text) }
    let grid = (root["factors"]?.members ?? []).filter { !zipped.contains($0.key) }
    let rules = (root["when"]?.elements ?? []).enumerated().flatMap { index, rule in
      (rule["factors"]?.members ?? []).map { ("when[\(index)].factors", $0) }
    }
    let changes = (root["ablate"]?["change"]?.members ?? []).map { ("ablate.change", $0) }
    return (grid.map { ("factors", $0) } + rules + changes).flatMap { path, member in
      repetitions(member.value.elements, path: "\(path).\(member.key)")
    }
  }

  /// Matches that name nothing, and rules that set what they match.
  private static func matches(_ root: JSONNode) -> [SpecProblem] {
    var problems: [SpecProblem] = []
    for (index, entry) in (root["exclude"]?.elements ?? []).enumerated()
    where entry.isEmptyObject {
      problems.append(
        SpecProblem(
          position: entry.position, path: "exclude[\(index)]",
          message: "names no level, so it would leave out everything"))
    }
    for (index, rule) in (root["when"]?.elements ?? []).enumerated() {
      guard let match = rule["match"], let factors = rule["factors"] else { continue }
      let path = "when[\(index)]"
      if match.isEmptyObject {
        problems.append(
          SpecProblem(
            position: match.position, path: "\(path).match",
            message: "names no level, so it would hold everywhere; write these levels into factors")
        )
      }
      if factors.isEmptyObject {
        problems.append(
          SpecProblem(
            position: factors.position, path: "\(path).factors", message: "names no factor"))
      }
      for member in factors.members where match[member.key] != nil {
        problems.append(
          SpecProblem(
            position: member.keyPosition, path: "\(path).factors.\(member.key)",
            message: "is in the match of the same rule; one factor cannot be both"))
      }
    }
    return problems
  }

  /// Changes of an ablation that change nothing.
  private static func changes(_ root: JSONNode) -> [SpecProblem] {
    guard let ablate = root["ablate"], let base = ablate["base"], let change = ablate["change"]
    else { return [] }
    let empty =
      change.isEmptyObject
      ? [
        SpecProblem(
          position: change.position, path: "ablate.change",
          message: "names no factor; write what differs from the base")
      ] : []
    return empty
      + Grid.changes(change).compactMap { change in
        let same = change.levels.allSatisfy { level in
          base[level.factor].map(Self.level) == level.level
        }
        guard same else { return nil }
        let text = change.levels.map(\.text).joined(separator: ", ")
        return SpecProblem(
          position: change.position, path: change.path,
          message: text.isEmpty
            ? "names no level; write what differs from the base"
            : "changes nothing; the base has \(text) too")
      }
  }
}

extension JSONNode {
  fileprivate var isEmptyObject: Bool {
    guard case .object(let members) = content else { return false }
    return members.isEmpty
  }
}
