// The figure: what goes into which panel in which colour, the script, and real gnuplot.
import Foundation
import Results
import TestSupport
import Testing

@testable import Reports
@testable import Text

@Suite struct FigureTests {
  typealias Net = FakeExperiment.Net

  /// The one figure of an experiment whose spec lists none.
  private func figure(_ fake: FakeExperiment) throws -> Figure {
    let all = Figure.all(try fake.report())
    #expect(all.count == 1)
    return try #require(all.first)
  }

  @Test func plainLeftResidualRightOneColourPerDepth() throws {
    let fake = try FakeExperiment(nets: FakeExperiment.quartet.reversed())
    try fake.runAll()
    let figure = try figure(fake)
    #expect(figure.panels.map(\.title) == ["plain", "residual"])
    let colours = figure.panels.map { panel in
      Dictionary(panel.series.map { ($0.name, $0.colour) }, uniquingKeysWith: { a, _ in a })
    }
    #expect(
      colours == [["plain-20": 0, "plain-56": 1], ["resnet-20": 0, "resnet-56": 1]])
    let means = figure.panels[0].series.filter {
      $0.role == .first(dashed: true) || $0.role == .bold
    }
    #expect(means.map(\.role) == [.first(dashed: true), .bold, .first(dashed: true), .bold])
    #expect(
      figure.panels.map(\.labels) == [["plain-56", "plain-20"], ["resnet-56", "resnet-20"]])
    // Behind each mean: its band and its two seeds.
    #expect(figure.panels[0].series.filter { $0.role == .band }.count == 4)
    #expect(figure.panels[0].series.filter { $0.role == .seed(dashed: false) }.count == 4)
  }

  @Test func meanAndSpreadByHand() throws {
    let fake = try FakeExperiment()
    try fake.runAll()
    let series = try figure(fake).panels[0].series
    let mean = try #require(series.first { $0.role == .first(dashed: true) }?.points.last)
    let deviation = 2.0.squareRoot()
    #expect(mean == Figure.Point(x: 600, y: 40, low: 40 - deviation, high: 40 + deviation, n: 2))
  }

  @Test func otherFactorsHaveOnePanelAndAColourEach() throws {
    let nets = ["A", "B", "C"].map { kind in
      Net(
        network: "residual", depth: 20, trainError: 20, testError: 30,
        extra: [LevelRecord(factor: "kind", level: kind)])
    }
    let fake = try FakeExperiment(nets: nets)
    try fake.runAll()
    let figure = try figure(fake)
    #expect(figure.panels.count == 1)
    #expect(Set(figure.panels[0].series.map(\.colour)) == [0, 1, 2])
  }

  @Test func depthsAreColouredInNumericOrder() throws {
    let nets = [110, 20, 56].map {
      Net(network: "residual", depth: $0, trainError: 20, testError: 30)
    }
    let variants = try FakeExperiment(nets: nets).report().variants
    let colours = Figure.colours([variants], lines: nil)
    #expect(colours == ["resnet-20": 0, "resnet-56": 1, "resnet-110": 2])
  }

  @Test func theFirstDropDoesNotFlattenTheRest() throws {
    let nets = [Net(network: "residual", depth: 20, trainError: 5, testError: 8)]
    let fake = try FakeExperiment(nets: nets, totalSteps: 64_000)
    try fake.runAll()
    let figure = try figure(fake)
    #expect(figure.y.high < 80)
    #expect(figure.chanceError == nil)
    #expect(FigureScript(figure: figure).script.contains("training step (×10⁴)"))
  }

  @Test func scriptOfAFinishedExperiment() throws {
    let fake = try FakeExperiment()
    try fake.runAll()
    let script = FigureScript(figure: try figure(fake))
    try expectSnapshot(script.script, "figure6.gp")
    try expectSnapshot(script.data, "figure6.dat")
  }

  @Test func anUnstartedExperimentHasNoFigure() async throws {
    let fake = try FakeExperiment()
    let files = ReportFiles(experiment: "degradation", folder: fake.folder.path)
    let drawn = try await files.draw(try fake.report(), formats: [.svg])
    #expect(drawn.files.isEmpty)
    #expect(drawn.obstacle?.contains("nothing is recorded") == true)
  }

  @Test(.enabled(if: GnuplotProgram.isInstalled)) func gnuplotDrawsEveryFormat() async throws {
    let fake = try FakeExperiment()
    try fake.runAll()
    let folder = fake.folder.appending(path: "out").path
    let files = ReportFiles(experiment: "degradation", folder: folder)
    let drawn = try await files.draw(try fake.report(), formats: FigureFormat.allCases)
    let found = try FileManager.default.contentsOfDirectory(atPath: files.figures).sorted()
    #expect(
      found == ["figure6.dat", "figure6.gp", "figure6.pdf", "figure6.png", "figure6.svg"])
    let png = try Data(contentsOf: URL(fileURLWithPath: "\(files.figures)/figure6.png"))
    #expect(png.starts(with: [0x89, 0x50, 0x4E, 0x47]))
    let svg = try String(contentsOfFile: "\(files.figures)/figure6.svg", encoding: .utf8)
    for text in ["plain-20", "resnet-56", "protocol quick", "error (%)", "training step"] {
      #expect(svg.contains(text))
    }
    #expect(drawn.textChart.contains("plain-56"))
    #expect(drawn.files.allSatisfy { FileManager.default.fileExists(atPath: $0) })
  }

  @Test(.enabled(if: GnuplotProgram.isInstalled)) func theScriptRunsAloneInItsFolder() async throws
  {
    let fake = try FakeExperiment()
    try fake.runAll()
    let script = FigureScript(figure: try figure(fake))
    try script.script.write(
      to: fake.folder.appending(path: "figure6.gp"), atomically: true, encoding: .utf8)
    try script.data.write(
      to: fake.folder.appending(path: "figure6.dat"), atomically: true, encoding: .utf8)
    _ = try await Gnuplot.run(["figure6.gp"], in: fake.folder.path)
    for format in ["svg", "png"] {
      let picture = fake.folder.appending(path: "figure6.\(format)").path
      #expect(FileManager.default.fileExists(atPath: picture))
    }
  }

  @Test(
    .enabled(if: GnuplotProgram.isInstalled),
    arguments: [
      #"`touch hit`"; system("touch hit")"#, #"'; system('touch hit'); '"#,
      "\\'; !touch hit\n!touch hit",
      "@title `touch hit` $(touch hit) %s {/Symbol a}_1^2", "é 😀 <b>&amp;\u{1B}[31m\\",
    ])
  func aTitleIsTextWhateverItHolds(title: String) async throws {
    let net = Net(
      network: "plain", depth: 20, trainError: 20, testError: 30,
      extra: [LevelRecord(factor: "kind", level: title)])
    let other = Net(network: "residual", depth: 20, trainError: 20, testError: 30)
    let fake = try FakeExperiment(title: title, nets: [net, other])
    try fake.runAll()
    let files = ReportFiles(experiment: title, folder: fake.folder.path)
    let drawn = try await files.draw(try fake.report(), formats: [.svg])
    let svg = try String(contentsOfFile: "\(files.figures)/figure6.svg", encoding: .utf8)
    let shown = title.printable.replacing("&", with: "&amp;").replacing("<", with: "&lt;")
    #expect(svg.contains(shown))
    #expect(!drawn.textChart.unicodeScalars.contains("\u{1B}"))
    for place in [files.figures, fake.folder.path, FileManager.default.currentDirectoryPath] {
      #expect(!FileManager.default.fileExists(atPath: "\(place)/hit"))
    }
  }

  @Test(.enabled(if: GnuplotProgram.isInstalled)) func aHangingGnuplotIsKilled() async throws {
    let folder = FileManager.default.temporaryDirectory.path
    let error = await #expect(throws: ReportsError.self) {
      try await Gnuplot.run(
        ["-"], script: "pause 100\n", in: folder, timeout: .milliseconds(300))
    }
    #expect(error?.description.contains("did not end") == true)
  }

  @Test(.enabled(if: GnuplotProgram.isInstalled)) func aFailingGnuplotSaysWhy() async throws {
    let folder = FileManager.default.temporaryDirectory.path
    let error = await #expect(throws: ReportsError.self) {
      try await Gnuplot.run(["-"], script: "plot 'absent.dat'\n", in: folder)
    }
    #expect(error?.description.contains("absent.dat") == true)
  }
}
