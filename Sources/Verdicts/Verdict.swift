// The answer to a claim, by a rule that was written down before the numbers came.
import Foundation
import Papers
import Results
import Specs
import Statistics

/// What became of a claim.
public enum VerdictOutcome: String, CaseIterable, Sendable {
  case reproduced
  case notReproduced = "not reproduced"
  case undecided
  case notTested = "not tested"
}

/// One side of a claim: a variant with one number from each of its complete runs.
public struct ClaimSample: Equatable, Sendable {
  public var variant: String
  /// By seed.
  public var values: [Double]
  /// Runs that diverged and have no number.
  public var diverged: Int
  /// Runs that are complete, whether or not they recorded the metric.
  public var complete: Int
}

/// A claim's comparison of two samples, or of one with a threshold.
public struct ClaimTest: Sendable {
  public var a: ClaimSample
  /// Nil where a is held against a fixed number.
  public var b: ClaimSample?
  /// The number that a is held against.
  private let threshold: Double
  /// The metric's, which says what is rounding.
  package let scale: Double
  /// Nil with one seed on a side, or where no side has any spread.
  public var welch: WelchTest?
  public var permutation: PermutationTest?
  /// Hedges' g.
  public var effect: Double?
  /// The p of the claim's hypothesis, before Holm's correction.
  public var p: Double?
  /// Of the difference; of an order's pairs, of all of them together.
  public var interval: ConfidenceInterval?
  /// The confidence of this interval alone: 0.95, of one of several pairs more.
  public let confidence: Double

  /// - Parameter pairs: how many comparisons the claim consists of.
  init(
    a: ClaimSample, b: ClaimSample?, of metric: Metric, threshold: Double = 0, pairs: Int = 1,
    p: (WelchTest) -> Double
  ) {
    confidence = 1 - Statistics.alpha / Double(pairs)
    scale = metric.scale
    self.threshold = threshold
    self.a = a
    self.b = b
    if let b {
      welch = WelchTest(a.values, b.values, scale: scale)
      // One value on a side can be dealt out, but says nothing of chance.
      permutation =
        min(a.values.count, b.values.count) > 1 ? PermutationTest(a.values, b.values) : nil
      effect = Statistics.hedgesG(a.values, b.values, scale: scale)
    } else {
      welch = WelchTest(a.values, against: threshold, scale: scale)
    }
    self.p = welch.map(p)
    interval = welch?.interval(confidence: confidence)
  }

  /// The mean of a less that of b, or less the threshold; also where there is no test of it.
  package var difference: Double? {
    guard let mean = Statistics.mean(a.values) else { return nil }
    guard let b else { return Statistics.difference(mean, threshold, scale: scale) }
    return Statistics.mean(b.values).map { Statistics.difference(mean, $0, scale: scale) }
  }

  /// The sides.
  package var samples: [ClaimSample] { [a] + (b.map { [$0] } ?? []) }
}

/// A claim with its answer and the numbers behind it.
public struct Verdict: Sendable {
  public var claim: Claim
  public var outcome: VerdictOutcome
  /// Why, where the numbers alone do not say it.
  public var reason: String
  /// Seeds on each side that have 80 % power; nil where the claim is decided or nothing is known.
  public var seedsNeeded: Int?
  /// One test, or one for each adjacent pair of an order.
  public var tests: [ClaimTest]
  /// The claim's p; of an order the largest of its pairs, all of which must hold.
  public var p: Double?
  /// After Holm's correction over the experiment's claims.
  public var adjustedP: Double?
  /// Whether the variants were trained as the paper says.
  public var isPapersProtocol: Bool
}

extension Verdict {
  /// The answers to all claims of an experiment, in the order of its spec.
  static func all(_ results: StudyResults) -> [Verdict] {
    let tests = results.claims.map { results.tests(of: $0) }
    // An order holds only where every pair does, so its largest p is its own.
    let ps = tests.map { tests -> Double? in
      let known = tests.compactMap(\.p)
      return known.count == tests.count ? known.max() : nil
    }
    let tested = ps.indices.filter { ps[$0] != nil }
    let seedsAlpha = Statistics.strictestAlpha(ofTests: ps.count)
    // Claims without numbers yet count too: an answer must not depend on which came first.
    let adjusted = Statistics.holm(tested.compactMap { ps[$0] }, count: ps.count)
    let adjustedByClaim = Dictionary(uniqueKeysWithValues: zip(tested, adjusted))
    return results.claims.indices.map { index in
      var verdict = Verdict(
        claim: results.claims[index], outcome: .undecided, reason: "", tests: tests[index],
        p: ps[index], adjustedP: adjustedByClaim[index],
        isPapersProtocol: results.ledger?.isPapers(results.claims[index].variants) ?? false)
      verdict.decide(seedsAlpha: seedsAlpha)
      if let mixed = results.mixedPrecision(of: Set(results.claims[index].variants)) {
        verdict.reason += (verdict.reason.isEmpty ? "" : "; ") + "its runs were \(mixed)"
      }
      return verdict
    }
  }

