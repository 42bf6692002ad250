// What a user sees first of an experiment: each claim's answer in a line, and where everything else is.
import Results
import Specs
import Statistics
import Text
import Verdicts

extension ExperimentReport {
  /// The experiment's title, how far it is, and the answers to its claims, a line each.
  public var overviewText: String {
    var lines: [String] = []
    if finishedCount < runs.count {
      lines.append("\(finishedCount) of \(runs.count) runs are done.")
    }
    let name = experiment.protocolName
    if !verdicts.isEmpty {
      let width = verdicts.map { $0.outcome.rawValue.count }.max() ?? 0
      for verdict in verdicts {
        let outcome = verdict.outcome.rawValue
        let padding = String(repeating: " ", count: width - outcome.count)
        lines.append("  \(outcome)\(padding)  \(verdict.claim.statement)\(verdict.brief)")
      }
    }
    lines.append(
      hasPaperProtocol
        ? "Under the papers' own protocol, \(name)."
        : "Under protocol \(name), which is not the papers': compare these errors with each other.")
    return lines.map { $0.printable + "\n" }.joined()
  }
}

extension Verdict {
  /// `: 72.1 against 29.3 %, Holm p = 0.002`; why, or how many seeds it takes, where it is open.
  fileprivate var brief: String {
    var parts: [String] = []
    if tests.count == 1, let test = tests.first, test.b != nil {
      let means = test.samples.compactMap { Statistics.mean($0.values) }
      if means.count == 2 {
        let unit = claim.metric.unit.map { " \($0)" } ?? ""
        parts.append(
          means.map { NumberText.value($0, metric: claim.metric) }.joined(separator: " against ")
            + unit)
      }
    }
    if let adjustedP { parts.append(NumberText.equation("Holm p", adjustedP)) }
    if outcome == .undecided, let seedsNeeded {
      parts.append("needs about \(seedsNeeded) seeds")
    } else if parts.isEmpty, !reason.isEmpty {
      parts.append(reason)
    }
    return parts.isEmpty ? "" : ": \(parts.joined(separator: ", "))"
  }
}
