// Two runs or two variants side by side: what differs between them, then what came of it.
import Foundation
import Results
import Specs
import Statistics
import Text
import Verdicts

/// What `bench compare` says.
public struct Comparison: Sendable {
  /// Something that the two do not share.
  public struct Difference: Equatable, Sendable {
    public var field: String
    public var first: String
    public var second: String
  }

  /// One metric of both sides; several values are those of a variant's seeds.
  public struct ComparedMetric: Sendable {
    public var metric: Metric
    public var first: [Double]
    public var second: [Double]
    /// Of first minus second; nil with one value on a side.
    public var welch: WelchTest?
    public var permutation: PermutationTest?
    public var effect: Double?

    /// First minus second, of the means; nil where a side has no value.
    public var difference: Double? {
      Statistics.mean(first).flatMap { first in
        Statistics.mean(second).map { Statistics.difference(first, $0, scale: metric.scale) }
      }
    }
  }

  /// As the user names them.
  public let names: [String]
  /// Whether they are single runs, not variants.
  public let isOfRuns: Bool
  /// How many runs of each diverged; they are in no metric of a variant.
  public let diverged: [Int]
  public let configuration: [Difference]
  public let code: [Difference]
  public let environment: [Difference]
  public let metrics: [ComparedMetric]
  /// Example by example; nil for variants, and where the answers are not stored.
  public let paired: PairedComparison?
  /// Why there is no comparison example by example, of two runs.
  public let pairedObstacle: String?

  /// - Parameters:
  ///   - first: a run, as `bench show` takes it, or EXPERIMENT/VARIANT.
  ///   - second: the same kind of thing.
  /// - Throws: `ResultsError` if one of them is not there, or they are a run and a variant.
  public init(
    _ reader: ResultsReader, _ first: String, _ second: String
  ) throws(ResultsError) {
    let sides = [try Side(reader, first), try Side(reader, second)]
    guard (sides[0].run == nil) == (sides[1].run == nil) else {
      let run = sides[0].run == nil ? second : first
      let variant = sides[0].run == nil ? first : second
      throw ResultsError(
        "\(run) is a run and \(variant) is a variant; compare two runs (EXPERIMENT/VARIANT/SEED) or "
          + "two variants (EXPERIMENT/VARIANT)")
    }
    names = sides.map(\.name)
    isOfRuns = sides[0].run != nil
    diverged = sides.map(\.diverged)
    do {
      configuration =
        try ConfigurationDifference.between(
          sides[0].configurationJSON, sides[1].configurationJSON
        ).map { Difference(field: $0.field, first: $0.first ?? "–", second: $0.second ?? "–") }
        + Self.differences(sides[0].identity, sides[1].identity)
    } catch {
      throw ResultsError(error.description)
    }
    code = Self.differences(sides[0].code, sides[1].code)
    environment = Self.differences(sides[0].environment, sides[1].environment)
    metrics = Self.metrics(sides[0].values, sides[1].values)
    (paired, pairedObstacle) = try Self.pair(reader, sides)
  }

  private static func differences(
    _ first: [(String, String)], _ second: [(String, String)]
  ) -> [Difference] {
    zip(first, second).compactMap { a, b in
      a.1 == b.1 ? nil : Difference(field: a.0, first: a.1, second: b.1)
    }
  }

  private static func metrics(
    _ first: [String: [Double]], _ second: [String: [Double]]
  ) -> [ComparedMetric] {
    let leading = [Metric.testError, .testLoss, .trainError, .trainLoss].map(\.name)
    let others = Set(first.keys).union(second.keys).subtracting(leading).sorted()
    let present = leading.filter { first[$0] != nil || second[$0] != nil }
    return (present + others).map { name in
      let (a, b) = (first[name] ?? [], second[name] ?? [])
      let isTested = a.count > 1 && b.count > 1
      let metric = Metric(named: name)
      return ComparedMetric(
        metric: metric, first: a, second: b, welch: WelchTest(a, b, scale: metric.scale),
        permutation: isTested ? PermutationTest(a, b) : nil,
        effect: Statistics.hedgesG(a, b, scale: metric.scale))
    }
  }