  /// - Parameter seedsAlpha: the one-sided α that the number of seeds is reckoned with.
  private mutating func decide(seedsAlpha: Double) {
    let samples = tests.flatMap(\.samples)
    if let missing = samples.first(where: { $0.values.isEmpty }) {
      (outcome, reason) = whyMissing(missing)
      return
    }
    if let single = samples.first(where: { $0.values.count == 1 }) {
      reason = "\(single.variant) has one seed, and one seed has no spread"
      return
    }
    guard let adjustedP else {
      reason = "the seeds agree to the last digit, so there is no spread to judge by"
      return
    }
    let losses = tests.map(claim.loss)
    if adjustedP < Statistics.alpha, losses.allSatisfy({ $0 == .none || $0 == .inFavour }) {
      outcome = .reproduced
    } else if zip(tests, losses).contains(where: { test, loss in
      claim.isExcluded(by: test) && (loss == .none || loss == .against)
    }) {
      outcome = .notReproduced
    } else if let lossy = samples.first(where: { $0.diverged > 0 }) {
      let all = lossy.values.count + lossy.diverged
      reason =
        "\(lossy.diverged) of \(all) runs of \(lossy.variant) diverged, and the others are no fair "
        + "sample of what it does"
      return
    } else {
      (seedsNeeded, reason) = claim.seedsNeeded(tests, alpha: seedsAlpha)
      return
    }
    if samples.contains(where: { $0.values.count == 2 }) {
      reason =
        "two seeds on a side show little of their spread, so this rests on its being normal; more "
        + "seeds would make it firm"
    }
  }

  private func whyMissing(_ sample: ClaimSample) -> (VerdictOutcome, String) {
    guard sample.diverged > 0 else {
      return (
        .notTested,
        sample.complete == 0
          ? "\(sample.variant) has no complete run"
          : "the complete runs of \(sample.variant) have not recorded \(claim.metric.name)"
      )
    }
    let side =
      switch tests.first(where: { $0.samples.contains(sample) }).map(claim.loss) ?? .unknown {
      case .inFavour: "; that speaks for the claim, but"
      case .against: "; that speaks against the claim, but"
      case .none, .unknown: ", so"
      }
    return (
      .undecided, "every run of \(sample.variant) diverged\(side) there is no number to compare"
    )
  }
}

extension StudyResults {
  /// The comparisons that decide a claim.
  func tests(of claim: Claim) -> [ClaimTest] {
    switch claim.assertion {
    case .superiority(let a, let b, let direction):
      return [test(claim.metric, a, b, direction)]
    case .order(let sequence, let direction):
      return zip(sequence, sequence.dropFirst()).map {
        test(claim.metric, $0, $1, direction, pairs: sequence.count - 1)
      }
    case .equivalence(let a, let b, let margin):
      return [
        ClaimTest(a: sample(a, claim.metric), b: sample(b, claim.metric), of: claim.metric) {
          $0.equivalenceP(margin: margin)
        }
      ]
    case .diagnostic(let a, let b, let statistic, let direction, let threshold):
      let first = sample(a, claim.metric, statistic)
      let second = b.map { sample($0, claim.metric, statistic) }
      return [
        ClaimTest(a: first, b: second, of: claim.metric, threshold: threshold) { welch in
          // Against a fixed number the difference is from the threshold already.
          welch.oneSidedP(direction, shift: second == nil ? 0 : threshold)
        }
      ]
    }
  }

  private func test(
    _ metric: Metric, _ a: String, _ b: String, _ direction: WelchTest.Direction, pairs: Int = 1
  ) -> ClaimTest {
    ClaimTest(a: sample(a, metric), b: sample(b, metric), of: metric, pairs: pairs) {
      $0.oneSidedP(direction)
    }
  }

  private func sample(
    _ variant: String, _ metric: Metric, _ statistic: Claim.Statistic = .last
  ) -> ClaimSample {
    let own = runs.filter { $0.key.variant == variant }
    let complete = Set(own.filter { $0.status == .complete }.map(\.key))
    let isOfLayers = metric.scope == .layer
    let values =
      statistic == .last && !isOfLayers
      ? values(metric, of: variant)
      : curves.filter { $0.metric == metric.name && complete.contains($0.key) }
        .compactMap { statistic.value(of: $0.points, unit: isOfLayers ? 1 : 1000) }
    return ClaimSample(
      variant: variant, values: values, diverged: own.count { $0.status == .diverged },
      complete: complete.count)
  }
}

extension Claim {
  /// Which way the runs that diverged would have moved a comparison.
  fileprivate enum Loss { case none, inFavour, against, unknown }

  /// A run that diverged counts as worse than any number, where the metric says what is worse.
  fileprivate func loss(_ test: ClaimTest) -> Loss {
    let (isOfA, isOfB) = (test.a.diverged > 0, (test.b?.diverged ?? 0) > 0)
    guard isOfA || isOfB else { return .none }
    guard isOfA != isOfB, metric.kind != .other else {
      return .unknown
    }
    switch assertion {
    case .superiority(_, _, let direction), .order(_, let direction):
      return isOfA == (direction == .greater) ? .inFavour : .against
    case .equivalence, .diagnostic: return .unknown
    }
  }

  /// Whether the 95 % interval leaves no room for what is claimed.
  fileprivate func isExcluded(by test: ClaimTest) -> Bool {
    guard let interval = test.interval else { return false }
    func excludes(_ direction: WelchTest.Direction, beyond limit: Double) -> Bool {
      direction == .greater ? interval.high <= limit : interval.low >= limit
    }
    switch assertion {
    case .superiority(_, _, let direction), .order(_, let direction):
      return excludes(direction, beyond: 0)
    case .equivalence(_, _, let margin):
      return interval.low >= margin || interval.high <= -margin
    case .diagnostic(_, let b, _, let direction, let threshold):
      return excludes(direction, beyond: b == nil ? 0 : threshold)
    }
  }
}
