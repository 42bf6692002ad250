// Final errors against depth, parameters or multiply-adds, with the papers' points; and as bars.
import Foundation
import Papers
import Results
import Specs
import Statistics
import Text
import Verdicts

extension Figure {
  /// One line for each level of `lines`, intervals and single values at every point, and the papers'
  /// numbers as open marks.
  init(error spec: FigureSpec, of report: ExperimentReport) {
    let groups = Self.panels(spec.panels, of: report)
    let factor = spec.lines ?? Self.lineFactor(groups.map(\.variants), x: spec.x)
    let levels = Self.sorted(report.variants.map { $0.levels[factor] ?? "" })
    var counts: [Int] = []
    let panels = groups.map { title, variants in
      let series = levels.enumerated().flatMap { colour, level -> [Series] in
        let own = variants.filter { $0.levels[factor] ?? "" == level }
        guard !own.isEmpty else { return [] }
        let label = Double(level) == nil && !level.isEmpty ? level : "\(factor) \(level)"
        return spec.metrics.enumerated().flatMap { index, metric in
          let isMain = index == spec.metrics.count - 1
          var lines: [Series] = []
          for group in Self.connected(own, besides: factor) {
            let isFirst = lines.isEmpty
            let more = Self.means(
              report, group, metric, x: spec.x, label, colour: colour, dashed: !isMain,
              isInLegend: isMain && isFirst)
            counts += more.first?.points.map(\.n) ?? []
            lines += more
          }
          return lines
            + (isMain ? Self.papers(report, own, metric, x: spec.x, label, colour: colour) : [])
        }
      }
      return Panel(title: title, series: series)
    }
    let points = panels.flatMap { $0.series.flatMap(\.points) }
    let isPercent = spec.metrics.allSatisfy(\.isPercent)
    let top = Self.roundedUp(points.map(\.high).max() ?? 1)
    self.init(
      name: spec.name, title: spec.title,
      subtitle: Self.subtitle(report, spread: "with 95 % interval", counts: counts),
      legend: Self.legend(spec.metrics, hasPapers: panels.contains(where: \.hasPapers)),
      panels: panels, x: Self.axis(spec.x, points.map(\.x)),
      y: Axis(
        label: Self.label(spec.metrics), low: Self.bottom(points, spec.metrics),
        high: isPercent ? min(100, top) : top),
      chanceError: Self.chanceError(report, spec.metrics, below: top))
  }

  /// A bar for each variant, in the order of the spec, with interval and single values.
  init(bars spec: FigureSpec, of report: ExperimentReport) {
    let metric = spec.metrics.last ?? .testError
    let groups = Self.panels(spec.panels, of: report)
    let colours = spec.lines == nil ? [:] : Self.colours(groups.map(\.variants), lines: spec.lines)
    var counts: [Int] = []
    // All panels share their names' places, so a panel has the bars of its own variants.
    let names = report.variants.map(\.name)
    let panels = groups.map { title, variants in
      var series: [Series] = []
      for variant in variants {
        guard let row = names.firstIndex(of: variant.name) else { continue }
        let values = report.values(metric, of: variant.name)
        let colour = colours[variant.name] ?? 0
        if var point = Self.mean(values, x: 0) {
          counts.append(values.count)
          point.x = Double(row)
          series.append(
            Series(name: variant.name, role: .bars, colour: colour, points: [point]))
        }
        if values.count > 1 {
          let points = values.map { Point(x: Double(row), y: $0) }
          series.append(
            Series(name: variant.name, role: .values, colour: colour, points: points))
        }
        if let paper = report.published(metric, of: variant.name) {
          let point = Point(x: Double(row), y: paper.value)
          series.append(
            Series(name: variant.name, role: .papers, colour: colour, points: [point]))
        }
      }
      return Panel(title: title, series: series)
    }
    let points = panels.flatMap { $0.series.flatMap(\.points) }
    let top = Self.roundedUp(points.map(\.high).max() ?? 1)
    self.init(
      name: spec.name, title: spec.title,
      subtitle: Self.subtitle(report, spread: "with 95 % interval", counts: counts),
      legend: Self.legend([metric], hasPapers: panels.contains(where: \.hasPapers)), panels: panels,
      x: Axis(label: "", low: -0.6, high: Double(names.count) - 0.4, names: names),
      y: Axis(
        label: metric.label, low: Self.bottom(points, [metric]),
        high: metric.kind == .error ? min(100, top) : top))
  }

