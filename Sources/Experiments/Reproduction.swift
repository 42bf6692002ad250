// Trains a recorded attempt again and compares every number bit by bit. Writes nothing.
import Foundation
import Results
import Specs
import Text
import Training

/// What training a recorded attempt again has given.
public struct Reproduction: Sendable {
  /// One metric's series beside the recorded one.
  public struct ComparedMetric: Hashable, Sendable {
    public let name: String
    /// How many steps have a value on either side.
    public let compared: Int
    /// How many of them have the same bits on both.
    public let equal: Int
    /// The first that has not; a side without a value there is nil.
    public let firstDifference: Difference?
    /// Of all differences; 0 where there is none.
    public let largestRelativeDifference: Double
  }

  /// Two values of one step.
  public struct Difference: Hashable, Sendable {
    public let step: Int
    public let recorded: Double?
    public let now: Double?
  }

  /// The weights at the end.
  public enum Weights: Hashable, Sendable {
    case equal(String)
    case different(recorded: String, now: String)
    /// With the reason.
    case notCompared(String)
  }

  /// Sorted by name; times are not compared.
  public let metrics: [ComparedMetric]
  /// Metrics of which the attempt has no value at all, such as those that this version added.
  public let newMetrics: [String]
  public let weights: Weights
  /// How the run ended, where the two did not end alike: `complete`, `diverged at step 7`.
  public let endings: [String]
  /// The last step that was trained.
  public let lastStep: Int

  /// How many values were compared, weights aside.
  public var compared: Int { metrics.reduce(0) { $0 + $1.compared } }

  /// Whether every bit that was compared is the same.
  public var isIdentical: Bool {
    if case .different = weights { return false }
    return endings.isEmpty && metrics.allSatisfy { $0.equal == $0.compared }
  }
}

/// Trains recorded attempts again.
public struct Reproducer: Sendable {
  /// Metrics that depend on the clock.
  static let timed = Set(Metric.all.filter(\.isTimed).map(\.name))

  private let executor: any RunExecutor

  public init(executor: any RunExecutor) { self.executor = executor }

  /// The run that the attempt was, with its data where the experiment's spec has it.
  /// - Parameters:
  ///   - threads: the attempt's own if nil.
  ///   - dataPath: where the data is, if elsewhere now.
  ///   - weightsPath: where the initial weights are, if elsewhere now.
  /// - Throws: `ExperimentError` where the stored configuration cannot be trained.
  public static func plan(
    _ attempt: RecordedAttempt, threads: Int? = nil, dataPath: String? = nil,
    weightsPath: String? = nil
  ) throws(ExperimentError) -> (plan: RunPlan, differences: [String]) {
    let places = StoredPlaces(
      specJSON: attempt.specJSON, file: attempt.specPath, variant: attempt.run.key.variant)
    let configuration: StoredConfiguration
    do {
      configuration = try StoredConfiguration(
        json: attempt.configurationJSON, dataPath: dataPath ?? places.data,
        weightsPath: weightsPath ?? Self.initialWeightsPath(attempt.provenance) ?? places.weights,
        weights: InitialWeights.opened)
    } catch {
      throw ExperimentError(error.problems, remedy: error.remedy == nil ? nil : .runAnew)
    }
    if let weightsPath, configuration.variant.initialWeights == nil {
      throw ExperimentError(
        "run \(attempt.run.key) started from random weights, not from a file; leave it out",
        about: .initialWeights(path: weightsPath))
    }
    var plan = RunPlan(
      experiment: attempt.run.key.experiment, variant: configuration.variant,
      seed: attempt.run.key.seed, threads: threads ?? attempt.provenance.threads,
      macs: attempt.run.macs)
    // Any machine computes in either order of sums.
    if case .bf16(let model) = attempt.provenance.numericIdentity.arithmetic { plan.model = model }
    return (plan, configuration.differences)
  }

  /// The path in `PATH SHA256`, as the runner notes it.
  private static func initialWeightsPath(_ provenance: Provenance) -> String? {
    let end = provenance.initialWeights.lastIndex(of: " ")
    return end.map { String(provenance.initialWeights[..<$0]) }
  }

