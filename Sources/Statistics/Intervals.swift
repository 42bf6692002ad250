// Where a mean lies with 95 % confidence: Student's t for few values, the BCa bootstrap for more.
import Foundation

/// A confidence interval with the method that gave it.
public struct ConfidenceInterval: Hashable, Sendable {
  public enum Method: String, Sendable {
    /// Student's t on the values.
    case t
    /// Bias-corrected and accelerated bootstrap (Efron 1987).
    case bca = "BCa"
    /// Percentile bootstrap over pairs of test examples.
    case pairedBootstrap = "paired bootstrap"
    /// Student's t with Welch's degrees of freedom.
    case welch = "Welch t"
    /// Of a share of successes (Wilson 1927).
    case wilson = "Wilson"
  }

  public var low: Double
  public var high: Double
  public var method: Method

  public init(low: Double, high: Double, method: Method) {
    self.low = low
    self.high = high
    self.method = method
  }
}

extension Statistics {
  /// The interval of a probability of which `successes` of `count` trials, at least one, came true,
  /// by Wilson's score; from 0 to 1.
  public static func shareInterval(
    _ successes: Int, of count: Int, confidence: Double = Statistics.confidence
  ) -> ConfidenceInterval {
    precondition(count > 0 && (0...count).contains(successes), "\(successes) of \(count)")
    let z = NormalDistribution.quantile((1 + confidence) / 2)
    let (n, share) = (Double(count), Double(successes) / Double(count))
    let scale = 1 + z * z / n
    let middle = (share + z * z / (2 * n)) / scale
    let half = z / scale * (share * (1 - share) / n + z * z / (4 * n * n)).squareRoot()
    return ConfidenceInterval(
      low: successes == 0 ? 0 : max(0, middle - half),
      high: successes == count ? 1 : min(1, middle + half), method: .wilson)
  }

  /// From this many values on, an interval is the bootstrap's: few values have too few distinct
  /// resamples.
  public static let bootstrapThreshold = 8
  static let bootstrapResamples = 9999

  /// The interval of a mean: t below eight values, BCa from eight up; nil below two values or where
  /// they differ by rounding alone, which tells nothing of their spread.
  /// - Parameter scale: as of `standardDeviation`.
  public static func interval(
    _ values: [Double], confidence: Double = Statistics.confidence, scale: Double = 0
  ) -> ConfidenceInterval? {
    guard let mean = mean(values), let deviation = standardDeviation(values, scale: scale),
      deviation > 0
    else { return nil }
    guard values.count >= bootstrapThreshold else {
      let t = StudentT(degreesOfFreedom: Double(values.count - 1)).quantile((1 + confidence) / 2)
      let half = t * deviation / Double(values.count).squareRoot()
      return ConfidenceInterval(low: mean - half, high: mean + half, method: .t)
    }
    return bcaInterval(
      values, resampledMeans: resampledMeans(values, count: bootstrapResamples),
      confidence: confidence)
  }

  /// The bias-corrected and accelerated interval of the mean.
  /// - Parameter resampledMeans: means of resamples with replacement.
  /// - Returns: nil where the values or the resamples differ by rounding alone.
  static func bcaInterval(
    _ values: [Double], resampledMeans: [Double], confidence: Double
  ) -> ConfidenceInterval? {
    let scale = scale(of: values)
    guard let observed = mean(values),
      resampledMeans.contains(where: { !isRounding($0 - observed, of: scale) })
    else { return nil }
    // Means that differ by rounding alone count as equal.
    let tolerance = roundingShare * scale
    let below = resampledMeans.count { $0 < observed - tolerance }
    let upTo = resampledMeans.count { $0 <= observed + tolerance }
    let share = Double(below + upTo) / Double(2 * resampledMeans.count)
    guard share > 0, share < 1 else { return nil }
    let bias = NormalDistribution.quantile(share)
    // The jackknife's skewness; leaving out one value moves the mean against its deviation.
    let total = values.reduce(0, +)
    let partial = values.map { (total - $0) / Double(values.count - 1) }
    let centre = partial.reduce(0, +) / Double(partial.count)
    let squares = partial.reduce(0) { $0 + ($1 - centre) * ($1 - centre) }
    let cubes = partial.reduce(0) { $0 + pow(centre - $1, 3) }
    guard squares > 0 else { return nil }
    let acceleration = cubes / (6 * pow(squares, 1.5))
    func place(_ p: Double) -> Double {
      let z = bias + NormalDistribution.quantile(p)
      return NormalDistribution.cumulative(bias + z / (1 - acceleration * z))
    }
    let sorted = resampledMeans.sorted()
    return ConfidenceInterval(
      low: percentile(ofSorted: sorted, place((1 - confidence) / 2)),
      high: percentile(ofSorted: sorted, place((1 + confidence) / 2)), method: .bca)
  }

  /// The value below which the given share of sorted numbers lies, linear between neighbours.
  static func percentile(ofSorted sorted: [Double], _ share: Double) -> Double {
    let position = share * Double(sorted.count - 1)
    let lower = min(sorted.count - 1, max(0, Int(position)))
    let upper = min(sorted.count - 1, lower + 1)
    return sorted[lower] + (sorted[upper] - sorted[lower]) * (position - Double(lower))
  }

  /// Means of resamples with replacement; the same values always have the same ones.
  private static func resampledMeans(_ values: [Double], count: Int) -> [Double] {
    var random = SplitMix64(seed: UInt64(values.count))
    return (0..<count).map { _ in
      var sum = 0.0
      for _ in values.indices { sum += values[random.index(below: values.count)] }
      return sum / Double(values.count)
    }
  }
}

/// A small generator (Steele, Lea and Flood 2014) for resampling: the same seed, the same numbers.
struct SplitMix64 {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }

  /// A number in `0..<bound` (multiply-shift; the bias is below bound / 2⁶⁴).
  mutating func index(below bound: Int) -> Int {
    Int(next().multipliedFullWidth(by: UInt64(bound)).high)
  }
}
