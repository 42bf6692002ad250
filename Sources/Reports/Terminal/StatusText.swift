// What `bench status` prints of one experiment.
import Foundation
import Results
import Text

/// The state of an experiment in words.
public enum StatusText {
  /// A heading, a line of counts, one line for each run in work or in trouble, and the names of
  /// the rest.
  /// - Parameters:
  ///   - runs: the experiment's, as `ResultsReader.runs` gives them.
  ///   - rest: what makes what is left, where that is not `bench run`.
  public static func text(
    _ experiment: StoredExperiment, runs: [StoredRun], rest: String? = nil, now: Date = Date()
  ) -> String {
    let progress = Progress(runs: runs, now: now)
    var lines = ["\(experiment.name): \(experiment.title) (protocol \(experiment.protocolName))"]
    let order: [RunStatus] = [.complete, .diverged, .running, .waiting, .interrupted, .failed]
    let counts = order.compactMap { status in
      progress.counts[status].map { "\($0) \(status.rawValue)" }
    }
    var summary = "  \(progress.total) runs: \(counts.joined(separator: ", "))"
    if let seconds = progress.remainingSeconds {
      summary += "; about \(SpanText.text(seconds)) left"
    }
    lines.append(summary)
    for status in [RunStatus.running, .interrupted, .failed, .diverged] {
      lines += runs.filter { $0.status == status }.map { "  " + line($0, now: now) }
    }
    for status in [RunStatus.waiting, .complete] {
      let names = names(runs.filter { $0.status == status })
      if !names.isEmpty { lines.append("  \(padded(status.rawValue)) \(names)") }
    }
    if runs.contains(where: { $0.status == .interrupted || $0.status == .waiting }),
      progress.counts[.running] == nil
    {
      let rest = rest ?? "`bench run \(experiment.specPath)`"
      lines.append("  nothing is running; \(rest) does the rest")
    }
    return lines.map { $0.printable + "\n" }.joined()
  }

  private static func line(_ run: StoredRun, now: Date) -> String {
    var parts = ["\(padded(run.status.rawValue)) \(run.key.variant) seed \(run.key.seed)"]
    if let total = run.totalSteps {
      parts.append("step \(run.step) of \(total) (\(100 * run.step / max(1, total)) %)")
    } else {
      parts.append("step \(run.step)")
    }
    switch run.status {
    case .running:
      if let heartbeat = run.heartbeatAt.flatMap(Timestamp.date) {
        parts.append("heartbeat \(SpanText.text(now.timeIntervalSince(heartbeat))) ago")
      }
      if let seconds = Progress.remainingSeconds(of: run, now: now) {
        parts.append("about \(SpanText.text(seconds)) left")
      }
    case .interrupted where run.finishedAt == nil: parts.append("its process is gone")
    default: break
    }
    if let message = run.message { parts.append(message) }
    return parts.joined(separator: ", ")
  }

  /// `plain-20 (seeds 0, 1), resnet-20 (seed 0)`, in the order of the runs.
  private static func names(_ runs: [StoredRun]) -> String {
    var order: [String] = []
    var seeds: [String: [Int64]] = [:]
    for run in runs {
      if seeds[run.key.variant] == nil { order.append(run.key.variant) }
      seeds[run.key.variant, default: []].append(run.key.seed)
    }
    return order.map { variant in
      let own = seeds[variant] ?? []
      let list = own.map(String.init).joined(separator: ", ")
      return "\(variant) (\(own.count == 1 ? "seed" : "seeds") \(list))"
    }.joined(separator: ", ")
  }

  private static func padded(_ word: String) -> String {
    word.padding(toLength: 11, withPad: " ", startingAt: 0)
  }
}