  /// The step at which training may end: the last that the attempt recorded, or an earlier one.
  /// - Throws: `ExperimentError` where nothing was recorded until then.
  public static func lastStep(
    _ attempt: RecordedAttempt, plan: RunPlan, steps: Int?
  ) throws(ExperimentError) -> Int {
    let recorded = attempt.series.filter { !timed.contains($0.key) }.flatMap(\.value.keys)
    let whole = attempt.run.status.isFinal ? plan.steps : recorded.max() ?? 0
    let last = min(steps ?? whole, whole)
    guard let first = recorded.min() else {
      throw ExperimentError("run \(attempt.run.key) has recorded nothing that could be compared")
    }
    guard first <= last else {
      throw ExperimentError(
        "the first numbers of run \(attempt.run.key) are those of step \(first); give at least that "
          + "many", about: .steps(last))
    }
    return last
  }

  /// Trains the attempt again up to `lastStep` and compares.
  /// - Returns: nil if asked to stop before.
  /// - Throws: what the executor throws, such as missing data.
  public func reproduce(
    _ attempt: RecordedAttempt, as plan: RunPlan, lastStep: Int, stop: StopRequest,
    observe: (RunProgress) -> Void = { _ in }
  ) throws -> Reproduction? {
    let proto = plan.variant.trainingProtocol
    var series: [String: [Int: Double]] = [:]
    var isDiverged = false
    var done = 0
    // A step's numbers come in a record after it, which an evaluation may precede. After the very
    // last step the run ends by itself, with its weights.
    let isCutShort = lastStep < plan.steps
    var isThrough = false
    let outcome = try executor.execute(
      plan, keeping: .nothing,
      report: { progress in
        switch progress {
        case .note: break
        case .step(let step, _, _, _):
          done = step
          isThrough =
            isCutShort && step >= lastStep && !proto.records(afterStep: step)
            && !proto.evaluates(afterStep: step)
        case .record(let step, let metrics):
          for (name, value) in metrics {
            if value.isFinite {
              series[name, default: [:]][step] = value
            } else {
              isDiverged = true
            }
          }
          isThrough = isCutShort && step >= lastStep
        case .answers: break
        }
        observe(progress)
      }, shouldStop: { isThrough || stop.isRequested })
    if stop.isRequested, case .interrupted = outcome { return nil }
    return Reproduction(
      metrics: Self.compare(attempt.series, series, lastStep: lastStep),
      newMetrics: series.filter { $0.value.keys.contains { $0 <= lastStep } }.map(\.key)
        .filter { attempt.series[$0] == nil && !Self.timed.contains($0) }.sorted(),
      weights: Self.weights(attempt, outcome),
      endings: Self.endings(attempt, outcome, isDiverged: isDiverged), lastStep: done)
  }

  private static func compare(
    _ recorded: [String: [Int: Double]], _ now: [String: [Int: Double]], lastStep: Int
  ) -> [Reproduction.ComparedMetric] {
    let names = Set(recorded.keys).subtracting(timed).sorted()
    return names.map { name in
      let (old, new) = (recorded[name] ?? [:], now[name] ?? [:])
      let steps = Set(old.keys).union(new.keys).filter { $0 <= lastStep }.sorted()
      let different = steps.filter { old[$0]?.bitPattern != new[$0]?.bitPattern }
      let relative = different.compactMap { step -> Double? in
        guard let a = old[step], let b = new[step] else { return nil }
        return abs(a - b) / max(abs(a), abs(b))
      }
      return Reproduction.ComparedMetric(
        name: name, compared: steps.count, equal: steps.count - different.count,
        firstDifference: different.first.map { step in
          Reproduction.Difference(step: step, recorded: old[step], now: new[step])
        }, largestRelativeDifference: relative.max() ?? 0)
    }
  }

  private static func weights(
    _ attempt: RecordedAttempt, _ outcome: RunOutcome
  ) -> Reproduction.Weights {
    guard let recorded = attempt.run.weightsHash else {
      return .notCompared("none were recorded: the attempt is \(attempt.run.status.rawValue)")
    }
    guard case .complete(let now, _) = outcome else {
      return .notCompared("only the beginning was trained")
    }
    return recorded == now ? .equal(now) : .different(recorded: recorded, now: now)
  }

  private static func endings(
    _ attempt: RecordedAttempt, _ outcome: RunOutcome, isDiverged: Bool
  ) -> [String] {
    let now: String
    switch outcome {
    case .interrupted: return []
    case .complete: now = isDiverged ? "diverged" : "complete"
    case .diverged(let step): now = "diverged at step \(step)"
    }
    guard attempt.run.status.isFinal else { return [] }
    let message = attempt.run.status == .diverged ? attempt.run.message : nil
    let recorded = message ?? attempt.run.status.rawValue
    return recorded == now ? [] : [recorded, now]
  }
}
