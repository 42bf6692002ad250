// A query's answer as text (aligned table, CSV, JSON), and why one was refused.
import Foundation
import Results
import Text

extension QueryResult {
  /// An aligned table. Fractions are rounded to 6 significant digits, control characters written
  /// out.
  public var table: String {
    let numeric = columns.indices.filter { column in
      rows.allSatisfy { $0[column].isNumberOrNull } && rows.contains { $0[column] != .null }
    }
    return TextTable(
      header: columns, rows: rows.map { $0.map(\.tableText) }, rightAligned: Set(numeric)
    ).text
  }

  /// Comma-separated values, quoted as in RFC 4180, with a header; lines end with a line feed. NULL
  /// is empty, the empty text is `""`.
  public var csv: String {
    ([columns.map { Self.csvField($0) }] + rows.map { $0.map(\.csvText) })
      .map { $0.joined(separator: ",") + "\n" }.joined()
  }

  /// An array of objects, one a line, with the columns as keys in their order; a key that comes
  /// again gets `_2`. Blobs are hexadecimal text.
  public var json: String {
    var seen: [String: Int] = [:]
    let keys = columns.map { column in
      seen[column, default: 0] += 1
      let count = seen[column] ?? 1
      return JSONText.quoted(count == 1 ? column : "\(column)_\(count)")
    }
    guard !rows.isEmpty else { return "[]\n" }
    let objects = rows.map { row in
      "{" + row.indices.map { "\(keys[$0]): \(row[$0].jsonText)" }.joined(separator: ", ") + "}"
    }
    return "[\n  " + objects.joined(separator: ",\n  ") + "\n]\n"
  }

  /// A field of comma-separated values, quoted where it must be.
  static func csvField(_ text: String) -> String {
    let special = text.unicodeScalars.contains { ",\"\r\n".unicodeScalars.contains($0) }
    guard special || text.isEmpty || text.first == " " || text.last == " " else { return text }
    return "\"" + text.replacing("\"", with: "\"\"") + "\""
  }
}

extension SQLValue {
  var isNumberOrNull: Bool {
    switch self {
    case .null, .integer, .real: true
    case .text, .blob: false
    }
  }

  var tableText: String {
    switch self {
    case .null: "NULL"
    case .integer(let number): String(number)
    case .real(let number): String(format: "%.6g", number)
    case .text(let text): text
    case .blob(let bytes): "x'\(hexadecimal(bytes))'"
    }
  }

  var csvText: String {
    switch self {
    case .null: ""
    case .integer(let number): String(number)
    case .real(let number): String(number)
    case .text(let text): QueryResult.csvField(text)
    case .blob(let bytes): hexadecimal(bytes)
    }
  }

  var jsonText: String {
    switch self {
    case .null: "null"
    case .integer(let number): String(number)
    case .real(let number): number.isFinite ? String(number) : "null"
    case .text(let text): JSONText.quoted(text)
    case .blob(let bytes): "\"\(hexadecimal(bytes))\""
    }
  }
}

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
