// The combinations of levels that a spec names, in its own words and before they are resolved.
import Text

/// Turns `factors`, `zip`, `when`, `exclude`, `ablate` and `include` into combinations.
struct Grid {
  private let root: JSONNode
  private(set) var problems: [SpecProblem] = []

  init(_ root: JSONNode) { self.root = root }

  /// Those of the grid, of the ablation, then single ones; see `problems` for rules that fit none.
  mutating func cells() -> [Cell] {
    let cells = excluded(conditional(product())) + ablation + single
    if cells.count > SpecRules.maximumVariants {
      problems.append(SpecRules.tooMany(root["when"] ?? root))
    }
    return cells
  }

  // MARK: The grid

  /// What the product is of: the levels of a factor, or those of zipped factors side by side. A
  /// group stands where its first factor does.
  static func axes(_ root: JSONNode) -> [[[CellLevel]]] {
    let factors = root["factors"]?.members ?? []
    let groups = (root["zip"]?.elements ?? []).map { $0.elements.compactMap(\.text) }
    return factors.compactMap { factor in
      guard let group = groups.first(where: { $0.contains(factor.key) }) else {
        return factor.value.elements.map { [CellLevel(factor.key, $0)] }
      }
      let zipped = factors.filter { group.contains($0.key) }
      guard zipped.first?.key == factor.key else { return nil }
      let length = zipped.map(\.value.elements.count).min() ?? 0
      return (0..<length).map { index in
        zipped.map { CellLevel($0.key, $0.value.elements[index]) }
      }
    }
  }

  private func product() -> [Cell] {
    guard let factors = root["factors"] else { return [] }
    let empty = [Cell(levels: [], position: factors.position, path: "factors")]
    return Self.axes(root).reduce(empty) { cells, axis in
      cells.flatMap { cell in axis.map { cell.setting($0) } }
    }
  }

  /// The combinations after the rules of `when`, each of which puts levels into those that match.
  private mutating func conditional(_ product: [Cell]) -> [Cell] {
    var cells = product
    for (index, rule) in (root["when"]?.elements ?? []).enumerated() {
      guard let node = rule["match"], let factors = rule["factors"] else { continue }
      check(node, "when[\(index)].match", against: cells)
      let match = LevelMatch(node)
      var seen: Set<[String]> = []
      cells = cells.flatMap { cell -> [Cell] in
        guard match.matches(cell) else { return [cell] }
        let changed = factors.members.reduce([cell]) { cells, factor in
          let levels = factor.value.elements.map { [CellLevel(factor.key, $0)] }
          return cells.flatMap { cell in levels.map { cell.setting($0) } }
        }
        // Combinations that differed in a replaced level alone are one now.
        return changed.filter { seen.insert($0.levels.map(\.text)).inserted }
      }
      guard cells.count <= SpecRules.maximumVariants else { break }
    }
    return cells
  }

  private mutating func excluded(_ cells: [Cell]) -> [Cell] {
    let nodes = root["exclude"]?.elements ?? []
    for (index, node) in nodes.enumerated() { check(node, "exclude[\(index)]", against: cells) }
    let rules = nodes.map { LevelMatch($0) }
    return cells.filter { cell in !rules.contains { $0.matches(cell) } }
  }

  /// Factors and levels of a match that the combinations do not have, and one that fits none.
  private mutating func check(_ match: JSONNode, _ path: String, against cells: [Cell]) {
    var unknown: [SpecProblem] = []
    for member in match.members {
      let levels = cells.compactMap { $0.level(of: member.key)?.level }.uniqued
      if levels.isEmpty {
        let known = cells.flatMap { $0.levels.map(\.factor) }.uniqued
        unknown.append(
          SpecProblem(
            position: member.keyPosition, path: "\(path).\(member.key)",
            message: "is no factor of the grid; \(suggestion(for: member.key, among: known))"))
      } else {
        unknown += SpecRules.unknownLevels(
          in: member.value, known: levels, path: "\(path).\(member.key)")
      }
    }
    let rule = LevelMatch(match)
    if unknown.isEmpty, !cells.contains(where: rule.matches) {
      unknown.append(
        SpecProblem(
          position: match.position, path: path, message: "matches no combination of the grid"))
    }
    problems += unknown
  }

  // MARK: Beside the grid

  /// The base, then the base with each change.
  private var ablation: [Cell] {
    guard let ablate = root["ablate"], let node = ablate["base"], let change = ablate["change"]
    else { return [] }
    let base = Cell(
      levels: node.members.map { CellLevel($0.key, $0.value) }, position: node.position,
      path: "ablate.base")
    return [base]
      + Self.changes(change).map { change in
        var cell = base.setting(change.levels)
        (cell.position, cell.path) = (change.position, change.path)
        return cell
      }
  }

  /// One change of an ablation.
  struct Change {
    var levels: [CellLevel]
    var position: TextPosition
    var path: String
  }

  /// The elements of a list, or every level of an object of factors.
  static func changes(_ node: JSONNode) -> [Change] {
    let listed = node.elements.enumerated().map { index, entry in
      Change(
        levels: entry.members.map { CellLevel($0.key, $0.value) }, position: entry.position,
        path: "ablate.change[\(index)]")
    }
    return listed
      + node.members.flatMap { factor in
        factor.value.elements.enumerated().map { index, level in
          Change(
            levels: [CellLevel(factor.key, level)], position: level.position,
            path: "ablate.change.\(factor.key)[\(index)]")
        }
      }
  }

  private var single: [Cell] {
    (root["include"]?.elements ?? []).enumerated().map { index, entry in
      Cell(
        levels: entry.members.map { CellLevel($0.key, $0.value) }, position: entry.position,
        path: "include[\(index)]")
    }
  }
}
