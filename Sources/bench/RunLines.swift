// What `bench run` says of its runs: the events of the runner as lines of text.
import Experiments
import Foundation
import Reports
import Results
import Specs
import Text
import Training

/// Keeps what is known of the runs and words it. No terminal, no clock: both are the caller's.
struct RunLines {
  private struct Live {
    var plan: RunPlan
    var step = 0
    var loss = Double.nan
    var error = Double.nan
    var imagesPerSecond = Double.nan
    var lastMetrics: [String: Double] = [:]
  }

  private var live: [Live] = []
  private var estimate: ProgressEstimate
  private let total: Int
  private var ended = 0
  /// Whether starts and records are told too, where no live line shows them.
  private let tellsRecords: Bool

  /// - Parameters:
  ///   - plans: all runs to be made.
  ///   - tellsRecords: for output that is not a terminal.
  init(_ plans: [RunPlan], tellsRecords: Bool) {
    estimate = ProgressEstimate(plans)
    total = plans.count
    self.tellsRecords = tellsRecords
  }

  /// Takes an event.
  /// - Parameter now: seconds of any clock.
  /// - Returns: the lines that stay, to be printed above the live ones.
  mutating func take(_ event: RunEvent, now: Double) -> [String] {
    switch event {
    case .skipped(let plan, let status):
      estimate.skip(plan)
      ended += 1
      return ["\(plan.label): \(Self.reason(status)), skipped"]
    case .started(let plan, let attempt, let logFile):
      estimate.start(plan, now: now)
      live.append(Live(plan: plan))
      guard tellsRecords else { return [] }
      let again = attempt > 1 ? " (attempt \(attempt))" : ""
      return ["\(plan.label): started\(again), \(plan.steps) steps, log \(logFile.printable)"]
    case .resumed(let plan, let step):
      estimate.resume(plan, at: step)
      if let index = live.firstIndex(where: { $0.plan.key == plan.key }) { live[index].step = step }
      return ["\(plan.label): goes on after step \(step) of \(plan.steps)"]
    case .note(let plan, let sentence): return ["\(plan.label): \(sentence.printable)"]
    case .outdated(let plan, let changes):
      return ["\(plan.label): \(ErrorText.outdated(changes: changes).printable)"]
    case .mixed(let plan, let changes):
      return ["\(plan.label): \(ErrorText.mixed(changes: changes).printable)"]
    case .progress(let plan, let progress):
      return take(progress, of: plan, now: now)
    case .finished(let plan, let result):
      let metrics = live.first { $0.plan.key == plan.key }?.lastMetrics ?? [:]
      // A run that failed before it started has never been waited for.
      if !live.contains(where: { $0.plan.key == plan.key }) { estimate.skip(plan) }
      live.removeAll { $0.plan.key == plan.key }
      estimate.finish(plan, now: now)
      ended += 1
      return ["\(plan.label): \(Self.result(result, metrics))"]
    }
  }

  private mutating func take(_ progress: RunProgress, of plan: RunPlan, now: Double) -> [String] {
    guard let index = live.firstIndex(where: { $0.plan.key == plan.key }) else { return [] }
    switch progress {
    case .step(let step, let loss, let error, let imagesPerSecond):
      estimate.advance(plan, to: step)
      live[index].step = step
      live[index].loss = loss
      live[index].error = error
      live[index].imagesPerSecond = imagesPerSecond
      return []
    case .note(let sentence): return ["\(plan.label): \(sentence.printable)"]
    case .record(let step, let metrics):
      let metrics = metrics.filter { !LayerMetric.isName($0.name) }
      for metric in metrics { live[index].lastMetrics[metric.name] = metric.value }
      guard tellsRecords, !metrics.isEmpty else { return [] }
      let values = metrics.map { "\($0.name) \(Self.number($0.value))" }
      let left = estimate.remaining(now: now).map { ["experiment \(SpanText.text($0)) left"] } ?? []
      let parts = ["step \(step)/\(plan.steps)"] + values + left
      return ["\(plan.label): \(parts.joined(separator: ", "))"]
    case .answers: return []
    }
  }

  /// One line for each run in work, and one for the experiment.
  /// - Parameter width: columns of the terminal; longer lines are cut off.
  func liveLines(now: Double, width: Int) -> [String] {
    var lines = live.map { run in
      var parts = ["\(run.plan.label)  step \(run.step)/\(run.plan.steps)"]
      if run.step > 0, run.loss.isFinite {
        parts.append("loss \(String(format: "%.3f", run.loss))")
        parts.append("error \(String(format: "%.1f", run.error)) %")
        parts.append("\(String(format: "%.0f", run.imagesPerSecond)) images/s")
      }
      if let left = estimate.remaining(run.plan, now: now) {
        parts.append("\(SpanText.text(left)) left")
      }
      return parts.joined(separator: "  ")
    }
    let left = estimate.remaining(now: now).map { ", \(SpanText.text($0)) left" } ?? ""
    lines.append("\(ended) of \(total) runs done\(left)")
    return lines.map { String($0.prefix(max(1, width - 1))) }
  }

  private static func reason(_ status: RunStatus) -> String {
    switch status {
    case .complete: return "complete already"
    case .diverged: return "diverged already, which is its result"
    case .running: return "running in another process"
    case .failed: return "failed before"
    case .waiting, .interrupted: return status.rawValue
    }
  }

  private static func result(_ result: RunResult, _ metrics: [String: Double]) -> String {
    switch result {
    case .complete(let seconds):
      let errors = [Metric.trainError, .testError].compactMap { metric in
        metrics[metric.name].map { "\(metric.name) \(String(format: "%.1f", $0)) %" }
      }
      return (["complete in \(SpanText.text(seconds))"] + errors).joined(separator: ", ")
    case .diverged(let step, _): return "diverged at step \(step), which is its result"
    case .interrupted(let step): return "interrupted after step \(step)"
    case .preempted(let step): return "preempted after step \(step)"
    case .outOfTime(let step): return "interrupted after step \(step) by the time limit"
    case .failed(let message): return "failed: \(message.printable)"
    case .lost:
      return "taken over by another process, because this one gave no sign of life for too long"
    case .skipped(let status): return "\(reason(status)), skipped"
    case .waiting: return "not begun"
    }
  }

  private static func number(_ value: Double) -> String { String(format: "%.5g", value) }
}
