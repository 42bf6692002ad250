// Labels shortened so that no two variants look alike; figures of layers at 0 and of diverged seeds.
import Foundation
import Results
import TestSupport
import Testing

@testable import Reports

@Suite struct DistinctLabelTests {
  typealias Net = FakeExperiment.Net

  static let long = [0.1, 0.01].flatMap { rate in
    [0.0001, 0.0005, 0.001].map {
      "resnet-8-preact-optimizer.learningRate=\(rate)-optimizer.weightDecay=\($0)"
    }
  }

  private func labels(_ names: [String], _ limit: Int) -> [String] {
    let labels = DistinctLabels.labels(names, limit: limit)
    return names.map { labels[$0] ?? "" }
  }

  @Test func shortNamesStay() {
    let names = ["plain-20", "resnet-20", "resnet-20-preact"]
    #expect(labels(names, 40) == names)
    #expect(labels([Self.long[0]], 80) == [Self.long[0]])
  }

  @Test func whatAllHaveInCommonIsLeftOut() {
    #expect(
      labels(Self.long, 60).first == "optimizer.learningRate=0.1-optimizer.weightDecay=0.0001")
    #expect(
      labels(Self.long, 40) == [
        "learningRate=0.1-weightDecay=0.0001", "learningRate=0.1-weightDecay=0.0005",
        "learningRate=0.1-weightDecay=0.001", "learningRate=0.01-weightDecay=0.0001",
        "learningRate=0.01-weightDecay=0.0005", "learningRate=0.01-weightDecay=0.001",
      ])
    // Plain and residual nets of several depths are told apart by these.
    let nets = ["plain-20", "plain-56", "resnet-20"].map { "\($0)-optimizer.weightDecay=0.0001" }
    #expect(labels(nets, 20) == ["plain-20", "plain-56", "resnet-20"])
    // The one that has nothing of its own keeps its network.
    let base = ["resnet-20-optimizer.momentum=0.9", "resnet-20-preact-optimizer.momentum=0.9"]
    #expect(labels(base, 20) == ["resnet-20", "preact"])
    // A minus or a name behind an equals sign is no part of its own.
    let gates = ["-6", "-3"].map { "resnet-20-shortcut=exclusiveGating-gateBias=\($0)" }
    #expect(labels(gates, 30) == ["gateBias=-6", "gateBias=-3"])
    // Where two sections have a key, it keeps its section.
    let sections = ["a.rate=1-b.rate=2", "a.rate=2-b.rate=1"].map { "resnet-20-\($0)" }
    #expect(labels(sections, 18) == ["a.rate=1-b.rate=2", "a.rate=2-b.rate=1"])
    #expect(
      labels(["\(Self.long[0]), paper, cifar-10", Self.long[1]], 60) == [
        "optimizer.weightDecay=0.0001, paper, cifar-10", "optimizer.weightDecay=0.0005",
      ])
  }

  @Test func noTwoAreAlikeHoweverShort() {
    let middle = (0..<30).map {
      "\(String(repeating: "a", count: 40))\($0)\(String(repeating: "b", count: 40))"
    }
    for limit in [10, 20, 40, 60] {
      for names in [Self.long, middle, middle + Self.long] {
        let found = labels(names, limit)
        #expect(Set(found).count == names.count, "\(limit): \(found)")
        #expect(found.allSatisfy { $0.count <= limit && !$0.isEmpty }, "\(limit): \(found)")
      }
    }
  }

  private func experiment(more: String = "") throws -> FakeExperiment {
    let nets = [0.1, 0.01].flatMap { (rate: Double) in
      [0.0001, 0.0005, 0.001].map { (decay: Double) in
        Net(
          network: "residual", depth: 20, trainError: 20, testError: 30,
          extra: [
            LevelRecord(factor: "optimizer.learningRate", level: "\(rate)", numeric: rate),
            LevelRecord(factor: "optimizer.weightDecay", level: "\(decay)", numeric: decay),
          ])
      }
    }
    return try FakeExperiment(nets: nets, more: more)
  }

  @Test func legendsBarsAndTheTerminalChartTellAllVariantsApart() throws {
    let fake = try experiment(
      more: #""figures": [{"name": "curves", "kind": "curves"}, {"name": "b", "kind": "bars"}]"#)
    try fake.runAll()
    let figures = Figure.all(try fake.report())
    let curves = try #require(figures.first { $0.name == "curves" })
    let titles = FigureScript(figure: curves).script.matches(of: /title '([^']*=[^']*)'/).map {
      String($0.1)
    }
    #expect(titles.count == 6 && Set(titles).count == 6, "\(titles)")
    let bars = try #require(figures.first { $0.name == "b" })
    let ticks = FigureScript(figure: bars).script.matches(of: /'([^']*=[^']*)' [0-9]/).map {
      String($0.1)
    }
    #expect(ticks.count == 6 && Set(ticks).count == 6, "\(ticks)")
    let chart = try #require(TextChart(curves, title: "error", columns: 79, rows: 24))
    let letters = chart.legend.matches(of: /(.)\1\1  (\S*=\S*)/).map { String($0.2) }
    #expect(letters.count == 6 && Set(letters).count == 6, "\(letters)")
    #expect((titles + ticks + letters).allSatisfy { !$0.contains("…") })
  }

  /// The names are in the legend, each once, and the legend stands below the chart.
  @Test(
    .enabled(if: GnuplotProgram.isInstalled), arguments: [60, 80, 120], [4, 6, 7, 23, 70])
  func theTerminalChartIsReadable(columns: Int, variants: Int) async throws {
    let nets = (0..<variants).map { number in
      let error = 20 + 50 * Double(number) / Double(variants)
      return Net(
        network: "residual", depth: 20, trainError: error, testError: error + 5,
        extra: [
          LevelRecord(
            factor: "optimizer.weightDecay", level: "0.0\(100 + number)",
            numeric: Double(100 + number) / 10000)
        ])
    }
    let fake = try FakeExperiment(nets: nets)
    try fake.runAll()
    let files = ReportFiles(
      experiment: "degradation", folder: fake.folder.appending(path: "out").path)
    let drawn = try await files.draw(try fake.report(), formats: [], columns: columns)
    let lines = drawn.textChart.split(separator: "\n", omittingEmptySubsequences: false)
    #expect(lines.allSatisfy { $0.count <= columns }, "\(drawn.textChart)")
    let end = try #require(lines.firstIndex { $0.contains("training step") })
    let (chart, legend) = (lines[..<end], lines[end...])
    #expect(!chart.contains { $0.contains("weightDecay") || $0.contains("0.01") })
    // The axis' numbers stand free.
    #expect(chart.contains { $0.contains(/^ *0 \+-+/) }, "\(drawn.textChart)")
    let marks = legend.joined(separator: "\n")
      .matches(of: /(?:^|\s)(\S+)  (\S*weightDecay=0\.0\d+)(?=\s|$)/)
    let shown = min(variants, 62)
    #expect(Set(marks.map { $0.1 }).count == shown, "\(drawn.textChart)")
    #expect(Set(marks.map { $0.2 }).count == shown, "\(drawn.textChart)")
    #expect(
      legend.contains { $0.contains("and 8 more variants") } == (variants == 70),
      "\(drawn.textChart)")
    // Of very many curves some lie under others.
    guard variants <= 23 else { return }
    #expect(marks.allSatisfy { mark in chart.contains { $0.contains(mark.1.prefix(1)) } })
  }

  @Test func theTerminalChartsAxisBeginsWhereItsCurvesDo() throws {
    func script(_ error: Double) throws -> String {
      let net = Net(network: "plain", depth: 20, trainError: error, testError: error)
      let fake = try FakeExperiment(nets: [net])
      try fake.runAll()
      let figure = try #require(Figure.all(try fake.report()).first)
      return try #require(TextChart(figure, title: "error", columns: 79, rows: 22)).script
    }
    #expect(try script(10).contains("set yrange [0:"))
    #expect(try script(84).contains("set yrange [80:"))
  }

  @Test func twoDivergedSeedsAreTwo() throws {
    let fake = try FakeExperiment(nets: [FakeExperiment.quartet[0]])
    // They end at different steps, which no step's mean has both of.
    for (seed, step) in [(Int64(0), 20), (1, 40)] {
      try fake.run(fake.nets[0], seed: seed, upTo: step, status: .diverged)
    }
    let report = try fake.report()
    let figure = try #require(Figure.all(report).first)
    #expect(figure.subtitle.contains("over 2 seeds"), "\(figure.subtitle)")
    #expect(!report.text.contains("One seed"), "\(report.text)")
    let one = try FakeExperiment(nets: [FakeExperiment.quartet[0]], seeds: [0])
    try one.runAll(seeds: [0])
    #expect(try one.report().text.contains("One seed: no spread is known."))
    #expect(try Figure.all(one.report()).first?.subtitle.contains("one seed") == true)
  }

  @Test func scriptsKeepAUsersSettingsOut() throws {
    let fake = try FakeExperiment()
    try fake.runAll()
    let script = FigureScript(figure: try #require(Figure.all(try fake.report()).first)).script
    #expect(script.contains("gnuplot -d figure6.gp\n"))
    #expect(script.contains(#"gnuplot -d -e "formats='pdf'" figure6.gp"#))
  }
}
