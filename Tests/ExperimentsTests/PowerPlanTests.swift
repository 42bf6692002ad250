// How many seeds claims need, and what fits into a budget.
import Foundation
import Testing

@testable import Experiments
@testable import Networks
@testable import Specs
@testable import Statistics
@testable import Training
@testable import Verdicts

@Suite struct PowerPlanTests {
  static let claims = #"""
    "claims": [
      {"id": "deep", "kind": "superiority", "direction": "a>b",
       "a": {"network": "plain", "depth": 56}, "b": {"network": "plain", "depth": 20},
       "reference": {"source": "S", "a": 14.22, "b": 9.63}},
      {"id": "cure", "kind": "superiority", "direction": "a<b",
       "a": {"network": "residual", "depth": 56}, "b": {"network": "plain", "depth": 56}}]
    """#

  private func spec(_ more: String = claims, seeds: String = "[0, 1, 2]") throws -> ExperimentSpec {
    try SpecFixture.spec(SpecFixture.text(seeds: seeds, more: more))
  }

  @Test func withASpreadTheSeedsFollow() throws {
    let spec = try spec()
    let claims = spec.claims(of: try spec.expand())
    let values = ["plain-56": [50.0, 52, 54], "plain-20": [40.0, 41, 42]]
    let plan = PowerPlan(claims, seeds: 3) { _, variant in values[variant] ?? [] }
    #expect(plan.alpha == 0.025)
    let deep = plan.claims[0]
    let power = Power(deviationA: 2, deviationB: 1, alpha: 0.025)
    let difference = 14.22 - 9.63
    #expect(deep.seedsNeeded == power.seedsForSuperiority(difference: difference))
    #expect(deep.power == power.superiority(difference: difference, seeds: 3))
    // No reference, so nothing can be said.
    #expect(plan.claims[1].power == nil && plan.claims[1].seedsNeeded == nil)
  }

  @Test func withoutASpreadItIsSaidHowLargeItMayBe() throws {
    let spec = try spec()
    let plan = PowerPlan(spec.claims(of: try spec.expand()), seeds: 3) { _, _ in [] }
    let largest = try #require(plan.claims[0].largestDeviation)
    let power = Power(deviationA: largest, deviationB: largest, alpha: 0.025)
    #expect(abs(power.superiority(difference: 4.59, seeds: 3) - 0.8) < 1e-6)
    #expect(plan.claims[0].seedsNeeded == nil)
  }

  @Test func anOrderIsAsHardAsItsHardestPair() throws {
    let order = #"""
      "claims": [{"id": "order", "kind": "order", "direction": "decreasing", "sequence":
        [{"network": "plain", "depth": 56}, {"network": "plain", "depth": 20},
         {"network": "residual", "depth": 20}],
        "reference": {"source": "S", "values": [14.22, 9.63, 8.75]}}]
      """#
    let spec = try spec(order)
    let plan = PowerPlan(spec.claims(of: try spec.expand()), seeds: 3) { _, _ in [1, 2, 3] }
    let power = Power(deviationA: 1, deviationB: 1)
    #expect(plan.claims[0].seedsNeeded == power.seedsForSuperiority(difference: 9.63 - 8.75))
    let unknown = PowerPlan(spec.claims(of: try spec.expand()), seeds: 3) { _, _ in [] }
    #expect(unknown.claims[0].difference.map { abs($0 - 0.88) < 1e-9 } == true)
  }

  // MARK: Budget

  /// 20 layers take 100 s, 56 layers 300 s a run.
  struct Costs: CostModel {
    func cost(of variant: Variant, threads: Int) throws -> VariantCost {
      VariantCost(parameters: 1, macs: 1, memoryBytes: 1)
    }
    func pace(of variant: Variant, threads: Int) throws -> TrainingPace {
      let seconds = variant.architecture.depth == 20 ? 100.0 : 300
      return TrainingPace(
        secondsPerStep: seconds / Double(variant.trainingProtocol.totalSteps),
        secondsPerTestImage: 0)
    }
  }

  private func budget(_ seconds: Double, more: String = claims) throws -> BudgetPlan {
    let spec = try spec(more)
    let variants = try spec.expand()
    let plan = try ExperimentPlan(
      experiment: spec.name, variants: variants, seeds: spec.seeds,
      share: CoreShare(jobs: 1, threads: 1), costs: Costs(), calibrates: true)
    return try #require(BudgetPlan(plan, claims: spec.claims(of: variants), budget: seconds))
  }

  @Test func whatFitsIsLeftAlone() throws {
    let all = try budget(2400)
    #expect(all.fits)
    #expect(all.variants.count == 4 && all.seeds == [0, 1, 2] && all.claims == ["deep", "cure"])
    #expect(abs(all.seconds - 2400) < 1e-6)
  }

  @Test func variantsWithoutAClaimGoFirstThenClaimsThenSeeds() throws {
    // resnet-20 is in no claim.
    let first = try budget(2399)
    #expect(first.variants == ["plain-20", "plain-56", "resnet-56"])
    #expect(first.claims == ["deep", "cure"] && first.seeds.count == 3)
    // Of the claims, "cure" alone needs resnet-56, which frees most.
    let second = try budget(2000)
    #expect(second.variants == ["plain-20", "plain-56"])
    #expect(second.claims == ["deep"] && second.seeds.count == 3)
    let third = try budget(900)
    #expect(third.variants == ["plain-20", "plain-56"] && third.seeds == [0, 1])
    let none = try budget(300)
    #expect(!none.fits && none.seeds == [0])
    #expect(abs(none.seconds - 400) < 1e-6)
  }

  @Test func withoutClaimsTwoVariantsStay() throws {
    let plan = try budget(700, more: #""figures": [{"name": "f"}]"#)
    #expect(plan.fits)
    #expect(plan.variants == ["plain-20", "resnet-20"])
    #expect(plan.seeds == [0, 1, 2])
  }
}
