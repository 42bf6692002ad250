// From a spec to its variants: a pure function.
import Networks
import Text

extension ExperimentSpec {
  /// The variants in the order of the grid, those of `include` after them.
  /// - Throws: `SpecError` with combinations that cannot exist, duplicates, rules that match
  ///   nothing and protocols that contradict themselves.
  public func expand() throws(SpecError) -> [Variant] {
    var grid = Grid(root)
    let cells = grid.cells()
    var problems =
      grid.problems + SpecRules.runProblems(root, variants: cells.count, seeds: seeds.count)
    guard cells.count <= SpecRules.maximumVariants else {
      throw SpecProblem.error(problems, file: file)
    }
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
    let factors = cells.flatMap { $0.protocolLevels.map(\.factor) }.uniqued
    problems += overrides.problems(for: built.map { levels($0.cell, $0.architecture, factors) })
    guard problems.isEmpty else { throw SpecProblem.error(problems, file: file) }

    var variants: [Variant] = []
    var twins: [String: String] = [:]
    for (cell, architecture) in built {
      guard let variant = resolve(cell, architecture, factors, overrides, &problems) else {
        continue
      }
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

  /// Every level of a cell before overrides change its protocol.
  private func levels(
    _ cell: Cell, _ architecture: Architecture, _ factors: [String]
  ) -> [FactorLevel] {
    architecture.levels
      + factors.map { cell.level(of: $0)?.resolved ?? baseProtocol.level(of: $0) }
  }

  /// The variant of a cell: the base protocol, changed by the cell's own levels, then by overrides.
  private func resolve(
    _ cell: Cell, _ architecture: Architecture, _ factors: [String], _ overrides: Overrides,
    _ problems: inout [SpecProblem]
  ) -> Variant? {
    guard let base = root["protocol"] else { return nil }
    let levels = cell.protocolLevels
    var node = base
    for level in levels { node = node.replacing(level.factor, with: level.node) }
    node = overrides.apply(to: node, levels: self.levels(cell, architecture, factors))
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
        protocolLevels: levels.map(\.resolved), otherFactors: factors,
        initialWeights: initialWeights)
    }
  }
}
