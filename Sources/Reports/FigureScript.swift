// A figure as a gnuplot script and its data file, which stand on their own.

/// Writes figures in gnuplot's language.
struct FigureScript {
  /// File name without ending, shared by script, data and pictures.
  static let name = "figure6"
  /// Colours told apart by colour-blind readers (Okabe and Ito 2008), darkest first.
  static let palette = [
    "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#8C6D31",
  ]

  let figure: Figure

  /// One block per series: `step mean low high n`, blocks parted by two empty lines.
  var data: String {
    figure.panels.flatMap(\.series).map { series in
      let lines = series.points.map { point in
        let numbers = [point.mean, point.mean - point.deviation, point.mean + point.deviation]
        return "\(point.step) \(numbers.map(GnuplotText.number).joined(separator: " ")) \(point.n)"
      }
      return """
        # \(series.variant.printable) \(series.metric): step, mean, mean - std, mean + std, n
        \(lines.joined(separator: "\n"))

        """
    }.joined(separator: "\n\n")
  }

  /// The script; run in its own folder it writes the pictures beside itself.
  var script: String {
    let layout = FigureLayout(figure)
    return """
      # Restyle what you like, then run in this folder: gnuplot \(Self.name).gp
      # Other formats: gnuplot -e "formats='pdf'" \(Self.name).gp
      if (!exists('formats')) formats = 'svg png'
      if (!exists('prefix')) prefix = ''
      data = '\(Self.name).dat'
      title = \(GnuplotText.quoted(figure.title))
      subtitle = \(GnuplotText.quoted(figure.subtitle))
      stepUnit = \(stepUnit)
      thin = 1.8
      bold = 3
      set encoding utf8

      do for [format in formats] {
        if (format eq 'svg') {
          set terminal svg size \(layout.width),\(layout.height) font 'Helvetica,15' \
      noenhanced background '#ffffff'
        }
        if (format eq 'png') {
          set terminal pngcairo size \(2 * layout.width),\(2 * layout.height) font 'Sans,15' \
      fontscale 1.6 linewidth 2 dashlength 0.6 noenhanced background '#ffffff'
        }
        if (format eq 'pdf') {
          set terminal pdfcairo size \(inches(layout.width)),\(inches(layout.height)) \
      font 'Sans,15' fontscale 0.4 linewidth 0.8 dashlength 0.6 noenhanced background '#ffffff'
        }
        set output prefix.'\(Self.name).'.format
        set multiplot
        set border 3 linecolor rgb '#444444'
        set tics nomirror out scale 0.5 textcolor rgb '#222222'
        set grid ytics linetype 1 linewidth 0.5 linecolor rgb '#e4e4e4'
        set style fill transparent solid 0.15 noborder
        set xrange [0:\(GnuplotText.number(Double(figure.lastStep) / Double(stepUnit)))]
        set yrange [0:\(GnuplotText.number(figure.topError))]
        set xlabel '\(stepUnit == 1 ? "training step" : "training step (×10⁴)")' offset 0,0.3
        set ylabel 'error (%)'
        set format '%h'
        set tmargin at screen \(layout.top)
        set bmargin at screen \(layout.bottom)
        set label 1 title at screen 0.5,\(layout.titleHeight) center font ',18' noenhanced
        set label 2 subtitle at screen 0.5,\(layout.subtitleHeight) center font ',13' \
      textcolor rgb '#555555' noenhanced
        set label 3 'thin dashed: training error, bold: test error' \
      at screen 0.5,\(layout.linesHeight) center font ',13' textcolor rgb '#555555'
      \(chanceLine)\(panels(layout))
        unset multiplot
        unset output
      }

      """
  }

  /// Steps per unit of the horizontal axis: ten thousand where the numbers would be long.
  private var stepUnit: Int { figure.lastStep >= 20_000 ? 10_000 : 1 }

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

  private func panels(_ layout: FigureLayout) -> String {
    var firstIndex = 0
    var parts: [String] = []
    for (number, panel) in figure.panels.enumerated() {
      let (left, right) = layout.sides[number]
      var lines = [
        "  set lmargin at screen \(left)", "  set rmargin at screen \(right)",
        "  set key \(layout.keys[number])",
      ]
      if !panel.title.isEmpty {
        lines.append(
          "  set title \(GnuplotText.quoted(panel.title, limit: 40)) offset 0,-0.5 noenhanced")
      }
      if number > 0 { lines += ["  unset ylabel", "  set format y ''"] }
      lines.append(plot(panel, firstIndex: firstIndex))
      if number == 0 { lines += ["  unset label 1", "  unset label 2", "  unset label 3"] }
      firstIndex += panel.series.count
      parts.append(lines.joined(separator: "\n"))
    }
    return parts.joined(separator: "\n")
  }

  /// The bands first, so that no line is hidden by one; then the lines. The legend names a variant
  /// once, at its test error where it has one.
  private func plot(_ panel: Figure.Panel, firstIndex: Int) -> String {
    guard !panel.series.isEmpty else { return "  plot NaN notitle" }
    var elements: [String] = []
    for (offset, series) in panel.series.enumerated() where series.hasBand {
      elements.append(
        "data index \(firstIndex + offset) using ($1/stepUnit):3:4 with filledcurves "
          + "linecolor rgb '\(colour(series))' notitle")
    }
    for (offset, series) in panel.series.enumerated() {
      let named =
        series.isTest || !panel.series.contains { $0.isTest && $0.variant == series.variant }
      let title = named ? "title \(GnuplotText.quoted(series.variant, limit: 60))" : "notitle"
      let width = series.isTest ? "linewidth bold" : "linewidth thin dashtype 2"
      let style = series.points.count > 3 ? "lines" : "linespoints pointtype 7 pointsize 0.5"
      elements.append(
        "data index \(firstIndex + offset) using ($1/stepUnit):2 with \(style) \(width) "
          + "linecolor rgb '\(colour(series))' \(title)")
    }
    return "  plot " + elements.joined(separator: ", \\\n    ")
  }

  private func colour(_ series: Figure.Series) -> String {
    Self.palette[series.colour % Self.palette.count]
  }
}
