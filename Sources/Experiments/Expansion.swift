// From a spec to its variants: a pure function.
import Networks

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
    var twins: [String: String] = [:]
    for (cell, architecture) in built {
      guard let variant = resolve(cell, architecture, overrides, &problems) else { continue }
      let twin = twins[variant.name] ?? twins[variant.configurationHash]
      twins[variant.name] = variant.name
      twins[variant.configurationHash] = variant.name
      if let twin {
        let same =
          twin == variant.name
          ? "the variant \(twin) is there already"
          : "\(variant.name) is the same training as \(twin)"
        problems.append(
          SpecProblem(
            position: cell.position, path: cell.path,
            message: "\(same); leave out \(cell.text)"))
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
    if problems.isEmpty {
      var claims = ClaimReader(root)
      _ = claims.read(variants)
      problems += claims.problems
    }
    guard problems.isEmpty else { throw SpecProblem.error(problems, file: file) }
    return variants
  }

  /// The product of the factors without what `exclude` names.
  private func gridCells(_ problems: inout [SpecProblem]) -> [Cell] {
    guard let factors = root["factors"] else { return [] }
    var cells = [Cell(levels: [], position: factors.position, path: "factors")]
    for member in factors.members {
      let levels = member.value.elements.map { CellLevel(member.key, $0) }
      cells = cells.flatMap { cell in levels.map { cell.adding($0) } }
    }
    let nodes = root["exclude"]?.elements ?? []
    let rules = nodes.map { LevelMatch($0) }
    for (index, rule) in rules.enumerated() where !cells.contains(where: rule.matches) {
      problems.append(
        SpecProblem(
          position: nodes[index].position, path: "exclude[\(index)]",
          message: "matches no combination of the grid"))
    }
    return cells.filter { cell in !rules.contains { $0.matches(cell) } }
  }

  private func includedCells() -> [Cell] {
    (root["include"]?.elements ?? []).enumerated().map { index, entry in
      Cell(
        levels: entry.members.map { CellLevel($0.key, $0.value) }, position: entry.position,
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
      protocolLevels: levels.map(\.resolved)
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
        protocolLevels: levels.map(\.resolved), initialWeights: initialWeights)
    }
  }
}
