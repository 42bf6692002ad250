// How many seeds an undecided claim needs, and in words what that number stands on.
import Specs
import Statistics

extension Claim {
  /// Seeds on each side that have 80 % power with the spread seen: at the reference's difference, or
  /// at the one that was seen where there is no reference, or where these seeds should have shown it.
  /// - Parameters:
  ///   - tests: with two values or more on each side.
  ///   - alpha: one-sided.
  /// - Returns: the number, nil where none can be given, and a sentence.
  func seedsNeeded(_ tests: [ClaimTest], alpha: Double) -> (seeds: Int?, basis: String) {
    let seen = tests.map(seenDifference)
    let isDirected = kind != .equivalence
    let obstacle: String? =
      if isDirected, seen.contains(where: { $0 < 0 }) {
        "what was seen is against the claim, though not significantly"
      } else if isDirected, seen.contains(0) {
        "no difference was seen, which says nothing for the claim or against it"
      } else {
        nil
      }
    let atSeen = obstacle == nil ? seeds(tests, seen, alpha) : nil
    guard let expected = expectedDifferences else {
      return obstacle.map { (nil, $0) } ?? (atSeen, basis(atSeen, "the difference"))
    }
    if isDirected, let least = expected.min(), least <= 0 {
      let reference =
        least < 0
        ? "the reference itself is against the claim" : "the reference itself shows no difference"
      return (nil, obstacle ?? reference)
    }
    let source = reference?.difference == nil && kind == .equivalence ? "no" : "the reference's"
    let here = tests.flatMap(\.samples).map(\.values.count).min() ?? 0
    let atExpected = seeds(tests, expected, alpha)
    guard let needed = atExpected, needed <= here else {
      var text = basis(atExpected, "\(source) difference")
      if let obstacle { text += "; \(obstacle)" }
      // What was seen may be far larger than what was expected.
      if let atSeen, atSeen < atExpected ?? .max {
        text += "; about \(atSeen) at the difference seen"
      }
      return (atExpected, text)
    }
    let enough = "\(needed) seeds would have shown it at \(source) difference"
    return obstacle.map { (nil, "\($0); \(enough)") }
      ?? (atSeen, "\(enough); \(basis(atSeen, "the difference"))")
  }

  /// Seeds on each side that decide one comparison of the claim with 80 % power; nil where even very
  /// many do not.
  /// - Parameter difference: the true one, in the claimed direction.
  func seedsNeeded(_ power: Power, difference: Double) -> Int? {
    if case .equivalence(_, _, let margin) = assertion {
      return power.seedsForEquivalence(margin: margin, difference: difference)
    }
    return power.seedsForSuperiority(difference: difference)
  }

  /// The spread over seeds, 0 where it is rounding alone; nil below two values.
  func deviation(_ values: [Double]) -> Double? {
    Statistics.standardDeviation(values, scale: metric.scale)
  }

  private func basis(_ seeds: Int?, _ difference: String) -> String {
    seeds == nil
      ? "no number of seeds up to \(Power.mostSeeds) has 80 % power at \(difference) and the spread "
        + "seen here"
      : "seeds for 80 % power at \(difference) and the spread seen here"
  }

  /// The fewest for all comparisons; nil where even very many do not do.
  private func seeds(_ tests: [ClaimTest], _ differences: [Double], _ alpha: Double) -> Int? {
    let needed = zip(tests, differences).map { test, difference -> Int? in
      let power = Power(
        deviationA: deviation(test.a.values) ?? 0,
        deviationB: test.b.flatMap { deviation($0.values) } ?? 0, alpha: alpha)
      return seedsNeeded(power, difference: difference)
    }
    return needed.contains(nil) ? nil : needed.compactMap { $0 }.max()
  }

  /// What was seen, in the claimed direction: above 0 speaks for the claim.
  private func seenDifference(_ test: ClaimTest) -> Double {
    let difference = test.welch?.difference ?? 0
    switch assertion {
    case .equivalence: return difference
    case .superiority(_, _, let direction), .order(_, let direction):
      return direction == .greater ? difference : -difference
    case .diagnostic(_, let b, _, let direction, let threshold):
      let beyond =
        b == nil ? difference : Statistics.difference(difference, threshold, scale: metric.scale)
      return direction == .greater ? beyond : -beyond
    }
  }
}
