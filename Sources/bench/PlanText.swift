// What `bench plan` prints.
import Experiments
import Foundation
import Reports
import Specs
import Training

/// A plan in words.
enum PlanText {
  static func text(_ plan: ExperimentPlan, spec: ExperimentSpec, share: CoreShare) -> String {
    let table = TextTable(
      header: ["variant", "seed", "parameters", "MACs", "memory", "steps", "time"],
      rows: plan.rows.map { row in
        [
          row.run.variant.name, String(row.run.seed), grouped(row.cost.parameters),
          millions(row.cost.macs), memory(row.cost.memoryBytes),
          grouped(Int64(row.run.steps)), time(row),
        ]
      }, rightAligned: [1, 2, 3, 4, 5, 6])
    let runs = plan.rows.count
    var total = "\(runs) run\(runs == 1 ? "" : "s")"
    let done = plan.rows.count(where: \.isDone)
    if done > 0 { total += ", \(done == runs ? "all" : String(done)) of them done" }
    if let seconds = plan.totalSeconds, done < runs {
      total += ", about \(SpanText.text(seconds))\(done > 0 ? " for the rest" : "")"
    }
    total += " with \(shareText(share)), at most \(memory(plan.peakMemoryBytes)) of memory"
    return """
      \(spec.name): \(spec.title)
      \(protocolText(spec.baseProtocol))

      \(table.text)
      \(total). Nothing was run.

      """
  }

  /// What the run still takes, or that it is done.
  private static func time(_ row: ExperimentPlan.Row) -> String {
    guard let status = row.status else { return row.seconds.map(SpanText.text) ?? "-" }
    if row.isDone { return status.rawValue }
    return row.seconds.map { "\(status.rawValue), \(SpanText.text($0))" } ?? status.rawValue
  }

  /// `protocol quick: shapes 16 px, batch 128, 600 iterations`
  static func protocolText(_ proto: TrainingProtocol) -> String {
    let length =
      switch proto.length {
      case .iterations(let count): "\(grouped(Int64(count))) iterations"
      case .epochs(let count): "\(grouped(Int64(count))) epochs"
      }
    let parts =
      (proto.data.trainPerClass.map { ", \($0) of each class" } ?? "")
      + (proto.data.validationCount > 0 ? ", \(proto.data.validationCount) held out" : "")
    return "protocol \(proto.name): \(proto.data.name) \(proto.data.size) px\(parts), "
      + "batch \(proto.batch), \(length)"
  }

  /// `1 job of 2 threads`
  static func shareText(_ share: CoreShare) -> String {
    "\(share.jobs) job\(share.jobs == 1 ? "" : "s") of \(share.threads) "
      + "thread\(share.threads == 1 ? "" : "s")"
  }

  /// `853,018`
  static func grouped(_ number: Int64) -> String {
    var digits = String(number.magnitude)
    var groups: [String] = []
    while digits.count > 3 {
      groups.insert(String(digits.suffix(3)), at: 0)
      digits.removeLast(3)
    }
    return (number < 0 ? "-" : "") + ([digits] + groups).joined(separator: ",")
  }

  /// Multiply-adds in millions: `40.55 M`.
  static func millions(_ macs: Int64) -> String {
    String(format: "%.2f M", Double(macs) / 1e6)
  }

  /// `412 MB`, `1.3 GB`.
  static func memory(_ bytes: Int64) -> String {
    bytes < 1_000_000_000
      ? String(format: "%.0f MB", (Double(bytes) / 1e6).rounded(.up))
      : String(format: "%.1f GB", Double(bytes) / 1e9)
  }
}
