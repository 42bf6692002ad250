// Which variants a published number stands beside, and how the ledger tells its variants.
import Results
import Testing

@testable import Reports
@testable import Specs

@Suite struct PublishedNumbersTests {
  private static let nets = [nil, "none"].map { mean in
    FakeExperiment.Net(
      network: "residual", depth: 20, trainError: 20, testError: 30,
      extra: mean.map { [LevelRecord(factor: "mean", level: $0)] } ?? [])
  }

  /// The paper never trained without a mean, so its number is not that variant's.
  @Test func aTrainingOfItsOwnHasNoPublishedNumber() throws {
    let fake = try FakeExperiment(
      nets: Self.nets, more: #""figures": [{"name": "bars", "kind": "bars"}]"#)
    try fake.runAll()
    let report = try fake.report()
    #expect(report.published(.testError, of: "resnet-20")?.value == 8.75)
    #expect(report.published(.testError, of: "resnet-20-mean=none") == nil)
    let figure = try #require(Figure.all(report).first)
    let papers = figure.panels.flatMap(\.series).filter { $0.role == .papers }
    #expect(papers.map(\.name) == ["resnet-20"])
  }

  @Test func rowsOfAFieldStandTogetherWithTheirVariants() throws {
    let nets = [20, 32, 44, 56].map {
      FakeExperiment.Net(network: "residual", depth: $0, trainError: 20, testError: 30)
    }
    func override(_ depths: String, _ batch: Int) -> String {
      #"{"match": {"depth": \#(depths)}, "protocol": {"batch": \#(batch), "mean": "none"}}"#
    }
    let fake = try FakeExperiment(
      nets: nets, more: #""overrides": [\#(override("[20, 32]", 64)), \#(override("56", 32))]"#)
    let rows = try #require(try fake.report().ledger).rows
    let told = rows.map { "\($0.departure.field): \($0.departure.ours), \($0.scope)" }
    #expect(
      told == [
        "data: shapes, all", "batch: 64, depth=20, 32", "batch: 32, resnet-56", "steps: 600, all",
        "schedule: × 0.1 at steps 400, all", "mean: none, depth=20, 32, 56",
      ])
  }

  /// A net that is not the paper's stands in the ledger and leaves the protocol the paper's.
  @Test func fieldsOfNetsAreToldApartFromTheProtocol() throws {
    let nets =
      FakeExperiment.quartet + [
        FakeExperiment.Net(
          network: "residual", depth: 20, trainError: 20, testError: 30,
          extra: [LevelRecord(factor: "initialization", level: "xavier")])
      ]
    let report = try FakeExperiment(nets: nets, protocolName: "paper-64k").report()
    #expect(report.hasPaperProtocol)
    #expect(report.ledger?.rows.map(\.scope) == ["resnet-20-init=xavier"])
    #expect(
      report.notes[1]
        == "The nets differ in 1 field from He et al. 2015, section 4.2: initialisation.")
  }

  @Test func longListsAreCut() {
    #expect(((1...7).map(String.init)).listed() == "1, 2, 3, 4, 5, 6, 7")
    #expect(((1...66).map(String.init)).listed() == "1, 2, 3, 4, 5, 6 and 60 more")
  }
}
