// A figure as a value: panels, series and axes, before any drawing.
import Foundation
import Results
import Specs
import Statistics
import Text
import Verdicts

/// One picture of an experiment.
struct Figure: Equatable {
  /// How a series is drawn.
  enum Role: Equatable {
    /// Mean ± standard deviation, behind everything.
    case band
    /// One seed of a curve, thin and pale.
    case seed(dashed: Bool)
    /// The first of two metrics: thin, dashed in the style of Figure 6.
    case first(dashed: Bool)
    /// The metric that counts: bold, with marks that tell lines apart without colour.
    case bold
    /// Means with their intervals, joined by a line.
    case means(dashed: Bool)
    /// Every single value, small.
    case values
    /// The papers' numbers: open marks.
    case papers
    /// Horizontal bars from zero, with intervals.
    case bars
    /// Values that hold until the next: the learning rate.
    case steps
  }

  struct Series: Equatable {
    /// A variant's or a level's.
    var name: String
    var isInLegend = false
    var role: Role
    /// Position in the palette.
    var colour: Int
    /// Position among the marks and dashes, which tell lines apart without colour; the colour's where
    /// colours are enough.
    var style: Int?
    var points: [Point]

    /// Whether `low` and `high` are drawn as error bars.
    var hasIntervals: Bool {
      switch role {
      case .means, .bars: true
      default: false
      }
    }
  }

  /// A place with its spread; `low` and `high` are `y` where there is none.
  struct Point: Equatable {
    var x: Double
    var y: Double
    var low: Double
    var high: Double
    /// How many values `y` is the mean of.
    var n: Int

    init(x: Double, y: Double, low: Double? = nil, high: Double? = nil, n: Int = 1) {
      self.x = x
      self.y = y
      self.low = low ?? y
      self.high = high ?? y
      self.n = n
    }
  }

  struct Axis: Equatable {
    var label: String
    var low: Double
    var high: Double
    var isLogarithmic = false
    /// Labelled places, from the top, of an axis of names; empty for numbers.
    var names: [String] = []
    /// Labelled numbers, where gnuplot's own choice is not good.
    var ticks: [Double] = []
  }

  /// One pair of axes.
  struct Panel: Equatable {
    /// Empty where the figure has one panel only.
    var title: String
    /// In the order of the legend.
    var series: [Series]
    /// A second, low pair of axes below, on the same steps: the learning rate.
    var track: [Series] = []

    var hasPapers: Bool { series.contains { $0.role == .papers } }

    /// Entries of the legend.
    var labels: [String] { series.filter(\.isInLegend).map(\.name) }
  }

  /// The file name without ending.
  var name: String
  var title: String
  var subtitle: String
  /// What the kinds of lines mean.
  var legend: String
  var panels: [Panel]
  var x: Axis
  var y: Axis
  /// The error of guessing, where it lies within the axes.
  var chanceError: Double?

  /// How many characters of a legend's entry, or of a name beside a bar, are drawn.
  static let longestLabel = 60

  /// What legends call their entries, by the series' names.
  var legendLabels: [String: String] {
    DistinctLabels.labels(panels.flatMap(\.labels), limit: Self.longestLabel)
  }

  /// What stands beside bars, by the axis' names.
  var axisLabels: [String: String] {
    DistinctLabels.labels(x.names, limit: Self.longestLabel)
  }

  var hasData: Bool { panels.contains { $0.series.contains { !$0.points.isEmpty } } }

  /// Each panel as a figure of its own, without the texts above it: for pages, which set them.
  var separatePanels: [Figure] {
    panels.map { panel in
      var figure = self
      figure.panels = [panel]
      figure.title = ""
      figure.subtitle = ""
      figure.legend = ""
      return figure
    }
  }

  /// The same, with a word on arrows where an interval goes on beyond the axis.
  var explainingArrows: Figure {
    let points = panels.flatMap(\.series).filter(\.hasIntervals).flatMap(\.points)
    guard points.contains(where: { $0.high > y.high || $0.low < y.low }) else { return self }
    var figure = self
    figure.legend =
      (legend.isEmpty ? "" : legend + "; ") + "arrow: the interval goes on beyond the axis"
    return figure
  }

