// The public views: their columns, and numbers worked out by hand.
import Foundation
import TestSupport
import Testing

@testable import Results
@testable import Specs

@Suite struct ViewTests {
  let folder: TemporaryFolder
  let store: ResultsStore
  let reader: ResultsReader

  init() throws {
    folder = try TemporaryFolder()
    store = try ResultsStore(path: folder.database)
    try store.prepare(Fixture.experiment(), variants: Fixture.variants, seeds: [0, 1, 2])
    reader = try ResultsReader(path: folder.database)
  }

  @Test(arguments: [
    ("runs", "runId experiment variant seed status startedAt seconds threads weightsHash"),
    ("curves", "runId experiment variant seed step metric value"),
    ("finals", "runId experiment variant seed metric value"),
    ("summary", "experiment variant metric n mean standardDeviation"),
    ("levels", "experiment variant factor level"),
    ("layers", "runId experiment variant seed step position layer quantity value"),
  ])
  func promisedColumnsComeFirst(view: String, columns: String) throws {
    let promised = columns.split(separator: " ").map(String.init)
    let actual = try reader.query("SELECT * FROM \(view)").columns
    #expect(Array(actual.prefix(promised.count)) == promised)
    #expect(try reader.views().first { $0.name == view }?.columns.count ?? 0 >= promised.count)
  }

