// A report's tables in LaTeX, with the rules of the booktabs package, none wider or higher than a page.
import Foundation
import Text

extension ReportDocument {
  /// What must be known in a quotation, then an environment for each table; the same data give the
  /// same bytes.
  var latex: String {
    let head = """
      % \(LaTeX.comment("\(experiment): \(title)"))
      % In the preamble: \\usepackage{booktabs,array,graphicx,longtable}

      """
    let notes = blocks.flatMap { block -> [String] in
      guard case .paragraphs(let lines) = block else { return [] }
      return lines.map { "  \(LaTeX.sentence($0))\\par\n" }
    }
    let quotation =
      notes.isEmpty
      ? "" : "\n\\begin{quote}\\small\\raggedright\n\(notes.joined())\\end{quote}\n"
    let body =
      quotation
      + tables.enumerated().map { number, table in
        let label = "tab:\(ReportFiles.fileName(experiment))-\(number + 1)"
        return "\n"
          + LaTeXTable(
            table, caption: "\(title): \(table.title)", label: label.replacing("_", with: "-")
          ).text
      }.joined()
    return head + (body.contains("\\benchchar{") ? LaTeX.characterMacro : "") + body
  }
}

/// One table: a float where it fits on a page, else a `longtable` that goes on on the next.
private struct LaTeXTable {
  /// What a page of the class `article` at 10 points has room for, with some to spare.
  private enum Page {
    /// Characters of a line of \normalsize.
    static let characters = 68.0
    /// Points.
    static let height = 440.0
    static let line = 12.0
  }

  /// Cells that are broken into lines.
  private struct Wrapping {
    /// A size of letters with the digits and the height of a line.
    typealias Size = (command: String, characters: Double, line: Double)
    static let footnotes: Size = ("\\footnotesize", 81, 9.5)
    static let script: Size = ("\\scriptsize", 86, 8)
    static let tiny: Size = ("\\tiny", 101, 6)

    /// The share of a line that each column has.
    var shares: [Double]
    var size: Size
    /// Whether a number stays in a line with its spread.
    var isJoined: Bool

    /// A share for each column of numbers and names: what its longest word needs, and of the rest as
    /// much as its text, in the largest letters that leave room for that.
    init(_ table: ReportDocument.Table, widths: [Double]) {
      let whole = 0.9
      func least(_ isJoined: Bool) -> [Double] {
        table.header.indices.map { column in
          let words = ([table.header] + table.rows).flatMap {
            LaTeXTable.cell($0[column], isJoined: isJoined).split(separator: " ")
          }
          return Double(min(13, words.map(\.count).max() ?? 1)) + 0.5
        }
      }
      let choices = [
        (true, Self.footnotes), (true, Self.script), (false, Self.footnotes), (false, Self.script),
        (false, Self.tiny),
      ]
      (isJoined, size) =
        choices.first { $1.characters * whole >= least($0).reduce(0, +) } ?? (false, Self.tiny)
      let needed = least(isJoined)
      let room = max(0, size.characters * whole - needed.reduce(0, +))
      let wanted = zip(widths, needed).map { max(0, min($0, 60) - $1) }
      let total = max(1, wanted.reduce(0, +))
      let columns = zip(needed, wanted).map { $0 + room * $1 / total }
      let sum = columns.reduce(0, +)
      shares = columns.map { ($0 / sum * whole * 1000).rounded(.down) / 1000 }
    }

    init(shares: [Double]) {
      self.shares = shares
      size = Self.footnotes
      isJoined = true
    }
  }

  private let table: ReportDocument.Table
  private let caption: String
  private let label: String
  /// Nil for columns as wide as their cells.
  private let wrapping: Wrapping?
  private let isLong: Bool

  init(_ table: ReportDocument.Table, caption: String, label: String) {
    self.table = table
    self.caption = caption
    self.label = label
    let widths = table.header.indices.map { column in
      ([table.header] + table.rows).map { Double($0[column].count) }.max() ?? 0
    }
    let natural = widths.reduce(0, +) + 2 * Double(widths.count)
    // What is a little too wide is made smaller, which a long table cannot be.
    let scale = min(1, Page.characters / natural)
    let isHigh = Self.height(of: table, nil) * scale > Page.height
    if !table.shares.isEmpty {
      wrapping = Wrapping(shares: table.shares)
    } else if scale < 0.65 || isHigh && natural > Wrapping.footnotes.characters {
      wrapping = Wrapping(table, widths: widths)
    } else {
      wrapping = nil
    }
    isLong = wrapping == nil ? isHigh : Self.height(of: table, wrapping) > Page.height
  }

