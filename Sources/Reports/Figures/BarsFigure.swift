// Final errors of all variants as bars.
import Specs
import Statistics

extension BarsFigure: FigureDrawing {
  /// A bar for each variant, in the order of the spec, with interval and single values.
  func figure(_ spec: FigureSpec, of report: ExperimentReport) -> Figure {
    let metric = spec.metrics.last ?? .testError
    let groups = Figure.panels(spec.panels, of: report)
    let colours =
      spec.lines == nil ? [:] : Figure.colours(groups.map(\.variants), lines: spec.lines)
    var counts: [Int] = []
    // All panels share their names' places, so a panel has the bars of its own variants.
    let names = report.variants.map(\.name)
    let panels = groups.map { title, variants in
      var series: [Figure.Series] = []
      for variant in variants {
        guard let row = names.firstIndex(of: variant.name) else { continue }
        let values = report.values(metric, of: variant.name)
        let colour = colours[variant.name] ?? 0
        if var point = Figure.mean(values, of: metric, x: 0) {
          counts.append(values.count)
          point.x = Double(row)
          series.append(
            Figure.Series(name: variant.name, role: .bars, colour: colour, points: [point]))
        }
        if values.count > 1 {
          let points = values.map { Figure.Point(x: Double(row), y: $0) }
          series.append(
            Figure.Series(name: variant.name, role: .values, colour: colour, points: points))
        }
        if let paper = report.published(metric, of: variant.name) {
          let point = Figure.Point(x: Double(row), y: paper.value)
          series.append(
            Figure.Series(name: variant.name, role: .papers, colour: colour, points: [point]))
        }
      }
      return Figure.Panel(title: title, series: series)
    }
    let points = panels.flatMap { $0.series.flatMap(\.points) }
    let top = Figure.roundedUp(points.map(\.high).max() ?? 1)
    return Figure(
      name: spec.name, title: spec.title,
      subtitle: Figure.subtitle(report, spread: "with 95 % interval", counts: counts),
      legend: Figure.legend([metric], hasPapers: panels.contains(where: \.hasPapers)),
      panels: panels,
      x: Figure.Axis(label: "", low: -0.6, high: Double(names.count) - 0.4, names: names),
      y: Figure.Axis(
        label: metric.label, low: Figure.bottom(points, [metric]),
        high: metric.kind == .error ? min(100, top) : top)
    ).explainingArrows
  }
}