  @Test func everyViewIsDescribed() throws {
    let names = try reader.query("SELECT name FROM sqlite_schema WHERE type = 'view'").rows
    #expect(
      Set(names) == Set(ResultsReader.viewSummaries.map { [SQLValue.text($0.name)] }))
    #expect(try reader.views() == ResultsReader.viewsOfNewDatabase())
  }

  @Test func summaryByHand() throws {
    try store.run("plain-20", 0, [("testError", 2), ("trainError", 1e9 + 1)])
    try store.run("plain-20", 1, [("testError", 4), ("trainError", 1e9 + 2)])
    try store.run("plain-20", 2, [("testError", 9), ("trainError", 1e9 + 3)])
    try store.run("resnet-20", 0, [("testError", 7)])
    let rows = try reader.query(
      "SELECT variant, metric, n, mean, standardDeviation FROM summary ORDER BY variant, metric")
    #expect(
      rows.rows == [
        [
          .text("plain-20"), .text("testError"), .integer(3), .real(5), .real(13.0.squareRoot()),
        ],
        [.text("plain-20"), .text("trainError"), .integer(3), .real(1e9 + 2), .real(1)],
        [.text("resnet-20"), .text("testError"), .integer(1), .real(7), .null],
      ])
  }

  @Test func finalsHaveTheLastValueOfEachMetric() throws {
    let run = try store.acquired("plain-20", 0)
    try store.record(run, step: 50, metrics: [("trainError", 30), ("testError", 35)])
    try store.record(run, step: 100, metrics: [("trainError", 20)])
    #expect(try reader.query("SELECT * FROM finals").rows.isEmpty)
    try store.finish(run, status: .complete, seconds: 1, weightsHash: "ff", message: nil)
    let finals = try reader.query("SELECT metric, value, step FROM finals ORDER BY metric").rows
    #expect(
      finals == [
        [.text("testError"), .real(35), .integer(50)],
        [.text("trainError"), .real(20), .integer(100)],
      ])
  }

  /// Layers have a view of their own, and stay out of those of whole runs.
  @Test func layersAreApart() throws {
    let run = try store.acquired("plain-20", 0)
    func metric(_ position: Int, _ layer: String) -> String {
      LayerMetric(.responseDeviation, position: position, layer: layer).name
    }
    for (step, value) in [(1, 0.25), (100, 0.5)] {
      try store.record(
        run, step: step,
        metrics: [
          ("trainError", 20), (metric(12, "layer1.0.conv1"), value),
          (metric(2, "conv1"), 2 * value),
        ])
    }
    try store.finish(run, status: .complete, seconds: 1, weightsHash: "ff", message: nil)
    let rows = try reader.query(
      "SELECT step, position, layer, quantity, value FROM layers ORDER BY step, position"
    ).rows
    #expect(
      rows == [
        [.integer(1), .integer(2), .text("conv1"), .text("responseDeviation"), .real(0.5)],
        [
          .integer(1), .integer(12), .text("layer1.0.conv1"), .text("responseDeviation"),
          .real(0.25),
        ],
        [.integer(100), .integer(2), .text("conv1"), .text("responseDeviation"), .real(1)],
        [
          .integer(100), .integer(12), .text("layer1.0.conv1"), .text("responseDeviation"),
          .real(0.5),
        ],
      ])
    for view in ["curves", "finals", "summary"] {
      let metrics = try reader.query("SELECT DISTINCT metric FROM \(view)").rows
      #expect(metrics == [[.text("trainError")]], "\(view)")
    }
    let curves = try reader.layers(
      experiment: "degradation", quantities: ["responseDeviation", "deadShare"])
    #expect(curves.map(\.metric) == ["responseDeviation"])
    #expect(curves[0].points.map(\.step) == [2, 12])
    #expect(curves[0].points.map(\.value) == [1, 0.5])
  }

  /// No batch norm follows the last layer: its gradient counts, its responses do not.
  @Test func logitsAreNoResponses() throws {
    let run = try store.acquired("plain-20", 0)
    let metrics = [Metric.responseDeviation, .layerGradientNorm].flatMap { quantity in
      ["conv1", "fc"].enumerated().map { index, layer in
        let metric = LayerMetric(quantity, position: index + 1, layer: layer)
        return (name: metric.name, value: Double(index))
      }
    }
    try store.record(run, step: 1, metrics: metrics)
    let curves = try reader.layers(
      experiment: "degradation", quantities: Metric.all.filter { $0.scope == .layer }.map(\.name))
    #expect(curves.map(\.metric) == ["layerGradientNorm", "responseDeviation"])
    #expect(curves.map { $0.points.map(\.step) } == [[1, 2], [1]])
  }

  @Test(arguments: ["level = 56", "level = '56'", "level > 20", "level BETWEEN 21 AND 1e3"])
  func levelsCompareAsNumbers(condition: String) throws {
    let rows = try reader.query(
      "SELECT variant FROM levels WHERE factor = 'depth' AND \(condition) ORDER BY variant")
    #expect(rows.rows == [[.text("plain-56")], [.text("resnet-56")]])
  }

  @Test func levelsOfTextAndFractions() throws {
    let rows = try reader.query(
      "SELECT factor, level FROM levels WHERE variant = 'plain-20' ORDER BY factor")
    #expect(
      rows.rows == [
        [.text("depth"), .integer(20)], [.text("network"), .text("plain")],
        [.text("strideLocation"), .text("3x3")], [.text("width"), .real(0.5)],
      ])
    #expect(
      try reader.variants(experiment: "degradation").first?.levels
        == ["depth": "20", "network": "plain", "strideLocation": "3x3", "width": "0.5"])
  }

  @Test func detailsAreFoundByIdPrefixAndName() throws {
    try store.run("plain-20", 1, [("testError", 4)])
    let details = try reader.details(ofRun: "degradation/plain-20/1")
    #expect(try reader.details(ofRun: details.run.runId.uppercased()).run == details.run)
    #expect(try reader.details(ofRun: String(details.run.runId.prefix(12))).run == details.run)
    #expect(details.run.status == .complete)
    #expect(details.metrics.map(\.name) == ["testError"])
    #expect(details.distinguishingLevels.map(\.factor) == ["network", "depth"])
    #expect(throws: ResultsError.self) { try reader.details(ofRun: "") }
    #expect(throws: ResultsError.self) { try reader.details(ofRun: "zz") }
    #expect(throws: ResultsError.self) { try reader.details(ofRun: "degradation/plain-20/9") }
  }

  @Test func experimentsAreListedTheMostRecentlyStartedFirst() throws {
    var second = Fixture.experiment()
    second.name = "another"
    try store.prepare(second, variants: [Fixture.variant("plain", 20)], seeds: [0])
    try store.run("plain-20", 0, [])
    #expect(try reader.experiments().map(\.name) == ["degradation", "another"])
  }
}
