// How many seeds a claim needs before its test is likely to see what is there.

/// The power of Welch's test with equally many seeds on both sides.
public struct Power: Hashable, Sendable {
  /// The share of experiments that should find the difference.
  public static let standard = 0.8
  /// More seeds than this are "too many to count".
  public static let mostSeeds = 100_000

  /// Standard deviation over seeds of the first side.
  public var deviationA: Double
  /// Standard deviation over seeds of the second side; 0 for a comparison with a fixed number.
  public var deviationB: Double
  /// One-sided significance level α of the test.
  public var alpha: Double

  public init(deviationA: Double, deviationB: Double, alpha: Double = Statistics.alpha) {
    self.deviationA = deviationA
    self.deviationB = deviationB
    self.alpha = alpha
  }

  /// The probability that a one-sided test with `seeds` on each side is significant.
  /// - Parameter difference: the true one, in the claimed direction.
  public func superiority(difference: Double, seeds: Int) -> Double {
    guard seeds > 1 else { return 0 }
    let (a, b) = (deviationA * deviationA, deviationB * deviationB)
    guard a + b > 0 else { return difference > 0 ? 1 : 0 }
    let free = Double(seeds - 1) * (a + b) * (a + b) / (a * a + b * b)
    let t = StudentT(degreesOfFreedom: free)
    let error = ((a + b) / Double(seeds)).squareRoot()
    return t.noncentralSurvival(t.quantile(1 - alpha), noncentrality: difference / error)
  }

  /// The probability that two one-sided tests at a margin are both significant, from below.
  /// - Parameter difference: the true one.
  public func equivalence(margin: Double, difference: Double, seeds: Int) -> Double {
    let below = superiority(difference: margin - difference, seeds: seeds)
    let above = superiority(difference: margin + difference, seeds: seeds)
    return max(0, below + above - 1)
  }

  /// The fewest seeds on each side with 80 % power; nil where even `mostSeeds` do not do.
  public func seedsForSuperiority(difference: Double) -> Int? {
    guard difference > 0 else { return nil }
    return Self.fewest { superiority(difference: difference, seeds: $0) }
  }

  /// The fewest seeds on each side that show equivalence with 80 % power; nil where none do.
  public func seedsForEquivalence(margin: Double, difference: Double) -> Int? {
    guard difference.magnitude < margin else { return nil }
    return Self.fewest { equivalence(margin: margin, difference: difference, seeds: $0) }
  }

  /// The largest spread, the same on both sides, at which `seeds` have 80 % power.
  public static func largestDeviation(difference: Double, seeds: Int, alpha: Double) -> Double? {
    guard seeds > 1, difference > 0 else { return nil }
    var (low, high) = (0.0, difference * 100)
    for _ in 0..<60 {
      let middle = (low + high) / 2
      let power = Power(deviationA: middle, deviationB: middle, alpha: alpha)
      if power.superiority(difference: difference, seeds: seeds) >= standard {
        low = middle
      } else {
        high = middle
      }
    }
    return low
  }

  private static func fewest(_ power: (Int) -> Double) -> Int? {
    var high = 2
    while power(high) < standard {
      guard high < mostSeeds else { return nil }
      high = min(mostSeeds, high * 2)
    }
    var low = high / 2
    while high - low > 1 {
      let middle = (low + high) / 2
      if power(middle) >= standard { high = middle } else { low = middle }
    }
    return high
  }
}
