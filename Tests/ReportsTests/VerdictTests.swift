// The rule of verdicts, case by case, on made-up runs.
import Foundation
import Testing

@testable import Reports
@testable import Statistics
@testable import Verdicts

@Suite struct VerdictTests {
  static let deep =
    #""a": {"network": "plain", "depth": 56}, "b": {"network": "plain", "depth": 20}"#
  static let worse = #"{"id": "worse", "kind": "superiority", \#(deep), "direction": "a>b"}"#
  static let equal = #"{"id": "equal", "kind": "equivalence", \#(deep), "margin": 2}"#

  /// The verdicts on claims, with these test errors of plain-56 and plain-20.
  private func verdicts(
    _ claims: String..., a: [Double], b: [Double], protocolName: String = "quick"
  ) throws -> [Verdict] {
    let fake = try FakeExperiment(
      seeds: (0..<12).map { $0 }, protocolName: protocolName,
      more: #""claims": [\#(claims.joined(separator: ", "))]"#)
    for (seed, error) in a.enumerated() {
      try fake.record("plain-56", seed: Int64(seed), testError: error)
    }
    for (seed, error) in b.enumerated() {
      try fake.record("plain-20", seed: Int64(seed), testError: error)
    }
    let report = try fake.report()
    #expect(report.specProblem == nil)
    #expect(report.verdicts.count == claims.count)
    return report.verdicts
  }

  @Test func aClearDifferenceIsReproduced() throws {
    let verdict = try verdicts(Self.worse, a: [90, 91, 89], b: [40, 41, 39])[0]
    #expect(verdict.outcome == .reproduced)
    let p = try #require(verdict.p)
    #expect(p == WelchTest([90, 91, 89], [40, 41, 39])?.oneSidedP(.greater))
    #expect(verdict.adjustedP == p)
    #expect(verdict.seedsNeeded == nil)
    // Three seeds: the permutation test could not decide, and is not asked.
    #expect(verdict.tests[0].permutation?.twoSidedP == 0.1)
  }

  @Test func aClearDifferenceTheOtherWayIsNotReproduced() throws {
    let verdict = try verdicts(Self.worse, a: [40, 41, 39], b: [90, 91, 89])[0]
    #expect(verdict.outcome == .notReproduced)
  }

  @Test func anUncertainDifferenceIsUndecidedWithANumberOfSeeds() throws {
    let reference = #", "reference": {"source": "S", "a": 14.22, "b": 9.63}}"#
    let claim = String(Self.worse.dropLast()) + reference
    let (a, b) = ([50.0, 60, 40], [49.0, 58, 41])
    let verdict = try verdicts(claim, a: a, b: b)[0]
    #expect(verdict.outcome == .undecided)
    let power = Power(
      deviationA: try #require(Statistics.standardDeviation(a)),
      deviationB: try #require(Statistics.standardDeviation(b)))
    #expect(verdict.seedsNeeded == power.seedsForSuperiority(difference: 4.59))
    #expect(verdict.answer == "undecided (needs about \(verdict.seedsNeeded ?? 0) seeds)")
    #expect(verdict.reason.contains("reference's difference"))
    // Without a reference the observed difference has to do.
    let own = try verdicts(Self.worse, a: a, b: b)[0]
    let difference = 50 - (49.0 + 58 + 41) / 3
    #expect(own.seedsNeeded == power.seedsForSuperiority(difference: difference))
  }

  @Test func oneSeedDecidesNothing() throws {
    let verdict = try verdicts(Self.worse, a: [90], b: [40, 41])[0]
    #expect(verdict.outcome == .undecided)
    #expect(verdict.p == nil)
    #expect(verdict.tests[0].permutation == nil && verdict.tests[0].effect == nil)
    #expect(verdict.reason == "plain-56 has one seed, and one seed has no spread")
    #expect(verdict.answer == "undecided")
  }

  @Test func nothingRunIsNotTested() throws {
    #expect(try verdicts(Self.worse, a: [], b: [40, 41])[0].outcome == .notTested)
  }

  @Test func seedsThatAgreeToTheLastDigitDecideNothing() throws {
    let verdict = try verdicts(Self.worse, a: [90, 90], b: [40, 40])[0]
    #expect(verdict.outcome == .undecided)
    #expect(verdict.reason.contains("no spread to judge by"))
  }

  @Test func divergedRunsAreNoNumbers() throws {
    let fake = try FakeExperiment(more: #""claims": [\#(Self.worse)]"#)
    for seed in [Int64(0), 1] {
      try fake.run(fake.nets[1], seed: seed, upTo: 200, status: .diverged)
      try fake.run(fake.nets[0], seed: seed)
    }
    let verdict = try #require(try fake.report().verdicts.first)
    #expect(verdict.outcome == .undecided)
    #expect(verdict.reason.hasPrefix("every run of plain-56 diverged"))
  }

  /// The runs that are left say nothing of those that diverged, unless these would only have made
  /// the answer clearer.
  @Test func survivorsDecideOnlyWhatTheLostWouldNotChange() throws {
    func verdict(_ a: Double, lost: String) throws -> Verdict {
      let fake = try FakeExperiment(seeds: [0, 1, 2, 3], more: #""claims": [\#(Self.worse)]"#)
      for seed in 0..<3 {
        try fake.record("plain-56", seed: Int64(seed), testError: a + Double(seed))
        try fake.record("plain-20", seed: Int64(seed), testError: 40 + Double(seed))
      }
      let net = try #require(fake.nets.first { $0.name == lost })
      try fake.run(net, seed: 3, upTo: 200, status: .diverged)
      return try #require(try fake.report().verdicts.first)
    }
    #expect(try verdict(90, lost: "plain-56").outcome == .reproduced)
    let unsure = try verdict(90, lost: "plain-20")
    #expect(unsure.outcome == .undecided && unsure.seedsNeeded == nil)
    #expect(unsure.reason.hasPrefix("1 of 4 runs of plain-20 diverged"), "\(unsure.reason)")
    #expect(try verdict(10, lost: "plain-20").outcome == .notReproduced)
    #expect(try verdict(10, lost: "plain-56").outcome == .undecided)
  }

  /// Rounding in a mean is no spread.
  @Test func equalSeedsHaveNoSpread() throws {
    for (a, b) in [(0.2, 0.1), (26.95, 26.9), (26.85, 26.85)] {
      for claim in [Self.worse, Self.equal] {
        let verdict = try verdicts(
          claim, a: Array(repeating: a, count: 6), b: Array(repeating: b, count: 6))[0]
        #expect(verdict.outcome == .undecided && verdict.tests[0].effect == nil)
        #expect(verdict.reason.contains("no spread to judge by"))
        #expect(verdict.tests[0].difference == a - b)
      }
    }
  }

  @Test func whatWasNotRecordedIsNotSaidToBeIncomplete() throws {
    let claim = #"""
      {"id": "x", "kind": "superiority", "metric": "gradientNorm", \#(Self.deep),
       "direction": "a>b"}
      """#
    let verdict = try verdicts(claim, a: [40, 41], b: [42, 43])[0]
    #expect(verdict.outcome == .notTested)
    #expect(verdict.reason == "the complete runs of plain-56 have not recorded gradientNorm")
  }

  @Test func theGapOfTheErrorsCanBeClaimed() throws {
    let claim = #"""
      {"id": "gap", "kind": "superiority", "metric": "errorGap", \#(Self.deep), "direction": "a>b"}
      """#
    let fake = try FakeExperiment(seeds: [0, 1, 2], more: #""claims": [\#(claim)]"#)
    for (seed, gap) in [20.0, 21, 19].enumerated() {
      try fake.record("plain-56", seed: Int64(seed), testError: 50, trainError: 50 - gap)
      try fake.record("plain-20", seed: Int64(seed), testError: 60, trainError: 60 - gap / 10)
    }
    let verdict = try #require(try fake.report().verdicts.first)
    #expect(verdict.outcome == .reproduced && verdict.tests[0].a.values == [20, 21, 19])
  }

  /// Seeds that agree but for one rounding have no spread, however far apart the sides are.
  @Test func aSpreadOfOneRoundingDecidesNothing() throws {
    for claim in [Self.worse, Self.equal] {
      let verdict = try verdicts(
        claim, a: [28.1, 28.1, 28.100000000000005], b: [27.3, 27.3, 27.3])[0]
      #expect(verdict.outcome == .undecided && verdict.p == nil, "\(verdict)")
      #expect(
        verdict.reason == "the seeds agree to the last digit, so there is no spread to judge by")
      #expect(verdict.tests[0].effect == nil && verdict.tests[0].interval == nil)
    }
  }

  /// The gap is a small difference of large numbers, with their rounding.
  @Test func theRoundingOfAGapIsThatOfItsErrors() throws {
    let fake = try FakeExperiment(
      seeds: [0, 1, 2],
      more: #"""
        "claims": [{"id": "gap", "kind": "superiority", \#(Self.deep), "direction": "a>b",
          "metric": "errorGap"}]
        """#)
    for (seed, training) in [28.1, 41.9, 17.4].enumerated() {
      try fake.record(
        "plain-56", seed: Int64(seed), testError: training + 0.01, trainError: training)
      try fake.record("plain-20", seed: Int64(seed), testError: training, trainError: training)
    }
    let report = try fake.report()
    let verdict = try #require(report.verdicts.first)
    #expect(Set(verdict.tests[0].a.values).count > 1, "the case shows nothing")
    #expect(verdict.outcome == .undecided && verdict.p == nil, "\(verdict)")
    #expect(report.values(.errorGap, of: "plain-56").count == 3)
    #expect(report.text.contains("0.01 ± 0.00"))
  }

  /// Means that are equal, or differ by rounding, are not against a claim; nor for it.
  @Test(arguments: [
    ([29.3, 25.9, 30.0], [29.3, 30.0, 25.9]), ([29.3, 30.0, 25.9], [29.3, 25.9, 30.0]),
    ([28.0, 29], [29.0, 28]),
  ])
  func equalMeansAreNotAgainstAClaim(a: [Double], b: [Double]) throws {
    let silent = "no difference was seen, which says nothing for the claim or against it"
    let verdict = try verdicts(Self.worse, a: a, b: b)[0]
    #expect(verdict.outcome == .undecided && verdict.seedsNeeded == nil)
    #expect(verdict.reason == silent)
    #expect(verdict.tests[0].difference == 0 && verdict.tests[0].welch?.difference == 0)
    func claim(_ difference: Double) -> String {
      String(Self.worse.dropLast())
        + #", "reference": {"source": "S", "difference": \#(difference)}}"#
    }
    let expected = try verdicts(claim(0.1), a: a, b: b)[0]
    #expect((expected.seedsNeeded ?? 0) > 3 && expected.reason.hasSuffix("; \(silent)"))
    let enough = try verdicts(claim(20), a: a, b: b)[0]
    #expect(enough.seedsNeeded == nil && enough.reason.hasPrefix("\(silent); "))
    #expect(try verdicts(claim(0), a: a, b: b)[0].reason == silent)
    #expect(
      try verdicts(claim(0), a: a.map { $0 + 0.1 }, b: b)[0].reason
        == "the reference itself shows no difference")
    #expect(
      try verdicts(claim(-1), a: a.map { $0 + 0.1 }, b: b)[0].reason
        == "the reference itself is against the claim")
  }

  @Test func twoSeedsAreCalledFew() throws {
    #expect(try verdicts(Self.worse, a: [90, 91], b: [40, 41])[0].reason.hasPrefix("two seeds"))
    #expect(try verdicts(Self.worse, a: [90, 91, 92], b: [40, 41, 42])[0].reason.isEmpty)
  }

  /// Where the seeds at hand should have shown the reference's difference, the one that was seen is
  /// what counts.
  @Test func moreSeedsAreAskedForThanThereAre() throws {
    let claim =
      String(Self.worse.dropLast()) + #", "reference": {"source": "S", "difference": 20}}"#
    let verdict = try verdicts(claim, a: [44, 46, 45, 47], b: [43, 47, 44, 45.5])[0]
    #expect(verdict.outcome == .undecided)
    #expect((verdict.seedsNeeded ?? 0) > 4)
    #expect(
      verdict.reason.contains("seeds would have shown it at the reference's difference"),
      "\(verdict.reason)")
    let against = try verdicts(claim, a: [43, 47, 44, 45.5], b: [44, 46, 45, 47])[0]
    #expect(against.seedsNeeded == nil && against.answer == "undecided")
    #expect(against.reason.hasPrefix("what was seen is against the claim"))
    // Few seeds, and against it as well.
    let both = try verdicts(claim, a: [30, 60], b: [40, 58])[0]
    #expect((both.seedsNeeded ?? 0) > 2)
    #expect(both.reason.hasSuffix("what was seen is against the claim, though not significantly"))
    // Much more was seen than the reference's.
    let small = String(Self.worse.dropLast()) + #", "reference": {"source": "S", "difference": 1}}"#
    let large = try verdicts(small, a: [70, 60], b: [40, 42])[0]
    let power = Power(deviationA: 50.0.squareRoot(), deviationB: 2.0.squareRoot())
    let atSeen = try #require(power.seedsForSuperiority(difference: 24))
    #expect((large.seedsNeeded ?? 0) > 100 && atSeen < 10)
    #expect(large.reason.hasSuffix("; about \(atSeen) at the difference seen"), "\(large.reason)")
    let never = try verdicts(
      #"{"id": "tiny", "kind": "equivalence", \#(Self.deep), "margin": 1e-6}"#, a: [40, 42],
      b: [41, 41.5])[0]
    #expect(never.seedsNeeded == nil && never.reason.hasPrefix("no number of seeds"))
  }

  /// Verdict and plan ask for the same number.
  @Test func seedsAreThoseOfThePlan() throws {
    let claim =
      String(Self.worse.dropLast()) + #", "reference": {"source": "S", "a": 14.22, "b": 9.63}}"#
    let (a, b) = ([50.0, 60, 40], [49.0, 58, 41])
    let verdicts = try verdicts(claim, Self.equal, a: a, b: b)
    let plan = PowerPlan(verdicts.map(\.claim), seeds: 3) { $1 == "plain-56" ? a : b }
    #expect(verdicts.allSatisfy { $0.seedsNeeded != nil })
    #expect(verdicts.map(\.seedsNeeded) == plan.claims.map(\.seedsNeeded))
  }

  /// With many pairs one of them is beyond its own 95 % interval by chance.
  @Test func anOrderIsRefusedByAllItsPairsTogether() throws {
    let order = #"""
      {"id": "order", "kind": "order", "direction": "increasing", "sequence":
        [{"network": "residual", "depth": 20}, {"network": "plain", "depth": 20},
         {"network": "plain", "depth": 56}]}
      """#
    let fake = try FakeExperiment(seeds: [0, 1, 2], more: #""claims": [\#(order)]"#)
    let (plain, deep) = ([44.0, 45, 46], [41.5, 43.5, 42.5])
    for seed in 0..<3 {
      try fake.record("resnet-20", seed: Int64(seed), testError: 20 + Double(seed))
      try fake.record("plain-20", seed: Int64(seed), testError: plain[seed])
      try fake.record("plain-56", seed: Int64(seed), testError: deep[seed])
    }
    let verdict = try #require(try fake.report().verdicts.first)
    let welch = try #require(WelchTest(plain, deep))
    #expect(welch.interval(confidence: 0.95).low > 0 && welch.interval(confidence: 0.975).low < 0)
    #expect(verdict.tests[1].interval == welch.interval(confidence: 0.975))
    #expect(verdict.outcome == .undecided)
    #expect(verdict.evidence.contains { $0.contains("97.5 % interval (95 % for all pairs)") })
  }

  @Test func smallDifferencesKeepTheirDigits() {
    #expect(NumberText.difference(0.0031) == "+0.0031")
    #expect(NumberText.difference(-0.0004) == "−0.0004")
    #expect(NumberText.difference(0) == "0.00" && NumberText.difference(1.234) == "+1.23")
  }

  @Test func equivalenceByTwoOneSidedTests() throws {
    let near = [40.0, 40.1, 39.9, 40.05, 39.95]
    #expect(try verdicts(Self.equal, a: near, b: near)[0].outcome == .reproduced)
    #expect(
      try verdicts(Self.equal, a: near.map { $0 + 5 }, b: near)[0].outcome == .notReproduced)
    #expect(
      try verdicts(Self.equal, a: near.map { $0 - 5 }, b: near)[0].outcome == .notReproduced)
    // No difference is seen, but the spread leaves room for one: not the same as equal.
    let wide = try verdicts(Self.equal, a: [30, 50, 40], b: [31, 49, 41])[0]
    #expect(wide.outcome == .undecided)
    #expect((wide.seedsNeeded ?? 0) > 100)
  }

  @Test func everyPairOfAnOrderMustHold() throws {
    let order = #"""
      {"id": "order", "kind": "order", "direction": "increasing", "sequence":
        [{"network": "residual", "depth": 20}, {"network": "plain", "depth": 20},
         {"network": "plain", "depth": 56}]}
      """#
    func outcome(_ resnet: [Double], _ plain: [Double], _ deep: [Double]) throws -> Verdict {
      let fake = try FakeExperiment(seeds: [0, 1, 2], more: #""claims": [\#(order)]"#)
      for (name, errors) in [("resnet-20", resnet), ("plain-20", plain), ("plain-56", deep)] {
        for (seed, error) in errors.enumerated() {
          try fake.record(name, seed: Int64(seed), testError: error)
        }
      }
      return try #require(try fake.report().verdicts.first)
    }
    let all = try outcome([20, 21, 22], [40, 41, 42], [60, 61, 62])
    #expect(all.outcome == .reproduced)
    #expect(all.tests.count == 2)
    let second = WelchTest([40, 41, 42], [60, 61, 62])?.oneSidedP(.less)
    #expect(all.p == second)
    #expect(try outcome([20, 21, 22], [40, 41, 42], [30, 31, 32]).outcome == .notReproduced)
    #expect(try outcome([20, 21, 22], [40, 41, 42], [40, 44, 42]).outcome == .undecided)
    #expect(try outcome([20, 21, 22], [40, 41, 42], []).outcome == .notTested)
  }

  @Test func diagnosticsHoldAStatisticToAThreshold() throws {
    let claim = #"""
      {"id": "level", "kind": "diagnostic", "a": {"network": "plain", "depth": 56},
       "statistic": "maximum", "direction": "above", "threshold": 80}
      """#
    #expect(try verdicts(claim, a: [90, 91, 92], b: [])[0].outcome == .reproduced)
    #expect(try verdicts(claim, a: [70, 71, 72], b: [])[0].outcome == .notReproduced)
    #expect(try verdicts(claim, a: [79, 85, 80], b: [])[0].outcome == .undecided)
    let difference = #"""
      {"id": "gap", "kind": "diagnostic", \#(Self.deep), "direction": "below", "threshold": 30}
      """#
    #expect(try verdicts(difference, a: [60, 61, 62], b: [40, 41, 42])[0].outcome == .reproduced)
    #expect(
      try verdicts(difference, a: [90, 91, 92], b: [40, 41, 42])[0].outcome == .notReproduced)
  }

  /// Claims without numbers count too, so that an answer does not depend on which came first.
  @Test func holmCountsEveryClaim() throws {
    let other = #"""
      {"id": "other", "kind": "superiority", "direction": "a<b",
       "a": {"network": "residual", "depth": 56}, "b": {"network": "plain", "depth": 56}}
      """#
    let (a, b) = ([44.0, 45, 46], [41.0, 43, 42])
    let alone = try verdicts(Self.worse, a: a, b: b)[0]
    let both = try verdicts(Self.worse, other, a: a, b: b)
    #expect(both[1].outcome == .notTested)
    let p = try #require(alone.p)
    #expect(both[0].adjustedP == 2 * p)
    #expect(alone.outcome == .reproduced)
    #expect(2 * p < 0.05)
    let three = try verdicts(Self.worse, other, Self.equal, a: a, b: b)
    #expect(three[0].adjustedP == 3 * p)
  }

  @Test func aShortProtocolIsNamedInEveryAnswer() throws {
    let (a, b) = ([90.0, 91, 89], [40.0, 41, 39])
    let quick = try verdicts(Self.worse, a: a, b: b)[0]
    #expect(!quick.isPapersProtocol)
    #expect(quick.answer(underProtocol: "quick") == "reproduced, under protocol quick")
    let papers = try verdicts(Self.worse, a: a, b: b, protocolName: "paper-64k")[0]
    #expect(papers.isPapersProtocol)
    #expect(papers.answer(underProtocol: "paper-64k") == "reproduced")
  }

  @Test func verdictsAsTextAndJSON() throws {
    let reference = #"{"source": "He et al. 2015, Figure 6", "a": 14.22, "b": 9.63}"#
    let claim =
      #"{"id": "worse", "kind": "superiority", "statement": "Deeper is worse", "#
      + #"\#(Self.deep), "direction": "a>b", "reference": \#(reference)}"#
    let fake = try FakeExperiment(more: #""claims": [\#(claim), \#(Self.equal)]"#)
    for seed in [Int64(0), 1] {
      try fake.record("plain-56", seed: seed, testError: 90 + Double(seed) / 4)
      try fake.record("plain-20", seed: seed, testError: 40 + Double(seed) / 2)
    }
    try expectSnapshot(try fake.report().verdictText, "verdict.txt")
    try expectSnapshot(try fake.report().verdictJSON, "verdict.json")
    // What is seen first: an answer in a line, and under which protocol.
    let overview = try fake.report().overviewText.split(separator: "\n").map(String.init)
    #expect(
      overview.suffix(3) == [
        "  reproduced      Deeper is worse: 90.12 against 40.25 %, Holm p = 0.00036",
        "  not reproduced  testError: |plain-56 − plain-20| < 2: 90.12 against 40.25 %, Holm p = 1.00",
        "Under protocol quick, which is not the papers': compare these errors with each other.",
      ], "\(overview)")
    #expect(
      try JSONSerialization.jsonObject(with: Data(try fake.report().verdictJSON.utf8))
        is [String: Any])
  }

  @Test func aSpecThatCannotBeReadIsSaidSo() throws {
    let fake = try FakeExperiment(more: #""claim": []"#)
    let report = try fake.report()
    #expect(report.verdicts.isEmpty)
    #expect(report.verdictText.contains("unknown key; did you mean claims?"))
    #expect(report.verdictText.contains("bench run experiments/degradation.json"))
  }
}
