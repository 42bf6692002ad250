// Tables in plain text: columns as wide as their widest cell.
import Text

/// A table for a terminal.
public struct TextTable: Sendable {
  public var header: [String]
  /// Every row has as many cells as the header.
  public var rows: [[String]]
  /// Columns that are flush right, by index.
  public var rightAligned: Set<Int>

  public init(header: [String], rows: [[String]], rightAligned: Set<Int> = []) {
    self.header = header
    self.rows = rows
    self.rightAligned = rightAligned
  }

  /// The table's lines: header, rule, rows. Cells are made printable.
  public var text: String {
    let cells = ([header] + rows).map { $0.map(\.printable) }
    let widths = header.indices.map { column in cells.map { $0[column].count }.max() ?? 0 }
    func line(_ row: [String]) -> String {
      let padded = row.indices.map { column in
        let space = String(repeating: " ", count: widths[column] - row[column].count)
        return rightAligned.contains(column) ? space + row[column] : row[column] + space
      }
      let text = padded.joined(separator: "  ")
      return String(text.reversed().drop { $0 == " " }.reversed())
    }
    let rule = widths.map { String(repeating: "-", count: $0) }.joined(separator: "  ")
    return ([line(cells[0]), rule] + cells.dropFirst().map(line)).map { $0 + "\n" }.joined()
  }
}
