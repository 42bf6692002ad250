// A number of every layer, as in Figure 7 of He et al. 2015: in the layers' order, and by size.
import Foundation
import Results
import Specs

extension Figure {
  /// Two panels for each level of `panels`: from input to output, and from the largest down.
  init(layers spec: FigureSpec, of report: ExperimentReport) {
    let metric = spec.metrics[0]
    let groups = Self.panels(spec.panels, of: report)
    let looks = Self.looks(groups.map(\.variants), lines: spec.lines)
    let panels = groups.flatMap { title, variants -> [Panel] in
      let series = variants.flatMap { variant -> [Series] in
        let look = looks[variant.name] ?? (0, 0)
        return Self.curve(
          report, variant.name, metric, .bold, colour: look.colour, style: look.style)
      }
      let prefix = title.isEmpty ? "" : "\(title), "
      return [
        Panel(title: prefix + "in the order of the layers", series: series),
        Panel(title: prefix + "sorted by size", series: series.compactMap(Self.sorted)),
      ]
    }
    let points = panels.flatMap { $0.series.flatMap(\.points) }
    let values = points.flatMap { [$0.low, $0.y] }.filter { $0 > 0 }
    let (low, high) = (values.min() ?? 1, points.map(\.high).max() ?? 1)
    // Gradients and updates span decades; responses are drawn as in the paper.
    let isLogarithmic = metric != .responseDeviation && high / low > 30
    self.init(
      name: spec.name, title: spec.title,
      subtitle: Self.subtitle(
        report, spread: "± standard deviation",
        counts: points.map(\.n).max().map { [$0] } ?? []),
      legend: "of each layer with weights, when last looked at", panels: panels,
      x: Axis(label: "layer", low: 1, high: max(2, points.map(\.x).max() ?? 2)),
      y: Axis(
        label: metric.label, low: isLogarithmic ? low / 1.2 : 0,
        high: isLogarithmic ? high * 1.2 : Self.roundedUp(high), isLogarithmic: isLogarithmic))
  }

  /// The mean and its band from the largest value down; single seeds are left out.
  private static func sorted(_ series: Series) -> Series? {
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
