// Trains the runs of an experiment: takes each in the store, trains it, writes down what it gives.
import Foundation
import Results
import Specs
import Synchronization
import Text
import Training
import Weights

/// Runs experiments. Complete runs are skipped, interrupted ones go on from their last checkpoint,
/// failing ones do not stop the others, and a request to stop leaves the rest waiting.
public final class ExperimentRunner: Sendable {
  private let store: ResultsStore
  private let executor: any RunExecutor
  private let provenance: Provenance
  private let stop: StopRequest
  private let options: RunOptions
  private let heartbeatInterval: Duration
  private let wording: ErrorWording
  private let observe: @Sendable (RunEvent) -> Void
  private let inWork = Mutex<[RunKey: RunInWork]>([:])
  /// Whether a failure has ended everything (`failsFast`).
  private let halted = Atomic<Bool>(false)

  /// - Parameters:
  ///   - provenance: what all runs share; threads, data and files are filled in for each.
  ///   - stop: read after every step.
  ///   - heartbeatInterval: how often a run says that it lives.
  ///   - wording: how errors are said in events, logs and the database.
  ///   - observe: takes events, from several threads at once.
  public init(
    store: ResultsStore, executor: any RunExecutor, provenance: Provenance, stop: StopRequest,
    options: RunOptions = RunOptions(), heartbeatInterval: Duration = .seconds(5),
    wording: @escaping ErrorWording = { "\($0)" },
    observe: @escaping @Sendable (RunEvent) -> Void
  ) {
    self.store = store
    self.executor = executor
    self.provenance = provenance
    self.stop = stop
    self.options = options
    self.heartbeatInterval = min(heartbeatInterval, .seconds(ResultsStore.heartbeatLimit / 4))
    self.wording = wording
    self.observe = observe
  }

  private var isEnding: Bool { stop.isRequested || halted.load(ordering: .relaxed) }

