// Numbers as a report prints them.
import Foundation
import Specs
import Statistics
import Verdicts

/// How many digits a number of a report has.
package enum NumberText {
  /// Two digits after the point, for errors in percent; four significant ones for other metrics.
  /// With a true minus; what rounds to zero has no sign.
  static func value(_ value: Double, metric: String = "testError") -> String {
    signed(String(format: isPercent(metric) ? "%.2f" : "%.4g", value))
  }

  private static func signed(_ text: String) -> String {
    guard text.hasPrefix("-") else { return text }
    let digits = text.dropFirst()
    return Double(digits) == 0 ? String(digits) : "−\(digits)"
  }

  /// Whether a metric is an error in percent, or a difference of two.
  static func isPercent(_ metric: String) -> Bool {
    metric.hasSuffix("Error") || metric == ErrorGap.name
  }

  /// As `value`, but never rounded to nothing: `0.0031`.
  private static func fine(_ value: Double, metric: String) -> String {
    value != 0 && value.magnitude < 0.0995
      ? signed(String(format: "%.2g", value)) : Self.value(value, metric: metric)
  }

  /// As `interval`, with ends that are never rounded to nothing.
  static func fineInterval(_ interval: ConfidenceInterval, metric: String) -> String {
    "\(fine(interval.low, metric: metric)) to \(fine(interval.high, metric: metric))"
  }

  /// With its sign: `+1.32`.
  static func difference(_ value: Double, metric: String = "testError") -> String {
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
  static func summary(_ values: [Double], metric: String = "testError") -> String {
    guard let mean = Statistics.mean(values) else { return "–" }
    guard let deviation = Statistics.standardDeviation(values) else {
      return value(mean, metric: metric)
    }
    return "\(value(mean, metric: metric)) ± \(value(deviation, metric: metric))"
  }

  /// `23.1 to 26.9`, empty where there is none.
  static func interval(_ interval: ConfidenceInterval?, metric: String = "testError") -> String {
    guard let interval else { return "" }
    return "\(value(interval.low, metric: metric)) to \(value(interval.high, metric: metric))"
  }

  /// `metric (%)` in words.
  static func title(_ metric: String) -> String {
    switch metric {
    case "trainError": "training error (%)"
    case "testError": "test error (%)"
    case ErrorGap.name: "test − training error (%)"
    case "testTop5Error": "top-5 test error (%)"
    case "validationError": "validation error (%)"
    case "validationTop5Error": "top-5 validation error (%)"
    case "validationLoss": "validation loss"
    case "selectedTestError": "test error at best validation (%)"
    case "trainLoss": "training loss"
    case "testLoss": "test loss"
    case "learningRate": "learning rate"
    case "imagesPerSecond": "images/s"
    case "gradientNorm": "gradient norm"
    case LayerMetric.Quantity.responseDeviation.rawValue: "standard deviation of responses"
    case LayerMetric.Quantity.layerGradientNorm.rawValue: "gradient norm of the weights"
    case LayerMetric.Quantity.updateRatio.rawValue: "relative change of the weights"
    case LayerMetric.Quantity.deadShare.rawValue: "share of dead rectifiers"
    default: metric
    }
  }
}
