// Makes the runs of an experiment: claims each in the store, trains it, writes down what it gives.
import Foundation
import Results
import Synchronization

/// Runs experiments. Complete runs are skipped, failing ones do not stop the others, and a request to
/// stop leaves the rest waiting.
public final class ExperimentRunner: Sendable {
  private let store: ResultsStore
  private let executor: any RunExecutor
  private let provenance: Provenance
  private let stop: StopRequest
  private let heartbeatInterval: Duration
  private let keepsWeights: Bool
  private let observe: @Sendable (RunEvent) -> Void

  /// - Parameters:
  ///   - provenance: what all runs share; threads, data and log file are filled in for each.
  ///   - stop: read after every step.
  ///   - heartbeatInterval: how often a run says that it lives.
  ///   - keepsWeights: whether each completed run's weights are written to a file.
  ///   - observe: takes events, from several threads at once.
  public init(
    store: ResultsStore, executor: any RunExecutor, provenance: Provenance, stop: StopRequest,
    heartbeatInterval: Duration = .seconds(5), keepsWeights: Bool = true,
    observe: @escaping @Sendable (RunEvent) -> Void
  ) {
    self.store = store
    self.executor = executor
    self.provenance = provenance
    self.stop = stop
    self.heartbeatInterval = heartbeatInterval
    self.keepsWeights = keepsWeights
    self.observe = observe
  }

  /// Makes the runs in their order, `jobs` at a time. The experiment must be prepared in the store.
  public func run(_ plans: [RunPlan], jobs: Int) -> RunSummary {
    let results = Mutex([RunResult](repeating: .waiting, count: plans.count))
    let next = Atomic<Int>(0)
    let done = DispatchSemaphore(value: 0)
    let workers = min(max(1, jobs), plans.count)
    let work: @Sendable () -> Void = { [self] in
      while !stop.isRequested {
        let index = next.add(1, ordering: .relaxed).oldValue
        guard index < plans.count else { break }
        let result = attempt(plans[index])
        results.withLock { $0[index] = result }
      }
      done.signal()
    }
    // Threads of their own: training blocks for hours, which no shared pool should have to bear.
    for number in 0..<workers {
      let thread = Thread(block: work)
      thread.name = "run \(number)"
      thread.stackSize = 8 << 20
      thread.start()
    }
    for _ in 0..<workers { done.wait() }
    let all = results.withLock { $0 }
    return RunSummary(
      results: zip(plans, all).map { (plan: $0, result: $1) }, signal: stop.signal)
  }

  /// One run: claimed, trained, finished.
  private func attempt(_ plan: RunPlan) -> RunResult {
    var provenance = provenance
    provenance.threads = plan.threads
    provenance.logFile = RunLog.path(of: plan, besideDatabase: store.path)
    let claimed: ClaimedRun?
    do {
      provenance.dataChecksum = try executor.dataChecksum(plan.variant.trainingProtocol.data)
      claimed = try store.claim(
        plan.key, configurationHash: plan.variant.configurationHash, provenance: provenance,
        retryFailed: true)
    } catch {
      return finished(plan, .failed("\(error)"))
    }
    guard let claimed else {
      let status = (try? store.status(of: plan.key)) ?? .running
      observe(.skipped(plan, status))
      return .skipped(status)
    }
    observe(.started(plan, attempt: claimed.attempt, logFile: provenance.logFile))
    let clock = ContinuousClock()
    let start = clock.now
    var log: RunLog?
    do {
      let opened = try RunLog(
        path: provenance.logFile, plan: plan, run: claimed, provenance: provenance)
      log = opened
      let outcome = try train(plan, claimed, opened)
      let seconds = (clock.now - start).inSeconds
      return finished(plan, try conclude(plan, claimed, outcome, seconds: seconds, log: opened))
    } catch {
      var message = "\(error)"
      do {
        try log?.write("failed: \(printable(message, limit: 4096))")
      } catch {
        message += "; \(error)"
      }
      do {
        try store.finish(
          claimed, status: .failed, seconds: (clock.now - start).inSeconds, weightsHash: nil,
          message: message)
      } catch {
        message += "; \(error)"
      }
      return finished(plan, .failed(message))
    }
  }

  private func train(_ plan: RunPlan, _ run: ClaimedRun, _ log: RunLog) throws -> RunOutcome {
    let clock = ContinuousClock()
    var lastSign = clock.now
    try store.heartbeat(run, step: 0, of: plan.steps)
    let files = RunFiles(database: store.path, runId: run.runId, attempt: run.attempt)
    return try executor.execute(
      plan, weightsFile: keepsWeights ? files.weights : nil,
      report: { progress in
        switch progress {
        case .record(let step, let metrics):
          try store.record(run, step: step, metrics: metrics)
          try log.record(step: step, metrics: metrics)
        case .step(let step, _, _, _):
          if clock.now - lastSign >= heartbeatInterval {
            lastSign = clock.now
            try store.heartbeat(run, step: step, of: plan.steps)
          }
        case .note(let sentence): try log.write("note: \(printable(sentence, limit: 4096))")
        }
        observe(.progress(plan, progress))
      }, shouldStop: { stop.isRequested })
  }

  /// Writes down how the run ended.
  private func conclude(
    _ plan: RunPlan, _ run: ClaimedRun, _ outcome: RunOutcome, seconds: Double, log: RunLog
  ) throws -> RunResult {
    switch outcome {
    case .complete(let weightsHash, let seconds):
      try store.finish(
        run, status: .complete, seconds: seconds, weightsHash: weightsHash, message: nil)
      // A metric that was not finite has made the run a diverged one.
      let diverged = try store.status(of: plan.key) == .diverged
      try log.write(
        "\(diverged ? "diverged" : "complete") seconds \(seconds) weights \(weightsHash)")
      return diverged
        ? .diverged(step: plan.steps, seconds: seconds) : .complete(seconds: seconds)
    case .diverged(let step):
      let message = "diverged at step \(step)"
      try store.finish(
        run, status: .diverged, seconds: seconds, weightsHash: nil, message: message)
      try log.write(message)
      return .diverged(step: step, seconds: seconds)
    case .interrupted(let step):
      let message = "interrupted after step \(step)"
      try store.finish(
        run, status: .interrupted, seconds: seconds, weightsHash: nil, message: message)
      try log.write(message)
      return .interrupted(step: step)
    }
  }

  private func finished(_ plan: RunPlan, _ result: RunResult) -> RunResult {
    observe(.finished(plan, result))
    return result
  }
}

extension Duration {
  /// The duration as a number of seconds.
  public var inSeconds: Double { self / .seconds(1) }
}
