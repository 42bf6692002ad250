// Figures of last errors: against size, as bars, with the gap, and the learning rate's track.
import Foundation
import Results
import TestSupport
import Testing

@testable import Reports
@testable import Specs
@testable import Statistics

@Suite struct SizeFigureTests {
  private static let figures = #"""
    "figures": [
      {"name": "depth", "kind": "error", "lines": "network"},
      {"name": "parameters", "kind": "error", "x": "parameters", "panels": "network"},
      {"name": "macs", "kind": "error", "x": "macs", "metrics": ["trainError", "testError"]},
      {"name": "bars", "kind": "bars"},
      {"name": "gap", "kind": "bars", "metrics": ["errorGap"]},
      {"name": "gap-curves", "kind": "curves", "metrics": ["errorGap"]},
      {"name": "rate", "kind": "curves", "panels": "network", "learningRate": true}
    ]
    """#

  private let fake: FakeExperiment

  init() throws {
    fake = try FakeExperiment(seeds: [0, 1, 2], more: Self.figures)
    try fake.runAll(seeds: [0, 1, 2])
  }

  private func figure(_ name: String, of other: FakeExperiment? = nil) throws -> Figure {
    let report = try (other ?? fake).report()
    return try #require(Figure.all(report).first { $0.name == name })
  }

  @Test func meansHaveIntervalsValuesAndThePapersPoints() throws {
    let figure = try figure("depth")
    let series = figure.panels[0].series
    let residual = try #require(
      series.first { $0.role == .means(dashed: false) && $0.name == "residual" })
    // Seeds 0, 1 and 2 are one below, one above and one below the net's error.
    let errors = [[27.0, 29, 27], [30.5, 32.5, 30.5]]
    let expected = zip([20.0, 56], errors).map { depth, errors in
      let interval = Statistics.interval(errors)
      return Figure.Point(
        x: depth, y: errors.reduce(0, +) / 3, low: interval?.low, high: interval?.high, n: 3)
    }
    #expect(residual.points == expected)
    let papers = try #require(
      series.first { $0.role == .papers && $0.colour == residual.colour })
    #expect(papers.points.map(\.x) == [20, 56])
    #expect(papers.points.map(\.y) == [8.75, 6.97])
    #expect(papers.name == "residual, paper, cifar-10")
    let singles = series.filter { $0.role == .values }.map(\.points.count)
    #expect(singles == [6, 6])
    #expect(figure.x.ticks == [20, 56])
    #expect(figure.legend.contains("under the papers' protocol"))
  }

  @Test func parametersAndMultiplyAddsAreInMillions() throws {
    let parameters = try figure("parameters")
    let places = parameters.panels.flatMap { $0.series.flatMap(\.points).map(\.x) }
    #expect(Set(places) == [0.27, 0.756])
    #expect(parameters.x.label == "parameters (millions)")
    #expect(parameters.panels.map(\.title) == ["plain", "residual"])
    let macs = try figure("macs")
    #expect(Set(macs.panels[0].series.flatMap(\.points).map(\.x)) == [40, 112])
    let roles = macs.panels[0].series.map(\.role)
    #expect(roles.contains(.means(dashed: true)) && roles.contains(.means(dashed: false)))
    #expect(macs.y.label == "error (%)")
  }

  @Test func barsStandInTheOrderOfTheSpec() throws {
    let figure = try figure("bars")
    #expect(figure.x.names == ["plain-20", "plain-56", "resnet-20", "resnet-56"])
    let bars = figure.panels[0].series.filter { $0.role == .bars }
    #expect(bars.flatMap { $0.points.map(\.x) } == [0, 1, 2, 3])
    #expect(bars.allSatisfy { $0.points[0].low < $0.points[0].y })
    #expect(figure.y.label == "test error (%)")
    #expect(FigureScript(figure: figure).script.contains("boxxyerror"))
  }

  @Test func theGapIsTestMinusTrainingError() throws {
    let report = try fake.report()
    for net in fake.nets {
      let gaps = report.values(.errorGap, of: net.name)
      let own = zip(
        report.values(.testError, of: net.name), report.values(.trainError, of: net.name)
      )
      .map { $0 - $1 }
      #expect(gaps == own && gaps.count == 3)
    }
    let bars = try figure("gap").panels[0].series.filter { $0.role == .bars }
    let heights = bars.map { ($0.points[0].y * 100).rounded() / 100 }
    #expect(heights == [4, 0.5, 4, 5.5])
    let curves = try figure("gap-curves")
    let means = curves.panels[0].series.filter { $0.role == .bold }
    #expect(means.count == 4 && means.allSatisfy { $0.points.count == 30 })
    #expect(curves.chanceError == nil)
    #expect(curves.y.label == "test − training error (%)")
  }

  /// A gap below zero is on the axes, not cut off.
  @Test func aNegativeGapIsInThePicture() throws {
    let fake = try FakeExperiment(
      nets: [.init(network: "plain", depth: 20, trainError: 40, testError: 36.5)],
      more: #""figures": [{"name": "gap", "kind": "bars", "metrics": ["errorGap"]}]"#)
    try fake.runAll()
    let figure = try #require(Figure.all(try fake.report()).first)
    #expect(figure.y.low <= -3.5)
    #expect(figure.y.high > 0)
  }

  @Test func theLearningRateIsDrawnOnceBelow() throws {
    let claim = try fake.store.acquire(
      RunKey(experiment: "degradation", variant: "plain-20", seed: 2),
      configurationHash: "hash-plain-20", provenance: FakeExperiment.provenance, force: true)
    let run = try #require(claim)
    for (step, rate) in [(20, 0.1), (400, 0.1), (420, 0.01), (600, 0.01)] {
      try fake.store.record(
        run, step: step, metrics: [("learningRate", rate), ("testError", 44)])
    }
    let figure = try figure("rate")
    #expect(figure.panels.map { $0.track.count } == [1, 0])
    let track = figure.panels[0].track[0]
    #expect(track.role == .steps)
    #expect(track.points.map(\.x) == [0, 20, 400, 420, 600])
    #expect(track.points.map(\.y) == [0.1, 0.1, 0.1, 0.01, 0.01])
    let script = FigureScript(figure: figure).script
    #expect(script.contains("with fsteps") && script.contains("'learning rate'"))
    #expect(script.contains("set logscale y"))
  }

  /// A line joins nets of one order with each other, never an original with a pre-activated one.
  @Test func aLineJoinsNetsThatDifferInOneRespect() throws {
    let nets = ["original", "pre"].flatMap { order in
      [20, 56].map { depth in
        FakeExperiment.Net(
          network: "residual", depth: depth, trainError: 20,
          testError: Double(depth) + (order == "pre" ? 1 : 0),
          extra: [LevelRecord(factor: "activationOrder", level: order)])
      }
    }
    let fake = try FakeExperiment(
      nets: nets, more: #""figures": [{"name": "depth", "kind": "error", "lines": "network"}]"#)
    try fake.runAll()
    let lines = try figure("depth", of: fake).panels[0].series.filter {
      $0.role == .means(dashed: false)
    }
    #expect(lines.map { $0.points.map(\.x) } == [[20, 56], [20, 56]])
    #expect(lines.map(\.isInLegend) == [true, false])
    let gaps = zip(lines[0].points, lines[1].points).map { $1.y - $0.y }
    #expect(gaps.map { abs($0) } == [1, 1])
  }

  /// An error is not below zero, whatever Student's t says of two seeds.
  @Test func anErrorsAxisBeginsAtZero() {
    let wide = [Figure.Point(x: 1, y: 30, low: -75, high: 135, n: 2)]
    #expect(Figure.bottom(wide, [.testError]) == 0)
    #expect(Figure.bottom(wide, [.errorGap]) <= -75)
  }

  @Test func headLinesAreWrapped() {
    #expect(FigureLayout.wrapped("one two three", limit: 7) == ["one two", "three"])
    #expect(FigureLayout.wrapped("one two three", limit: 13) == ["one two three"])
    #expect(FigureLayout.wrapped("a verylongword b", limit: 4) == ["a", "verylongword", "b"])
    #expect(FigureLayout.wrapped("a b c d e", limit: 1) == ["a", "b", "c…"])
    #expect(FigureLayout.wrapped("", limit: 10) == [])
  }

  /// Where `lines` does not part all variants of a panel, colours and marks do.
  @Test func variantsOfOneColourHaveMarksOfTheirOwn() throws {
    let nets = ["original", "pre"].map { order in
      FakeExperiment.Net(
        network: "residual", depth: 20, trainError: 20, testError: 30,
        extra: [LevelRecord(factor: "activationOrder", level: order)])
    }
    let fake = try FakeExperiment(
      nets: nets,
      more: #""figures": [{"name": "curves", "kind": "curves", "lines": "depth"}]"#)
    try fake.runAll()
    let figure = try #require(Figure.all(try fake.report()).first)
    let bold = figure.panels[0].series.filter { $0.role == .bold }
    #expect(bold.map(\.colour) == [0, 1])
    #expect(bold.map(\.style) == [0, 1])
    let script = FigureScript(figure: figure).script
    #expect(script.contains("pointtype 7 ") && script.contains("pointtype 5 "))
  }

  /// More variants than colours: colours by `lines`, but no two lines look alike in grey.
  @Test func everyLineHasAMarkOrADashOfItsOwn() throws {
    let nets = [20, 32].flatMap { depth in
      [0.25, 0.5, 0.75, 1.25, 1.5, 1.75, 2].map { (width: Double) in
        FakeExperiment.Net(
          network: "residual", depth: depth, trainError: 20, testError: 30,
          extra: [LevelRecord(factor: "width", level: "\(width)", numeric: width)])
      }
    }
    let variants = try FakeExperiment(nets: nets).report().variants
    let looks = Figure.looks([variants], lines: "depth")
    #expect(Set(looks.values.map(\.colour)) == [0, 1])
    #expect(Set(looks.values.map(\.style)) == Set(0..<14))
    let series = looks.sorted { $0.key < $1.key }.map { name, look in
      Figure.Series(
        name: name, role: .bold, colour: 0, style: look.style,
        points: [Figure.Point(x: 0, y: 1)])
    }
    let lines = FigureElements(series, firstIndex: 0, isNamed: false).plot
      .components(separatedBy: "data index").dropFirst()
      .map { $0.split(separator: " with ").last ?? "" }
    let drawn = lines.map { $0.replacing(/, \\\s*/, with: "") }
    #expect(drawn.count == 14 && Set(drawn).count == 14)
  }

  /// An interval that leaves the axis ends in an arrow, and the caption says what that is.
  @Test func aCutIntervalIsMarked() throws {
    let fake = try FakeExperiment(
      more: #""figures": [{"name": "bars", "kind": "bars"}, {"name": "e", "kind": "error"}]"#)
    try fake.record("plain-20", seed: 0, testError: 60)
    try fake.record("plain-20", seed: 1, testError: 90)
    for figure in Figure.all(try fake.report()) {
      #expect(figure.y.high == 100 && figure.legend.contains("arrow: the interval goes on"))
      let script = FigureScript(figure: figure).script
      #expect(script.contains("$4>100?100-3:NaN") && script.contains("$3<0?0+3:NaN"))
    }
    let narrow = try FakeExperiment(more: #""figures": [{"name": "bars", "kind": "bars"}]"#)
    try narrow.record("plain-20", seed: 0, testError: 50)
    try narrow.record("plain-20", seed: 1, testError: 50.5)
    let figure = try #require(Figure.all(try narrow.report()).first)
    #expect(!figure.legend.contains("arrow"))
    #expect(!FigureScript(figure: figure).script.contains("vectors"))
  }

  @Test func layersStandInOrderAndSorted() throws {
    let fake = try FakeExperiment(
      more: #""figures": [{"name": "responses", "kind": "layers", "lines": "depth"}]"#)
    let values: [Int64: [Double]] = [0: [0.5, 2, 1], 1: [0.7, 2.4, 1.2]]
    for (seed, values) in values {
      let claim = try fake.store.acquire(
        RunKey(experiment: "degradation", variant: "plain-20", seed: seed),
        configurationHash: "hash-plain-20", provenance: FakeExperiment.provenance)
      let run = try #require(claim)
      let metrics = values.enumerated().map { index, value in
        let metric = LayerMetric(.responseDeviation, position: index + 1, layer: "conv\(index)")
        return (name: metric.name, value: value)
      }
      try fake.store.record(run, step: 600, metrics: metrics)
    }
    let figure = try figure("responses", of: fake)
    #expect(figure.panels.map(\.title) == ["in the order of the layers", "sorted by size"])
    let means = figure.panels.map { panel in
      panel.series.first { $0.role == .bold }?.points.map { ($0.y * 10).rounded() / 10 }
    }
    #expect(means == [[0.6, 2.2, 1.1], [2.2, 1.1, 0.6]])
    let places = figure.panels.map { panel in panel.series.flatMap { $0.points.map(\.x) }.max() }
    #expect(places == [3, 3])
    #expect(figure.panels[0].series.count { $0.role == .seed(dashed: false) } == 2)
    #expect(figure.y.label == "standard deviation of responses")
  }

  /// Layers at 0 have no place on a logarithmic axis.
  @Test(arguments: [([0.001, 0.1, 1], true), ([0.001, 0, 1], false), ([0.5, 0.6, 1], false)])
  func layersAtZeroStay(values: [Double], isLogarithmic: Bool) throws {
    let fake = try FakeExperiment(
      more: #"""
        "figures": [{"name": "gradients", "kind": "layers", "metrics": ["layerGradientNorm"]}]
        """#)
    let run = try #require(
      try fake.store.acquire(
        RunKey(experiment: "degradation", variant: "plain-20", seed: 0),
        configurationHash: "hash-plain-20", provenance: FakeExperiment.provenance))
    let metrics = values.enumerated().map { index, value in
      let metric = LayerMetric(.layerGradientNorm, position: index + 1, layer: "conv\(index)")
      return (name: metric.name, value: value)
    }
    try fake.store.record(run, step: 600, metrics: metrics)
    let figure = try figure("gradients", of: fake)
    #expect(figure.y.isLogarithmic == isLogarithmic)
    let points = figure.panels[0].series.flatMap(\.points)
    #expect(points.count == 3 && points.allSatisfy { $0.y >= figure.y.low })
  }

  @Test(arguments: [
    (0.06, 1.3, [0.1, 0.2, 0.5, 1]), (3, 45, [5, 10, 20]), (2, 3e5, [10, 1e2, 1e3, 1e4, 1e5]),
  ])
  func logarithmicAxesHaveRoundNumbers(low: Double, high: Double, expected: [Double]) {
    let ticks = Figure.roundNumbers(low...high)
    let isClose = zip(ticks, expected).allSatisfy { abs($0 - $1) < 1e-9 * $1 }
    #expect(ticks.count == expected.count && isClose)
  }

  /// A spec may name every kind of the grammar, so each must have its drawing here.
  @Test func everyKindIsDrawn() {
    #expect(!FigureKinds.all.isEmpty)
    for kind in FigureKinds.all {
      #expect(kind is any FigureDrawing.Type, "\(kind.name)")
      #expect(!kind.defaultMetrics.isEmpty && kind.defaultMetrics.allSatisfy(\.isInSpecs))
      #expect(kind.defaultMetrics.allSatisfy { $0.scope == kind.scope }, "\(kind.name)")
    }
    #expect(Set(FigureKinds.all.map { $0.name }).count == FigureKinds.all.count)
  }

  @Test(.enabled(if: GnuplotProgram.isInstalled)) func gnuplotDrawsAll() async throws {
    let files = ReportFiles(
      experiment: "degradation", folder: fake.folder.appending(path: "out").path)
    let drawn = try await files.draw(try fake.report(), formats: [.svg])
    #expect(drawn.obstacle == nil)
    #expect(drawn.files.count { $0.hasSuffix(".svg") } == 7)
  }
}
