// Combinations of a grid that cannot exist: why, and which `exclude` removes them.
import Text

/// Groups the combinations that no net can have by the fewest levels that explain them.
struct ImpossibleCells {
  private(set) var problems: [SpecProblem] = []

  /// - Parameters:
  ///   - impossible: the combinations with the reason of each.
  ///   - cells: all combinations of the spec, possible or not.
  init(_ impossible: [(cell: Cell, reason: String)], amongAll cells: [Cell]) {
    for (cell, reason) in impossible where cell.path != "factors" {
      problems.append(
        SpecProblem(
          position: cell.position, path: cell.path, message: "\(cell.text): \(reason)"))
    }
    let gridImpossible = impossible.filter { $0.cell.path == "factors" }
    let gridCells = cells.filter { $0.path == "factors" }
    let factors = gridCells.flatMap { $0.levels.map(\.factor) }.uniqued
    func signature(_ cell: Cell) -> [String] { factors.map { cell.level(of: $0)?.level ?? "" } }
    let grid = gridCells.map(signature)
    let reasons = Dictionary(
      gridImpossible.map { (signature($0.cell), $0.reason) },
      uniquingKeysWith: { first, _ in first }
    )
    var explained: Set<[String]> = []
    for (cell, reason) in gridImpossible {
      let own = signature(cell)
      guard !explained.contains(own) else { continue }
      guard problems.count < 20 else { break }
      // Where nothing of the grid can be built, no other combination shows which levels are at fault.
      let isWhole = reasons.count == Set(grid).count
      let names =
        isWhole
        ? Self.unbuildable(in: cell)
        : Self.culprits(in: own, grid: grid, impossible: reasons).map { factors[$0] }
      let culprits = factors.indices.filter { names.contains(factors[$0]) }
      for other in grid where culprits.allSatisfy({ other[$0] == own[$0] }) {
        explained.insert(other)
      }
      problems.append(
        Self.problem(cell, reason, Set(names), isWhole: isWhole && !names.contains("depth")))
    }
  }

  /// The fewest factors whose levels, all else at its default, make no net.
  private static func unbuildable(in cell: Cell) -> [String] {
    let factors = cell.levels.map(\.factor)
    let subsets = (1..<(1 << min(factors.count, 12))).filter { $0.nonzeroBitCount <= 3 }
      .map { bits in factors.indices.filter { $0 < 12 && bits >> $0 & 1 == 1 } }
    let found = subsets.sorted { $0.count < $1.count }.first { subset in
      // No net is without a depth.
      let levels = cell.levels.indices.filter { subset.contains($0) || factors[$0] == "depth" }
        .map { cell.levels[$0] }
      return (try? Cell(levels: levels, position: cell.position, path: cell.path).architecture())
        == nil
    }
    return found.map { $0.map { factors[$0] } } ?? factors
  }

  /// The fewest factors (as indices) whose levels make every combination that has them impossible.
  private static func culprits(
    in cell: [String], grid: [[String]], impossible: [[String]: String]
  ) -> [Int] {
    // Three levels explain every rule there is; twelve factors bound the search.
    let subsets = (1..<(1 << min(cell.count, 12))).filter { $0.nonzeroBitCount <= 3 }.map { bits in
      cell.indices.filter { $0 < 12 && bits >> $0 & 1 == 1 && !cell[$0].isEmpty }
    }
    for subset in subsets.sorted(by: { $0.count < $1.count }) {
      let sharing = grid.filter { other in subset.allSatisfy { other[$0] == cell[$0] } }
      if sharing.allSatisfy({ impossible[$0] != nil }) { return subset }
    }
    return cell.indices.filter { !cell[$0].isEmpty }
  }

  private static func problem(
    _ cell: Cell, _ reason: String, _ culprits: Set<String>, isWhole: Bool
  ) -> SpecProblem {
    let levels = cell.levels.filter { culprits.contains($0.factor) }
    let text = levels.map(\.text).joined(separator: ", ")
    let members = levels.map { level in
      let quote = level.node.text == nil ? "" : "\""
      return "\"\(level.factor)\": \(quote)\(level.level)\(quote)"
    }
    let alone = Cell(
      levels: cell.levels.filter { culprits.contains($0.factor) || $0.factor == "depth" },
      position: cell.position, path: cell.path)
    var advice = "add {\(members.joined(separator: ", "))} to exclude"
    if isWhole {
      let factors = levels.map(\.factor).joined(separator: " or ")
      advice = "take \(factors) out of the factors, or give it under when for nets that can have it"
    } else if culprits.count == 1, (try? alone.architecture()) == nil {
      advice = "take it out"
    } else if culprits.count == 1 {
      advice += " and list nets with \(text) under include, without the factor that does not apply"
    }
    return SpecProblem(
      position: levels.last?.node.position ?? cell.position, path: "factors",
      message: "\(text) cannot be built: \(reason); \(advice)")
  }
}
