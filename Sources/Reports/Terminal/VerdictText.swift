// What `bench verdict` prints: each claim's answer with the numbers behind it.
import Results
import Specs
import Statistics
import Text
import Verdicts

extension Verdict {
  /// The answer as a reader must take it: `undecided (needs about 5 seeds)`.
  public var answer: String {
    guard outcome == .undecided, let seedsNeeded else { return outcome.rawValue }
    return "undecided (needs about \(seedsNeeded) seeds)"
  }

  /// The answer with the protocol it is about, where that is not the paper's.
  func answer(underProtocol name: String) -> String {
    isPapersProtocol || outcome == .notTested ? answer : "\(answer), under protocol \(name)"
  }

  /// The numbers behind the answer, one sentence each.
  var evidence: [String] {
    var lines = tests.flatMap { $0.evidence(metric: claim.metric) }
    if case .equivalence(_, _, let margin) = claim.assertion, let welch = tests.first?.welch {
      let interval = NumberText.fineInterval(
        welch.interval(confidence: 1 - 2 * Statistics.alpha), metric: claim.metric)
      lines.append(
        "90 % interval \(interval): two one-sided tests ask for it inside ±\(NumberText.value(margin, metric: claim.metric))"
      )
    }
    if let adjustedP, let p {
      let holm = NumberText.equation("Holm p", adjustedP)
      lines.append("\(NumberText.equation(tests.count > 1 ? "largest p" : "p", p)), \(holm)")
    }
    if !reason.isEmpty { lines.append(reason) }
    if let reference = claim.reference { lines.append(reference.text) }
    return lines
  }
}

extension ClaimTest {
  fileprivate func evidence(metric: Metric) -> [String] {
    let sides = samples.map { sample in
      let diverged = sample.diverged > 0 ? ", \(sample.diverged) diverged" : ""
      return "\(sample.variant) \(NumberText.summary(sample.values, metric: metric)) (n = "
        + "\(sample.values.count)\(diverged))"
    }
    guard let welch, let interval else { return [sides.joined(separator: ", ")] }
    let what = b == nil ? "above the threshold by" : "difference"
    let method = b == nil ? "one-sample t" : "Welch t"
    var lines = [
      sides.joined(separator: ", "),
      "\(what) \(NumberText.difference(welch.difference, metric: metric)), \(intervalName) "
        + "\(NumberText.fineInterval(interval, metric: metric)) (\(method)"
        + (effect.map { ", g = " + NumberText.value($0) } ?? "") + ")",
    ]
    if let permutation {
      lines.append("two-sided permutation " + permutation.text)
    }
    return lines
  }

  /// `95 % interval`, of an order's pairs `97.5 % interval (95 % for all pairs)`.
  private var intervalName: String {
    confidence > Statistics.confidence
      ? "\(NumberText.significant(100 * confidence)) % interval (95 % for all pairs)"
      : "95 % interval"
  }
}

extension PermutationTest {
  /// `p = 0.10 (smallest possible 0.10)`
  var text: String {
    NumberText.equation("p", twoSidedP) + (isExact ? "" : " (sampled)")
      + " (smallest possible \(NumberText.probability(smallestTwoSidedP)))"
  }

  /// `0.10 (0.10)`: p and the smallest possible one, for a table.
  var shortText: String {
    "\(NumberText.probability(twoSidedP)) (\(NumberText.probability(smallestTwoSidedP)))"
  }
}

extension Claim.Reference {
  /// `He et al. 2015, Table 6: 6.97 and 8.75, difference −1.78`
  var text: String {
    var parts: [String] = []
    let sides = [a, b].compactMap { $0.map { NumberText.value($0) } }
    if !sides.isEmpty { parts.append(sides.joined(separator: " and ")) }
    if !values.isEmpty { parts.append(values.map { NumberText.value($0) }.joined(separator: ", ")) }
    if let difference { parts.append("difference \(NumberText.difference(difference))") }
    if let note { parts.append(note) }
    return parts.isEmpty ? source : "\(source): \(parts.joined(separator: ", "))"
  }
}

extension ExperimentReport {
  /// What `bench verdict` prints.
  public var verdictText: String {
    var lines = ["\(experiment.name): \(experiment.title)"]
    lines += protocolNotes
    guard !verdicts.isEmpty else {
      return (lines + [specProblem ?? "The spec has no claims."]).map { $0.printable + "\n" }
        .joined()
    }
    for verdict in verdicts {
      lines.append("")
      lines.append("\(verdict.claim.id): \(verdict.answer(underProtocol: experiment.protocolName))")
      lines.append("  \(verdict.claim.statement)")
      if verdict.claim.statement != verdict.claim.formula {
        lines.append("  \(verdict.claim.formula)")
      }
      lines += verdict.evidence.map { "  \($0)" }
    }
    lines += ["", verdictSummary]
    return lines.map { $0.printable + "\n" }.joined()
  }

  /// `2 of 5 claims reproduced, 1 not reproduced, 2 undecided.`
  public var verdictSummary: String {
    let counts = VerdictOutcome.allCases.compactMap { outcome -> String? in
      let count = verdicts.count { $0.outcome == outcome }
      return count > 0 ? "\(count) \(outcome.rawValue)" : nil
    }
    let claims = "\(verdicts.count) claim\(verdicts.count == 1 ? "" : "s")"
    let under =
      verdicts.allSatisfy(\.isPapersProtocol)
      ? "" : ", under protocol \(experiment.protocolName), which is not the paper's"
    return "\(claims): \(counts.joined(separator: ", "))\(under)."
  }

  /// What a verdict's α and corrections are, once for all.
  static let verdictRule =
    "Reproduced: at α = \(Statistics.alpha) by Welch's test, corrected by Holm's method over the experiment's "
    + "claims. Not reproduced: the claim's 95 % interval (of an order, that of all its pairs together) "
    + "leaves no room for it; this is not corrected for the number of claims. Seeds needed are those "
    + "of 80 % power at the one-sided level \(Statistics.alpha) / number of claims. Permutation tests (two-sided: "
    + "twice the smaller tail) and effect sizes stand beside them and decide nothing."
}
