// A refused query: SQLite's message, and a caret under the place.
import Results
import Text

/// A query's error as a user reads it.
public enum QueryErrorText {
  /// The message with line and column, the line of SQL it is about, and a caret under the place;
  /// the message alone where no place is known.
  public static func text(_ error: ResultsError, sql: String) -> String {
    let bytes = Array(sql.utf8)
    guard let offset = error.sqlOffset, offset >= 0, offset <= bytes.count else {
      return error.description
    }
    let before = bytes[..<offset]
    let lineStart = before.lastIndex(of: 0x0A).map { $0 + 1 } ?? 0
    let lineEnd = bytes[offset...].firstIndex(of: 0x0A) ?? bytes.count
    let lineNumber = before.count { $0 == 0x0A } + 1
    let head = String(decoding: bytes[lineStart..<offset], as: UTF8.self).printable
    let tail = String(decoding: bytes[offset..<lineEnd], as: UTF8.self).printable
    let column = String(decoding: bytes[lineStart..<offset], as: UTF8.self).count + 1
    return """
      \(error.description) (line \(lineNumber), column \(column))
        \(head)\(tail)
        \(String(repeating: " ", count: head.count))^
      """
  }
}
