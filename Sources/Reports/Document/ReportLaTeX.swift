// A report's tables in LaTeX, with the rules of the booktabs package.
import Text

extension ReportDocument {
  /// What must be known in a quotation, then one `table` environment for each table; the same data
  /// give the same bytes.
  var latex: String {
    let head = """
      % \(LaTeX.comment("\(experiment): \(title)"))
      % In the preamble: \\usepackage{booktabs,array} and, for wide tables, \\usepackage{graphicx}

      """
    let notes = blocks.flatMap { block -> [String] in
      guard case .paragraphs(let lines) = block else { return [] }
      return lines.map { "  \(LaTeX.sentence($0))\\par\n" }
    }
    let quotation =
      notes.isEmpty
      ? "" : "\n\\begin{quote}\\small\n\(notes.joined())\\end{quote}\n"
    return head + quotation
      + tables.enumerated().map { "\n" + latex($1, number: $0 + 1) }.joined()
  }

  private func latex(_ table: Table, number: Int) -> String {
    func line(_ cells: [String]) -> String {
      "    " + cells.map(LaTeX.escaped).joined(separator: " & ") + " \\\\\n"
    }
    let isProse = !table.shares.isEmpty
    let columns: String = table.header.indices.map { index in
      guard isProse else { return table.rightAligned.contains(index) ? "r" : "l" }
      return
        ">{\\raggedright\\arraybackslash}p{\(GnuplotText.number(table.shares[index]))\\linewidth}"
    }.joined()
    // Sentences are broken into lines; a table of numbers that is too wide is made smaller.
    let (start, end) =
      isProse
      ? ("\\footnotesize", "")
      : ("\\resizebox{\\ifdim\\width>\\linewidth\\linewidth\\else\\width\\fi}{!}{%", "}")
    let label = "tab:\(ReportFiles.fileName(experiment))-\(number)"
    let notes = table.notes.map { "  \\par\\footnotesize \(LaTeX.sentence($0))\n" }.joined()
    return """
      \\begin{table}
        \\centering
        \\caption{\(LaTeX.escaped("\(title): \(table.title)"))}
        \\label{\(label.replacing("_", with: "-"))}
        \(start)
        \\begin{tabular}{\(columns)}
          \\toprule
      \(line(table.header))    \\midrule
      \(table.rows.map(line).joined())    \\bottomrule
        \\end{tabular}\(end)
      \(notes)\\end{table}

      """
  }
}

/// Text as LaTeX sets it.
enum LaTeX {
  private static let commands: [Character: String] = [
    "\\": "\\textbackslash{}", "{": "\\{", "}": "\\}", "&": "\\&", "%": "\\%", "$": "\\$",
    "#": "\\#", "_": "\\_", "~": "\\textasciitilde{}", "^": "\\textasciicircum{}",
    "<": "\\textless{}", ">": "\\textgreater{}", "|": "\\textbar{}", "\"": "\\textquotedbl{}",
    "−": "$-$", "±": "$\\pm$", "×": "$\\times$", "–": "--", "…": "\\ldots{}", "α": "$\\alpha$",
    "†": "\\textdagger{}", "§": "\\S{}", "‡": "\\textdaggerdbl{}", "≤": "$\\le$",
  ]

  /// The text with every character replaced that LaTeX would obey.
  static func escaped(_ text: String) -> String {
    text.printable.map { commands[$0] ?? String($0) }.joined()
  }

  /// A sentence of ours, in which what stands between back-quotes is code.
  static func sentence(_ text: String) -> String {
    CodeSpans.map(text, plain: escaped) { "\\texttt{\(escaped($0))}" }
  }

  /// The text on one line, for a comment.
  static func comment(_ text: String) -> String { text.printable }
}
