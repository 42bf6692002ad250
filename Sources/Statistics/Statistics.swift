// Statistics of a few numbers, as pure functions.

/// Statistics over the seeds of a variant.
public enum Statistics {
  /// The level α of every decision.
  public static let alpha = 0.05
  /// The level of every interval that nothing else is said of.
  public static let confidence = 1 - alpha

  /// The arithmetic mean; nil of nothing. Of equal values it is that value, without rounding.
  public static func mean(_ values: [Double]) -> Double? {
    guard let first = values.first else { return nil }
    if values.allSatisfy({ $0 == first }) { return first }
    return values.reduce(0, +) / Double(values.count)
  }

  /// The sample standard deviation (n − 1 in the denominator), in two passes; nil below two values,
  /// and exactly 0 where they differ by rounding alone.
  /// - Parameter scale: the largest magnitude of what the values were computed from, where that is
  ///   more than theirs.
  public static func standardDeviation(_ values: [Double], scale: Double = 0) -> Double? {
    guard values.count > 1, let mean = mean(values), let low = values.min(), let high = values.max()
    else { return nil }
    if isRounding(high - low, of: max(scale, Self.scale(of: values))) { return 0 }
    let squares = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
    return (squares / Double(values.count - 1)).squareRoot()
  }
}
