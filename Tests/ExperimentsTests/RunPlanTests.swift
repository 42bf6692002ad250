// How long the runs still take.
import Testing

@testable import Experiments
@testable import Networks
@testable import Specs
@testable import Training

@Suite struct RunPlanTests {
  @Test func estimatesAreWeightedByWork() throws {
    let variants = try SpecFixture.variants(SpecFixture.text())
    // 600 steps each; depth 56 costs three times depth 20: 1 + 3 + 1 + 3 parts of work.
    let plans = RunPlan.interleaved(
      experiment: "e", variants: variants, seeds: [0], threads: 1,
      macs: { $0.architecture.depth == 20 ? 100 : 300 })
    #expect(plans[1].workPerStep == 3 * 300 * 128)
    var estimate = ProgressEstimate(plans)
    #expect(estimate.remaining(now: 0) == nil)
    estimate.start(plans[0], now: 10)
    #expect(estimate.remaining(plans[0], now: 15) == nil)
    estimate.advance(plans[0], to: 300)
    // Half a part took 10 s: 20 s a part, 7.5 parts are left.
    #expect(estimate.remaining(plans[0], now: 20) == 10)
    #expect(abs((estimate.remaining(now: 20) ?? 0) - 150) < 1e-9)
    estimate.skip(plans[1])
    #expect(abs((estimate.remaining(now: 20) ?? 0) - 90) < 1e-9)
    // A run that ends early leaves nothing behind.
    estimate.finish(plans[0], now: 20)
    #expect(abs((estimate.remaining(now: 20) ?? 0) - 80) < 1e-9)
    #expect(estimate.remaining(plans[0], now: 20) == nil)
  }
}
