// A report as headings, paragraphs, tables and figures, before any format.
import Text

/// What a report says, in order.
struct ReportDocument {
  struct Table {
    var title: String
    var header: [String]
    /// Every row has as many cells as the header.
    var rows: [[String]]
    /// Columns that are flush right, by index.
    var rightAligned: Set<Int> = []
    /// What marks and columns mean.
    var notes: [String] = []
    /// A style for each row of a page, by the same index; empty for none.
    var rowStyles: [String] = []
    /// For columns of sentences on paper: the share of a line that each column has.
    var shares: [Double] = []
    /// Whether cells hold sentences: a terminal and a narrow page have them below each other.
    var isProse = false
  }

  enum Block {
    case paragraphs([String])
    case table(Table)
    /// A figure by name, with its title.
    case figure(name: String, title: String)
  }

  var title: String
  /// The experiment's name and the spec's.
  var experiment: String
  var spec: String
  var blocks: [Block]

  var tables: [Table] {
    blocks.compactMap { block in
      guard case .table(let table) = block else { return nil }
      return table
    }
  }
}

extension ReportDocument.Table {
  /// For a terminal.
  fileprivate var columns: String {
    TextTable(header: header, rows: rows, rightAligned: rightAligned).text
  }

  /// Sentences for a terminal: the first two cells of a row in a line, each other one below them.
  fileprivate var paragraphs: String {
    rows.map { row in
      let first = row.prefix(2).map(\.printable).joined(separator: ": ")
      let rest = zip(header, row).dropFirst(2).filter { !$1.isEmpty }.map { name, cell in
        "    \(name): \(cell.printable)\n"
      }
      return first + "\n" + rest.joined()
    }.joined()
  }
}

extension ReportDocument {
  /// The report for a terminal.
  var text: String {
    let parts = blocks.compactMap { block -> String? in
      switch block {
      case .paragraphs(let lines): return lines.map { $0.printable + "\n" }.joined()
      case .table(let table):
        let body = table.isProse ? table.paragraphs : table.columns
        return "\(table.title.printable)\n\n\(body)"
          + (table.notes.isEmpty ? "" : "\n" + table.notes.map { $0.printable + "\n" }.joined())
      case .figure: return nil
      }
    }
    return "\(experiment): \(title)".printable + "\n" + parts.joined(separator: "\n")
  }

  /// The report as Markdown; the same data give the same bytes.
  /// - Parameter figures: folder of the pictures, as seen from the report.
  func markdown(figures: String?) -> String {
    func line(_ cells: [String]) -> String { "| " + cells.joined(separator: " | ") + " |\n" }
    var text = "# \(Markdown.escaped(title))\n\n"
    text += "Experiment \(Markdown.escaped(experiment)), spec \(Markdown.escaped(spec)).\n"
    for block in blocks {
      text += "\n"
      switch block {
      case .paragraphs(let lines): text += lines.map { Markdown.sentence($0) + "\n" }.joined()
      case .table(let table):
        let rules = table.header.indices.map { table.rightAligned.contains($0) ? "---:" : "---" }
        text += "## \(Markdown.escaped(table.title))\n\n"
        text += line(table.header.map(Markdown.escaped)) + line(rules)
        text += table.rows.map { line($0.map(Markdown.escaped)) }.joined()
        if !table.notes.isEmpty {
          text += "\n" + table.notes.map { Markdown.sentence($0) + "\n" }.joined()
        }
      case .figure(let name, let title):
        guard let figures else {
          text.removeLast()
          continue
        }
        text += "![\(Markdown.escaped(title))](\(Markdown.target("\(figures)/\(name).svg")))\n"
      }
    }
    return text
  }
}

extension ExperimentReport {
  /// The report for a terminal.
  public var text: String { document(.short).text }

  /// The report as Markdown, without pictures: it can be put anywhere.
  public var markdown: String { document(.full).markdown(figures: nil) }

  /// Tables, what must be known beside them, and provenance in LaTeX.
  public var latex: String { document(.tables).latex }
}

/// Sentences with code between back-quotes, as a terminal shows them.
enum CodeSpans {
  /// The text with its parts written as a format has them; where back-quotes do not pair, all of it
  /// is plain.
  static func map(
    _ text: String, plain: (String) -> String, code: (String) -> String
  ) -> String {
    let parts = text.split(separator: "`", omittingEmptySubsequences: false).map(String.init)
    guard parts.count % 2 == 1 else { return plain(text) }
    return parts.enumerated().map { $0 % 2 == 0 ? plain($1) : code($1) }.joined()
  }
}

/// Text as Markdown shows it.
enum Markdown {
  /// The text with everything escaped that Markdown or HTML would read as markup.
  static func escaped(_ text: String) -> String {
    var result = ""
    for character in text.printable {
      switch character {
      case "<": result += "&lt;"
      case ">": result += "&gt;"
      case "&": result += "&amp;"
      case "\\", "`", "*", "_", "[", "]", "|", "#", "~", "$": result += "\\\(character)"
      default: result.append(character)
      }
    }
    return result
  }

  /// A sentence of ours, in which what stands between back-quotes is code.
  static func sentence(_ text: String) -> String {
    CodeSpans.map(text, plain: escaped) { "`\($0.printable)`" }
  }

  /// A path as a link's target: what could end the link is written in hexadecimal.
  static func target(_ path: String) -> String {
    path.utf8.map { byte in
      let scalar = Unicode.Scalar(byte)
      let isPlain =
        scalar.properties.isAlphabetic || scalar.properties.numericType != nil
        || "/._-=".unicodeScalars.contains(scalar)
      let digits = String(byte, radix: 16, uppercase: true)
      return isPlain && scalar.isASCII ? String(scalar) : "%" + (byte < 16 ? "0" : "") + digits
    }.joined()
  }
}
