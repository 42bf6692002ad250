// Where numbers count as equal: one rounding is no spread and no difference, on whatever scale.
import Testing

@testable import Statistics

@Suite struct RoundingTests {
  /// The next number above.
  private static func up(_ value: Double) -> Double { value.nextUp }

  /// Values, the magnitude of what they come from, and their deviation where it is not 0.
  static let spreads: [(values: [Double], scale: Double, deviation: Double)] = [
    ([28.1, 28.1, 28.1], 0, 0),
    ([28.1, 28.1, 28.100000000000005], 0, 0),
    ([28.1, up(28.1)], 0, 0),
    ([28.1, 28.1001], 0, 0.0001 / 2.0.squareRoot()),
    // One image of a million, and two losses that single precision tells apart.
    ([28.1, 28.1001, 28.1002], 0, 0.0001),
    ([2.3, Double(Float(2.3).nextUp)], 0, (Double(Float(2.3).nextUp) - 2.3) / 2.0.squareRoot()),
    // Small numbers have small roundings, and large ones large.
    ([1e-20, 2e-20, 3e-20], 0, 1e-20),
    ([1e-20, up(1e-20)], 0, 0),
    ([1e9, 1e9 + 1, 1e9 + 2], 0, 1),
    ([1e9, up(1e9), 1e9], 0, 0),
    // Differences of percents: 28.1 − 28 and 25.1 − 25, which should be 0.1 both.
    ([28.1 - 28, 25.1 - 25], 0, 0),
    ([28.11 - 28.1, 25.01 - 25], 100, 0),
    ([28.1 - 28, 25.2 - 25], 100, 0.1 / 2.0.squareRoot()),
    ([0, 0, 3.6e-15], 100, 0),
    ([0, 0, 3.6e-15], 0, 3.6e-15 / 3.0.squareRoot()),
    ([0, 0], 0, 0),
  ]

  @Test(arguments: spreads.indices) func aSpreadOfOneRoundingIsNone(index: Int) throws {
    let (values, scale, expected) = Self.spreads[index]
    let deviation = try #require(Statistics.standardDeviation(values, scale: scale))
    if expected == 0 {
      #expect(deviation == 0, "\(values)")
    } else {
      #expect(abs(deviation / expected - 1) < 1e-6, "\(values): \(deviation)")
    }
    let hasNone = expected == 0
    #expect((Statistics.interval(values, scale: scale) == nil) == hasNone, "\(values)")
    #expect((WelchTest(values, values, scale: scale) == nil) == hasNone, "\(values)")
    #expect((Statistics.hedgesG(values, values, scale: scale) == nil) == hasNone, "\(values)")
    #expect((WelchTest(values, against: values[0] / 2, scale: scale) == nil) == hasNone)
  }

  /// The case that was once called reproduced with p = 3e-30.
  @Test func twoGroupsWithoutSpreadCannotBeJudged() {
    let (a, b) = ([28.1, 28.1, 28.100000000000005], [27.3, 27.3, 27.3])
    #expect(WelchTest(a, b) == nil && WelchTest(b, a) == nil)
    #expect(Statistics.cohenD(a, b) == nil)
    #expect(WelchTest(a, against: 27.3) == nil)
    // One spread is enough, and the rounding of the other adds nothing.
    let spread = [27.3, 27.5, 27.4]
    let (rounded, equal) = (WelchTest(a, spread), WelchTest([28.1, 28.1, 28.1], spread))
    #expect(rounded != nil && rounded?.standardError == equal?.standardError)
    #expect(rounded?.degreesOfFreedom == 2 && equal?.degreesOfFreedom == 2)
    // What is rounding beside the other group is no spread, though it is one in itself.
    #expect(WelchTest([28.1, 28.1], [1e-15, 2e-15]) == nil)
    #expect(WelchTest([1e-15, 2e-15], against: 28.1) == nil)
  }

  /// Two numbers, the magnitude of what they come from, and their difference.
  static let differences: [(a: Double, b: Double, scale: Double, difference: Double)] = [
    (28.1, 28.1, 0, 0), (28.1, 28.100000000000005, 0, 0), (28.100000000000005, 28.1, 0, 0),
    (28.1, 27.3, 0, 28.1 - 27.3), (27.3, 28.1, 0, 27.3 - 28.1), (1e-20, 2e-20, 0, -1e-20),
    (0, 3.6e-15, 0, -3.6e-15), (0, 3.6e-15, 100, 0), (0, 1e-4, 100, -1e-4), (0, 0, 0, 0),
    (1e9, 1e9 + 1, 0, -1), (1e15, 1e15 + 0.125, 0, 0),
  ]

  @Test(arguments: differences.indices) func aDifferenceOfOneRoundingIsNone(index: Int) {
    let (a, b, scale, difference) = Self.differences[index]
    #expect(Statistics.difference(a, b, scale: scale) == difference)
  }

  /// Two means that are one in exact arithmetic.
  @Test func meansThatDifferByRoundingAreEqual() throws {
    let (a, b) = ([29.3, 25.9, 30.0], [29.3, 30.0, 25.9])
    let means = [a, b].compactMap(Statistics.mean)
    #expect(Set(means).count > 1, "the case shows nothing")
    let test = try #require(WelchTest(a, b))
    #expect(test.difference == 0 && test.statistic() == 0 && test.twoSidedP == 1)
    #expect(Statistics.hedgesG(a, b) == 0)
    #expect(try #require(WelchTest(a, against: means[1])).difference == 0)
    // Values of both signs have a small mean with the rounding of large numbers.
    let (c, d) = ([-28.1, 28.3, -0.2], [28.3, -0.2, -28.1])
    #expect(Statistics.mean(c) != Statistics.mean(d), "the case shows nothing")
    #expect(try #require(WelchTest(c, d)).difference == 0)
  }

  /// Resamples are all the same value but for rounding; and a mean near 0 has large values' rounding.
  @Test func theBootstrapKnowsRoundingByTheValues() {
    let equal = [0.1, 0.1, 0.1 + 0.2 - 0.2, 0.1]
    #expect(
      Statistics.bcaInterval(equal, resampledMeans: [0.1, 0.1.nextUp, 0.1], confidence: 0.95) == nil
    )
    let values = [-28.1, 28.3, -0.2]
    #expect(
      Statistics.bcaInterval(
        values, resampledMeans: [0, 3e-15, -3e-15, 1e-16], confidence: 0.95) == nil)
  }
}
