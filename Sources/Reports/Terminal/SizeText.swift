// Sizes of files as a person says them.
import Foundation

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
