// Student's t, its noncentral form and the normal distribution, to about twelve digits.
import Foundation

/// The standard normal distribution.
public enum NormalDistribution {
  /// The probability of a value up to `z`.
  public static func cumulative(_ z: Double) -> Double { 0.5 * erfc(-z / 2.0.squareRoot()) }

  /// The value up to which the probability is `p`; infinite at 0 and 1.
  public static func quantile(_ p: Double) -> Double {
    precondition((0...1).contains(p), "a probability is from 0 to 1, not \(p)")
    if p == 0 { return -.infinity }
    if p == 1 { return .infinity }
    // The smaller tail is inverted, where no digits are lost.
    guard p <= 0.5 else { return -quantile(1 - p) }
    return bisect(from: -40, to: 0) { cumulative($0) < p }
  }
}

/// Student's t distribution.
public struct StudentT: Sendable {
  /// Above 0; need not be whole.
  public let degreesOfFreedom: Double

  public init(degreesOfFreedom: Double) {
    precondition(degreesOfFreedom > 0, "degrees of freedom are above 0, not \(degreesOfFreedom)")
    self.degreesOfFreedom = degreesOfFreedom
  }

  /// The probability of a value above `t`, exact far into the tail.
  public func survival(_ t: Double) -> Double {
    if t.isNaN { return .nan }
    let nu = degreesOfFreedom
    let square = t * t
    let tail = square.isFinite ? 0.5 * incompleteBeta(nu / 2, 0.5, nu / (nu + square)) : 0
    return t >= 0 ? tail : 1 - tail
  }

  /// The probability of a value up to `t`.
  public func cumulative(_ t: Double) -> Double { survival(-t) }

  /// The value up to which the probability is `p`; infinite at 0 and 1.
  public func quantile(_ p: Double) -> Double {
    precondition((0...1).contains(p), "a probability is from 0 to 1, not \(p)")
    if p == 0 { return -.infinity }
    if p == 1 { return .infinity }
    guard p >= 0.5 else { return -quantile(1 - p) }
    var high = 1.0
    while survival(high) > 1 - p, high < 1e300 { high *= 2 }
    return bisect(from: 0, to: high) { survival($0) > 1 - p }
  }

  /// The probability that (Z + `noncentrality`) / √(χ²/ν) is above `t`: the power of a t test.
  public func noncentralSurvival(_ t: Double, noncentrality: Double) -> Double {
    // The mean over S = √(χ²/ν), whose density is narrow around 1, by Simpson's rule; in w = ⁴√S,
    // where the density is smooth at 0 for few degrees of freedom too.
    let nu = degreesOfFreedom
    let logScale = log(8) + nu / 2 * log(nu / 2) - lgamma(nu / 2)
    func value(_ w: Double) -> Double {
      guard w > 0 else { return 0 }
      let s = pow(w, 4)
      let density = exp(logScale + (4 * nu - 1) * log(w) - nu * s * s / 2)
      return density * NormalDistribution.cumulative(noncentrality - t * s)
    }
    let reach = 12 / (2 * nu).squareRoot()
    let (low, high) = (pow(max(0, 1 - reach), 0.25), pow(1 + reach, 0.25))
    let count = 4000
    let width = (high - low) / Double(count)
    var sum = value(low) + value(high)
    for i in 1..<count { sum += (i % 2 == 1 ? 4 : 2) * value(low + Double(i) * width) }
    return min(1, max(0, sum * width / 3))
  }
}

/// The point between two bounds where a condition stops holding, to the last bit.
private func bisect(from: Double, to: Double, while holds: (Double) -> Bool) -> Double {
  var (low, high) = (from, to)
  while true {
    let middle = low + (high - low) / 2
    guard middle > low, middle < high else { return high }
    if holds(middle) { low = middle } else { high = middle }
  }
}

/// The regularised incomplete beta function I_x(a, b) by Lentz's continued fraction (Press et al.,
/// Numerical Recipes, section 6.4).
func incompleteBeta(_ a: Double, _ b: Double, _ x: Double) -> Double {
  if x <= 0 { return 0 }
  if x >= 1 { return 1 }
  let logFront = lgamma(a + b) - lgamma(a) - lgamma(b) + a * log(x) + b * log1p(-x)
  // The fraction converges fast on this side of the mean only.
  guard x < (a + 1) / (a + b + 2) else {
    return 1 - exp(logFront) * betaFraction(b, a, 1 - x) / b
  }
  return exp(logFront) * betaFraction(a, b, x) / a
}

private func betaFraction(_ a: Double, _ b: Double, _ x: Double) -> Double {
  let tiny = 1e-300
  func away(_ value: Double) -> Double { value.magnitude < tiny ? tiny : value }
  var c = 1.0
  var d = 1 / away(1 - (a + b) * x / (a + 1))
  var result = d
  for m in 1...10_000 {
    let m = Double(m)
    let even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
    d = 1 / away(1 + even * d)
    c = away(1 + even / c)
    result *= d * c
    let odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
    d = 1 / away(1 + odd * d)
    c = away(1 + odd / c)
    let change = d * c
    result *= change
    if (change - 1).magnitude < 1e-16 { break }
  }
  return result
}
