// One combination of levels as the spec writes it, and what picks combinations.
import Networks
import Text

/// One factor's level in one combination.
struct CellLevel: Sendable {
  let factor: String
  /// The level as text, numbers in their canonical form.
  let level: String
  let node: JSONNode

  init(_ factor: String, _ node: JSONNode) {
    self.factor = factor
    self.node = node
    level = SpecRules.level(node)
  }

  var resolved: FactorLevel {
    FactorLevel(factor: factor, level: level, numeric: node.double)
  }

  /// `depth=56`
  var text: String { "\(factor)=\(level)" }
}

/// One combination of levels before it is resolved.
struct Cell: Sendable {
  var levels: [CellLevel]
  /// Where problems of this combination are reported.
  var position: TextPosition
  var path: String

  /// `network=plain, depth=20`
  var text: String { levels.map(\.text).joined(separator: ", ") }

  func level(of factor: String) -> CellLevel? { levels.first { $0.factor == factor } }

  /// The same with these levels, in place of those of the same factors.
  func setting(_ changes: [CellLevel]) -> Cell {
    var cell = self
    for change in changes {
      if let index = levels.firstIndex(where: { $0.factor == change.factor }) {
        cell.levels[index] = change
      } else {
        cell.levels.append(change)
      }
    }
    return cell
  }

  /// The levels that belong to the protocol.
  var protocolLevels: [CellLevel] {
    levels.filter { level in SpecGrammar.protocolFactors.contains { $0.key == level.factor } }
  }

  /// The net of this combination, the rest at the papers' defaults.
  func architecture() throws(ArchitectureError) -> Architecture {
    try Architecture { level(of: $0)?.node }
  }
}

/// Picks combinations: those that have one of the given levels for every factor named.
struct LevelMatch: Sendable {
  private let levels: [(factor: String, allowed: Set<String>)]

  /// - Parameter node: an object of factors with a level or a list of levels each.
  init(_ node: JSONNode) {
    levels = node.members.map { ($0.key, Set(SpecRules.choices($0.value).map(SpecRules.level))) }
  }

  func matches(_ cell: Cell) -> Bool {
    levels.allSatisfy { factor, allowed in
      cell.levels.contains { $0.factor == factor && allowed.contains($0.level) }
    }
  }

  func matches(_ resolved: [FactorLevel]) -> Bool {
    levels.allSatisfy { factor, allowed in
      resolved.contains { $0.factor == factor && allowed.contains($0.level) }
    }
  }
}
