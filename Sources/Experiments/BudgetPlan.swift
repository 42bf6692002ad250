// The part of an experiment that fits into a given time: seeds are dropped last, as one seed decides
// nothing.
import Specs
import Training

/// A part of an experiment that fits into a budget.
public struct BudgetPlan: Sendable {
  /// In the order of the spec.
  public private(set) var variants: [String]
  public private(set) var seeds: [Int64]
  /// Claims that can still be answered.
  public private(set) var claims: [String]
  /// Estimated seconds of what is left.
  public private(set) var seconds: Double
  public let budget: Double

  /// Whether what is left fits; it does not where even one seed of the cheapest claim is too long.
  public var fits: Bool { seconds <= budget }

  /// Drops, until the rest fits: variants that no claim is about, the costliest first; then claims
  /// with their variants, the one that frees the most time first; then seeds, the last first.
  /// Without claims two variants stay: fewer are no comparison.
  /// - Parameters:
  ///   - plan: calibrated.
  ///   - budget: seconds.
  /// - Returns: nil where the plan has no times.
  public init?(_ plan: ExperimentPlan, claims all: [Claim], budget: Double) {
    guard let total = plan.totalSeconds else { return nil }
    self.budget = budget
    variants = []
    seeds = []
    seconds = total
    claims = all.map(\.id)
    var cost: [String: Double] = [:]
    for row in plan.rows {
      let name = row.run.variant.name
      if cost[name] == nil { variants.append(name) }
      cost[name, default: 0] += row.seconds ?? 0
      if !seeds.contains(row.run.seed) { seeds.append(row.run.seed) }
    }
    func update() { seconds = plan.seconds(of: Set(variants), seeds: Set(seeds)) }
    func costliest(_ names: [String]) -> String? {
      names.max { (cost[$0] ?? 0) < (cost[$1] ?? 0) }
    }
    var open = all
    while !fits {
      let named = Set(open.flatMap(\.variants))
      let free = variants.filter { !named.contains($0) }
      let isBare = open.isEmpty && variants.count <= 2
      if !isBare, let dropped = costliest(free) {
        variants.removeAll { $0 == dropped }
      } else if open.count > 1 {
        // What only this claim needs is freed with it.
        let gains = open.map { claim in
          let others = Set(open.filter { $0.id != claim.id }.flatMap(\.variants))
          return claim.variants.filter { !others.contains($0) }.reduce(0) { $0 + (cost[$1] ?? 0) }
        }
        let index = gains.indices.max { gains[$0] < gains[$1] } ?? 0
        open.remove(at: index)
      } else if seeds.count > 1 {
        seeds.removeLast()
      } else {
        break
      }
      update()
    }
    claims = open.map(\.id)
  }
}

extension ExperimentPlan {
  /// Estimated seconds of a part of the runs, as `totalSeconds` has it of all.
  func seconds(of variants: Set<String>, seeds: Set<Int64>) -> Double {
    var part = self
    part.rows = rows.filter {
      variants.contains($0.run.variant.name) && seeds.contains($0.run.seed)
    }
    return part.totalSeconds ?? 0
  }
}
