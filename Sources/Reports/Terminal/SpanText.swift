// Spans of time as a person says them.

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
