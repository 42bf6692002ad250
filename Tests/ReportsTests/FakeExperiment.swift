// An experiment with plausible curves, entered through the store as the runner would.
import Foundation
import Numerics
import Reports
import Results
import TestSupport
import Testing

/// A folder with the database of one made-up experiment; it disappears with the value.
final class FakeExperiment {
  /// A variant's levels and the errors its curve falls to.
  struct Net {
    var network: String
    var depth: Int
    var trainError: Double
    var testError: Double
    var extra: [LevelRecord] = []

    var name: String {
      ([network == "plain" ? "plain" : "resnet", String(depth)]
        + extra.map { "\($0.factor)=\($0.level)" }).joined(separator: "-")
    }
  }

  static let quartet = [
    Net(network: "plain", depth: 20, trainError: 40, testError: 44),
    Net(network: "plain", depth: 56, trainError: 89.5, testError: 90),
    Net(network: "residual", depth: 20, trainError: 24, testError: 28),
    Net(network: "residual", depth: 56, trainError: 26, testError: 31.5),
  ]

  private let temporary: TemporaryFolder
  let store: ResultsStore
  let nets: [Net]
  let totalSteps: Int
  var folder: URL { temporary.url }
  var database: String { temporary.database }
  func reader() throws -> ResultsReader { try ResultsReader(path: database) }
  func report() throws -> ExperimentReport {
    try ExperimentReport(try reader(), experiment: nil)
  }

  init(
    name: String = "degradation", title: String = "Plain nets degrade with depth",
    nets: [Net] = quartet, seeds: [Int64] = [0, 1], totalSteps: Int = 600,
    protocolName: String = "quick", more: String = ""
  ) throws {
    temporary = try TemporaryFolder()
    store = try ResultsStore(path: temporary.database)
    self.nets = nets
    self.totalSteps = totalSteps
    try store.prepare(
      ExperimentRecord(
        name: name, title: title, specPath: "experiments/\(name).json",
        specJSON: Self.specText(nets, seeds: seeds, protocolName: protocolName, more: more),
        specHash: "5e", protocolName: protocolName, protocolJSON: "{}", classes: 10),
      variants: nets.map { net in
        VariantRecord(
          name: net.name, configurationJSON: #"{"depth": \#(net.depth)}"#,
          configurationHash: "hash-" + net.name,
          levels: [
            LevelRecord(factor: "network", level: net.network),
            LevelRecord(factor: "depth", level: "\(net.depth)", numeric: Double(net.depth)),
            LevelRecord(factor: "shortcut", level: net.network == "plain" ? "none" : "A"),
          ] + net.extra, parameters: 13_500 * Int64(net.depth), macs: 2_000_000 * Int64(net.depth))
      }, seeds: seeds)
    experiment = name
  }

  private let experiment: String

