// Numbers as a report prints them.
import Foundation
import Specs
import Statistics

/// How many digits a number of a report has.
package enum NumberText {
  /// Two digits after the point, for errors in percent; four significant ones for other metrics.
  /// With a true minus; what rounds to zero has no sign.
  static func value(_ value: Double, metric: Metric = .testError) -> String {
    metric.isPercent ? signed(String(format: "%.2f", value)) : significant(value)
  }

  /// Four significant digits, with a true minus.
  static func significant(_ value: Double) -> String { signed(String(format: "%.4g", value)) }

  private static func signed(_ text: String) -> String {
    guard text.hasPrefix("-") else { return text }
    let digits = text.dropFirst()
    return Double(digits) == 0 ? String(digits) : "−\(digits)"
  }

  /// As `value`, but never rounded to nothing: `0.0031`.
  private static func fine(_ value: Double, metric: Metric) -> String {
    value != 0 && value.magnitude < 0.0995
      ? signed(String(format: "%.2g", value)) : Self.value(value, metric: metric)
  }

  /// As `interval`, with ends that are never rounded to nothing.
  static func fineInterval(_ interval: ConfidenceInterval, metric: Metric) -> String {
    "\(fine(interval.low, metric: metric)) to \(fine(interval.high, metric: metric))"
  }

  /// With its sign: `+1.32`.
  static func difference(_ value: Double, metric: Metric = .testError) -> String {
    let text = fine(value, metric: metric)
    return value > 0 && Double(text) != 0 ? "+" + text : text
  }

  /// Two significant digits: `0.012`, `< 0.0001`.
  static func probability(_ p: Double) -> String {
    if p < 0.0001 { return "< 0.0001" }
    if p > 0.995 { return "1.00" }
    let digits = max(2, 1 - Int(log10(p).rounded(.down)))
    return String(format: "%.\(digits)f", p)
  }

  /// `p = 0.012`, `p < 0.0001`
  static func equation(_ name: String, _ p: Double) -> String {
    let text = probability(p)
    return text.hasPrefix("<") ? "\(name) \(text)" : "\(name) = \(text)"
  }

  /// `25.00 ± 2.83`, `25.00` of one value, `–` of none.
  static func summary(_ values: [Double], metric: Metric = .testError) -> String {
    guard let mean = Statistics.mean(values) else { return "–" }
    guard let deviation = Statistics.standardDeviation(values) else {
      return value(mean, metric: metric)
    }
    return "\(value(mean, metric: metric)) ± \(value(deviation, metric: metric))"
  }

  /// `23.1 to 26.9`, empty where there is none.
  static func interval(_ interval: ConfidenceInterval?, metric: Metric = .testError) -> String {
    guard let interval else { return "" }
    return "\(value(interval.low, metric: metric)) to \(value(interval.high, metric: metric))"
  }
}
