// Two trained nets on the same test examples: which one is right where the other is wrong.
import Foundation

/// Two runs compared example by example.
public struct PairedComparison: Hashable, Sendable {
  static let resamples = 9999

  /// Examples that both answered.
  public let count: Int
  /// Examples that only the first got right.
  public let onlyFirst: Int
  /// Examples that only the second got right.
  public let onlySecond: Int
  /// Examples that both got right.
  public let both: Int

  /// - Parameters:
  ///   - first: whether the first run's answer was right, example by example.
  ///   - second: the other run's, on the same examples in the same order.
  public init(_ first: [Bool], _ second: [Bool]) {
    precondition(
      first.count == second.count, "\(first.count) answers cannot be paired with \(second.count)")
    count = first.count
    let pairs = zip(first, second)
    onlyFirst = pairs.count { $0 && !$1 }
    onlySecond = pairs.count { !$0 && $1 }
    both = pairs.count { $0 && $1 }
  }

  /// Error of the first minus error of the second, in points of a percent.
  public var difference: Double {
    100 * Double(onlySecond - onlyFirst) / Double(max(1, count))
  }

  /// McNemar's exact two-sided p: the examples on which they disagree as throws of a coin.
  public var mcNemarP: Double {
    let (few, all) = (min(onlyFirst, onlySecond), onlyFirst + onlySecond)
    guard all > 0 else { return 1 }
    // P(X ≤ few) of a fair coin is I_½(all − few, few + 1).
    return min(1, 2 * incompleteBeta(Double(all - few), Double(few + 1), 0.5))
  }

  /// How alike the two are beyond chance: the correlation of their correct answers (φ); nil where
  /// one of them is always right or always wrong.
  public var correlation: Double? {
    let n = Double(count)
    let (first, second) = (Double(both + onlyFirst), Double(both + onlySecond))
    let variance = first * (n - first) * second * (n - second)
    return variance > 0 ? (n * Double(both) - first * second) / variance.squareRoot() : nil
  }

  /// The percentile interval of `difference` over resampled examples; nil where they never disagree.
  public func interval(confidence: Double = Statistics.confidence) -> ConfidenceInterval? {
    guard onlyFirst + onlySecond > 0 else { return nil }
    var random = SplitMix64(seed: UInt64(count))
    let (first, second) = (onlyFirst, onlyFirst + onlySecond)
    let differences = (0..<Self.resamples).map { _ in
      var sum = 0
      for _ in 0..<count {
        let example = random.index(below: count)
        sum += example < first ? -1 : (example < second ? 1 : 0)
      }
      return 100 * Double(sum) / Double(count)
    }.sorted()
    return ConfidenceInterval(
      low: Statistics.percentile(ofSorted: differences, (1 - confidence) / 2),
      high: Statistics.percentile(ofSorted: differences, (1 + confidence) / 2),
      method: .pairedBootstrap)
  }
}
