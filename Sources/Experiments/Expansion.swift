// From a spec to its variants: a pure function.
import Networks

/// One combination of levels as the spec writes it, before it is resolved.
struct Cell {
  var levels: [(factor: String, node: JSONNode)]
  /// Where problems of this combination are reported.
  var position: TextPosition
  var path: String

  func node(_ factor: String) -> JSONNode? { levels.first { $0.factor == factor }?.node }

  /// `network=plain, depth=20`
  var text: String {
    levels.map { "\($0.factor)=\(SpecRules.level($0.node))" }.joined(separator: ", ")
  }

  /// Whether the cell has one of the given levels for every factor of a match.
  func matches(_ match: JSONNode) -> Bool {
    match.members.allSatisfy { member in
      guard let node = node(member.key) else { return false }
      return SpecRules.choices(member.value).contains {
        SpecRules.level($0) == SpecRules.level(node)
      }
    }
  }
}

extension ExperimentSpec {
  /// The variants in the order of the grid, those of `include` after them.
  /// - Throws: `ExperimentError` with combinations that cannot exist, duplicates, rules that match
  ///   nothing and protocols that contradict themselves.
  public func expand() throws(ExperimentError) -> [Variant] {
    var problems: [SpecProblem] = []
    let cells = gridCells(&problems) + includedCells()
    var built: [(cell: Cell, architecture: Architecture)] = []
    var impossible: [(cell: Cell, reason: String)] = []
    for cell in cells {
      do {
        built.append((cell, try cell.architecture()))
      } catch {
        impossible.append((cell, error.description))
      }
    }
    problems += ImpossibleCells(impossible, amongAll: cells).problems
    let overrides = Overrides(root["overrides"]?.elements ?? [])
    problems += overrides.problems(for: built.map { $0.cell.levels(of: $0.architecture) })
    guard problems.isEmpty else { throw SpecProblem.error(problems, file: file) }

    var variants: [Variant] = []
    for (cell, architecture) in built {
      guard let variant = resolve(cell, architecture, overrides, &problems) else { continue }
      let twin = variants.first {
        $0.name == variant.name || $0.configurationHash == variant.configurationHash
      }
      if let twin {
        let same = twin.name == variant.name ? "" : " (it differs from \(variant.name) by name only)"
        problems.append(
          SpecProblem(
            position: cell.position, path: cell.path,
            message: "the variant \(twin.name) is there already\(same); leave out \(cell.text)"))
      }
      variants.append(variant)
    }
    if variants.isEmpty, problems.isEmpty {
      problems = [
        SpecProblem(
          position: root["exclude"]?.position ?? root.position, path: "exclude",
          message: "leaves nothing of the grid")
      ]
    }
    guard problems.isEmpty else { throw SpecProblem.error(problems, file: file) }
    return variants
  }

  /// The product of the factors without what `exclude` names.
  private func gridCells(_ problems: inout [SpecProblem]) -> [Cell] {
    guard let factors = root["factors"] else { return [] }
    var cells = [Cell(levels: [], position: factors.position, path: "factors")]
    for member in factors.members {
      cells = cells.flatMap { cell in
        member.value.elements.map { node in
          Cell(
            levels: cell.levels + [(member.key, node)], position: cell.position, path: cell.path)
        }
      }
    }
    let rules = root["exclude"]?.elements ?? []
    for (index, rule) in rules.enumerated() where !cells.contains(where: { $0.matches(rule) }) {
      problems.append(
        SpecProblem(
          position: rule.position, path: "exclude[\(index)]",
          message: "matches no combination of the grid"))
    }
    return cells.filter { cell in !rules.contains { cell.matches($0) } }
  }

  private func includedCells() -> [Cell] {
    (root["include"]?.elements ?? []).enumerated().map { index, entry in
      Cell(
        levels: entry.members.map { ($0.key, $0.value) }, position: entry.position,
        path: "include[\(index)]")
    }
  }

  /// The variant of a cell: the base protocol, changed by the cell's own levels, then by overrides.
  private func resolve(
    _ cell: Cell, _ architecture: Architecture, _ overrides: Overrides,
    _ problems: inout [SpecProblem]
  ) -> Variant? {
    guard let base = root["protocol"] else { return nil }
    let levels = cell.protocolLevels
    var node = base
    for level in levels { node = node.replacing(level.factor, with: level.node) }
    node = overrides.apply(to: node, levels: cell.levels(of: architecture))
    let name = Variant(
      architecture: architecture, trainingProtocol: baseProtocol,
      protocolLevels: levels.map { FactorLevel($0.factor, $0.node) }
    ).name
    for level in levels where node.value(at: level.factor)?.position != level.node.position {
      problems.append(
        SpecProblem(
          position: node.value(at: level.factor)?.position ?? cell.position, path: "overrides",
          message: "\(level.factor) is a factor, so no override changes it (in \(name))"))
    }
    var reader = ProtocolReader(node)
    let resolved = reader.read()
    problems += reader.problems.map {
      SpecProblem(position: $0.position, path: $0.path, message: "\($0.message) (in \(name))")
    }
    return resolved.map {
      Variant(
        architecture: architecture, trainingProtocol: $0,
        protocolLevels: levels.map { FactorLevel($0.factor, $0.node) })
    }
  }
}

extension Cell {
  /// The net of this combination, the rest at the papers' defaults.
  func architecture() throws(ArchitectureError) -> Architecture {
    func choice<Value: RawRepresentable<String>>(_ factor: String) -> Value? {
      node(factor)?.text.flatMap { Value(rawValue: $0) }
    }
    return try Architecture(
      network: choice("network") ?? .residual, depth: node("depth")?.integer ?? 0,
      family: choice("family"), block: choice("block"),
      activationOrder: choice("activationOrder") ?? .original, shortcut: choice("shortcut"),
      strideLocation: choice("strideLocation"), width: node("width")?.double ?? 1)
  }

  /// The levels that belong to the protocol.
  var protocolLevels: [(factor: String, node: JSONNode)] {
    levels.filter { level in SpecGrammar.protocolFactors.contains { $0.key == level.factor } }
  }

  /// Every level of the resolved variant.
  func levels(of architecture: Architecture) -> [FactorLevel] {
    architecture.levels + protocolLevels.map { FactorLevel($0.factor, $0.node) }
  }
}

extension FactorLevel {
  init(_ factor: String, _ node: JSONNode) {
    self.init(factor: factor, level: SpecRules.level(node), numeric: node.double)
  }
}
