// Curves for a terminal: the first metric over steps, drawn by gnuplot in characters.

/// Draws the first metric of curves with characters.
enum TextChart {
  private static let letters = Array(
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789")
  /// How many characters of a name there is room for.
  private static let longestLabel = 40

  /// The script for gnuplot's `dumb` terminal; it reads the figure's data file.
  /// - Parameters:
  ///   - title: the metric.
  ///   - columns: width of the terminal.
  static func script(_ figure: Figure, title: String, columns: Int, rows: Int) -> String {
    let all = figure.panels.flatMap { $0.series + $0.track }
    let means = all.indices.filter { all[$0].role.isMean }
    // The first metric of each variant is the one that tells, the training error as a rule.
    let shown = means.filter { index in means.first { all[$0].name == all[index].name } == index }
    guard !shown.isEmpty else { return "" }
    // Lines have six patterns; more variants are told apart by letters.
    let letters = shown.count > 6
    let labels = DistinctLabels.labels(shown.map { all[$0].name }, limit: longestLabel)
    let elements = shown.enumerated().map { position, index in
      let letter = Self.letters[position % Self.letters.count]
      return "'\(figure.name).dat' index \(index) using 1:2 with "
        + (letters ? "points pointtype '\(letter)'" : "lines")
        + " title \(GnuplotText.quoted(labels[all[index].name] ?? "", limit: longestLabel))"
    }
    let longest = labels.values.map(\.count).max() ?? 0
    return """
      set encoding utf8
      set terminal dumb size \(columns),\(rows) mono noenhanced
      set title \(GnuplotText.quoted(title))
      set xlabel 'training step'
      set border 3
      set tics nomirror scale 0.5
      set key \(longest > 16 ? "below Left maxcols 1" : "outside right top Left")
      set xrange [0:\(GnuplotText.number(figure.x.high))]
      set yrange [0:\(GnuplotText.number(figure.y.high))]
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

extension Figure.Role {
  /// Whether it is the mean of a metric over steps.
  fileprivate var isMean: Bool {
    switch self {
    case .first, .bold: true
    default: false
    }
  }
}