  /// Trains the runs in their order, `jobs` at a time. The experiment must be prepared in the store.
  public func run(_ plans: [RunPlan], jobs: Int) -> RunSummary {
    let results = Mutex([RunResult](repeating: .waiting, count: plans.count))
    let next = Atomic<Int>(0)
    let done = DispatchSemaphore(value: 0)
    let workers = min(max(1, jobs), plans.count)
    let work: @Sendable () -> Void = { [self] in
      while !isEnding {
        let index = next.add(1, ordering: .relaxed).oldValue
        guard index < plans.count else { break }
        let result = attempt(plans[index])
        results.withLock { $0[index] = result }
        if options.failsFast, case .failed = result { halted.store(true, ordering: .relaxed) }
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
    let pulse = startPulse()
    for _ in 0..<workers { done.wait() }
    pulse.set()
    let all = results.withLock { $0 }
    return RunSummary(
      results: zip(plans, all).map { (plan: $0, result: $1) }, signal: stop.signal)
  }

  /// Renews the heartbeats of the runs in work, which a step or an evaluation of many minutes would
  /// let lapse.
  /// - Returns: ends it when set.
  private func startPulse() -> PulseEnd {
    let end = PulseEnd()
    let interval = max(0.1, heartbeatInterval.inSeconds)
    let thread = Thread { [self] in
      var last = ContinuousClock.now
      while !end.isSet {
        Thread.sleep(forTimeInterval: min(interval, 0.2))
        guard (ContinuousClock.now - last).inSeconds >= interval else { continue }
        last = .now
        for entry in inWork.withLock({ Array($0.values) }) { entry.recorder.renew() }
      }
    }
    thread.name = "pulse"
    thread.start()
    return end
  }

  /// Marks the runs in work as interrupted without waiting for the end of their steps; they will go
  /// on from their last checkpoints. The process must end after it.
  public func abandon() {
    for (_, entry) in inWork.withLock({ $0 }) {
      // A run that ended meanwhile is no longer this process's to mark.
      try? store.finish(
        entry.run, status: .interrupted,
        seconds: entry.secondsBefore + Date().timeIntervalSince(entry.began), weightsHash: nil,
        message:
          "\(stop.reason == .preemption ? "preempted" : "interrupted") in the middle of a step",
        early: stop.reason?.earlyEnd)
    }
  }

  /// One run: taken, trained, finished.
  private func attempt(_ plan: RunPlan) -> RunResult {
    var provenance = provenance
    provenance.threads = plan.threads
    provenance.numericIdentity = provenance.numericIdentity.with(plan.arithmetic)
    provenance.logFile = RunLog.path(
      of: plan, besideDatabase: options.place?.log ?? store.path)
    provenance.initialWeights = plan.variant.initialWeights.map { "\($0.path) \($0.sha256)" } ?? ""
    let acquired: RunAcquisition?
    do {
      provenance.dataChecksum = try executor.dataChecksum(plan.variant.trainingProtocol.data)
      acquired = try acquire(plan, provenance)
    } catch {
      haltIfGone(error)
      // Nobody waited to the end for a database that others hold.
      if isEnding, (error as? ResultsError)?.kind == .locked { return .waiting }
      return finished(plan, .failed(wording(error)))
    }
    guard let acquired else {
      let status = (try? store.status(of: plan.key)) ?? .running
      observe(.skipped(plan, status))
      return .skipped(status)
    }
    let run = acquired.run
    provenance = acquired.provenance
    let before = acquired.checkpoint?.position.seconds ?? 0
    let recorder = RunRecorder(store, run, wording: wording) { [observe] in
      observe(.note(plan, $0))
    }
    inWork.withLock {
      $0[plan.key] = RunInWork(
        run: run, recorder: recorder, began: Date(), secondsBefore: before)
    }
    defer { inWork.withLock { $0[plan.key] = nil } }
    observe(.started(plan, attempt: run.attempt, logFile: provenance.logFile))
    if let step = acquired.checkpoint?.position.step { observe(.resumed(plan, step: step)) }
    let clock = ContinuousClock()
    let start = clock.now
    var log: RunLog?
    do {
      let opened = try RunLog(
        path: provenance.logFile, plan: plan, run: run, provenance: provenance)
      log = opened
      let (outcome, isOverTime) = try train(
        acquired.plan, acquired, provenance, recorder, opened)
      let result = try conclude(
        plan, acquired, recorder, outcome, seconds: before + (clock.now - start).inSeconds,
        isOverTime: isOverTime, log: opened)
      return finished(plan, result)
    } catch let error as ResultsError where error.kind == .lost {
      try? log?.write(wording(error))
      return finished(plan, .lost)
    } catch {
      haltIfGone(error)
      var message = wording(error)
      do {
        try log?.write("failed: \(printable(message, limit: 4096))")
      } catch {
        message += "; \(wording(error))"
      }
      do {
        try recorder.finish(
          status: .failed, seconds: before + (clock.now - start).inSeconds, weightsHash: nil,
          message: message)
      } catch  where !message.contains(wording(error)) {
        message += "; \(wording(error))"
      } catch {}
      return finished(plan, .failed(message))
    }
  }

  /// Claims a run; waits, however long it takes, while another program holds the database.
  private func acquire(_ plan: RunPlan, _ provenance: Provenance) throws -> RunAcquisition? {
    var isSaid = false
    while true {
      do {
        return try RunAcquisition.take(plan, provenance, in: store, options, observe: observe)
      } catch let error as ResultsError where error.kind == .locked && !isEnding {
        if !isSaid { observe(.note(plan, "\(wording(error)); waiting for it")) }
        isSaid = true
      }
    }
  }

  /// Without its database no run can be made.
  private func haltIfGone(_ error: any Error) {
    if (error as? ResultsError)?.kind == .gone { halted.store(true, ordering: .relaxed) }
  }

  /// - Returns: how training ended, and whether the time limit ended it.
  private func train(
    _ plan: RunPlan, _ acquired: RunAcquisition, _ provenance: Provenance, _ recorder: RunRecorder,
    _ log: RunLog
  ) throws -> (RunOutcome, isOverTime: Bool) {
    let clock = ContinuousClock()
    let start = clock.now
    var lastSign = start
    var isOverTime = false
    let first = acquired.checkpoint?.position.step ?? 0
    if first > 0 { try log.write("# resumed: after step \(first)") }
    try recorder.heartbeat(step: first, of: plan.steps)
    let outcome = try executor.execute(
      plan, keeping: keeping(plan, acquired, provenance, recorder),
      report: { progress in
        switch progress {
        case .record(let step, let metrics):
          try recorder.record(step: step, metrics: metrics)
          try log.record(step: step, metrics: metrics)
        case .answers(let correctness): try recorder.record(correctness)
        case .step(let step, _, _, _):
          if clock.now - lastSign >= heartbeatInterval {
            lastSign = clock.now
            try recorder.heartbeat(step: step, of: plan.steps)
          }
        case .note(let sentence): try log.write("note: \(printable(sentence, limit: 4096))")
        }
        observe(.progress(plan, progress))
      },
      shouldStop: {
        if let limit = options.timeLimit, clock.now - start >= limit { isOverTime = true }
        return isOverTime || isEnding || recorder.isLost || options.place?.isLost() == true
      })
    return (outcome, isOverTime)
  }

  private func keeping(
    _ plan: RunPlan, _ acquired: RunAcquisition, _ provenance: Provenance, _ recorder: RunRecorder
  ) -> RunKeeping {
    let files = options.files(
      in: store, runId: acquired.run.runId, attempt: acquired.run.attempt)
    var keeping = RunKeeping()
    keeping.weightsFile = options.keepsWeights ? files.weights : nil
    keeping.resumed = acquired.checkpoint
    keeping.checkpoints = CheckpointWriting(
      folder: CheckpointFolder(path: files.checkpoints),
      identity: RunAcquisition.identity(
        plan, runId: acquired.run.runId, attempt: acquired.run.attempt, provenance),
      interval: options.checkpointInterval,
      settle: { [options] step in
        try recorder.settle(step: step, of: plan.steps)
        return options.place?.settled() ?? true
      },
      say: { [observe] sentence in observe(.note(plan, sentence)) })
    return keeping
  }

  /// Writes down how the run ended. What is final needs no checkpoints any more.
  private func conclude(
    _ plan: RunPlan, _ acquired: RunAcquisition, _ recorder: RunRecorder, _ outcome: RunOutcome,
    seconds: Double, isOverTime: Bool,
    log: RunLog
  ) throws -> RunResult {
    let run = acquired.run
    let files = options.files(in: store, runId: run.runId, attempt: run.attempt)
    switch outcome {
    case .complete(let weightsHash, let seconds):
      try recorder.finish(
        status: .complete, seconds: seconds, weightsHash: weightsHash, message: nil)
      CheckpointFolder(path: files.checkpoints).remove()
      // A metric that was not finite has made the run a diverged one.
      let diverged = (try? store.status(of: plan.key)) == .diverged
      try log.write(
        "\(diverged ? "diverged" : "complete") seconds \(seconds) weights \(weightsHash)")
      return diverged
        ? .diverged(step: plan.steps, seconds: seconds) : .complete(seconds: seconds)
    case .diverged(let step):
      let message = "diverged at step \(step)"
      try recorder.finish(
        status: .diverged, seconds: seconds, weightsHash: nil, message: message)
      CheckpointFolder(path: files.checkpoints).remove()
      try log.write(message)
      return .diverged(step: step, seconds: seconds)
    case .interrupted(let step):
      let early = isOverTime ? .timeout : stop.reason?.earlyEnd
      let message =
        switch early {
        case .preemption: "preempted after step \(step)"
        case .timeout: "interrupted after step \(step) by the time limit"
        default: "interrupted after step \(step)"
        }
      try recorder.finish(
        status: .interrupted, seconds: seconds, weightsHash: nil, message: message, early: early)
      try log.write(message)
      return switch early {
      case .preemption: .preempted(step: step)
      case .timeout: .outOfTime(step: step)
      default: .interrupted(step: step)
      }
    }
  }

  private func finished(_ plan: RunPlan, _ result: RunResult) -> RunResult {
    observe(.finished(plan, result))
    return result
  }
}

extension StopReason {
  /// As what it is counted.
  fileprivate var earlyEnd: EarlyEnd? {
    switch self {
    case .order: nil
    case .preemption: .preemption
    case .timeLimit: .timeout
    }
  }
}

/// A run in work.
private struct RunInWork: Sendable {
  let run: AcquiredRun
  let recorder: RunRecorder
  let began: Date
  /// Training time of earlier sessions.
  let secondsBefore: Double
}

/// Ends the thread that renews heartbeats.
private final class PulseEnd: Sendable {
  private let flag = Atomic<Bool>(false)

  var isSet: Bool { flag.load(ordering: .relaxed) }

  func set() { flag.store(true, ordering: .relaxed) }
}
