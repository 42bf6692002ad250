// How far an experiment is, and how long the rest will take.
import Foundation
import Results

/// An experiment's runs, counted, with an estimate of what remains.
///
/// A run's work is its multiply-adds times its steps; the speed is that of the runs in work, or of
/// the finished ones. Runs that have not told their steps count as long as the longest that has.
public struct Progress: Sendable {
  public let counts: [RunStatus: Int]
  public let total: Int
  /// Seconds until all is done at the present number of workers; nil while nothing is in work or
  /// no speed is known.
  public let remainingSeconds: Double?

  public init(runs: [StoredRun], now: Date = Date()) {
    counts = Dictionary(grouping: runs, by: \.status).mapValues(\.count)
    total = runs.count
    let longest = runs.compactMap(\.totalSteps).max()
    let samples = runs.compactMap { Self.sample($0, now: now) }
    let elapsed = samples.reduce(0) { $0 + $1.seconds }
    let speed = elapsed > 0 ? samples.reduce(0) { $0 + $1.work } / elapsed : nil
    let workers = counts[.running] ?? 0
    guard let speed, let longest, workers > 0, speed > 0 else {
      remainingSeconds = nil
      return
    }
    let work = runs.reduce(0.0) { sum, run in
      let steps = Double(run.totalSteps ?? longest)
      switch run.status {
      case .waiting, .interrupted: return sum + Double(run.macs) * steps
      case .running: return sum + Double(run.macs) * max(0, steps - Double(run.step))
      case .complete, .diverged, .failed: return sum
      }
    }
    let longestRun = runs.compactMap { Self.remainingSeconds(of: $0, now: now) }.max() ?? 0
    remainingSeconds = max(work / speed / Double(workers), longestRun)
  }

  /// Seconds until a running run is done, at its own mean speed; nil if it cannot be told.
  public static func remainingSeconds(of run: StoredRun, now: Date = Date()) -> Double? {
    guard run.status == .running, run.step > 0, let total = run.totalSteps,
      let elapsed = elapsed(of: run, now: now)
    else { return nil }
    return elapsed * Double(max(0, total - run.step)) / Double(run.step)
  }

  /// Seconds from the run's start to its last sign of life.
  private static func elapsed(of run: StoredRun, now: Date) -> Double? {
    guard let start = run.startedAt.flatMap(Timestamp.date) else { return nil }
    let end = run.heartbeatAt.flatMap(Timestamp.date) ?? now
    return max(0, end.timeIntervalSince(start))
  }

  private static func sample(
    _ run: StoredRun, now: Date
  ) -> (work: Double, seconds: Double)? {
    let seconds = run.status == .complete ? run.seconds : elapsed(of: run, now: now)
    guard run.status == .running || run.status == .complete, run.step > 0, let seconds,
      seconds > 0
    else { return nil }
    return (work: Double(run.macs) * Double(run.step), seconds: seconds)
  }
}
