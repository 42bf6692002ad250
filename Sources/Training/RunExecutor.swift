// What trains one run, as the runner sees it.
import Results
import Specs

/// Trains runs. Called from as many threads at a time as there are jobs.
public protocol RunExecutor: Sendable {
  /// SHA-256 of the data, hexadecimal. Called before any run starts, so that missing or damaged
  /// data is found first.
  func dataChecksum(_ data: DataSpecification) throws -> String

  /// Trains one run from its beginning, or from a checkpoint.
  /// - Parameters:
  ///   - keeping: what to write beside the numbers, and where the run goes on.
  ///   - report: takes what has been measured; it throws when the numbers cannot be stored, and
  ///     the run then ends with that error.
  ///   - shouldStop: asked after every step; when true, the run ends as interrupted, after a
  ///     checkpoint.
  func execute(
    _ run: RunPlan, keeping: RunKeeping, report: (RunProgress) throws -> Void,
    shouldStop: () -> Bool
  ) throws -> RunOutcome
}

extension RunExecutor {
  /// Trains one run from its beginning and keeps nothing.
  public func execute(
    _ run: RunPlan, report: (RunProgress) throws -> Void, shouldStop: () -> Bool
  ) throws -> RunOutcome {
    try execute(run, keeping: .nothing, report: report, shouldStop: shouldStop)
  }
}

/// What a run in work tells. Steps count from 1: the number of steps done.
public enum RunProgress: Sendable {
  /// After every step, for the live display: loss and error (percent) of late.
  case step(Int, loss: Double, error: Double, imagesPerSecond: Double)
  /// At every record of the protocol, for the database.
  case record(step: Int, metrics: [(name: String, value: Double)])
  /// After the evaluation of the last step: which test images the final weights get right.
  case answers(Correctness)
  /// Something to know about the run, such as a file that cannot be used; goes into its log.
  case note(String)
}

/// How a run ended.
public enum RunOutcome: Hashable, Sendable {
  /// - Parameters:
  ///   - weightsHash: SHA-256 over the final weights and running statistics, hexadecimal.
  ///   - seconds: training time.
  case complete(weightsHash: String, seconds: Double)
  /// The loss was not finite at this step: a result.
  case diverged(step: Int)
  /// Asked to stop after this step.
  case interrupted(step: Int)
}
