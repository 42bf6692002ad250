// A figure as a gnuplot script and its data file, which stand on their own.
import Text

/// Writes figures in gnuplot's language.
struct FigureScript {
  let figure: Figure
  /// Of the axes of a single panel, in pixels.
  var panelWidth = 560

  /// One block per series: `x y low high n`, blocks parted by two empty lines.
  var data: String {
    figure.panels.flatMap { $0.series + $0.track }.map { series in
      let lines = series.points.map { point in
        [point.x, point.y, point.low, point.high].map(GnuplotText.number).joined(separator: " ")
          + " \(point.n)"
      }
      return """
        # \(series.name.printable), \(series.role.name): x, y, low, high, n
        \(lines.joined(separator: "\n"))

        """
    }.joined(separator: "\n\n")
  }

  /// The script; run in its own folder it writes the pictures beside itself.
  var script: String {
    let layout = FigureLayout(figure, panelWidth: panelWidth)
    return """
      # Restyle what you like, then run in this folder: gnuplot -d \(figure.name).gp
      # (-d keeps your own settings out.) Other formats: gnuplot -d -e "formats='pdf'" \(figure.name).gp
      if (!exists('formats')) formats = 'svg png'
      if (!exists('prefix')) prefix = ''
      data = '\(figure.name).dat'
      xUnit = \(xUnit)
      thin = 1.6
      bold = 2.8
      set encoding utf8

      do for [format in formats] {
        if (format eq 'svg') {
          set terminal svg size \(layout.width),\(layout.height) font 'Helvetica,15' \
      noenhanced background '#ffffff'
        }
        if (format eq 'png') {
          set terminal pngcairo size \(2 * layout.width),\(2 * layout.height) font 'Sans,15' \
      fontscale 1.6 linewidth 2 dashlength 0.6 pointscale 1.8 noenhanced background '#ffffff'
        }
        if (format eq 'pdf') {
          set terminal pdfcairo size \(inches(layout.width)),\(inches(layout.height)) \
      font 'Sans,15' fontscale 0.4 linewidth 0.8 dashlength 0.6 noenhanced background '#ffffff'
        }
        set output prefix.'\(figure.name).'.format
        set multiplot
        set border 3 linecolor rgb '#444444'
        set tics nomirror out scale 0.5 textcolor rgb '#222222'
        set grid \(isNamed ? "xtics" : "ytics") linetype 1 linewidth 0.5 linecolor rgb '#e4e4e4'
        \(zeroLine)
        set style fill transparent solid 0.15 noborder
        set errorbars 0.6
      \(headLines(layout))
      \(chanceLine)\(panels(layout))
        unset multiplot
        unset output
      }

      """
  }

  /// Labels of smaller numbers stand inside the panels.
  private static let firstHeadLabel = 11

  /// Title, subtitle and legend, a label for each line.
  private func headLines(_ layout: FigureLayout) -> String {
    layout.headLines.enumerated().map { index, line in
      "  set label \(Self.firstHeadLabel + index) \(GnuplotText.quoted(line.text)) "
        + "at screen 0.5,\(line.height) center font ',\(line.isTitle ? 18 : 13)'"
        + "\(line.isTitle ? "" : " textcolor rgb '#555555'") noenhanced"
    }.joined(separator: "\n")
  }

  /// A line at zero where the values lie on both of its sides.
  private var zeroLine: String {
    let axis = isNamed ? "yzeroaxis" : "xzeroaxis"
    return figure.y.low < 0
      ? "set \(axis) linetype 1 linewidth 1 linecolor rgb '#888888'" : "unset \(axis)"
  }

  private var isNamed: Bool { !figure.x.names.isEmpty }

  /// Steps per unit of the horizontal axis: ten thousand where the numbers would be long.
  private var xUnit: Int {
    figure.x.label == "training step" && figure.x.high >= 20_000 ? 10_000 : 1
  }

  /// A picture's pixels as inches of a page, 144 to the inch.
  private func inches(_ pixels: Int) -> String { GnuplotText.number(Double(pixels) / 144) + "in" }

  private var chanceLine: String {
    guard let chanceError = figure.chanceError else { return "" }
    let height = GnuplotText.number(chanceError)
    return """
        set arrow 1 from graph 0,first \(height) to graph 1,first \(height) nohead \
      dashtype 3 linewidth 1 linecolor rgb '#888888'
        set label 4 'guessing' at graph 0.99,first \(height) right offset 0,0.5 font ',12' \
      textcolor rgb '#777777'

      """
  }

  // MARK: Panels

