// The answer to a claim, by a rule that was written down before the numbers came.
import Experiments
import Foundation
import Results

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
}

/// A claim's comparison of two samples, or of one with a threshold.
public struct ClaimTest: Sendable {
  public var a: ClaimSample
  /// Nil where a is held against a fixed number.
  public var b: ClaimSample?
  /// Nil with one seed on a side, or where no side has any spread.
  public var welch: WelchTest?
  public var permutation: PermutationTest?
  /// Hedges' g.
  public var effect: Double?
  /// The p of the claim's hypothesis, before Holm's correction.
  public var p: Double?

  init(a: ClaimSample, b: ClaimSample?, threshold: Double = 0, p: (WelchTest) -> Double) {
    self.a = a
    self.b = b
    if let b {
      welch = WelchTest(a.values, b.values)
      // One value on a side can be dealt out, but says nothing of chance.
      permutation =
        min(a.values.count, b.values.count) > 1 ? PermutationTest(a.values, b.values) : nil
      effect = Statistics.hedgesG(a.values, b.values)
    } else {
      welch = WelchTest(a.values, against: threshold)
    }
    self.p = welch.map(p)
  }

  /// The sides.
  var samples: [ClaimSample] { [a] + (b.map { [$0] } ?? []) }
}

/// A claim with its answer and the numbers behind it.
public struct Verdict: Sendable {
  /// The level of every decision.
  public static let level = 0.05

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
  static func all(_ report: ExperimentReport) -> [Verdict] {
    let tests = report.claims.map { report.tests(of: $0) }
    // An order holds only where every pair does, so its largest p is its own.
    let ps = tests.map { tests -> Double? in
      let known = tests.compactMap(\.p)
      return known.count == tests.count ? known.max() : nil
    }
    let tested = ps.indices.filter { ps[$0] != nil }
    // Claims without numbers yet count too: an answer must not depend on which came first.
    let adjusted = Statistics.holm(tested.compactMap { ps[$0] }, count: ps.count)
    let adjustedByClaim = Dictionary(uniqueKeysWithValues: zip(tested, adjusted))
    let order = tested.sorted { (ps[$0] ?? 1) < (ps[$1] ?? 1) }
    return report.claims.indices.map { index in
      let rank = order.firstIndex(of: index) ?? 0
      var verdict = Verdict(
        claim: report.claims[index], outcome: .undecided, reason: "", tests: tests[index],
        p: ps[index], adjustedP: adjustedByClaim[index],
        isPapersProtocol: report.ledger?.isPapers(report.claims[index].variants) ?? false)
      verdict.decide(level: level / Double(ps.count - rank))
      return verdict
    }
  }

  /// - Parameter level: the one that Holm's method gives this claim, for the number of seeds.
  private mutating func decide(level: Double) {
    let samples = tests.flatMap(\.samples)
    if let missing = samples.first(where: { $0.values.isEmpty }) {
      outcome = missing.diverged > 0 ? .undecided : .notTested
      reason =
        missing.diverged > 0
        ? "every run of \(missing.variant) diverged, so there is no number to compare"
        : "\(missing.variant) has no complete run"
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
    if adjustedP < Self.level {
      outcome = .reproduced
    } else if tests.contains(where: { claim.isExcluded(by: $0) }) {
      outcome = .notReproduced
    } else {
      let needed = tests.map { claim.seedsNeeded($0, level: level) }
      seedsNeeded = needed.contains(nil) ? nil : needed.compactMap { $0 }.max()
      reason = claim.powerBasis(tests)
    }
  }
}

extension ExperimentReport {
  /// The comparisons that decide a claim.
  func tests(of claim: Claim) -> [ClaimTest] {
    switch claim.assertion {
    case .superiority(let a, let b, let direction):
      return [test(claim.metric, a, b, direction)]
    case .order(let sequence, let direction):
      return zip(sequence, sequence.dropFirst()).map { test(claim.metric, $0, $1, direction) }
    case .equivalence(let a, let b, let margin):
      return [
        ClaimTest(a: sample(a, claim.metric), b: sample(b, claim.metric)) {
          $0.equivalenceP(margin: margin)
        }
      ]
    case .diagnostic(let a, let b, let statistic, let direction, let threshold):
      let first = sample(a, claim.metric, statistic)
      let second = b.map { sample($0, claim.metric, statistic) }
      return [
        ClaimTest(a: first, b: second, threshold: threshold) { welch in
          // Against a fixed number the difference is from the threshold already.
          welch.oneSidedP(direction, shift: second == nil ? 0 : threshold)
        }
      ]
    }
  }