  /// About how high it is, in points.
  private static func height(of table: ReportDocument.Table, _ wrapping: Wrapping?) -> Double {
    let small = Wrapping.footnotes
    let notes = table.notes.reduce(0) { $0 + (Double($1.count) / small.characters).rounded(.up) }
    let rows = table.rows.map { row in
      guard let wrapping else { return Page.line }
      let lines = zip(row, wrapping.shares).map { cell, share in
        (Double(cell.count) / (share * wrapping.size.characters) * 1.15).rounded(.up)
      }
      return max(1, lines.max() ?? 1) * wrapping.size.line
    }
    return 60 + rows.reduce(0, +) + notes * small.line
  }

  /// - Parameter isJoined: whether a number stays with its spread.
  fileprivate static func cell(_ text: String, isJoined: Bool) -> String {
    isJoined ? text.replacing(" ± ", with: "\u{A0}±\u{A0}") : text
  }

  private func line(_ cells: [String]) -> String {
    let breaking: LaTeX.Breaking = wrapping == nil ? .never : .column
    let isJoined = wrapping?.isJoined ?? true
    let row = cells.map { LaTeX.escaped(Self.cell($0, isJoined: isJoined), breaking) }
      .joined(separator: " & ")
    // Behind the end of the row before, a bracket or a star would be an option of that.
    let start = row.hasPrefix("[") || row.hasPrefix("*") ? "{}" : ""
    return "    \(start)\(row) \\\\\n"
  }

  private var columns: String {
    table.header.indices.map { column in
      let isRight = table.rightAligned.contains(column)
      guard let shares = wrapping?.shares else { return isRight ? "r" : "l" }
      return
        ">{\(isRight ? "\\raggedleft" : "\\raggedright")\\arraybackslash}"
        + "p{\(GnuplotText.number(shares[column]))\\linewidth}"
    }.joined()
  }

  /// The size of letters, and what the shares leave of a line as the room between the columns.
  private var setting: String? {
    guard let wrapping else { return nil }
    let rest = (1 - wrapping.shares.reduce(0, +)) / Double(2 * wrapping.shares.count)
    return "\(wrapping.size.command)\n  \\setlength{\\tabcolsep}"
      + "{\(GnuplotText.number(max(0.004, rest)))\\linewidth}"
  }

  private var head: String { LaTeX.escaped(caption, .sentence) }

  var text: String { isLong ? longTable : float }

  private var float: String {
    let (start, end): (String, String) =
      setting.map { ($0, "") }
      ?? ("\\resizebox{\\ifdim\\width>\\linewidth\\linewidth\\else\\width\\fi}{!}{%", "}")
    let notes = table.notes.map { "  \\par\\footnotesize \(LaTeX.sentence($0))\n" }.joined()
    return """
      \\begin{table}
        \\centering
        \\caption{\(head)}
        \\label{\(label)}
        \(start)
        \\begin{tabular}{\(columns)}
          \\toprule
      \(line(table.header))    \\midrule
      \(table.rows.map(line).joined())    \\bottomrule
        \\end{tabular}\(end)
      \(notes)\\end{table}

      """
  }

  private var longTable: String {
    let notes = table.notes.map { "\\noindent \(LaTeX.sentence($0))\\par\n" }.joined()
    let count = table.header.count
    return """
      \\begingroup
      \(setting ?? "\\footnotesize")
      \\begin{longtable}{\(columns)}
        \\caption{\(head)}\\label{\(label)}\\\\
          \\toprule
      \(line(table.header))    \\midrule
        \\endfirsthead
          \\multicolumn{\(count)}{l}{\\itshape continued}\\\\
          \\toprule
      \(line(table.header))    \\midrule
        \\endhead
          \\midrule
          \\multicolumn{\(count)}{r}{\\itshape continued on the next page}\\\\
        \\endfoot
          \\bottomrule
        \\endlastfoot
      \(table.rows.map(line).joined())\\end{longtable}
      \\footnotesize
      \(notes)\\endgroup

      """
  }
}
