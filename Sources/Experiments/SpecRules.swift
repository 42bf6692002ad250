// What the shape of a spec's values cannot say: how its keys must fit each other.

/// Checks across a spec's keys. Values of a wrong shape are passed over; their shape reports them.
enum SpecRules {
  static let maximumVariants = 10_000
  static let maximumRuns = 100_000

  static func problems(in root: JSONNode) -> [SpecProblem] {
    var claims = ClaimReader(root)
    claims.checkKeys()
    return grid(root) + levelsTwice(root) + excludedLevels(root) + seedsTwice(root)
      + figures(root) + claims.problems
  }

  /// The level that a value stands for, as text: numbers in their canonical form.
  static func level(_ node: JSONNode) -> String {
    switch node.content {
    case .text(let text): return text
    case .flag(let flag): return flag ? "true" : "false"
    case .number: return node.double.map(canonical) ?? ""
    case .null, .list, .object: return ""
    }
  }

  private static func grid(_ root: JSONNode) -> [SpecProblem] {
    guard case .object = root.content else { return [] }
    let factors = root["factors"]
    if factors == nil, root["include"] == nil {
      return [
        SpecProblem(
          position: root.position, path: "",
          message: "there is nothing to run: give factors, or include with single variants")
      ]
    }
    var problems: [SpecProblem] = []
    if let factors, factors["depth"] == nil {
      problems.append(
        SpecProblem(
          position: factors.position, path: "factors",
          message: "the grid is empty without a depth; add \"depth\": [20, 56] or the like"))
    }
    for (index, entry) in (root["include"]?.elements ?? []).enumerated()
    where entry["depth"] == nil {
      problems.append(
        SpecProblem(
          position: entry.position, path: "include[\(index)]",
          message: "the key \"depth\" is missing"))
    }
    let cells = factors.map { product($0.members.map(\.value.elements.count)) } ?? 0
    let seeds = root["seeds"]?.integer ?? root["seeds"]?.elements.count ?? 1
    if let factors, cells > maximumVariants {
      problems.append(
        SpecProblem(
          position: factors.position, path: "factors",
          message: "the grid has more than \(maximumVariants) variants; split the experiment"))
    } else if let node = root["seeds"], cells * min(max(seeds, 0), maximumRuns) > maximumRuns {
      problems.append(
        SpecProblem(
          position: node.position, path: "seeds",
          message: "\(cells) variants with \(seeds) seeds are more than \(maximumRuns) runs"))
    }
    return problems
  }

  /// The number of combinations, cut off above `maximumVariants`.
  private static func product(_ counts: [Int]) -> Int {
    counts.reduce(1) { min($0 * $1, maximumVariants + 1) }
  }

  private static func levelsTwice(_ root: JSONNode) -> [SpecProblem] {
    (root["factors"]?.members ?? []).flatMap { member in
      repetitions(member.value.elements, path: "factors.\(member.key)")
    }
  }

  private static func seedsTwice(_ root: JSONNode) -> [SpecProblem] {
    repetitions(root["seeds"]?.elements ?? [], path: "seeds")
  }

  private static func repetitions(_ nodes: [JSONNode], path: String) -> [SpecProblem] {
    var first: [String: TextPosition] = [:]
    return nodes.enumerated().compactMap { index, node in
      let level = level(node)
      guard let earlier = first[level] else {
        first[level] = node.position
        return nil
      }
      return SpecProblem(
        position: node.position, path: "\(path)[\(index)]",
        message: "\(printable(level)) stands here for the second time; the first is at \(earlier)")
    }
  }

  /// Levels and factors in `exclude` that the grid does not have, and entries without any.
  private static func excludedLevels(_ root: JSONNode) -> [SpecProblem] {
    let factors = root["factors"]
    return (root["exclude"]?.elements ?? []).enumerated().flatMap { index, entry in
      let path = "exclude[\(index)]"
      guard !entry.members.isEmpty else {
        return [
          SpecProblem(
            position: entry.position, path: path,
            message: "names no level, so it would leave out everything")
        ]
      }
      return entry.members.flatMap { member -> [SpecProblem] in
        guard SpecGrammar.allFactors.contains(where: { $0.key == member.key }) else { return [] }
        guard let grid = factors?[member.key] else {
          let known = factors?.members.map(\.key) ?? []
          return [
            SpecProblem(
              position: member.keyPosition, path: "\(path).\(member.key)",
              message: "is no factor of the grid; \(suggestion(for: member.key, among: known))")
          ]
        }
        return unknownLevels(
          in: member.value, known: grid.elements.map(level), path: "\(path).\(member.key)")
      }
    }
  }

  /// A problem for each level of a match that is not among the known ones.
  static func unknownLevels(
    in node: JSONNode, known: [String], path: String
  ) -> [SpecProblem] {
    choices(node).enumerated().compactMap { index, choice in
      let level = level(choice)
      guard !known.contains(level) else { return nil }
      let place = node.elements.isEmpty ? path : "\(path)[\(index)]"
      let word = printable(level)
      return SpecProblem(
        position: choice.position, path: place,
        message: "\(word) is no level here; \(suggestion(for: word, among: known))")
    }
  }

  /// The values of a match: the elements of a list, or the one value.
  static func choices(_ node: JSONNode) -> [JSONNode] {
    if case .list(let elements) = node.content { return elements }
    return [node]
  }

  private static func figures(_ root: JSONNode) -> [SpecProblem] {
    var names: Set<String> = []
    return (root["figures"]?.elements ?? []).enumerated().flatMap { index, figure in
      var problems: [SpecProblem] = []
      let path = "figures[\(index)]"
      if let node = figure["name"], let name = node.text, !names.insert(name).inserted {
        problems.append(
          SpecProblem(
            position: node.position, path: "\(path).name",
            message: "another figure has the name \(printable(name)) already"))
      }
      if let panels = figure["panels"]?.text, let node = figure["lines"], node.text == panels {
        problems.append(
          SpecProblem(
            position: node.position, path: "\(path).lines",
            message: "\(printable(panels)) is the factor of the panels already"))
      }
      problems += FigureSpec.foreignKeys(figure, path: path)
      return problems
    }
  }
}
