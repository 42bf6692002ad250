// What tests of sweeps share: an experiment of two variants with two seeds, an executor that trains
// nothing, and tasks on one folder.
import Experiments
import Foundation
import Numerics
import Results
import Specs
import Synchronization
import TestSupport
import Training

@testable import Sweeps

/// Pretends to train: every step is a record. It keeps no weights, and its checkpoints are no whole
/// ones, so that a run begins anew: what goes on is tested with the program.
final class PretendedTraining: RunExecutor {
  struct Failure: Error, CustomStringConvertible {
    var description: String { "out of paper" }
  }

  private let failing: Set<String>
  private let refused: Set<String>
  private let onStep: @Sendable (RunPlan, Int) -> Void
  private let made = Mutex<[String]>([])

  /// - Parameters:
  ///   - failing: labels of the runs that fail.
  ///   - refused: labels of the runs whose data this machine has not.
  init(
    failing: Set<String> = [], refused: Set<String> = [],
    onStep: @escaping @Sendable (RunPlan, Int) -> Void = { _, _ in }
  ) {
    self.failing = failing
    self.refused = refused
    self.onStep = onStep
  }

  /// Labels of the runs that were begun, in order.
  var begun: [String] { made.withLock { $0 } }

  func dataChecksum(_ data: DataSpecification) throws -> String { "data" }

  func execute(
    _ run: RunPlan, keeping: RunKeeping, report: (RunProgress) throws -> Void,
    shouldStop: () -> Bool
  ) throws -> RunOutcome {
    made.withLock { $0.append(run.label) }
    if failing.contains(run.label) { throw Failure() }
    for step in 1...run.steps {
      try report(.record(step: step, metrics: [("trainLoss", 1 / Double(step))]))
      onStep(run, step)
      if shouldStop() { return .interrupted(step: step) }
    }
    return .complete(weightsHash: "hash of \(run.label)", seconds: 0.01)
  }
}

/// A sweep in a folder of its own.
final class SweepFixture {
  static let labels = ["plain-8 seed 0", "resnet-8 seed 0", "plain-8 seed 1", "resnet-8 seed 1"]
  static let steps = 6

  let temporary: TemporaryFolder
  let folder: SweepFolder
  let plans: [RunPlan]
  private let spec: ExperimentSpec
  private(set) var description: SweepDescription

  /// - Parameter staleAfter: seconds.
  init(rules: SweepDescription.Rules = .init(staleAfter: 60)) throws {
    temporary = try TemporaryFolder(inMemory: true)
    folder = SweepFolder(path: temporary.path("sweep"))
    let spec = try ExperimentSpec(bytes: Array(Self.text.utf8), file: "sample.json")
    self.spec = spec
    let variants = try spec.expand()
    plans = RunPlan.interleaved(
      experiment: spec.name, variants: variants, seeds: spec.seeds, threads: 1, macs: { _ in 20 })
    let wanted = SweepDescription(
      experiment: spec.name, spec: "/sample.json", workingFolder: "/", newHead: false,
      version: "1", engineVersion: "7",
      variants: Dictionary(
        uniqueKeysWithValues: variants.map {
          ($0.name, .init(configurationHash: $0.configurationHash, macs: 20, seconds: nil))
        }), runs: plans.map { .init(variant: $0.variant.name, seed: $0.seed) }, rules: rules)
    description = wanted
    let file = temporary.path("plan-local.sqlite")
    description = try folder.enter(wanted) { description, path in
      let store = try ResultsStore(path: file)
      try store.prepare(
        ExperimentRecord(spec), variants: variants.map { VariantRecord($0, cost: Self.cost) },
        seeds: spec.seeds, newId: description.runId)
      try ResultsReader(path: file).backUp(to: path)
    }.description
  }

  static let cost = VariantCost(parameters: 10, macs: 20, memoryBytes: 30)

  private static let text = """
    {"name": "sample", "title": "Sample", "protocol": {"name": "tiny",
      "data": {"name": "shapes", "size": 16, "trainCount": 60, "testCount": 24},
      "batch": 8, "iterations": \(steps), "optimizer": {"learningRate": 0.02},
      "evaluation": {"every": \(steps), "recordEvery": 1}},
     "factors": {"network": ["plain", "residual"], "depth": [8]}, "seeds": 2}
    """

  static let provenance = Provenance(
    commit: "c0ffee", diff: "", untracked: "[]", host: "host", operatingSystem: "system",
    cpu: "cpu",
    numericIdentity: NumericIdentity(
      engineVersion: "7", backend: "blas", instructionSet: "baseline"), threads: 0,
    dataChecksum: "", versionsJSON: "{}", commandLine: "bench slurm-task")

  func task(
    _ executor: PretendedTraining, stop: StopRequest = StopRequest(),
    secondsLeft: Double? = nil, rules: SweepDescription.Rules? = nil,
    say: @escaping @Sendable (String) -> Void = { _ in }
  ) throws -> SweepTask {
    var description = description
    if let rules { description.rules = rules }
    let (spec, id) = (spec, description)
    let work = SweepWork(
      folder: folder, description: description, plans: plans, executor: executor,
      provenance: Self.provenance, options: RunOptions(),
      local: temporary.url.appending(path: "local-\(UUID().uuidString)"),
      enter: { plan, store in
        try store.prepare(
          ExperimentRecord(spec), variants: [VariantRecord(plan.variant, cost: Self.cost)],
          seeds: [plan.seed], newId: id.runId)
      })
    return try SweepTask(
      work, stop: stop, deadline: secondsLeft.map { .now + .seconds($0) }, wording: { "\($0)" },
      say: say, observe: { _ in })
  }

  func name(_ index: Int) -> String {
    description.folderName(.init(variant: plans[index].variant.name, seed: plans[index].seed))
  }

  /// The folder as a database.
  func reader() throws -> ResultsReader { try SweepDatabase.reader(of: [folder]) }
}
