// Tests of groups against numbers worked out by hand, and where there is no answer.
import Testing

@testable import Statistics

@Suite struct ComparisonTests {
  @Test func oneValueHasNoSpreadAndNoInterval() {
    #expect(Statistics.interval([5]) == nil)
    #expect(Statistics.interval([]) == nil)
    #expect(Statistics.interval([5, 5, 5]) == nil)
    #expect(WelchTest([5], [1, 2]) == nil)
    #expect(WelchTest([5, 5], [1, 1]) == nil)
    #expect(WelchTest([5, 5], [1, 1.5]) != nil)
    #expect(WelchTest([5], against: 4) == nil)
    #expect(PermutationTest([], [1]) == nil)
    #expect(Statistics.cohenD([1], [2]) == nil)
  }

  @Test func intervalsChangeTheirMethodAtEight() throws {
    let values = [6.61, 6.43, 6.80, 6.55, 6.70, 6.49, 6.58, 7.9]
    #expect(Statistics.interval(Array(values.prefix(7)))?.method == .t)
    let interval = try #require(Statistics.interval(values))
    #expect(interval.method == .bca)
    // The same values, the same resamples; the outlier drags the upper end.
    #expect(interval == Statistics.interval(values))
    let mean = try #require(Statistics.mean(values))
    #expect(interval.low < mean && mean < interval.high)
    #expect(interval.high - mean > 1.3 * (mean - interval.low))
  }

  @Test func effectSizesByHand() throws {
    // Means 3 and 1, both variances 1.
    let d = try #require(Statistics.cohenD([2, 3, 4], [0, 1, 2]))
    #expect(d == 2)
    // The exact factor for 4 degrees of freedom is √(2/π)·... = 0.79788.
    let g = try #require(Statistics.hedgesG([2, 3, 4], [0, 1, 2]))
    #expect(abs(g - 2 * 0.797_884_560_802_865) < 1e-12)
    #expect(Statistics.cohenD([1, 1], [2, 2]) == nil)
  }

  @Test func holmByHand() {
    #expect(Statistics.holm([0.01, 0.04, 0.03]) == [0.03, 0.06, 0.06])
    #expect(Statistics.holm([0.01, 0.04], count: 5) == [0.05, 0.16])
    #expect(Statistics.holm([0.5, 0.9]) == [1, 1])
    #expect(Statistics.holm([]) == [])
  }

  @Test(arguments: [(3, 0.1), (4, 2.0 / 70), (5, 2.0 / 252)])
  func theSmallestPOfAPermutationTest(n: Int, p: Double) throws {
    let high = (0..<n).map { 10 + Double($0) }
    let low = (0..<n).map { Double($0) }
    let test = try #require(PermutationTest(high, low))
    #expect(abs(test.smallestTwoSidedP - p) < 1e-15)
    #expect(test.twoSidedP == test.smallestTwoSidedP)
    #expect(test.greaterP == test.smallestOneSidedP)
    #expect(test.lessP == 1)
  }

  @Test func splitsAreCounted() {
    #expect(PermutationTest.splitCount(3, 3) == 20)
    #expect(PermutationTest.splitCount(11, 11) == 705_432)
    #expect(PermutationTest.splitCount(12, 12) == 2_704_156)
    #expect(PermutationTest.splitCount(1, 7) == 8)
  }

  @Test func manySplitsAreSampled() throws {
    let a = (0..<13).map { Double($0) + 0.2 }
    let b = (0..<13).map { Double($0) * 1.1 }
    let test = try #require(PermutationTest(a, b))
    #expect(!test.isExact)
    #expect(test.smallestOneSidedP == 1e-5)
    // Near the t test's, and the same again.
    let welch = try #require(WelchTest(a, b))
    #expect(abs(test.twoSidedP - welch.twoSidedP) < 0.02)
    #expect(test == PermutationTest(a, b))
    let apart = try #require(PermutationTest(a.map { $0 + 100 }, b))
    #expect(apart.greaterP == 1e-5)
  }

  @Test func pairedExamples() throws {
    let first = [true, true, true, false, false, true, true, false]
    let second = [true, false, false, false, true, true, false, false]
    let pairs = PairedComparison(first, second)
    #expect(pairs.onlyFirst == 3)
    #expect(pairs.onlySecond == 1)
    #expect(pairs.both == 2)
    #expect(pairs.difference == -25)
    // P(X ≤ 1) of four throws is 5/16.
    #expect(abs(pairs.mcNemarP - 0.625) < 1e-12)
    let interval = try #require(pairs.interval())
    #expect(interval.low < -25 && interval.high > -25)
    #expect(interval.low >= -100 && interval.high <= 100)
    let same = PairedComparison(first, first)
    #expect(same.mcNemarP == 1)
    #expect(same.interval() == nil)
    #expect(same.correlation == 1)
  }

  /// Pre-activation at 110 layers: a spread of 0.16 and a difference of 0.24 need about 8 seeds on
  /// each side with a two-sided test, 7 with a one-sided one.
  @Test func seedsForEightyPercent() throws {
    let power = Power(deviationA: 0.16, deviationB: 0.16)
    #expect(power.seedsForSuperiority(difference: 0.24) == 7)
    #expect(
      Power(deviationA: 0.16, deviationB: 0.16, alpha: 0.025)
        .seedsForSuperiority(difference: 0.24) == 9)
    #expect(power.seedsForSuperiority(difference: 0) == nil)
    #expect(power.seedsForSuperiority(difference: 5) == 2)
    #expect(power.seedsForSuperiority(difference: 1e-9) == nil)
    let seeds = try #require(power.seedsForEquivalence(margin: 0.3, difference: 0))
    #expect(power.equivalence(margin: 0.3, difference: 0, seeds: seeds) >= 0.8)
    #expect(power.equivalence(margin: 0.3, difference: 0, seeds: seeds - 1) < 0.8)
    #expect(power.seedsForEquivalence(margin: 0.3, difference: 0.3) == nil)
  }

  @Test func theLargestSpreadThatSeedsCanBear() throws {
    let spread = try #require(Power.largestDeviation(difference: 0.24, seeds: 7, alpha: 0.05))
    let power = Power(deviationA: spread, deviationB: spread)
    #expect(abs(power.superiority(difference: 0.24, seeds: 7) - 0.8) < 1e-6)
    #expect(spread > 0.16 && spread < 0.18)
    #expect(Power.largestDeviation(difference: 1, seeds: 1, alpha: 0.05) == nil)
  }
}
