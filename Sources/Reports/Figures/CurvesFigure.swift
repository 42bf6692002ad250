// Metrics against steps, as in Figures 4 and 6 of He et al. 2015.
import Foundation
import Results
import Specs
import Statistics
import Verdicts

extension FigureSpec {
  /// What is drawn where a spec lists no figure: plain left, residual right.
  static func figure6(_ report: ExperimentReport) -> FigureSpec {
    FigureSpec(
      name: "figure6", kind: CurvesFigure(), title: report.experiment.title, panels: "network",
      lines: nil,
      metrics: StudyResults.metrics)
  }
}

extension CurvesFigure: FigureDrawing {
  /// The mean of each variant in a bold line, its seeds behind it.
  func figure(_ spec: FigureSpec, of report: ExperimentReport) -> Figure {
    let groups = Figure.panels(spec.panels, of: report)
    let looks = Figure.looks(groups.map(\.variants), lines: spec.lines)
    let dashed = style == .figure6
    let panels = groups.map { title, variants in
      var series: [Figure.Series] = []
      for variant in variants {
        let look = looks[variant.name] ?? (0, 0)
        series += spec.metrics.enumerated().flatMap { index, metric in
          let isBold = index == spec.metrics.count - 1
          return Figure.curve(
            report, variant.name, metric, isBold ? .bold : .first(dashed: dashed),
            colour: look.colour, style: look.style)
        }
      }
      let track =
        showsLearningRate ? Self.track(report, variants, looks.mapValues(\.colour)) : []
      return Figure.Panel(title: title, series: Self.named(series), track: track)
    }
    let series = panels.flatMap(\.series)
    let means = series.filter { $0.role != .band && !$0.role.isSeed }
    let recorded = means.flatMap { $0.points.map(\.x) }.max() ?? 0
    let last = max(1, recorded, Double(report.runs.compactMap(\.totalSteps).max() ?? 0))
    let isPercent = spec.metrics.allSatisfy(\.isPercent)
    let top = isPercent ? Self.topError(series, last: last) : Self.topValue(series)
    return Figure(
      name: spec.name, title: spec.title,
      subtitle: Figure.subtitle(
        report, spread: "± standard deviation",
        counts: groups.flatMap(\.variants).flatMap { variant in
          spec.metrics.map { Figure.recorded(report, variant.name, $0).count }.filter { $0 > 0 }
        }),
      legend: legend(spec), panels: panels,
      x: Figure.Axis(label: "training step", low: 0, high: last),
      y: Figure.Axis(
        label: Figure.label(spec.metrics),
        low: Figure.bottom(series.flatMap(\.points), spec.metrics),
        high: top),
      chanceError: Figure.chanceError(report, spec.metrics, below: top))
  }

  private func legend(_ spec: FigureSpec) -> String {
    guard spec.metrics.count == 2 else { return spec.metrics[0].title }
    let kind = style == .figure6 ? "thin dashed" : "thin"
    return "\(kind): \(spec.metrics[0].title), bold: \(spec.metrics[1].title)"
  }

  /// Names every variant once in the legend, at its bold line where it has one.
  private static func named(_ series: [Figure.Series]) -> [Figure.Series] {
    let bold = Set(series.filter { $0.role == .bold }.map(\.name))
    return series.map { one in
      guard one.role != .bold, bold.contains(one.name) else { return one }
      var one = one
      one.isInLegend = false
      return one
    }
  }

  /// The learning rate of one run of each variant; equal ones are drawn once.
  private static func track(
    _ report: ExperimentReport, _ variants: [StoredVariant], _ colours: [String: Int]
  ) -> [Figure.Series] {
    var drawn: [[Figure.Point]] = []
    return variants.compactMap { variant in
      guard
        let curve = report.curves.first(where: {
          $0.key.variant == variant.name && $0.metric == Metric.learningRate.name
        })
      else { return nil }
      // A record has the rate of the steps that end with it.
      let first = curve.points.first.map { [Figure.Point(x: 0, y: $0.value)] } ?? []
      let points = first + curve.points.map { Figure.Point(x: Double($0.step), y: $0.value) }
      guard !drawn.contains(points) else { return nil }
      drawn.append(points)
      return Figure.Series(
        name: variant.name, role: .steps, colour: colours[variant.name] ?? 0,
        points: points)
    }
  }

  /// A round number above everything after the first fifth of the steps: the first drop from
  /// guessing would flatten the rest.
  private static func topError(_ series: [Figure.Series], last: Double) -> Double {
    let late = series.flatMap { $0.points.filter { $0.x * 5 >= last } }
    let points = late.isEmpty ? series.flatMap(\.points) : late
    let highest = points.map(\.high).max() ?? 100
    return min(100, max(5, (highest / 5 + 0.2).rounded(.up) * 5))
  }

  private static func topValue(_ series: [Figure.Series]) -> Double {
    Figure.roundedUp(series.flatMap { $0.points.map(\.high) }.max() ?? 1)
  }
}

extension Figure {
  /// One metric of a variant's seeds; diverged seeds count only where there are no others.
  fileprivate static func recorded(
    _ report: ExperimentReport, _ variant: String, _ metric: Metric
  ) -> [Curve] {
    let diverged = Set(report.runs.filter { $0.status == .diverged }.map(\.key))
    let all = report.curves.filter { $0.key.variant == variant && $0.metric == metric.name }
    let sound = all.filter { !diverged.contains($0.key) }
    return sound.isEmpty ? all : sound
  }

  /// Band, seeds and mean of one metric.
  static func curve(
    _ report: ExperimentReport, _ variant: String, _ metric: Metric, _ role: Role, colour: Int,
    style: Int
  ) -> [Series] {
    let curves = recorded(report, variant, metric)
    var values: [Int: [Double]] = [:]
    for curve in curves {
      for point in curve.points { values[point.step, default: []].append(point.value) }
    }
    guard !values.isEmpty else { return [] }
    let points = values.sorted { $0.key < $1.key }.map { step, values in
      let mean = Statistics.mean(values) ?? 0
      let deviation = Statistics.standardDeviation(values, scale: metric.scale) ?? 0
      return Point(
        x: Double(step), y: mean, low: mean - deviation, high: mean + deviation, n: values.count)
    }
    var series: [Series] = []
    if curves.count > 1 {
      series.append(Series(name: variant, role: .band, colour: colour, points: points))
      series += curves.map { curve in
        let points = curve.points.map { Point(x: Double($0.step), y: $0.value) }
        let dashed = if case .first(dashed: true) = role { true } else { false }
        return Series(name: variant, role: .seed(dashed: dashed), colour: colour, points: points)
      }
    }
    return series + [
      Series(
        name: variant, isInLegend: true, role: role, colour: colour, style: style, points: points)
    ]
  }
}

extension Figure.Role {
  fileprivate var isSeed: Bool { if case .seed = self { true } else { false } }
}