  /// A spec with these nets; `paper-64k` is the paper's own protocol.
  private static func specText(
    _ nets: [Net], seeds: [Int64], protocolName: String, more: String
  ) -> String {
    let isPapers = protocolName == "paper-64k"
    let rest =
      isPapers
      ? #""iterations": 64000, "schedule": {"kind": "step", "milestones": [32000, 48000]}"#
      : #""iterations": 600, "schedule": {"kind": "step", "milestones": [400]}"#
    let include = nets.map { net in
      let levels = net.extra.map {
        #", "\#($0.factor)": "# + ($0.numeric == nil ? #""\#($0.level)""# : $0.level)
      }.joined()
      return #"{"network": "\#(net.network)", "depth": \#(net.depth)\#(levels)}"#
    }
    return #"""
      {"name": "sample", "title": "A sample", "protocol": {"name": "\#(protocolName)",
        "data": {"name": "\#(isPapers ? "cifar-10" : "shapes")", "size": 32}, "batch": 128, \#(rest),
        "optimizer": {"learningRate": 0.1}, "augmentation": {"padding": 4, "flip": true}},
       "include": [\#(include.joined(separator: ", "))], "seeds": [\#(
        seeds.map(String.init).joined(separator: ", "))]\#(more.isEmpty ? "" : ", " + more)}
      """#
  }

  private func claim(
    _ net: Net, seed: Int64, force: Bool = false, precision: String = "fp32"
  ) throws -> AcquiredRun {
    var provenance = Self.provenance
    provenance.numericIdentity.precision = precision
    let claim = try store.acquire(
      RunKey(experiment: experiment, variant: net.name, seed: seed),
      configurationHash: "hash-" + net.name, provenance: provenance, force: force)
    return try #require(claim)
  }

  static let provenance = Provenance(
    commit: "", diff: "", untracked: "[]", host: "here", operatingSystem: "Linux", cpu: "CPU",
    numericIdentity: NumericIdentity(
      engineVersion: "1", backend: "blas", instructionSet: "baseline"), threads: 1,
    dataChecksum: "", versionsJSON: "{}", commandLine: "bench run")

  /// Records a run's curve up to a step, and ends it if a status is given.
  func run(
    _ net: Net, seed: Int64, upTo last: Int? = nil, status: RunStatus? = .complete,
    precision: String = "fp32"
  ) throws {
    let claim = try claim(net, seed: seed, precision: precision)
    let interval = max(1, totalSteps / 30)
    for step in stride(from: interval, through: last ?? totalSteps, by: interval) {
      try store.record(
        claim, step: step,
        metrics: [
          ("trainError", Self.error(net.trainError, step, totalSteps, seed: seed, phase: 0)),
          ("testError", Self.error(net.testError, step, totalSteps, seed: seed, phase: 2)),
        ])
      try store.heartbeat(claim, step: step, of: totalSteps)
    }
    if let status {
      try store.finish(claim, status: status, seconds: 60, weightsHash: "ab12", message: nil)
    }
  }

  /// Makes a run anew that is interrupted after 40 steps and goes on in spite of changes.
  func interruptAndGoOn(_ net: Net, seed: Int64, numericChanges: String) throws {
    let claim = try claim(net, seed: seed, force: true)
    try store.finish(claim, status: .interrupted, seconds: 1, weightsHash: nil, message: nil)
    let resumed = try store.resume(
      claim.key,
      at: ResumePoint(
        attempt: claim.attempt, step: 40, lastRecord: 0, numericChanges: numericChanges),
      configurationHash: "hash-" + net.name, provenance: Self.provenance)
    let run = try #require(resumed)
    try store.record(run, step: totalSteps, metrics: [("trainError", 30), ("testError", 40)])
    try store.finish(run, status: .complete, seconds: 60, weightsHash: "ab12", message: nil)
  }

  /// Records a run of one step with these errors, the training error the same where none is given.
  func record(_ variant: String, seed: Int64, testError: Double, trainError: Double? = nil) throws {
    guard let net = nets.first(where: { $0.name == variant }) else { return }
    let claim = try claim(net, seed: seed)
    try store.record(
      claim, step: totalSteps,
      metrics: [("trainError", trainError ?? testError), ("testError", testError)])
    try store.finish(claim, status: .complete, seconds: 60, weightsHash: "ab12", message: nil)
  }

  /// Stores which test examples a run's latest attempt got right, as a new attempt.
  func answer(
    _ variant: String, seed: Int64, _ correct: [Bool], testChecksum: String = "c0de"
  ) throws {
    guard let net = nets.first(where: { $0.name == variant }) else { return }
    let claim = try claim(net, seed: seed, force: true)
    let wrong = 100 * Double(correct.count { !$0 }) / Double(correct.count)
    try store.record(claim, step: totalSteps, metrics: [("testError", wrong)])
    try store.record(
      claim, Correctness(step: totalSteps, correct: correct, testChecksum: testChecksum))
    try store.finish(claim, status: .complete, seconds: 60, weightsHash: "ab12", message: nil)
  }

  func runAll(seeds: [Int64] = [0, 1]) throws {
    for net in nets { for seed in seeds { try run(net, seed: seed) } }
  }

  /// Falls from 90 to the final error with a drop where the learning rate would, and wobbles; the
  /// last step has the final error, plus and minus one by seed.
  static func error(_ final: Double, _ step: Int, _ total: Int, seed: Int64, phase: Double)
    -> Double
  {
    let t = Double(step) / Double(total)
    let floor = final + (90 - final) * 0.1 * (t < 0.7 ? 1 : (1 - t) / 0.3)
    let fall = floor + (90 - floor) * exp(-t * 7)
    let wobble = (1 - t) * 4 * sin(Double(step) * 12.9898 + Double(seed) * 78.233 + phase)
    let end = t == 1 ? final - fall : 0
    return min(100, fall + wobble + end + (seed % 2 == 0 ? -1 : 1))
  }
}

/// Expects the text to equal `Fixtures/NAME`.
func expectSnapshot(
  _ text: String, _ name: String, sourceLocation: SourceLocation = #_sourceLocation
) throws {
  let file = Repository.root.appending(path: "Tests/ReportsTests/Fixtures/\(name)")
  try expectStored(text, in: file, sourceLocation: sourceLocation)
}
