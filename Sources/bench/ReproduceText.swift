// What `bench reproduce` says.
import Experiments
import Foundation
import Reports
import Results
import Training

enum ReproduceText {
  static func heading(_ attempt: RecordedAttempt, _ plan: RunPlan, lastStep: Int) -> String {
    let part = lastStep < plan.steps ? "the first \(lastStep) of \(plan.steps)" : "all \(lastStep)"
    let text =
      "\(attempt.run.key), attempt \(attempt.run.attempt ?? 1) "
      + "(\(attempt.run.status.rawValue)), trained again from its stored configuration: "
      + "\(part) steps, \(plan.threads) thread\(plan.threads == 1 ? "" : "s")\n"
    let changes = attempt.provenance.numericChanges
    guard !changes.isEmpty else { return text }
    return text + "\(mixture): \(changes.printable)\n"
  }

  /// What is true of a run that went on under other conditions than it began with.
  private static let mixture =
    "the recorded run is a mixture, which no training gives again bit by bit"

  static func otherData(_ recorded: Provenance, _ now: Provenance) -> String {
    """
    not comparable, so not trained: the data is not what the run was trained on
      data: checksum \(recorded.dataChecksum.prefix(12)), now \(now.dataChecksum.prefix(12))
    """
  }

  static func text(
    _ result: Reproduction, isMixed: Bool, differences: [ProvenanceDifference],
    configuration: [String]
  ) -> String {
    var lines = [table(result.metrics)]
    switch result.weights {
    case .equal(let hash): lines.append("weightsHash equal: \(hash)")
    case .different(let recorded, let now):
      lines.append("weightsHash differs: recorded \(recorded), now \(now)")
    case .notCompared(let reason): lines.append("weightsHash not compared: \(reason)")
    }
    if !result.newMetrics.isEmpty {
      lines.append(
        "not recorded then, so not compared: \(result.newMetrics.joined(separator: ", "))")
    }
    if result.endings.count == 2 {
      lines.append("the end differs: recorded \(result.endings[0]), now \(result.endings[1])")
    }
    lines.append("")
    lines.append(
      result.isIdentical
        ? "identical: all \(result.compared) values have the same bits"
        : isMixed ? "not identical: \(mixture)" : "not identical")
    let causes =
      differences.map { difference in
        let note =
          difference.isHarmless
          ? " (has no influence on the numbers)"
          : difference.remedy.contains("=") ? " (as recorded with \(difference.remedy))" : ""
        return "  \(difference.kind.rawValue): \(difference)\(note)"
      } + configuration.map { "  code: configuration: \($0)" }
    if !causes.isEmpty {
      lines.append(result.isIdentical ? "although these differ:" : "what differs:")
      lines += causes
    } else if !result.isIdentical {
      lines.append(
        "code, data and machine are as recorded: this is a fault of bench or of the machine")
    }
    return lines.joined(separator: "\n")
  }

  private static func table(_ metrics: [Reproduction.ComparedMetric]) -> String {
    let rows = metrics.filter { $0.compared > 0 }.map { metric in
      [
        metric.name, "\(metric.compared)", "\(metric.equal)",
        metric.firstDifference.map(text) ?? "",
        metric.equal == metric.compared
          ? "" : String(format: "%.1e", metric.largestRelativeDifference),
      ]
    }
    return TextTable(
      header: ["metric", "values", "equal", "first difference", "largest relative"], rows: rows,
      rightAligned: [1, 2]
    ).text
  }

  private static func text(_ difference: Reproduction.Difference) -> String {
    func number(_ value: Double?) -> String { value.map { "\($0)" } ?? "none" }
    return "step \(difference.step): \(number(difference.recorded)), now \(number(difference.now))"
  }
}
