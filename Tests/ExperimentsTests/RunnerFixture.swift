// What runner tests share: an executor that trains nothing, a store in a folder of its own.
import Foundation
import Numerics
import Results
import Synchronization
import TestSupport

@testable import Experiments
@testable import Specs
@testable import Training

/// Pretends to train: reports the protocol's steps and records, ends as it is told for each run.
/// Interrupted or failing, it leaves a checkpoint; from one it goes on.
final class MockExecutor: RunExecutor {
  enum Ending: Sendable {
    case complete
    case diverge(step: Int)
    case recordNaN(step: Int)
    case fail(step: Int)
  }

  struct Failure: Error, CustomStringConvertible {
    var description: String { "out of paper" }
  }

  private let endings: Mutex<[String: Ending]>
  private let onStep: @Sendable (RunPlan, Int) -> Void
  private let state = Mutex((order: [String](), inWork: 0, mostInWork: 0))
  private let checksum: @Sendable (DataSpecification) throws -> String

  /// - Parameters:
  ///   - endings: how runs end, by label; the others complete.
  ///   - onStep: called after every step.
  init(
    endings: [String: Ending] = [:],
    onStep: @escaping @Sendable (RunPlan, Int) -> Void = { _, _ in },
    checksum: @escaping @Sendable (DataSpecification) throws -> String = { "data of \($0.name)" }
  ) {
    self.endings = Mutex(endings)
    self.checksum = checksum
    self.onStep = onStep
  }

  /// Labels of the runs, in the order in which they started.
  var order: [String] { state.withLock { $0.order } }
  /// The most runs that were in work at a time.
  var mostInWork: Int { state.withLock { $0.mostInWork } }

  func heal() { endings.withLock { $0 = [:] } }

  func dataChecksum(_ data: DataSpecification) throws -> String { try checksum(data) }

  func execute(
    _ run: RunPlan, keeping: RunKeeping, report: (RunProgress) throws -> Void,
    shouldStop: () -> Bool
  ) throws -> RunOutcome {
    state.withLock {
      $0.order.append(run.label)
      $0.inWork += 1
      $0.mostInWork = max($0.mostInWork, $0.inWork)
    }
    defer { state.withLock { $0.inWork -= 1 } }
    let ending = endings.withLock { $0[run.label] } ?? .complete
    let first = keeping.resumed?.position.step ?? 0
    func save(_ step: Int) throws {
      guard let checkpoints = keeping.checkpoints else { return }
      guard try checkpoints.settle(step) else { return }
      var position = TrainingPosition()
      position.step = step
      try checkpoints.folder.write(checkpoints.identity, position, [])
    }
    for step in first + 1...run.steps {
      if case .fail(step) = ending {
        if step > 1 { try save(step - 1) }
        throw Failure()
      }
      if case .diverge(step) = ending { return .diverged(step: step) }
      try report(.step(step, loss: 1, error: 50, imagesPerSecond: 100))
      if run.variant.trainingProtocol.records(afterStep: step) {
        var loss = 1 / Double(step)
        if case .recordNaN(step) = ending { loss = .nan }
        try report(.record(step: step, metrics: [("trainLoss", loss), ("trainError", 50)]))
      }
      onStep(run, step)
      if shouldStop() {
        try save(step)
        return .interrupted(step: step)
      }
    }
    return .complete(weightsHash: "hash of \(run.label)", seconds: Double(run.steps))
  }
}

/// An experiment of four variants with two seeds, six steps each, in a store of its own.
final class RunnerFixture {
  static let labels = [0, 1].flatMap { seed in
    ["plain-20", "plain-56", "resnet-20", "resnet-56"].map { "\($0) seed \(seed)" }
  }

  private let temporary: TemporaryFolder
  let store: ResultsStore
  let plans: [RunPlan]
  let stop = StopRequest()

  var folder: URL { temporary.url }
  var database: String { temporary.database }

  init() throws {
    temporary = try TemporaryFolder()
    store = try ResultsStore(path: temporary.database)
    let proto = SpecFixture.proto(
      length: #""iterations": 6"#, more: #""evaluation": {"every": 4, "recordEvery": 2}"#)
    let spec = try SpecFixture.spec(SpecFixture.text(proto: proto))
    let variants = try spec.expand()
    try store.prepare(
      ExperimentRecord(spec),
      variants: variants.map {
        VariantRecord($0, cost: VariantCost(parameters: 10, macs: 20, memoryBytes: 30))
      }, seeds: spec.seeds)
    plans = RunPlan.interleaved(
      experiment: spec.name, variants: variants, seeds: spec.seeds, threads: 1, macs: { _ in 20 })
  }

  static let provenance = Provenance(
    commit: "c0ffee", diff: "", untracked: "[]", host: "host", operatingSystem: "system",
    cpu: "cpu",
    numericIdentity: NumericIdentity(
      engineVersion: "1", backend: "blas", instructionSet: "baseline"), threads: 0,
    dataChecksum: "", versionsJSON: "{}", commandLine: "bench run sample.json")

  func runner(
    _ executor: MockExecutor, options: RunOptions = RunOptions(), stop: StopRequest? = nil,
    heartbeatInterval: Duration = .seconds(5), provenance: Provenance = RunnerFixture.provenance,
    observe: @escaping @Sendable (RunEvent) -> Void = { _ in }
  ) -> ExperimentRunner {
    ExperimentRunner(
      store: store, executor: executor, provenance: provenance, stop: stop ?? self.stop,
      options: options, heartbeatInterval: heartbeatInterval, observe: observe)
  }

  func statuses() throws -> [RunStatus?] { try plans.map { try store.status(of: $0.key) } }

  func log(_ name: String) throws -> [String] {
    let path = folder.appending(path: "logs/sample/\(name).log")
    return try String(contentsOf: path, encoding: .utf8).split(separator: "\n").map(String.init)
  }
}
