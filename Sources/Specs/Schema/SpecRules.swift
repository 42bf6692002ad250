// What the shape of a spec's values cannot say: how its keys must fit each other.
import Text

/// Checks across a spec's keys. Values of a wrong shape are passed over; their shape reports them.
enum SpecRules {
  static let maximumVariants = 10_000
  static let maximumRuns = 100_000

  static func problems(in root: JSONNode) -> [SpecProblem] {
    var claims = ClaimReader(root)
    claims.checkKeys()
    return gridProblems(root) + seedsTwice(root) + figures(root) + headWithoutWeights(root)
      + claims.problems
  }

  private static func headWithoutWeights(_ root: JSONNode) -> [SpecProblem] {
    guard let node = root["newHead"], node.flag == true, root["initialWeights"] == nil else {
      return []
    }
    return [
      SpecProblem(
        position: node.position, path: "newHead",
        message: "belongs to initialWeights; random weights have a new head already")
    ]
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

  /// Runs beyond what one experiment may have.
  static func runProblems(_ root: JSONNode, variants: Int, seeds: Int) -> [SpecProblem] {
    guard variants * seeds > maximumRuns else { return [] }
    return [
      SpecProblem(
        position: root["seeds"]?.position ?? root.position, path: "seeds",
        message: "\(variants) variants with \(seeds) seeds are more than \(maximumRuns) runs")
    ]
  }

  private static func seedsTwice(_ root: JSONNode) -> [SpecProblem] {
    repetitions(root["seeds"]?.elements ?? [], path: "seeds")
  }

  static func repetitions(_ nodes: [JSONNode], path: String) -> [SpecProblem] {
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
