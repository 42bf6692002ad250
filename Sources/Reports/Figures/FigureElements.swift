// How each kind of series is drawn: gnuplot's plot elements, colours and marks.
import Foundation

/// The `plot` command of one panel.
struct FigureElements {
  /// Colours told apart by colour-blind readers (Okabe and Ito 2008), darkest first.
  static let palette = [
    "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#8C6D31",
  ]
  /// gnuplot's filled marks, one for each colour, so that grey prints tell lines apart; the open mark
  /// of the same form is one less.
  private static let marks = [7, 5, 9, 13, 11, 15]

  /// gnuplot's lines where the marks are not enough.
  private static let dashes = ["'-'", "'-.'", "'_..'"]

  private let series: [Figure.Series]
  private let firstIndex: Int
  private let isNamed: Bool
  private let bounds: ClosedRange<Double>?
  private let labels: [String: String]

  /// - Parameters:
  ///   - firstIndex: number of the first series' block in the data file.
  ///   - isNamed: whether the places are rows of names, with the values to the right.
  ///   - bounds: of the values' axis: an arrow stands where an interval goes on beyond.
  ///   - labels: what the legend calls a series, by its name; itself where there is none.
  init(
    _ series: [Figure.Series], firstIndex: Int, isNamed: Bool, bounds: ClosedRange<Double>? = nil,
    labels: [String: String] = [:]
  ) {
    self.bounds = bounds
    self.labels = labels
    self.series = series
    self.firstIndex = firstIndex
    self.isNamed = isNamed
  }

  /// What is behind comes first, so that no line is hidden by a band.
  var plot: String {
    let order = series.indices.sorted {
      (series[$0].role.layer, $0) < (series[$1].role.layer, $1)
    }
    let elements = order.filter { !series[$0].points.isEmpty }.flatMap { index in
      self.elements(series[index]).map { "data index \(firstIndex + index) \($0)" }
    }
    guard !elements.isEmpty else { return "  plot NaN notitle" }
    return "  plot " + elements.joined(separator: ", \\\n    ")
  }

  private func elements(_ series: Figure.Series) -> [String] {
    let colour = Self.palette[series.colour % Self.palette.count]
    let style = series.style ?? series.colour
    let mark = Self.marks[style % Self.marks.count]
    // Marks that come round again have another line each time.
    let round = style / Self.marks.count
    let dashes = round == 0 ? "" : " dashtype \(Self.dashes[(round - 1) % Self.dashes.count])"
    let label = labels[series.name] ?? series.name
    let title =
      series.isInLegend
      ? "title \(GnuplotText.quoted(label, limit: Figure.longestLabel))" : "notitle"
    let end = "linecolor rgb '\(colour)' \(title)"
    let curve = "using ($1/xUnit):2"
    let single = "using \(isNamed ? "2:1" : "1:2")"
    let isShort = series.points.count <= 3
    let marks = isShort ? 1 : max(1, series.points.count / 7)
    func dash(_ dashed: Bool) -> String { dashed ? " dashtype 2" : "" }
    switch series.role {
    case .band: return ["using ($1/xUnit):3:4 with filledcurves \(end)"]
    case .seed(let dashed):
      let pale = Self.pale(colour)
      return ["\(curve) with lines linewidth 0.8\(dash(dashed)) linecolor rgb '\(pale)' \(title)"]
    case .first(let dashed):
      // Open marks, so that the thin lines are told apart too, and from the bold ones.
      let style = "pointtype \(mark - 1) pointsize 0.8 pointinterval \(marks)"
      return [
        "\(curve) with linespoints \(style) linewidth thin\(dashed ? dash(true) : dashes) \(end)"
      ]
    case .bold:
      let style = "pointtype \(mark) pointsize 0.8 pointinterval \(marks)"
      return ["\(curve) with linespoints \(style) linewidth bold\(dashes) \(end)"]
    case .means(let dashed):
      let marks = "pointtype \(mark) pointsize 0.9"
      let line = dashed ? dash(true) : dashes
      return ["\(curve):3:4 with yerrorlines \(marks) linewidth thin\(line) \(end)"]
        + arrows(series, colour)
    case .values:
      // Below the interval of a bar, beside none of a curve's: a cross is wider than the line.
      let place = isNamed ? "using 2:($1+0.2)" : "using 1:2"
      return ["\(place) with points pointtype 2 pointsize 0.6 linewidth 1.2 \(end)"]
    case .papers:
      let line = isNamed ? "points" : "linespoints dashtype 3"
      return ["\(single) with \(line) pointtype \(mark - 1) pointsize 1.3 linewidth 1.2 \(end)"]
    case .bars:
      let box = "using ($2/2):1:(0):2:($1-0.34):($1+0.34) with boxxyerror"
      return [
        "\(box) linecolor rgb '\(colour)' fillstyle solid 0.35 border rgb '\(colour)' \(title)",
        "using 2:1:3:4 with xerrorbars pointtype 0 linewidth thin linecolor rgb '#222222' notitle",
      ] + arrows(series, "#222222")
    case .steps: return ["\(curve) with fsteps linewidth thin \(end)"]
    }
  }

  /// Arrows at the ends of the axis for the intervals that go on beyond it.
  private func arrows(_ series: Figure.Series, _ colour: String) -> [String] {
    guard let bounds else { return [] }
    let length = GnuplotText.number((bounds.upperBound - bounds.lowerBound) * 0.03)
    let (low, high) = (
      GnuplotText.number(bounds.lowerBound), GnuplotText.number(bounds.upperBound)
    )
    let style =
      "with vectors head filled size graph 0.015,25 linewidth thin linecolor rgb '\(colour)' notitle"
    func arrow(from place: String, by step: String) -> String {
      isNamed
        ? "using (\(place)):1:(\(step)):(0) \(style)"
        : "using ($1/xUnit):(\(place)):(0):(\(step)) \(style)"
    }
    var arrows: [String] = []
    if series.points.contains(where: { $0.high > bounds.upperBound }) {
      arrows.append(arrow(from: "$4>\(high)?\(high)-\(length):NaN", by: length))
    }
    if series.points.contains(where: { $0.low < bounds.lowerBound }) {
      arrows.append(arrow(from: "$3<\(low)?\(low)+\(length):NaN", by: "-\(length)"))
    }
    return arrows
  }

  /// The colour on white paper at two fifths of its strength.
  static func pale(_ colour: String) -> String {
    let value = Int(colour.dropFirst(), radix: 16) ?? 0
    let parts = [16, 8, 0].map { shift -> String in
      let part = (value >> shift) & 255
      return String(format: "%02X", 255 - (255 - part) * 2 / 5)
    }
    return "#" + parts.joined()
  }
}

extension Figure.Role {
  /// From the back to the front.
  fileprivate var layer: Int {
    switch self {
    case .band, .bars, .steps: 0
    case .seed: 1
    case .first: 2
    case .means: 3
    case .bold: 4
    case .values: 5
    case .papers: 6
    }
  }
}
