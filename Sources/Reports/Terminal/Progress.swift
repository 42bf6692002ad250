// How far an experiment is by its stored runs, and how long the rest will take.
import Foundation
import Results
import Statistics

/// An experiment's runs, counted, with an estimate of what remains.
///
/// A run's work is its multiply-adds times its steps. Runs that have not told their steps count as
/// long as the longest that has.
public struct Progress: Sendable {
  public let counts: [RunStatus: Int]
  public let total: Int
  /// Seconds until all is done at the present number of workers; nil while nothing is in work or
  /// no speed is known.
  public let remainingSeconds: Double?

  public init(runs: [StoredRun], now: Date = Date()) {
    counts = Dictionary(grouping: runs, by: \.status).mapValues(\.count)
    total = runs.count
    guard counts[.running] != nil, let longest = runs.compactMap(\.totalSteps).max() else {
      remainingSeconds = nil
      return
    }
    remainingSeconds = WorkProgress.remainingSeconds(
      runs.compactMap { Self.work(of: $0, steps: $0.totalSteps ?? longest, now: now) })
  }

  /// Seconds until a running run is done, at its own mean speed; nil if it cannot be told.
  public static func remainingSeconds(of run: StoredRun, now: Date = Date()) -> Double? {
    run.totalSteps.flatMap { work(of: run, steps: $0, now: now)?.remainingSeconds }
  }

  /// - Returns: nil of runs that ended without a result: they say nothing of what is left.
  private static func work(of run: StoredRun, steps: Int, now: Date) -> WorkProgress? {
    let macs = Double(run.macs)
    switch run.status {
    case .waiting, .interrupted: return WorkProgress(.waiting, workPerStep: macs, steps: steps)
    case .diverged, .failed: return nil
    case .running, .complete:
      let isRunning = run.status == .running
      let seconds = isRunning ? elapsed(of: run, now: now) : run.seconds
      return WorkProgress(
        isRunning ? .inWork : .ended, workPerStep: macs, steps: steps, step: run.step,
        timedSteps: seconds == nil ? 0 : run.step, seconds: seconds ?? 0)
    }
  }

  /// Seconds from the run's start to its last sign of life.
  private static func elapsed(of run: StoredRun, now: Date) -> Double? {
    guard let start = run.startedAt.flatMap(Timestamp.date) else { return nil }
    let end = run.heartbeatAt.flatMap(Timestamp.date) ?? now
    return max(0, end.timeIntervalSince(start))
  }
}
