// What a paper states about an experiment's variants, as a value that a verdict can be given on.
import Foundation
import Statistics
import Text

/// A claim about the variants of one experiment.
public struct Claim: Hashable, Sendable {
  public enum Kind: String, CaseIterable, Sendable {
    case superiority, equivalence, order, diagnostic
  }

  /// What a diagnostic takes from the series of a run.
  public enum Statistic: String, CaseIterable, Sendable {
    case last, mean, minimum, maximum
    /// Least squares, per 1000 steps, or per layer.
    case slope
    /// Of the natural logarithm, per 1000 steps, or per layer.
    case logSlope
  }

  /// What is stated, with the names of the variants.
  public enum Assertion: Hashable, Sendable {
    case superiority(a: String, b: String, WelchTest.Direction)
    case equivalence(a: String, b: String, margin: Double)
    /// Each variant against the next: `less` for an increasing sequence.
    case order([String], WelchTest.Direction)
    /// The statistic of a, or of a minus that of b, against a threshold.
    case diagnostic(
      a: String, b: String?, Statistic, WelchTest.Direction, threshold: Double)
  }

  /// What the source of the claim found.
  public struct Reference: Hashable, Sendable {
    public var source: String
    public var a: Double?
    public var b: Double?
    /// a − b.
    public var difference: Double?
    /// Along a sequence.
    public var values: [Double]
    public var note: String?
  }

  public var id: String
  /// In words.
  public var statement: String
  public var metric: Metric
  public var assertion: Assertion
  public var reference: Reference?

  public var kind: Kind {
    switch assertion {
    case .superiority: .superiority
    case .equivalence: .equivalence
    case .order: .order
    case .diagnostic: .diagnostic
    }
  }

  /// The variants that it is about, each once.
  public var variants: [String] {
    switch assertion {
    case .superiority(let a, let b, _), .equivalence(let a, let b, _): [a, b]
    case .order(let sequence, _): sequence
    case .diagnostic(let a, let b, _, _, _): [a] + (b.map { [$0] } ?? [])
    }
  }

  /// The claim in symbols: `testError: plain-56 > plain-20`.
  public var formula: String {
    func sign(_ direction: WelchTest.Direction) -> String { direction == .greater ? ">" : "<" }
    switch assertion {
    case .superiority(let a, let b, let direction):
      return "\(metric.name): \(a) \(sign(direction)) \(b)"
    case .equivalence(let a, let b, let margin):
      return "\(metric.name): |\(a) − \(b)| < \(canonical(margin))"
    case .order(let sequence, let direction):
      return "\(metric.name): " + sequence.joined(separator: " \(sign(direction)) ")
    case .diagnostic(let a, let b, let statistic, let direction, let threshold):
      let second = b.map { " − \(statistic.rawValue)(\($0))" } ?? ""
      return "\(metric.name): \(statistic.rawValue)(\(a))\(second) \(sign(direction)) "
        + canonical(threshold)
    }
  }

  static let directions = [
    WelchTest.Direction.greater.rawValue, WelchTest.Direction.less.rawValue, "increasing",
    "decreasing", "above", "below",
  ]
}

extension Claim.Statistic {
  /// The statistic of a series.
  /// - Returns: nil of an empty series, of a slope of fewer than two places, and of logarithms that
  ///   do not exist.
  /// - Parameter unit: how many steps the slopes are for.
  public func value(of points: [(step: Int, value: Double)], unit: Double = 1000) -> Double? {
    let values = points.map(\.value)
    switch self {
    case .last: return values.last
    case .mean: return Statistics.mean(values)
    case .minimum: return values.min()
    case .maximum: return values.max()
    case .slope: return Self.slope(points.map { (Double($0.step) / unit, $0.value) })
    case .logSlope:
      guard values.allSatisfy({ $0 > 0 }) else { return nil }
      return Self.slope(points.map { (Double($0.step) / unit, Foundation.log($0.value)) })
    }
  }

  private static func slope(_ points: [(x: Double, y: Double)]) -> Double? {
    guard let x = Statistics.mean(points.map(\.x)), let y = Statistics.mean(points.map(\.y)) else {
      return nil
    }
    let spread = points.reduce(0) { $0 + ($1.x - x) * ($1.x - x) }
    guard spread > 0 else { return nil }
    return points.reduce(0) { $0 + ($1.x - x) * ($1.y - y) } / spread
  }
}
