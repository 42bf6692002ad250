// Our statistics beside SciPy's: Fixtures/statistics.py made the numbers.
import Foundation
import Testing

@testable import Statistics

@Suite struct StatisticsFixtureTests {
  struct Fixture: Decodable, Sendable {
    struct TValue: Decodable, Sendable {
      var degreesOfFreedom, t, survival, p, quantile: Double
    }
    struct NormalValue: Decodable, Sendable { var p, quantile: Double }
    struct Comparison: Decodable, Sendable {
      var a, b: [Double]
      var statistic, degreesOfFreedom, twoSided, greater, less, low, high: Double
      var permutationTwoSided, permutationGreater, permutationLess: Double
      var margin, equivalence: Double
    }
    struct Bootstrap: Decodable, Sendable {
      var values, resampledMeans: [Double]
      var low, high: Double
    }
    struct Interval: Decodable, Sendable {
      var values: [Double]
      var low, high: Double
    }
    struct McNemar: Decodable, Sendable {
      var onlyFirst, onlySecond: Int
      var p: Double
    }
    struct PowerValue: Decodable, Sendable {
      var deviationA, deviationB, difference: Double
      var seeds: Int
      var level, power: Double
    }
    var studentT: [TValue]
    var normal: [NormalValue]
    var comparisons: [Comparison]
    var bootstraps: [Bootstrap]
    var intervals: [Interval]
    var mcNemar: [McNemar]
    var power: [PowerValue]
  }

  let fixture: Fixture

  init() throws {
    let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appending(path: "Fixtures/statistics.json")
    fixture = try JSONDecoder().decode(Fixture.self, from: Data(contentsOf: file))
  }

  private func expect(
    _ value: Double?, near expected: Double, relative: Double = 1e-9,
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let value = try #require(value, sourceLocation: sourceLocation)
    let error = (value - expected).magnitude
    #expect(
      error <= relative * expected.magnitude + 1e-15, "\(value) is not \(expected)",
      sourceLocation: sourceLocation)
  }

  @Test func distributions() throws {
    #expect(fixture.studentT.count == 42)
    for value in fixture.studentT {
      let t = StudentT(degreesOfFreedom: value.degreesOfFreedom)
      try expect(t.survival(value.t), near: value.survival, relative: 1e-10)
      try expect(t.quantile(value.p), near: value.quantile, relative: 1e-10)
    }
    for value in fixture.normal {
      try expect(NormalDistribution.quantile(value.p), near: value.quantile, relative: 1e-10)
    }
  }

  @Test func welch() throws {
    #expect(fixture.comparisons.count == 6)
    for value in fixture.comparisons {
      let test = try #require(WelchTest(value.a, value.b))
      try expect(test.statistic(), near: value.statistic)
      try expect(test.degreesOfFreedom, near: value.degreesOfFreedom)
      try expect(test.twoSidedP, near: value.twoSided)
      try expect(test.oneSidedP(.greater), near: value.greater)
      try expect(test.oneSidedP(.less), near: value.less)
      try expect(test.interval().low, near: value.low)
      try expect(test.interval().high, near: value.high)
      try expect(test.equivalenceP(margin: value.margin), near: value.equivalence)
    }
  }

  @Test func permutations() throws {
    for value in fixture.comparisons {
      let test = try #require(PermutationTest(value.a, value.b))
      #expect(test.isExact)
      try expect(test.twoSidedP, near: value.permutationTwoSided)
      try expect(test.greaterP, near: value.permutationGreater)
      try expect(test.lessP, near: value.permutationLess)
    }
  }

  @Test func bootstrapOnTheSameResamples() throws {
    for value in fixture.bootstraps {
      let interval = try #require(
        Statistics.bcaInterval(value.values, resampledMeans: value.resampledMeans, confidence: 0.95)
      )
      try expect(interval.low, near: value.low)
      try expect(interval.high, near: value.high)
    }
  }

  @Test func intervalsOfFewValues() throws {
    for value in fixture.intervals {
      let interval = try #require(Statistics.interval(value.values))
      #expect(interval.method == .t)
      try expect(interval.low, near: value.low)
      try expect(interval.high, near: value.high)
    }
  }

  @Test func mcNemar() throws {
    for value in fixture.mcNemar {
      let pairs =
        Array(repeating: (true, false), count: value.onlyFirst)
        + Array(repeating: (false, true), count: value.onlySecond)
        + Array(repeating: (true, true), count: 100)
      let comparison = PairedComparison(pairs.map(\.0), pairs.map(\.1))
      try expect(comparison.mcNemarP, near: value.p)
    }
  }

  @Test func power() throws {
    #expect(fixture.power.count == 6)
    for value in fixture.power {
      let power = Power(
        deviationA: value.deviationA, deviationB: value.deviationB, alpha: value.level)
      try expect(
        power.superiority(difference: value.difference, seeds: value.seeds), near: value.power,
        relative: 1e-7)
    }
  }
}
