// A number of every layer, as in Figure 7 of He et al. 2015: in the layers' order, and by size.
import Foundation
import Results
import Specs

extension LayersFigure: FigureDrawing {
  /// Two panels for each level of `panels`: from input to output, and from the largest down.
  func figure(_ spec: FigureSpec, of report: ExperimentReport) -> Figure {
    let metric = spec.metrics[0]
    let groups = Figure.panels(spec.panels, of: report)
    let looks = Figure.looks(groups.map(\.variants), lines: spec.lines)
    let panels = groups.flatMap { title, variants -> [Figure.Panel] in
      let series = variants.flatMap { variant -> [Figure.Series] in
        let look = looks[variant.name] ?? (0, 0)
        return Figure.curve(
          report, variant.name, metric, .bold, colour: look.colour, style: look.style)
      }
      let prefix = title.isEmpty ? "" : "\(title), "
      return [
        Figure.Panel(title: prefix + "in the order of the layers", series: series),
        Figure.Panel(title: prefix + "sorted by size", series: series.compactMap(Self.sorted)),
      ]
    }
    let points = panels.flatMap { $0.series.flatMap(\.points) }
    let values = points.flatMap { [$0.low, $0.y] }.filter { $0 > 0 }
    let (low, high) = (values.min() ?? 1, points.map(\.high).max() ?? 1)
    // Gradients and updates span decades; responses are drawn as in the paper. A layer at 0 has no
    // place on a logarithmic axis.
    let isLogarithmic =
      metric != .responseDeviation && high / low > 30 && points.allSatisfy { $0.y > 0 }
    return Figure(
      name: spec.name, title: spec.title,
      subtitle: Figure.subtitle(
        report, spread: "± standard deviation",
        counts: points.map(\.n).max().map { [$0] } ?? []),
      legend: "of each layer with weights, when last looked at", panels: panels,
      x: Figure.Axis(label: "layer", low: 1, high: max(2, points.map(\.x).max() ?? 2)),
      y: Figure.Axis(
        label: metric.label, low: isLogarithmic ? low / 1.2 : 0,
        high: isLogarithmic ? high * 1.2 : Figure.roundedUp(high), isLogarithmic: isLogarithmic))
  }

  /// The mean and its band from the largest value down; single seeds are left out.
  private static func sorted(_ series: Figure.Series) -> Figure.Series? {
    guard series.role == .band || series.role == .bold else { return nil }
    var series = series
    series.points = series.points.sorted { $0.y > $1.y }.enumerated().map { place, point in
      var point = point
      point.x = Double(place + 1)
      return point
    }
    return series
  }
}