  private static func pair(
    _ reader: ResultsReader, _ sides: [Side]
  ) throws(ResultsError) -> (PairedComparison?, String?) {
    guard let first = sides[0].run, let second = sides[1].run else { return (nil, nil) }
    let answers = [
      try reader.correctness(ofRun: first.runId), try reader.correctness(ofRun: second.runId),
    ]
    if let missing = answers.firstIndex(of: nil) {
      return (nil, "the answers of \(sides[missing].name) are not stored")
    }
    guard let a = answers[0], let b = answers[1] else { return (nil, nil) }
    guard a.testChecksum == b.testChecksum, a.correct.count == b.correct.count else {
      return (nil, "the two were tested on different examples")
    }
    return (PairedComparison(a.correct, b.correct), nil)
  }
}

extension Comparison {
  /// One of the two, whatever it is.
  private struct Side {
    var name: String
    var run: StoredRun?
    var diverged: Int
    var configurationJSON: String
    /// What else it is: its seed.
    var identity: [(String, String)]
    var code: [(String, String)]
    var environment: [(String, String)]
    var values: [String: [Double]]

    init(_ reader: ResultsReader, _ text: String) throws(ResultsError) {
      if let variant = try reader.details(ofVariant: text) {
        name = text
        diverged = variant.runs.count { $0.status == .diverged }
        configurationJSON = variant.configurationJSON
        let seeds = variant.runs.filter { $0.status.isFinal }.map { String($0.key.seed) }
        identity = [("seeds", seeds.joined(separator: ", "))]
        (code, environment) = Self.sources(variant.provenance.map(\.provenance))
        let complete = variant.finals.filter { $0.status == .complete }
        values = Dictionary(grouping: complete, by: \.metric).mapValues { $0.map(\.value) }
      } else {
        let details = try reader.details(ofRun: text)
        name = details.run.key.description
        run = details.run
        diverged = details.run.status == .diverged ? 1 : 0
        configurationJSON = details.configurationJSON
        identity = [("seed", String(details.run.key.seed))]
        (code, environment) = Self.sources(details.provenance.map { [$0] } ?? [])
        values = Dictionary(
          details.metrics.map { ($0.name, [$0.value]) }, uniquingKeysWith: { first, _ in first })
      }
    }

    /// Each field with its values over all sources, equal ones once.
    private static func sources(
      _ all: [Provenance]
    ) -> (code: [(String, String)], environment: [(String, String)]) {
      func list(_ value: (Provenance) -> String) -> String {
        all.map(value).uniqued.joined(separator: "; ")
      }
      let code = [
        ("commit", list { $0.commit.isEmpty ? "no repository" : $0.commit }),
        ("uncommitted changes", list(Self.changes)),
      ]
      let environment = [
        ("host", list(\.host)), ("operating system", list(\.operatingSystem)),
        ("cpu", list(\.cpu)), ("engine version", list(\.numericIdentity.engineVersion)),
        ("backend", list(\.numericIdentity.backend)),
        ("instruction set", list(\.numericIdentity.instructionSet)),
        ("precision", list(\.numericIdentity.precision)),
        ("numeric changes", list { $0.numericChanges.isEmpty ? "none" : $0.numericChanges }),
        ("threads", list { String($0.threads) }), ("versions", list(\.versionsJSON)),
        ("data", list(\.dataChecksum)),
      ]
      return (code, environment)
    }

    /// Changes in short: two texts of one length can differ, so a digest is part of it.
    private static func changes(_ provenance: Provenance) -> String {
      guard !provenance.diff.isEmpty else { return "none" }
      let lines = provenance.diff.split(separator: "\n").count
      return "\(lines) lines, \(ResultsReader.digest(of: provenance.diff).prefix(12))"
    }
  }
}
