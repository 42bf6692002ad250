// The figure for a terminal: training error over steps, drawn by gnuplot in characters.

/// Draws a figure's training error with characters.
enum TextChart {
  private static let letters = Array("abcdefghijklmnopqrstuvwxyz")

  /// The script for gnuplot's `dumb` terminal; it reads the figure's data file.
  /// - Parameter columns: width of the terminal.
  static func script(_ figure: Figure, columns: Int, rows: Int) -> String {
    let all = figure.panels.flatMap(\.series)
    let shown = all.indices.filter { all[$0].metric == "trainError" }
    guard !shown.isEmpty else { return "" }
    // Lines have six patterns; more variants are told apart by letters.
    let letters = shown.count > 6
    let elements = shown.enumerated().map { position, index in
      let letter = Self.letters[position % Self.letters.count]
      return "'\(FigureScript.name).dat' index \(index) using 1:2 with "
        + (letters ? "points pointtype '\(letter)'" : "lines")
        + " title \(GnuplotText.quoted(all[index].variant, limit: 40))"
    }
    let longest = shown.map { all[$0].variant.count }.max() ?? 0
    return """
      set encoding utf8
      set terminal dumb size \(columns),\(rows) mono noenhanced
      set title 'training error (%)'
      set xlabel 'training step'
      set border 3
      set tics nomirror scale 0.5
      set key \(longest > 16 ? "below Left maxcols 1" : "outside right top Left")
      set xrange [0:\(figure.lastStep)]
      set yrange [0:\(GnuplotText.number(figure.topError))]
      plot \(elements.joined(separator: ", \\\n  "))

      """
  }

  /// Without the form feed, empty lines at both ends and spaces at the ends of lines.
  static func trimmed(_ output: String) -> String {
    let lines = output.replacing("\u{0C}", with: "")
      .split(separator: "\n", omittingEmptySubsequences: false)
      .map { String($0.reversed().drop { $0 == " " || $0 == "\r" }.reversed()) }
    let first = lines.firstIndex { !$0.isEmpty } ?? 0
    let last = lines.lastIndex { !$0.isEmpty } ?? first
    return lines.isEmpty ? "" : lines[first...last].map { $0 + "\n" }.joined()
  }
}
