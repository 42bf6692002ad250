// What is rounding and no difference: the one place that says when numbers count as equal.

extension Statistics {
  /// Up to this share of the numbers that it was computed from, a difference is rounding: about
  /// 4500 units in the last place.
  ///
  /// A number computed in another order is off by a unit or two, a sum of n numbers by up to n/2,
  /// and no sum here has more than some thousand terms. What is measured is far coarser: one of
  /// a million images is 10⁻⁶, and losses are sums of single-precision numbers, good to 10⁻⁷.
  static let roundingShare = 1e-12

  /// Whether a difference of numbers, or a spread of them, is rounding alone.
  /// - Parameter scale: the largest magnitude among the numbers that it was computed from.
  static func isRounding(_ difference: Double, of scale: Double) -> Bool {
    difference.magnitude <= roundingShare * scale
  }

  /// The largest magnitude among numbers; 0 of none.
  static func scale(of values: [Double]) -> Double { values.reduce(0) { max($0, $1.magnitude) } }

  /// a − b, exactly 0 where the two differ by rounding alone.
  /// - Parameter scale: the largest magnitude of what the two were computed from, where that is more
  ///   than theirs: the mean of large numbers may be small, and so may a difference of two.
  public static func difference(_ a: Double, _ b: Double, scale: Double = 0) -> Double {
    isRounding(a - b, of: max(scale, a.magnitude, b.magnitude)) ? 0 : a - b
  }
}
