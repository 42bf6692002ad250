// What an experiment will cost, before anything runs.
import Numerics
import Results
import Specs
import Training

/// The runs of an experiment with what each costs.
public struct ExperimentPlan: Sendable {
  public struct Row: Sendable {
    public var run: RunPlan
    public var cost: VariantCost
    /// Estimated seconds of what is left of training and evaluation; nil without calibration.
    public var seconds: Double?
    /// What has become of it under its present configuration; nil where it was never begun.
    public var status: RunStatus?

    /// Whether nothing more is to be done for it.
    public var isDone: Bool { status?.isFinal == true }
  }

  public var rows: [Row]
  /// Runs at the same time.
  public var jobs: Int

  /// - Parameters:
  ///   - states: what has been done of the runs already.
  ///   - calibrates: whether to measure the pace of each variant that is still to be trained.
  /// - Throws: `ExperimentError` naming each variant that cannot be built.
  public init(
    experiment: String, variants: [Variant], seeds: [Int64], share: CoreShare,
    states: [AttemptState] = [], costs: any CostModel, calibrates: Bool
  ) throws(ExperimentError) {
    var problems: [String] = []
    var known: [String: (cost: VariantCost, pace: TrainingPace?)] = [:]
    let hashes = Dictionary(
      variants.map { ($0.name, $0.configurationHash) }, uniquingKeysWith: { first, _ in first })
    let done = Dictionary(
      states.filter { hashes[$0.key.variant] == $0.configurationHash }.map { ($0.key, $0) },
      uniquingKeysWith: { _, last in last })
    func isDone(_ variant: Variant, _ seed: Int64) -> Bool {
      let key = RunKey(experiment: experiment, variant: variant.name, seed: seed)
      return done[key]?.status.isFinal == true
    }
    for variant in variants {
      do {
        let cost = try costs.cost(of: variant, threads: share.threads)
        var pace: TrainingPace?
        if calibrates, problems.isEmpty,
          MachineMemory.obstacle(bytes: Int(cost.memoryBytes)) == nil,
          !seeds.allSatisfy({ isDone(variant, $0) })
        {
          pace = try costs.pace(of: variant, threads: share.threads)
        }
        known[variant.name] = (cost, pace)
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
      known[run.variant.name].map { cost, pace in
        let state = done[run.key]
        // What failed or was interrupted goes on where it stands at best.
        let step = state?.status.isFinal == true ? run.steps : state?.step ?? 0
        let seconds = pace?.seconds(run.variant.trainingProtocol, after: step)
        return Row(
          run: run, cost: cost, seconds: state?.status.isFinal == true && calibrates ? 0 : seconds,
          status: state?.status)
      }
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
