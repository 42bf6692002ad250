// How many seeds each claim of an experiment needs, before or while it runs.
import Foundation
import Specs
import Statistics

/// What the seeds of a spec can decide of one claim.
public struct ClaimPower: Sendable {
  public var claim: Claim
  /// The difference that should be found, in the claimed direction; nil where no source names one.
  public var difference: Double?
  /// Standard deviations over the seeds that have run; nil below two on either side.
  public var deviations: (a: Double, b: Double)?
  /// Seeds of the spec.
  public var seeds: Int
  /// The probability that these seeds decide it; nil without a difference or a spread.
  public var power: Double?
  /// Seeds on each side for 80 %; nil where unknown or more than can be counted.
  public var seedsNeeded: Int?
  /// The largest spread at which the spec's seeds have 80 %, where no spread is known yet.
  public var largestDeviation: Double?
}

/// The power of all claims of a spec.
public struct PowerPlan: Sendable {
  /// In the order of the spec; of an order, the pair that is hardest to tell.
  public let claims: [ClaimPower]
  /// The one-sided α that is reckoned with, the strictest that Holm's method can ask for.
  public let alpha: Double

  /// - Parameters:
  ///   - seeds: of the spec.
  ///   - values: the last values of a metric in the complete runs of a variant.
  public init(
    _ claims: [Claim], seeds: Int, values: (_ metric: Metric, _ variant: String) -> [Double]
  ) {
    let alpha = Statistics.strictestAlpha(ofTests: claims.count)
    self.alpha = alpha
    self.claims = claims.map { claim in
      let pairs = claim.pairs.map { pair in
        let a = claim.deviation(values(claim.metric, pair.a))
        let b = pair.b.map { claim.deviation(values(claim.metric, $0)) } ?? 0
        let deviations = a.flatMap { a in b.map { (a: a, b: $0) } }
        return claim.power(
          difference: pair.difference, deviations: deviations, seeds: seeds, alpha: alpha)
      }
      func ease(_ pair: ClaimPower) -> (Double, Double) {
        (pair.power ?? 1, pair.difference ?? .infinity)
      }
      return pairs.min { ease($0) < ease($1) } ?? ClaimPower(claim: claim, seeds: seeds)
    }
  }
}

extension Claim {
  /// What the reference found, of each comparison and in the claimed direction: above 0 speaks for
  /// the claim. An equivalence without a reference expects no difference; nil where nothing is said.
  public var expectedDifferences: [Double]? {
    switch assertion {
    case .equivalence: return [reference?.difference ?? 0]
    case .superiority(_, _, let direction):
      return (reference?.difference).map { [direction == .greater ? $0 : -$0] }
    case .order(let sequence, let direction):
      guard let values = reference?.values, values.count == sequence.count else { return nil }
      return zip(values, values.dropFirst()).map { direction == .greater ? $0 - $1 : $1 - $0 }
    case .diagnostic: return nil
    }
  }

  /// What is compared with what, and by how much they should differ in the claimed direction.
  fileprivate var pairs: [(a: String, b: String?, difference: Double?)] {
    let expected = expectedDifferences
    switch assertion {
    case .superiority(let a, let b, _), .equivalence(let a, let b, _):
      return [(a, b, expected?.first)]
    case .diagnostic(let a, let b, _, _, _): return [(a, b, nil)]
    case .order(let sequence, _):
      return zip(sequence, sequence.dropFirst()).enumerated().map { index, pair in
        (pair.0, pair.1, expected?[index])
      }
    }
  }

  fileprivate func power(
    difference: Double?, deviations: (a: Double, b: Double)?, seeds: Int, alpha: Double
  ) -> ClaimPower {
    var result = ClaimPower(
      claim: self, difference: difference, deviations: deviations, seeds: seeds)
    guard let difference else { return result }
    guard let deviations else {
      if case .equivalence = assertion { return result }
      result.largestDeviation = Power.largestDeviation(
        difference: difference, seeds: seeds, alpha: alpha)
      return result
    }
    let power = Power(deviationA: deviations.a, deviationB: deviations.b, alpha: alpha)
    if case .equivalence(_, _, let margin) = assertion {
      result.power = power.equivalence(margin: margin, difference: difference, seeds: seeds)
    } else {
      result.power = power.superiority(difference: difference, seeds: seeds)
    }
    result.seedsNeeded = seedsNeeded(power, difference: difference)
    return result
  }
}