  /// What stands above the panels besides the title.
  var caption: String {
    [subtitle, legend].filter { !$0.isEmpty }.joined(separator: "; ")
  }
}

/// A kind of figure that can be drawn: every one in `FigureKinds` conforms, in a file of its own.
protocol FigureDrawing: FigureKind {
  func figure(_ spec: FigureSpec, of report: ExperimentReport) -> Figure
}

extension ExperimentReport {
  /// The figures that the spec asks for, or the curves of Figure 6.
  var figureSpecs: [FigureSpec] {
    let specs = spec?.figures ?? []
    return specs.isEmpty ? [.figure6(self)] : specs
  }

  var curveSpecs: [FigureSpec] { figureSpecs.filter { $0.kind is CurvesFigure } }
}

extension Figure {
  /// The figures of an experiment, in the order of its spec.
  static func all(_ report: ExperimentReport) -> [Figure] {
    report.figureSpecs.compactMap { spec in
      (spec.kind as? any FigureDrawing)?.figure(spec, of: report)
    }
  }

  /// The variants of each panel, in the order of the spec.
  static func panels(
    _ factor: String?, of report: ExperimentReport
  ) -> [(title: String, variants: [StoredVariant])] {
    guard let factor else { return [("", report.variants)] }
    let levels = sorted(report.variants.map { $0.levels[factor] ?? "" })
    guard levels.count > 1 else { return [("", report.variants)] }
    return levels.map { level in
      let title = Double(level) == nil && !level.isEmpty ? level : "\(factor) \(level)"
      return (title, report.variants.filter { $0.levels[factor] ?? "" == level })
    }
  }

  /// A colour for each variant: by the level of `lines`, or by all that varies inside a panel, so
  /// that the plain and the residual net of one depth look alike.
  static func colours(
    _ panels: [[StoredVariant]], lines: String?
  ) -> [String: Int] {
    let all = panels.joined()
    let varying = Set(all.flatMap(\.levels.keys)).filter { factor in
      panels.contains { group in Set(group.map { $0.levels[factor] }).count > 1 }
    }
    let factors =
      lines.map { [$0] }
      ?? varying.sorted { ($0 == "depth" ? 0 : 1, $0) < ($1 == "depth" ? 0 : 1, $1) }
    func key(_ variant: StoredVariant) -> [String] { factors.map { variant.levels[$0] ?? "" } }
    let levels = factors.map { factor in sorted(all.map { $0.levels[factor] ?? "" }) }
    func rank(_ key: [String]) -> [Int] {
      zip(levels, key).map { levels, level in levels.firstIndex(of: level) ?? 0 }
    }
    let keys = all.map(key).uniqued.sorted { rank($0).lexicographicallyPrecedes(rank($1)) }
    let pairs = all.map { ($0.name, keys.firstIndex(of: key($0)) ?? 0) }
    return Dictionary(pairs, uniquingKeysWith: { first, _ in first })
  }

  /// A colour and a style for each variant, so that no two of a panel look alike, in grey neither:
  /// the colours above, and where several variants of a panel share one, a colour for each if the
  /// palette has enough.
  static func looks(
    _ panels: [[StoredVariant]], lines: String?
  ) -> [String: (colour: Int, style: Int)] {
    let colours = colours(panels, lines: lines)
    var places: [String: [Int]] = [:]
    for panel in panels {
      var taken: [Int: Int] = [:]
      for variant in panel {
        let colour = colours[variant.name] ?? 0
        places[variant.name] = [colour, taken[colour] ?? 0]
        taken[colour, default: 0] += 1
      }
    }
    let distinct = Set(places.values).sorted { $0.lexicographicallyPrecedes($1) }
    let areEnough = distinct.count <= FigureElements.palette.count
    return places.mapValues { place in
      let style = distinct.firstIndex(of: place) ?? 0
      return (areEnough ? style : place[0], style)
    }
  }

