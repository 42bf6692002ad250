// What happens while an experiment runs, and what came of it.
import Results
import Training

/// Something that a display may want to show.
public enum RunEvent: Sendable {
  /// The run is not made again.
  case skipped(RunPlan, RunStatus)
  /// - Parameter logFile: where its log is; empty if none is written.
  case started(RunPlan, attempt: Int, logFile: String)
  /// It goes on after this step.
  case resumed(RunPlan, step: Int)
  case progress(RunPlan, RunProgress)
  /// A sentence for the user: a damaged checkpoint, a locked database.
  case note(RunPlan, String)
  /// Its result stands, but was made under other conditions; it can be made anew.
  case outdated(RunPlan, changes: String)
  /// Its result stands, but it went on under other conditions on the way; it can be made anew.
  case mixed(RunPlan, changes: String)
  case finished(RunPlan, RunResult)
}

/// What became of one run in this process.
public enum RunResult: Hashable, Sendable {
  case complete(seconds: Double)
  case diverged(step: Int, seconds: Double)
  case interrupted(step: Int)
  /// Interrupted by a scheduler's warning.
  case preempted(step: Int)
  /// Interrupted by the time limit of each run.
  case outOfTime(step: Int)
  case failed(String)
  /// Another process took it over, because this one gave no sign of life for too long.
  case lost
  /// Not made, because it has this status: complete, diverged, failed before, or running in
  /// another process.
  case skipped(RunStatus)
  /// Not begun, because of a request to stop.
  case waiting
}

/// What became of all runs.
public struct RunSummary: Sendable {
  /// In the order in which they were planned.
  public var results: [(plan: RunPlan, result: RunResult)]
  /// The signal that ended the runs early; nil if none did.
  public var signal: Int32?

  public init(results: [(plan: RunPlan, result: RunResult)], signal: Int32?) {
    self.results = results
    self.signal = signal
  }

  /// The runs that failed, with their messages.
  public var failures: [(plan: RunPlan, message: String)] {
    results.compactMap { plan, result in
      guard case .failed(let message) = result else { return nil }
      return (plan, message)
    }
  }

  public func count(where matches: (RunResult) -> Bool) -> Int {
    results.filter { matches($0.result) }.count
  }
}
