// What `bench plan` says of the claims: what the seeds can decide, and what fits into a budget.
import Experiments
import Foundation
import Reports
import Specs
import Statistics
import Training
import Verdicts

/// Power and budget in words.
enum PowerText {
  /// A table with one row for each claim; empty without claims.
  static func text(_ plan: PowerPlan) -> String {
    guard let first = plan.claims.first else { return "" }
    let rows = plan.claims.map { claim in
      [
        claim.claim.id, claim.difference.map(number) ?? "–", spread(claim),
        seedsNeeded(claim), claim.power.map { String(format: "%.0f %%", 100 * $0) } ?? "–",
      ]
    }
    let count = "\(first.seeds) seed\(first.seeds == 1 ? "" : "s")"
    let table = TextTable(
      header: ["claim", "difference", "spread", "seeds for 80 %", "power of \(count)"], rows: rows,
      rightAligned: [1, 3, 4])
    return """

      \(table.text)
      Power at the reference's difference, one-sided level \(String(format: "%.3g", plan.alpha)) \
      (\(Statistics.alpha) over \(plan.claims.count) claim\(plan.claims.count == 1 ? "" : "s")).
      \(note(plan))
      """
  }

  private static func note(_ plan: PowerPlan) -> String {
    guard plan.claims.contains(where: { $0.deviations == nil }) else { return "" }
    return "A spread is known once two seeds of both sides are complete; until then it is said how "
      + "large it may be for these seeds to do.\n"
  }

  private static func spread(_ claim: ClaimPower) -> String {
    if let deviations = claim.deviations {
      return deviations.b == 0
        ? number(deviations.a) : "\(number(deviations.a)) and \(number(deviations.b))"
    }
    if claim.seeds < 2 { return "unknown; one seed decides nothing" }
    guard let largest = claim.largestDeviation else { return "unknown" }
    return "unknown; must be at most \(number(largest))"
  }

  private static func seedsNeeded(_ claim: ClaimPower) -> String {
    if let needed = claim.seedsNeeded { return String(needed) }
    return claim.deviations != nil && claim.difference != nil ? "too many" : "–"
  }

  private static func number(_ value: Double) -> String { String(format: "%.2f", value) }

  /// What fits, and what had to go.
  static func text(_ budget: BudgetPlan, of plan: ExperimentPlan, claims: [Claim]) -> String {
    let variants = Set(plan.rows.map(\.run.variant.name))
    let seeds = Set(plan.rows.map(\.run.seed))
    let time = SpanText.text(budget.seconds)
    let limit = SpanText.text(budget.budget)
    guard budget.fits else {
      return "\nNothing that could decide a claim fits into \(limit): one seed of "
        + "\(budget.variants.joined(separator: " and ")) takes about \(time).\n"
    }
    let left =
      "\(budget.variants.count) of \(variants.count) variants with "
      + "\(budget.seeds.count) of \(seeds.count) seeds"
    var lines = ["", "Into \(limit) fit \(left), about \(time)."]
    let gone = plan.rows.map(\.run.variant.name).filter { !budget.variants.contains($0) }
    let dropped = gone.enumerated().filter { gone.firstIndex(of: $0.element) == $0.offset }
    if !dropped.isEmpty {
      lines.append("Left out: \(dropped.map(\.element).joined(separator: ", ")).")
    }
    let lost = claims.map(\.id).filter { !budget.claims.contains($0) }
    if !lost.isEmpty { lines.append("Not answered then: \(lost.joined(separator: ", ")).") }
    if budget.seeds.count < seeds.count {
      let list = budget.seeds.map(String.init).joined(separator: ",")
      lines.append("Seeds: --seeds \(list)")
    }
    return lines.map { $0 + "\n" }.joined()
  }
}
