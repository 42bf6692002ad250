// What `bench run` ends with: counts and exit code.
import Experiments
import Results

/// What `bench run` ends with.
enum RunSummaryText {
  /// `6 complete, 2 skipped, 1 failed`
  static func text(_ summary: RunSummary) -> String {
    var counts = [0, 0, 0, 0, 0, 0, 0, 0, 0]
    for (_, result) in summary.results {
      switch result {
      case .complete: counts[0] += 1
      case .diverged: counts[1] += 1
      case .skipped: counts[2] += 1
      case .failed: counts[3] += 1
      case .interrupted: counts[4] += 1
      case .preempted: counts[5] += 1
      case .outOfTime: counts[6] += 1
      case .waiting: counts[7] += 1
      case .lost: counts[8] += 1
      }
    }
    let words = [
      "complete", "diverged", "skipped", "failed", "interrupted", "preempted", "out of time",
      "waiting", "taken over elsewhere",
    ]
    let parts = words.indices.filter { counts[$0] > 0 }.map { "\(counts[$0]) \(words[$0])" }
    return parts.isEmpty ? "no runs" : parts.joined(separator: ", ")
  }

  /// 0 all done, 1 a run failed (also before) or ran out of time, 128 + signal when interrupted.
  static func exitCode(_ summary: RunSummary) -> Int32 {
    if let signal = summary.signal { return 128 + signal }
    let unfinished = summary.count {
      switch $0 {
      case .failed, .outOfTime, .skipped(.failed): true
      default: false
      }
    }
    return unfinished == 0 ? 0 : 1
  }
}
