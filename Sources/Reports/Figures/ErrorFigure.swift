// Final errors against depth, parameters or multiply-adds, with the papers' points.
import Foundation
import Papers
import Results
import Specs
import Statistics
import Text
import Verdicts

extension ErrorFigure: FigureDrawing {
  /// One line for each level of `lines`, intervals and single values at every point, and the papers'
  /// numbers as open marks.
  func figure(_ spec: FigureSpec, of report: ExperimentReport) -> Figure {
    let groups = Figure.panels(spec.panels, of: report)
    let factor = spec.lines ?? Self.lineFactor(groups.map(\.variants), x: x)
    let levels = Figure.sorted(report.variants.map { $0.levels[factor] ?? "" })
    var counts: [Int] = []
    let panels = groups.map { title, variants in
      let series = levels.enumerated().flatMap { colour, level -> [Figure.Series] in
        let own = variants.filter { $0.levels[factor] ?? "" == level }
        guard !own.isEmpty else { return [] }
        let label = Double(level) == nil && !level.isEmpty ? level : "\(factor) \(level)"
        return spec.metrics.enumerated().flatMap { index, metric in
          let isMain = index == spec.metrics.count - 1
          var lines: [Figure.Series] = []
          for group in Self.connected(own, besides: factor) {
            let isFirst = lines.isEmpty
            let more = Self.means(
              report, group, metric, x: x, label, colour: colour, dashed: !isMain,
              isInLegend: isMain && isFirst)
            counts += more.first?.points.map(\.n) ?? []
            lines += more
          }
          return lines
            + (isMain ? Self.papers(report, own, metric, x: x, label, colour: colour) : [])
        }
      }
      return Figure.Panel(title: title, series: series)
    }
    let points = panels.flatMap { $0.series.flatMap(\.points) }
    let isPercent = spec.metrics.allSatisfy(\.isPercent)
    let top = Figure.roundedUp(points.map(\.high).max() ?? 1)
    return Figure(
      name: spec.name, title: spec.title,
      subtitle: Figure.subtitle(report, spread: "with 95 % interval", counts: counts),
      legend: Figure.legend(spec.metrics, hasPapers: panels.contains(where: \.hasPapers)),
      panels: panels, x: Self.axis(x, points.map(\.x)),
      y: Figure.Axis(
        label: Figure.label(spec.metrics), low: Figure.bottom(points, spec.metrics),
        high: isPercent ? min(100, top) : top),
      chanceError: Figure.chanceError(report, spec.metrics, below: top)
    ).explainingArrows
  }

  /// What tells lines apart: plain and residual, or else the factor that varies besides the depth.
  private static func lineFactor(_ groups: [[StoredVariant]], x: Abscissa) -> String {
    let all = groups.joined()
    let candidates = ["network", "activationOrder", "shortcut", "block", "width"]
    return candidates.first { factor in
      groups.contains { group in Set(group.map { $0.levels[factor] }).count > 1 }
    } ?? (Set(all.map { $0.levels["depth"] }).count > 1 ? "network" : "depth")
  }

  /// The variants of one colour that a line joins: those that differ in one respect, their depth if
  /// it varies. Where no two do, because factors vary together, all of them.
  private static func connected(
    _ variants: [StoredVariant], besides factor: String
  ) -> [[StoredVariant]] {
    let factors = Set(variants.flatMap(\.levels.keys)).subtracting([factor]).sorted()
    let varying = factors.filter { name in Set(variants.map { $0.levels[name] }).count > 1 }
    guard varying.count > 1 else { return [variants] }
    let along = varying.contains("depth") ? "depth" : varying[0]
    let groups = Dictionary(grouping: variants) { variant in
      varying.map { $0 == along ? "" : variant.levels[$0] ?? "" }
    }
    guard groups.values.contains(where: { $0.count > 1 }) else { return [variants] }
    return groups.values.sorted { $0[0].name < $1[0].name }
  }

  private static func place(_ variant: StoredVariant, _ x: Abscissa) -> Double {
    switch x {
    case .depth: variant.levels["depth"].flatMap(Double.init) ?? 0
    case .parameters: Double(variant.parameters) / 1e6
    case .macs: Double(variant.macs) / 1e6
    }
  }

  private static func means(
    _ report: ExperimentReport, _ variants: [StoredVariant], _ metric: Metric,
    x: Abscissa, _ label: String, colour: Int, dashed: Bool, isInLegend: Bool
  ) -> [Figure.Series] {
    let ordered = variants.sorted { place($0, x) < place($1, x) }
    var singles: [Figure.Point] = []
    let points = ordered.compactMap { variant -> Figure.Point? in
      let values = report.values(metric, of: variant.name)
      if values.count > 1 { singles += values.map { Figure.Point(x: place(variant, x), y: $0) } }
      return Figure.mean(values, of: metric, x: place(variant, x))
    }
    guard !points.isEmpty else { return [] }
    let line = Figure.Series(
      name: label, isInLegend: isInLegend, role: .means(dashed: dashed), colour: colour,
      points: points)
    return [line]
      + (singles.isEmpty
        ? [] : [Figure.Series(name: label, role: .values, colour: colour, points: singles)])
  }

  private static func papers(
    _ report: ExperimentReport, _ variants: [StoredVariant], _ metric: Metric,
    x: Abscissa, _ label: String, colour: Int
  ) -> [Figure.Series] {
    let found = variants.sorted { place($0, x) < place($1, x) }.compactMap { variant in
      report.published(metric, of: variant.name).map { (place(variant, x), $0) }
    }
    guard let first = found.first?.1 else { return [] }
    let kind = first.isReproduction ? "reproduction" : "paper"
    return [
      Figure.Series(
        name: "\(label), \(kind), \(first.data)", isInLegend: true, role: .papers, colour: colour,
        points: found.map { Figure.Point(x: $0.0, y: $0.1.value) })
    ]
  }

  private static func axis(_ x: Abscissa, _ places: [Double]) -> Figure.Axis {
    let label =
      switch x {
      case .depth: "layers"
      case .parameters: "parameters (millions)"
      case .macs: "multiply-adds of one image (millions)"
      }
    let (low, high) = (places.min() ?? 1, places.max() ?? 1)
    let isLogarithmic = low > 0 && high / low > 12
    let margin = isLogarithmic ? 0 : max(0.08 * (high - low), high * 0.02)
    var ticks = x == .depth ? places.uniqued.sorted() : []
    if isLogarithmic, ticks.isEmpty { ticks = Figure.roundNumbers(low / 1.25...high * 1.25) }
    return Figure.Axis(
      label: label, low: isLogarithmic ? low / 1.25 : max(0, low - margin),
      high: isLogarithmic ? high * 1.25 : high + margin, isLogarithmic: isLogarithmic,
      ticks: ticks.count <= 12 ? ticks : [])
  }
}
