// Two groups of runs compared: Welch's t test, equivalence at a margin, effect sizes.
import Foundation

/// Welch's comparison of two means, a − b, without the assumption of equal spreads.
public struct WelchTest: Hashable, Sendable {
  /// Which difference a − b is claimed.
  public enum Direction: String, Sendable {
    case greater = "a>b"
    case less = "a<b"
  }

  /// Mean of a minus mean of b.
  public let difference: Double
  public let standardError: Double
  /// Welch and Satterthwaite's.
  public let degreesOfFreedom: Double

  /// Nil where either group has fewer than two values, or neither has any spread beyond rounding:
  /// then there is nothing to judge a difference by.
  /// - Parameter scale: the largest magnitude of what the values were computed from, where that is
  ///   more than theirs.
  public init?(_ a: [Double], _ b: [Double], scale: Double = 0) {
    let scale = max(scale, Statistics.scale(of: a + b))
    guard let meanA = Statistics.mean(a), let meanB = Statistics.mean(b),
      let deviationA = Statistics.standardDeviation(a, scale: scale),
      let deviationB = Statistics.standardDeviation(b, scale: scale)
    else { return nil }
    let partA = deviationA * deviationA / Double(a.count)
    let partB = deviationB * deviationB / Double(b.count)
    guard partA + partB > 0 else { return nil }
    difference = Statistics.difference(meanA, meanB, scale: scale)
    standardError = (partA + partB).squareRoot()
    degreesOfFreedom =
      (partA + partB) * (partA + partB)
      / (partA * partA / Double(a.count - 1) + partB * partB / Double(b.count - 1))
  }

  /// A mean against a fixed number: the comparison of `values` with a group without spread.
  /// - Parameter scale: the largest magnitude of what the values were computed from, where that is
  ///   more than theirs.
  /// - Returns: nil below two values, or where they differ by rounding alone.
  public init?(_ values: [Double], against constant: Double, scale: Double = 0) {
    let scale = max(scale, constant.magnitude, Statistics.scale(of: values))
    guard let mean = Statistics.mean(values),
      let deviation = Statistics.standardDeviation(values, scale: scale), deviation > 0
    else { return nil }
    difference = Statistics.difference(mean, constant, scale: scale)
    standardError = deviation / Double(values.count).squareRoot()
    degreesOfFreedom = Double(values.count - 1)
  }

  private var distribution: StudentT { StudentT(degreesOfFreedom: degreesOfFreedom) }

  /// The statistic for the hypothesis that the true difference is `shift`.
  public func statistic(shift: Double = 0) -> Double { (difference - shift) / standardError }

  /// The probability of a statistic as large in the claimed direction, if the true difference is
  /// `shift`.
  public func oneSidedP(_ direction: Direction, shift: Double = 0) -> Double {
    let t = statistic(shift: shift)
    return distribution.survival(direction == .greater ? t : -t)
  }

  /// The probability of a statistic as far from 0, if there is no difference.
  public var twoSidedP: Double { min(1, 2 * distribution.survival(statistic().magnitude)) }

  /// The interval of the difference.
  public func interval(confidence: Double = Statistics.confidence) -> ConfidenceInterval {
    let half = distribution.quantile((1 + confidence) / 2) * standardError
    return ConfidenceInterval(low: difference - half, high: difference + half, method: .welch)
  }

  /// Two one-sided tests (Schuirmann 1987): the larger p of "above −margin" and "below margin".
  public func equivalenceP(margin: Double) -> Double {
    precondition(margin > 0, "a margin of equivalence is above 0, not \(margin)")
    return max(oneSidedP(.greater, shift: -margin), oneSidedP(.less, shift: margin))
  }
}

extension Statistics {
  /// Cohen's d: the difference a − b in units of the pooled standard deviation; nil without spread
  /// beyond rounding.
  /// - Parameter scale: the largest magnitude of what the values were computed from, where that is
  ///   more than theirs.
  public static func cohenD(_ a: [Double], _ b: [Double], scale: Double = 0) -> Double? {
    let scale = max(scale, Self.scale(of: a + b))
    guard let meanA = mean(a), let meanB = mean(b),
      let deviationA = standardDeviation(a, scale: scale),
      let deviationB = standardDeviation(b, scale: scale)
    else { return nil }
    let (freeA, freeB) = (Double(a.count - 1), Double(b.count - 1))
    let pooled =
      ((freeA * deviationA * deviationA + freeB * deviationB * deviationB) / (freeA + freeB))
      .squareRoot()
    return pooled > 0 ? difference(meanA, meanB, scale: scale) / pooled : nil
  }

  /// Hedges' g: Cohen's d without its bias in small groups (the exact factor).
  /// - Parameter scale: as of `cohenD`.
  public static func hedgesG(_ a: [Double], _ b: [Double], scale: Double = 0) -> Double? {
    guard let d = cohenD(a, b, scale: scale) else { return nil }
    let free = Double(a.count + b.count - 2)
    return d * exp(lgamma(free / 2) - lgamma((free - 1) / 2)) / (free / 2).squareRoot()
  }

  /// The strictest level that Holm's method can ask of one of so many tests.
  public static func strictestAlpha(ofTests count: Int) -> Double { alpha / Double(max(1, count)) }

  /// Holm's adjustment for several tests (Holm 1979), in the order given.
  /// - Parameters:
  ///   - pValues: of the tests that were made.
  ///   - count: tests in the family, by default those that were made; the others count as p = 1.
  public static func holm(_ pValues: [Double], count: Int? = nil) -> [Double] {
    let order = pValues.indices.sorted { pValues[$0] < pValues[$1] }
    let family = max(count ?? 0, pValues.count)
    var adjusted = pValues
    var largest = 0.0
    for (rank, index) in order.enumerated() {
      largest = max(largest, min(1, Double(family - rank) * pValues[index]))
      adjusted[index] = largest
    }
    return adjusted
  }
}
