// Two runs or variants side by side.
import Foundation
import Results
import Testing

@testable import Reports
@testable import Specs
@testable import Statistics

@Suite struct ComparisonTests {
  private func fake() throws -> FakeExperiment {
    let fake = try FakeExperiment(seeds: [0, 1, 2])
    for (seed, error) in [44.0, 45, 43.5].enumerated() {
      try fake.record("plain-20", seed: Int64(seed), testError: error, trainError: error - 4)
    }
    for (seed, error) in [90.0, 89, 90.5].enumerated() {
      try fake.record("plain-56", seed: Int64(seed), testError: error, trainError: error - 1)
    }
    return fake
  }

  @Test func variantsAreComparedOverTheirSeeds() throws {
    let fake = try fake()
    let comparison = try Comparison(
      try fake.reader(), "degradation/plain-56", "degradation/plain-20")
    let metric = try #require(comparison.metrics.first { $0.metric == .testError })
    #expect(metric.first == [90, 89, 90.5])
    #expect(metric.welch == WelchTest([90, 89, 90.5], [44, 45, 43.5]))
    #expect(metric.permutation?.twoSidedP == 0.1)
    #expect(comparison.configuration.map(\.field) == ["depth"])
    #expect(comparison.code.isEmpty && comparison.environment.isEmpty)
    #expect(comparison.paired == nil && comparison.pairedObstacle == nil)
    try expectSnapshot(comparison.text, "compare-variants.txt")
  }

  @Test func runsAreComparedExampleByExample() throws {
    let fake = try fake()
    let first = [true, true, true, false, false, true, true, false]
    let second = [true, false, false, false, true, true, false, false]
    try fake.answer("plain-20", seed: 0, first)
    try fake.answer("plain-56", seed: 0, second)
    let reader = try fake.reader()
    let comparison = try Comparison(
      reader, "degradation/plain-20/0", "degradation/plain-56/0")
    #expect(comparison.paired == PairedComparison(first, second))
    try expectSnapshot(comparison.text, "compare-runs.txt")
    let json = try JSONSerialization.jsonObject(with: Data(comparison.json.utf8))
    #expect((json as? [String: Any])?["a"] as? String == "degradation/plain-20/0")
    // Without answers, or with those to other questions, there is nothing to pair.
    let missing = try Comparison(reader, "degradation/plain-20/0", "degradation/plain-56/1")
    #expect(
      missing.pairedObstacle == "the answers of degradation/plain-56/1 are not stored")
    try fake.answer("plain-56", seed: 1, second, testChecksum: "other")
    let other = try Comparison(reader, "degradation/plain-20/0", "degradation/plain-56/1")
    #expect(other.pairedObstacle == "the two were tested on different examples")
    #expect(other.configuration.map(\.field) == ["depth", "seed"])
  }

  @Test func divergedRunsAreMarked() throws {
    let fake = try FakeExperiment(seeds: [0, 1, 2])
    try fake.runAll(seeds: [0, 1])
    let net = try #require(fake.nets.first { $0.name == "plain-56" })
    try fake.run(net, seed: 2, upTo: 200, status: .diverged)
    let reader = try fake.reader()
    let variants = try Comparison(reader, "degradation/plain-56", "degradation/plain-20")
    #expect(
      variants.text.hasPrefix(
        "a: degradation/plain-56 (1 diverged, not counted below)\nb: degradation/plain-20\n"))
    #expect(variants.metrics.first?.first.count == 2)
    let runs = try Comparison(reader, "degradation/plain-20/0", "degradation/plain-56/2")
    #expect(
      runs.text.hasPrefix("a: degradation/plain-20/0\nb: degradation/plain-56/2 (diverged)\n"))
  }

  @Test func aRunAndAVariantAreNotCompared() throws {
    let fake = try fake()
    let error = #expect(throws: ResultsError.self) {
      try Comparison(try fake.reader(), "degradation/plain-20", "degradation/plain-56/0")
    }
    #expect(
      error?.description.hasPrefix(
        "degradation/plain-56/0 is a run and degradation/plain-20 is a variant") == true)
    #expect(throws: ResultsError.self) {
      try Comparison(try fake.reader(), "degradation/plain-20", "degradation/absent")
    }
  }
}
