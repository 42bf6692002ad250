// Figure 6 of He et al. 2015 as a value: panels, series and axes, before any drawing.
import Results

/// Error curves: thin dashed training error and bold test error, one colour per depth.
struct Figure: Equatable {
  /// One variant's mean curve of one metric.
  struct Series: Equatable {
    var variant: String
    var metric: String
    /// Position in the palette.
    var colour: Int
    var points: [Point]

    var isTest: Bool { metric == "testError" }
    /// Whether any point has a spread to show.
    var hasBand: Bool { points.contains { $0.n > 1 } }
  }

  /// The mean over the seeds that recorded this step.
  struct Point: Equatable {
    var step: Int
    var mean: Double
    /// Sample standard deviation; 0 for one seed.
    var deviation: Double
    var n: Int
  }

  /// One pair of axes.
  struct Panel: Equatable {
    /// Empty where the figure has one panel only.
    var title: String
    /// Two series a variant at most, in the order of the legend.
    var series: [Series]
  }

  var title: String
  var subtitle: String
  var panels: [Panel]
  /// End of the horizontal axes.
  var lastStep: Int
  /// End of the vertical axes, in percent.
  var topError: Double
  /// The error of guessing, where it lies within the axes.
  var chanceError: Double?

  var hasData: Bool { panels.contains { !$0.series.isEmpty } }
}

extension Figure {
  /// Two panels, plain and residual, if the experiment has both; one panel otherwise.
  init(_ report: ExperimentReport) {
    let colours = Self.colours(report.variants)
    let networks = Self.networks(report.variants)
    let series = report.variants.flatMap { variant in
      ExperimentReport.metrics.compactMap { metric in
        Self.series(
          report, variant: variant.name, metric: metric, colour: colours[variant.name] ?? 0)
      }
    }
    title = report.experiment.title
    subtitle = Self.subtitle(report, series: series)
    if networks.count == 2 {
      panels = networks.map { network in
        let names = report.variants.filter { $0.levels["network"] == network }.map(\.name)
        return Panel(title: network, series: series.filter { names.contains($0.variant) })
      }
    } else {
      panels = [Panel(title: "", series: series)]
    }
    let recorded = series.flatMap { $0.points.map(\.step) }.max() ?? 0
    lastStep = max(1, recorded, report.runs.compactMap(\.totalSteps).max() ?? 0)
    topError = Self.topError(series, lastStep: lastStep)
    let top = topError
    chanceError = report.chanceError.flatMap { $0 < top ? $0 : nil }
  }

  /// The levels of `network`, plain first.
  private static func networks(_ variants: [StoredVariant]) -> [String] {
    Set(variants.compactMap { $0.levels["network"] }).sorted {
      ($0 == "plain" ? 0 : 1, $0) < ($1 == "plain" ? 0 : 1, $1)
    }
  }

  /// A colour for each variant, the same for the plain and the residual net of one depth: what
  /// varies among the variants of either network tells colours apart, depths first;
  /// numbers by size, texts in the order of the spec.
  static func colours(_ variants: [StoredVariant]) -> [String: Int] {
    let networks = networks(variants)
    let groups =
      networks.count == 2
      ? networks.map { network in variants.filter { $0.levels["network"] == network } }
      : [variants]
    let varying = Set(variants.flatMap(\.levels.keys)).filter { factor in
      groups.contains { group in Set(group.map { $0.levels[factor] }).count > 1 }
    }
    let factors = varying.sorted { ($0 == "depth" ? 0 : 1, $0) < ($1 == "depth" ? 0 : 1, $1) }
    func key(_ variant: StoredVariant) -> [String] { factors.map { variant.levels[$0] ?? "" } }
    let ranks = factors.map { factor in Self.ranks(of: variants.map { $0.levels[factor] ?? "" }) }
    func rank(_ key: [String]) -> [Int] { key.indices.map { ranks[$0][key[$0]] ?? 0 } }
    let keys = Set(variants.map(key)).sorted { rank($0).lexicographicallyPrecedes(rank($1)) }
    guard groups.allSatisfy({ group in Set(group.map(key)).count == group.count }) else {
      return Dictionary(
        variants.enumerated().map { ($1.name, $0) }, uniquingKeysWith: { first, _ in first })
    }
    return Dictionary(
      variants.map { ($0.name, keys.firstIndex(of: key($0)) ?? 0) },
      uniquingKeysWith: { first, _ in first })
  }

  /// The place of each level: numbers by size, texts as the spec has them.
  private static func ranks(of levels: [String]) -> [String: Int] {
    var distinct: [String] = []
    for level in levels where !distinct.contains(level) { distinct.append(level) }
    let numbers = distinct.map(Double.init)
    if !numbers.contains(nil) {
      distinct.sort { (Double($0) ?? 0) < (Double($1) ?? 0) }
    }
    return Dictionary(
      distinct.enumerated().map { ($1, $0) }, uniquingKeysWith: { first, _ in first })
  }

  /// The mean over the variant's seeds; diverged ones count only where there are no others.
  private static func series(
    _ report: ExperimentReport, variant: String, metric: String, colour: Int
  ) -> Series? {
    let diverged = Set(report.runs.filter { $0.status == .diverged }.map(\.key))
    let all = report.curves.filter { $0.key.variant == variant && $0.metric == metric }
    let sound = all.filter { !diverged.contains($0.key) }
    var values: [Int: [Double]] = [:]
    for curve in sound.isEmpty ? all : sound {
      for point in curve.points { values[point.step, default: []].append(point.value) }
    }
    guard !values.isEmpty else { return nil }
    let points = values.sorted { $0.key < $1.key }.map { step, values in
      Point(
        step: step, mean: Statistics.mean(values) ?? 0,
        deviation: Statistics.standardDeviation(values) ?? 0, n: values.count)
    }
    return Series(variant: variant, metric: metric, colour: colour, points: points)
  }

  private static func subtitle(_ report: ExperimentReport, series: [Series]) -> String {
    let counts = series.compactMap { $0.points.map(\.n).max() }
    var parts = ["protocol \(report.experiment.protocolName)"]
    if let most = counts.max(), let least = counts.min() {
      if most == 1 {
        parts.append("one seed")
      } else {
        let seeds = least == most ? "\(most)" : "\(least) to \(most)"
        parts.append("mean ± standard deviation over \(seeds) seeds")
      }
    }
    if report.finishedCount < report.runs.count {
      parts.append("\(report.finishedCount) of \(report.runs.count) runs done")
    }
    return parts.joined(separator: "; ")
  }

  /// A round number above everything after the first fifth of the steps: the first drop from
  /// guessing would flatten the rest.
  private static func topError(_ series: [Series], lastStep: Int) -> Double {
    let late = series.flatMap { $0.points.filter { $0.step * 5 >= lastStep } }
    let points = late.isEmpty ? series.flatMap(\.points) : late
    let highest = points.map { $0.mean + $0.deviation }.max() ?? 100
    return min(100, max(5, (highest / 5 + 0.2).rounded(.up) * 5))
  }
}
