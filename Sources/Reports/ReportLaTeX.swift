// A report's tables in LaTeX, with the rules of the booktabs package.

extension ReportDocument {
  /// One `table` environment for each table; the same data give the same bytes.
  var latex: String {
    let head = """
      % \(LaTeX.comment("\(experiment): \(title)"))
      % In the preamble: \\usepackage{booktabs} and, for wide tables, \\usepackage{graphicx}

      """
    return head + tables.enumerated().map { "\n" + latex($1, number: $0 + 1) }.joined()
  }

  private func latex(_ table: Table, number: Int) -> String {
    func line(_ cells: [String]) -> String {
      "    " + cells.map(LaTeX.escaped).joined(separator: " & ") + " \\\\\n"
    }
    let columns = table.header.indices.map { table.rightAligned.contains($0) ? "r" : "l" }.joined()
    let label = "tab:\(ReportFiles.fileName(experiment))-\(number)"
    let notes = table.notes.map { "  \\par\\footnotesize \(LaTeX.escaped($0))\n" }.joined()
    return """
      \\begin{table}
        \\centering
        \\caption{\(LaTeX.escaped("\(title): \(table.title)"))}
        \\label{\(label.replacing("_", with: "-"))}
        \\resizebox{\\ifdim\\width>\\linewidth\\linewidth\\else\\width\\fi}{!}{%
        \\begin{tabular}{\(columns)}
          \\toprule
      \(line(table.header))    \\midrule
      \(table.rows.map(line).joined())    \\bottomrule
        \\end{tabular}}
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
    "†": "\\textdagger{}", "‡": "\\textdaggerdbl{}", "≤": "$\\le$",
  ]

  /// The text with every character replaced that LaTeX would obey.
  static func escaped(_ text: String) -> String {
    text.printable.map { commands[$0] ?? String($0) }.joined()
  }

  /// The text on one line, for a comment.
  static func comment(_ text: String) -> String { text.printable }
}
