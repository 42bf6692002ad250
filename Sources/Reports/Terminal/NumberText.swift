// Numbers as a report prints them; sizes of files and spans of time as a person says them.
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
    guard let deviation = Statistics.standardDeviation(values, scale: metric.scale) else {
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

/// Sizes of files in words.
public enum SizeText {
  /// `812 bytes`, `24 kB`, `1.3 MB`; a kB is 1000 bytes.
  public static func text(_ bytes: Int) -> String {
    switch bytes {
    case 1: "1 byte"
    case ..<1000: "\(bytes) bytes"
    case ..<100_000: "\((bytes + 500) / 1000) kB"
    default: String(format: "%.1f MB", Double(bytes) / 1e6)
    }
  }
}

/// Spans of time in words.
public enum SpanText {
  /// `8 s`, `2 min 05 s`, `3 h 20 min`, `4 d 6 h`.
  /// - Parameter seconds: the span; below 0 counts as 0.
  public static func text(_ seconds: Double) -> String {
    guard seconds.isFinite, seconds < 1e12 else { return "unknown" }
    let total = Int(max(0, seconds).rounded())
    switch total {
    case ..<60: return "\(total) s"
    case ..<3600: return "\(total / 60) min \(twoDigits(total % 60)) s"
    case ..<86_400: return "\(total / 3600) h \(twoDigits(total / 60 % 60)) min"
    default: return "\(total / 86_400) d \(total / 3600 % 24) h"
    }
  }

  private static func twoDigits(_ number: Int) -> String {
    number < 10 ? "0\(number)" : String(number)
  }
}
