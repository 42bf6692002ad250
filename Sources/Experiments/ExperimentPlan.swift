// What an experiment will cost, before anything runs.
import Engine

/// What one variant costs.
public struct VariantCost: Hashable, Sendable {
  /// Trainable parameters.
  public var parameters: Int64
  /// Multiply-adds of one image's forward pass.
  public var macs: Int64
  /// Bytes that training it needs at its batch size, data included.
  public var memoryBytes: Int64
  /// What a user should know before it is trained.
  public var warnings: [String]

  public init(parameters: Int64, macs: Int64, memoryBytes: Int64, warnings: [String] = []) {
    self.parameters = parameters
    self.macs = macs
    self.memoryBytes = memoryBytes
    self.warnings = warnings
  }
}

/// Knows what variants cost.
public protocol CostModel: Sendable {
  /// Nothing is allocated for the answer.
  /// - Throws: an error with the reason, where the net cannot be built for the data's images.
  func cost(of variant: Variant, threads: Int) throws -> VariantCost
  /// Seconds of one training step, from a measurement of a few seconds at most.
  func secondsPerStep(of variant: Variant, threads: Int) throws -> Double
}

/// The runs of an experiment with what each costs.
public struct ExperimentPlan: Sendable {
  public struct Row: Sendable {
    public var run: RunPlan
    public var cost: VariantCost
    /// Estimated seconds of training; nil without calibration.
    public var seconds: Double?
  }

  public var rows: [Row]
  /// Runs at the same time.
  public var jobs: Int

  /// - Parameter calibrates: whether to measure the time of a step of each variant.
  /// - Throws: `ExperimentError` naming each variant that cannot be built.
  public init(
    experiment: String, variants: [Variant], seeds: [Int64], share: CoreShare,
    costs: any CostModel, calibrates: Bool
  ) throws(ExperimentError) {
    var problems: [String] = []
    var known: [String: (cost: VariantCost, seconds: Double?)] = [:]
    for variant in variants {
      do {
        let cost = try costs.cost(of: variant, threads: share.threads)
        var seconds: Double?
        if calibrates, problems.isEmpty, MachineMemory.obstacle(bytes: Int(cost.memoryBytes)) == nil
        {
          let step = try costs.secondsPerStep(of: variant, threads: share.threads)
          seconds = step * Double(variant.trainingProtocol.totalSteps)
        }
        known[variant.name] = (cost, seconds)
      } catch {
        problems.append("\(variant.name): \(error)")
      }
    }
    guard problems.isEmpty else { throw ExperimentError(problems) }
    let runs = RunPlan.interleaved(
      experiment: experiment, variants: variants, seeds: seeds, threads: share.threads,
      macs: { known[$0.name]?.cost.macs ?? 0 })
    jobs = share.jobs
    rows = runs.compactMap { run in
      known[run.variant.name].map { Row(run: run, cost: $0.cost, seconds: $0.seconds) }
    }
  }

  /// Estimated seconds of all runs; nil without calibration. With several jobs, each run goes to the
  /// job that is free first, as the runner does it.
  public var totalSeconds: Double? {
    guard rows.allSatisfy({ $0.seconds != nil }) else { return nil }
    var busyUntil = [Double](repeating: 0, count: max(1, jobs))
    for row in rows {
      let first = busyUntil.indices.min { busyUntil[$0] < busyUntil[$1] } ?? 0
      busyUntil[first] += row.seconds ?? 0
    }
    return busyUntil.max()
  }

  /// A sentence for each variant that does not fit this machine's memory.
  public var memoryProblems: [String] {
    var seen: Set<String> = []
    return rows.compactMap { row in
      guard seen.insert(row.run.variant.name).inserted,
        let obstacle = MachineMemory.obstacle(bytes: Int(row.cost.memoryBytes))
      else { return nil }
      return "\(row.run.variant.name): \(obstacle)"
    }
  }

  /// What a user should know of the variants, each sentence once.
  public var warnings: [String] {
    var seen: Set<String> = []
    return rows.flatMap(\.cost.warnings).filter { seen.insert($0).inserted }
  }

  /// Bytes that the largest runs that can meet need together.
  public var peakMemoryBytes: Int64 {
    rows.map(\.cost.memoryBytes).sorted(by: >).prefix(max(1, jobs)).reduce(0, +)
  }
}