  private func panels(_ layout: FigureLayout) -> String {
    var firstIndex = 0
    var parts: [String] = []
    for (number, panel) in figure.panels.enumerated() {
      let frame = layout.frames[number]
      var lines = [
        "  set lmargin at screen \(frame.left)", "  set rmargin at screen \(frame.right)",
        "  set tmargin at screen \(frame.top)", "  set bmargin at screen \(frame.bottom)",
        "  set key \(frame.key)",
      ]
      lines += isNamed ? namedAxes(frame) : numberedAxes(frame, hasTrack: !panel.track.isEmpty)
      lines.append(
        panel.title.isEmpty
          ? "  unset title"
          : "  set title \(GnuplotText.quoted(panel.title, limit: 40)) offset 0,-0.5 noenhanced")
      lines.append(
        FigureElements(
          panel.series, firstIndex: firstIndex, isNamed: isNamed, bounds: bounds,
          labels: figure.legendLabels
        ).plot)
      if number == 0 {
        lines += layout.headLines.indices.map { "  unset label \(Self.firstHeadLabel + $0)" }
      }
      firstIndex += panel.series.count
      if !panel.track.isEmpty { lines += track(panel.track, frame, firstIndex: firstIndex) }
      firstIndex += panel.track.count
      parts.append(lines.joined(separator: "\n"))
    }
    return parts.joined(separator: "\n")
  }

  private func range(_ axis: Figure.Axis, unit: Int = 1) -> String {
    let ends = [axis.low, axis.high].map { GnuplotText.number($0 / Double(unit)) }
    return "[\(ends[0]):\(ends[1])]"
  }

  /// Of the values' axis.
  private var bounds: ClosedRange<Double>? {
    figure.y.low < figure.y.high ? figure.y.low...figure.y.high : nil
  }

  private var stepLabel: String {
    GnuplotText.quoted(figure.x.label + (xUnit == 1 ? "" : " (×10⁴)")) + " offset 0,0.3"
  }

  private func numberedAxes(_ frame: FigureLayout.Frame, hasTrack: Bool) -> [String] {
    var lines = [
      figure.x.isLogarithmic ? "  set logscale x" : "  unset logscale x",
      figure.y.isLogarithmic ? "  set logscale y" : "  unset logscale y",
      "  set xrange \(range(figure.x, unit: xUnit))", "  set yrange \(range(figure.y))",
      "  set format x '\(hasTrack ? "" : "%h")'",
      "  set format y '\(frame.isFirstInRow ? "%h" : "")'",
      hasTrack ? "  unset xlabel" : "  set xlabel \(stepLabel)",
      frame.isFirstInRow
        ? "  set ylabel \(GnuplotText.quoted(figure.y.label))" : "  unset ylabel",
    ]
    if !figure.x.ticks.isEmpty {
      lines.append(
        "  set xtics (\(figure.x.ticks.map(GnuplotText.number).joined(separator: ", ")))")
    }
    return lines
  }

  /// Names from the top down, values to the right.
  private func namedAxes(_ frame: FigureLayout.Frame) -> [String] {
    let labels = figure.axisLabels
    let names = figure.x.names.enumerated().map { row, name in
      let label = frame.isFirstInRow ? labels[name] ?? name : ""
      return "\(GnuplotText.quoted(label, limit: Figure.longestLabel)) \(row)"
    }
    return [
      "  set xrange \(range(figure.y))",
      "  set yrange [\(GnuplotText.number(figure.x.high)):\(GnuplotText.number(figure.x.low))]",
      "  set ytics (\(names.joined(separator: ", "))) noenhanced", "  set format x '%h'",
      "  set xlabel \(GnuplotText.quoted(figure.y.label)) offset 0,0.3", "  unset ylabel",
    ]
  }

  /// The learning rate on axes of its own below the panel.
  private func track(
    _ series: [Figure.Series], _ frame: FigureLayout.Frame, firstIndex: Int
  ) -> [String] {
    let rates = series.flatMap { $0.points.map(\.y) }
    let (low, high) = (rates.min() ?? 0, rates.max() ?? 1)
    let isLogarithmic = low > 0 && high / low > 5 && high / low < 1e5
    let bounds =
      isLogarithmic
      ? "[\(GnuplotText.number(low / 2)):\(GnuplotText.number(high * 2))]"
      : "[0:\(GnuplotText.number(high > 0 ? high * 2 : 1))]"
    // The track is low: two numbers have room.
    let rate = GnuplotText.number(high)
    let ticks = isLogarithmic ? "10" : high > 0 ? "('0' 0, '\(rate)' \(rate))" : "autofreq"
    var lines = [
      "  set tmargin at screen \(frame.trackTop)", "  set bmargin at screen \(frame.trackBottom)",
      "  unset title", "  unset key", "  set format x '%h'", "  set xlabel \(stepLabel)",
      "  set yrange \(bounds)", "  set ytics \(ticks)",
      "  unset ylabel",
      "  set label 5 'learning rate' at graph 0.99,0.78 right font ',12' textcolor rgb '#777777'",
    ]
    if isLogarithmic { lines.append("  set logscale y") }
    if figure.chanceError != nil { lines += ["  unset arrow 1", "  unset label 4"] }
    lines.append(FigureElements(series, firstIndex: firstIndex, isNamed: false).plot)
    lines += ["  unset logscale y", "  set ytics autofreq", "  unset label 5"]
    if figure.chanceError != nil { lines.append(String(chanceLine.dropLast())) }
    return lines
  }
}

extension Figure.Role {
  /// In the data file's comments.
  var name: String {
    switch self {
    case .band: "band"
    case .seed: "one seed"
    case .first: "first metric"
    case .bold: "bold metric"
    case .means: "means"
    case .values: "single values"
    case .papers: "papers"
    case .bars: "bar"
    case .steps: "steps"
    }
  }
}