  private static func legend(_ metrics: [Metric], hasPapers: Bool) -> String {
    let own =
      metrics.count == 2 ? "dashed: \(metrics[0].title), full: \(metrics[1].title)" : ""
    let papers = hasPapers ? "open: published, under the papers' protocol" : ""
    return [own, papers].filter { !$0.isEmpty }.joined(separator: "; ")
  }

  /// What tells lines apart: plain and residual, or else the factor that varies besides the depth.
  private static func lineFactor(_ groups: [[StoredVariant]], x: FigureSpec.Abscissa) -> String {
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

  private static func place(_ variant: StoredVariant, _ x: FigureSpec.Abscissa) -> Double {
    switch x {
    case .depth: variant.levels["depth"].flatMap(Double.init) ?? 0
    case .parameters: Double(variant.parameters) / 1e6
    case .macs: Double(variant.macs) / 1e6
    }
  }

  private static func mean(_ values: [Double], x: Double) -> Point? {
    guard let mean = Statistics.mean(values) else { return nil }
    let interval = Statistics.interval(values)
    return Point(x: x, y: mean, low: interval?.low, high: interval?.high, n: values.count)
  }

  private static func means(
    _ report: ExperimentReport, _ variants: [StoredVariant], _ metric: Metric,
    x: FigureSpec.Abscissa, _ label: String, colour: Int, dashed: Bool, isInLegend: Bool
  ) -> [Series] {
    let ordered = variants.sorted { place($0, x) < place($1, x) }
    var singles: [Point] = []
    let points = ordered.compactMap { variant -> Point? in
      let values = report.values(metric, of: variant.name)
      if values.count > 1 { singles += values.map { Point(x: place(variant, x), y: $0) } }
      return mean(values, x: place(variant, x))
    }
    guard !points.isEmpty else { return [] }
    let line = Series(
      name: label, isInLegend: isInLegend, role: .means(dashed: dashed), colour: colour,
      points: points)
    return [line]
      + (singles.isEmpty
        ? [] : [Series(name: label, role: .values, colour: colour, points: singles)])
  }

  private static func papers(
    _ report: ExperimentReport, _ variants: [StoredVariant], _ metric: Metric,
    x: FigureSpec.Abscissa, _ label: String, colour: Int
  ) -> [Series] {
    let found = variants.sorted { place($0, x) < place($1, x) }.compactMap { variant in
      report.published(metric, of: variant.name).map { (place(variant, x), $0) }
    }
    guard let first = found.first?.1 else { return [] }
    let kind = first.isReproduction ? "reproduction" : "paper"
    return [
      Series(
        name: "\(label), \(kind), \(first.data)", isInLegend: true, role: .papers, colour: colour,
        points: found.map { Point(x: $0.0, y: $0.1.value) })
    ]
  }

  /// 1, 2 and 5 times the powers of ten in a range; powers alone where they are enough.
  static func roundNumbers(_ range: ClosedRange<Double>) -> [Double] {
    let exponents = Int(log10(range.lowerBound).rounded(.down))...Int(log10(range.upperBound))
    let digits: [Double] = exponents.count > 4 ? [1] : [1, 2, 5]
    return exponents.flatMap { exponent in digits.map { $0 * pow(10, Double(exponent)) } }
      .filter(range.contains)
  }

  private static func axis(_ x: FigureSpec.Abscissa, _ places: [Double]) -> Axis {
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
    if isLogarithmic, ticks.isEmpty { ticks = Self.roundNumbers(low / 1.25...high * 1.25) }
    return Axis(
      label: label, low: isLogarithmic ? low / 1.25 : max(0, low - margin),
      high: isLogarithmic ? high * 1.25 : high + margin, isLogarithmic: isLogarithmic,
      ticks: ticks.count <= 12 ? ticks : [])
  }
}

extension Figure.Panel {
  fileprivate var hasPapers: Bool { series.contains { $0.role == .papers } }
}

extension ExperimentReport {
  /// What a paper, or else a reproduction, printed for a variant's net: on the same data if it did.
  /// Nothing where a factor or an override gives this variant a training that the source did not.
  func published(_ metric: Metric, of variant: String) -> PublishedError? {
    guard let own = resolved[variant], let base = spec?.baseProtocol else { return nil }
    let all = PublishedError.of(own.architecture).filter {
      $0.metric == metric && own.isTrained(as: $0.source, besides: base)
    }
    let data = own.trainingProtocol.data.name
    return all.first { $0.data == data } ?? all.first
  }
}
