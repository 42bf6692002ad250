// Curves for a terminal: the first metric over steps, drawn by gnuplot in characters, with a legend below.
import Foundation
import Text

/// The first metric of curves, drawn with characters.
struct TextChart {
  private static let letters = Array(
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789")
  /// What gnuplot's `dumb` terminal draws lines with; letters tell more of them apart.
  private static let lines = Array("*#$%@&")
  /// How many characters of a name there is room for.
  private static let longestLabel = 40

  private let figure: Figure
  private let title: String
  private let columns: Int
  private let rows: Int
  /// The curves, one for each variant: which of the figure's series it is, and what it is drawn with.
  private let curves: [(index: Int, mark: Character, label: String)]
  private let hasLetters: Bool
  /// The vertical axis begins at zero, but where the curves leave more than a quarter below them
  /// empty: there are few rows to tell them apart.
  private let bottom: Double
  /// Variants for which there is no further letter.
  private let undrawn: Int

  /// - Parameters:
  ///   - title: the metric.
  ///   - columns: width of the terminal.
  ///   - rows: of the chart, without its legend.
  /// - Returns: nil where the figure has no curves.
  init?(_ figure: Figure, title: String, columns: Int, rows: Int) {
    let all = figure.panels.flatMap { $0.series + $0.track }
    let means = all.indices.filter { all[$0].role.isMean }
    // The first metric of each variant is the one that tells, the training error as a rule.
    let shown = means.filter { index in means.first { all[$0].name == all[index].name } == index }
    guard !shown.isEmpty else { return nil }
    self.figure = figure
    self.title = title
    self.columns = columns
    self.rows = rows
    hasLetters = shown.count > Self.lines.count
    let marks = hasLetters ? Self.letters : Self.lines
    undrawn = max(0, shown.count - marks.count)
    let names = shown.prefix(marks.count).map { all[$0].name }
    let top = figure.y.high
    let lowest = shown.flatMap { all[$0].points.map(\.y) }.min() ?? 0
    let unit = pow(10, floor(log10(max(top - lowest, 1e-6))))
    bottom = lowest > top / 4 && lowest < top ? floor(lowest / unit) * unit : 0
    let limit = max(8, min(Self.longestLabel, columns - 8))
    let labels = DistinctLabels.labels(names, limit: limit)
    curves = zip(shown, zip(marks, names)).map { index, entry in
      (index, entry.0, (labels[entry.1] ?? entry.1).printable)
    }
  }

  /// For gnuplot's `dumb` terminal; it reads the figure's data file.
  var script: String {
    let elements = curves.map { index, mark, _ in
      "'\(figure.name).dat' index \(index) using 1:2 with "
        + (hasLetters ? "points pointtype '\(mark)'" : "lines")
    }
    return """
      set encoding utf8
      set terminal dumb size \(columns),\(rows) mono noenhanced
      set title \(GnuplotText.quoted(title))
      set xlabel 'training step'
      set border 3
      set tics nomirror scale 0.5
      unset key
      set xrange [0:\(GnuplotText.number(figure.x.high))]
      set yrange [\(GnuplotText.number(bottom)):\(GnuplotText.number(figure.y.high))]
      plot \(elements.joined(separator: ", \\\n  "))

      """
  }

  /// What the curves are, in as many columns as have room, read downwards. gnuplot's own legend covers
  /// curves and axes where it is long.
  var legend: String {
    let entries = curves.map {
      (hasLetters ? "\($0.mark)" : "\($0.mark)\($0.mark)\($0.mark)") + "  \($0.label)"
    }
    let width = (entries.map(\.count).max() ?? 0) + 3
    let across = max(1, (columns - 2) / width)
    let down = (entries.count + across - 1) / across
    var lines = (0..<down).map { row in
      let line = stride(from: row, to: entries.count, by: down).map {
        entries[$0].padding(toLength: width)
      }.joined()
      return "  " + String(line.reversed().drop { $0 == " " }.reversed()) + "\n"
    }
    if undrawn > 0 { lines.append("  and \(undrawn) more variants, not drawn here\n") }
    return lines.joined()
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

extension String {
  /// With spaces up to a number of characters.
  fileprivate func padding(toLength length: Int) -> String {
    self + String(repeating: " ", count: Swift.max(0, length - count))
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