  private func test(
    _ metric: String, _ a: String, _ b: String, _ direction: WelchTest.Direction
  ) -> ClaimTest {
    ClaimTest(a: sample(a, metric), b: sample(b, metric)) { $0.oneSidedP(direction) }
  }

  private func sample(
    _ variant: String, _ metric: String, _ statistic: Claim.Statistic = .last
  ) -> ClaimSample {
    let own = runs.filter { $0.key.variant == variant }
    let complete = Set(own.filter { $0.status == .complete }.map(\.key))
    let isOfLayers = LayerMetric.Quantity(rawValue: metric) != nil
    let values =
      statistic == .last && !isOfLayers
      ? values(metric, of: variant)
      : curves.filter { $0.metric == metric && complete.contains($0.key) }
        .compactMap { statistic.value(of: $0.points, unit: isOfLayers ? 1 : 1000) }
    return ClaimSample(
      variant: variant, values: values, diverged: own.count { $0.status == .diverged })
  }
}

extension Claim {
  /// Whether the 95 % interval leaves no room for what is claimed.
  fileprivate func isExcluded(by test: ClaimTest) -> Bool {
    guard let interval = test.welch?.interval(level: 1 - Verdict.level) else { return false }
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

  /// The difference a − b that the number of seeds is reckoned with: the reference's, else what was
  /// observed; in the claimed direction.
  private func expectedDifference(_ test: ClaimTest) -> Double? {
    let observed = test.welch?.difference
    switch assertion {
    case .superiority(_, _, let direction):
      let difference = reference?.difference ?? observed
      return difference.map { direction == .greater ? $0 : -$0 }
    case .equivalence: return reference?.difference ?? 0
    case .order(let sequence, let direction):
      var difference = observed
      if let values = reference?.values, values.count == sequence.count,
        let first = sequence.firstIndex(of: test.a.variant), first + 1 < values.count
      {
        difference = values[first] - values[first + 1]
      }
      return difference.map { direction == .greater ? $0 : -$0 }
    case .diagnostic(_, let b, _, let direction, let threshold):
      let beyond = observed.map { b == nil ? $0 : $0 - threshold }
      return beyond.map { direction == .greater ? $0 : -$0 }
    }
  }

  /// Seeds on each side for 80 % power with the observed spread; nil where no number does.
  fileprivate func seedsNeeded(_ test: ClaimTest, level: Double) -> Int? {
    guard let difference = expectedDifference(test) else { return nil }
    let power = Power(
      deviationA: Statistics.standardDeviation(test.a.values) ?? 0,
      deviationB: test.b.flatMap { Statistics.standardDeviation($0.values) } ?? 0, level: level)
    if case .equivalence(_, _, let margin) = assertion {
      return power.seedsForEquivalence(margin: margin, difference: difference)
    }
    return power.seedsForSuperiority(difference: difference)
  }

  /// What the number of seeds stands on, as a sentence.
  fileprivate func powerBasis(_ tests: [ClaimTest]) -> String {
    let differences = tests.compactMap(expectedDifference)
    if case .equivalence = assertion {
      return "seeds for 80 % power, if the difference is the reference's or none"
    }
    guard differences.count == tests.count, !differences.contains(where: { $0 <= 0 }) else {
      return "what was seen is against the claim, though not significantly"
    }
    let hasReference = reference?.difference != nil || reference?.values.isEmpty == false
    return hasReference
      ? "seeds for 80 % power at the reference's difference and the spread seen here"
      : "seeds for 80 % power at the difference and the spread seen here"
  }
}
