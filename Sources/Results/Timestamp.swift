// Times in the database: UTC, ISO 8601 with milliseconds, so that text order is time order.
import Foundation

/// Reads and writes the database's times, such as `2026-11-21T11:47:32.125Z`.
public enum Timestamp {
  /// The time as it is stored.
  public static func text(_ date: Date) -> String {
    date.formatted(Date.ISO8601FormatStyle(includingFractionalSeconds: true))
  }

  /// The time of a stored text; nil where it is not one.
  public static func date(_ text: String) -> Date? {
    try? Date(text, strategy: Date.ISO8601FormatStyle(includingFractionalSeconds: true))
  }
}