  /// Each level once: numbers by size, texts as the spec has them, plain before residual.
  static func sorted(_ levels: [String]) -> [String] {
    let distinct = levels.uniqued
    let numbers = distinct.compactMap(Double.init)
    if numbers.count == distinct.count {
      return distinct.sorted { (Double($0) ?? 0) < (Double($1) ?? 0) }
    }
    return distinct.filter { $0 == "plain" } + distinct.filter { $0 != "plain" }
  }

  /// A bound for an axis that begins at zero: a round number a little above the highest value.
  static func roundedUp(_ highest: Double) -> Double {
    guard highest > 0, highest.isFinite else { return 1 }
    let unit = pow(10, (log10(highest)).rounded(.down)) / 2
    return (highest * 1.04 / unit).rounded(.up) * unit
  }

  /// 1, 2 and 5 times the powers of ten in a range; powers alone where they are enough.
  static func roundNumbers(_ range: ClosedRange<Double>) -> [Double] {
    let exponents = Int(log10(range.lowerBound).rounded(.down))...Int(log10(range.upperBound))
    let digits: [Double] = exponents.count > 4 ? [1] : [1, 2, 5]
    return exponents.flatMap { exponent in digits.map { $0 * pow(10, Double(exponent)) } }
      .filter(range.contains)
  }

  /// Zero, or below the lowest value where one is negative, as of gaps.
  static func bottom(_ points: [Point], _ metrics: [Metric]) -> Double {
    guard metrics.contains(.errorGap) || points.contains(where: { $0.y < 0 }) else { return 0 }
    let lowest = points.map { min($0.low, $0.y) }.min() ?? 0
    return lowest < 0 ? -roundedUp(-lowest) : 0
  }

  /// What the vertical axis shows.
  static func label(_ metrics: [Metric]) -> String {
    guard metrics.count > 1 else { return metrics[0].label }
    if metrics.allSatisfy(\.isPercent) { return "error (%)" }
    return metrics.allSatisfy { $0.kind == .loss } ? "loss" : metrics[0].label
  }

  /// What dashed and open marks mean.
  static func legend(_ metrics: [Metric], hasPapers: Bool) -> String {
    let own =
      metrics.count == 2 ? "dashed: \(metrics[0].title), full: \(metrics[1].title)" : ""
    let papers = hasPapers ? "open: published, under the papers' protocol" : ""
    return [own, papers].filter { !$0.isEmpty }.joined(separator: "; ")
  }

  /// The mean of values with its interval; nil where there are none.
  static func mean(_ values: [Double], of metric: Metric, x: Double) -> Point? {
    guard let mean = Statistics.mean(values) else { return nil }
    let interval = Statistics.interval(values, scale: metric.scale)
    return Point(x: x, y: mean, low: interval?.low, high: interval?.high, n: values.count)
  }

  /// The error of guessing where it is on the axes and every metric is an error.
  static func chanceError(
    _ report: ExperimentReport, _ metrics: [Metric], below top: Double
  ) -> Double? {
    guard metrics.allSatisfy({ $0.kind == .error }), let error = report.chanceError else {
      return nil
    }
    return error < top ? error : nil
  }

  /// `protocol quick; mean ± standard deviation over 2 seeds; 6 of 8 runs done`
  static func subtitle(_ report: ExperimentReport, spread: String, counts: [Int]) -> String {
    var parts = ["protocol \(report.experiment.protocolName)"]
    if let most = counts.max(), let least = counts.min() {
      if most == 1 {
        parts.append("one seed")
      } else {
        let seeds = least == most ? "\(most)" : "\(least) to \(most)"
        parts.append("mean \(spread) over \(seeds) seeds")
      }
    }
    if report.finishedCount < report.runs.count {
      parts.append("\(report.finishedCount) of \(report.runs.count) runs done")
    }
    return parts.joined(separator: "; ")
  }
}
