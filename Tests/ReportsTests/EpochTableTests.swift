// The textbook's net epoch by epoch, beside the textbook's own tables.
import Foundation
import Numerics
import Results
import Testing

@testable import Papers
@testable import Reports

@Suite struct EpochTableTests {
  /// A database with the textbook's net for three epochs of one step and two seeds.
  private func report(data: String) throws -> ExperimentReport {
    let folder = FileManager.default.temporaryDirectory.appending(path: "epochs-\(UUID())")
    defer { try? FileManager.default.removeItem(at: folder) }
    let store = try ResultsStore(path: folder.appending(path: "bench.sqlite").path)
    let spec = """
      {"name": "textbook", "title": "The textbook", "protocol": {"name": "textbook",
        "data": {"name": "\(data)", "size": 96, "trainCount": 256, "testCount": 10}, "batch": 256,
        "epochs": 3, "optimizer": {"learningRate": 0.05}},
       "include": [{"depth": 18, "family": "textbook"}], "seeds": 2}
      """
    try store.prepare(
      ExperimentRecord(
        name: "textbook", title: "The textbook", specPath: "textbook.json", specJSON: spec,
        specHash: "5e", protocolName: "textbook", protocolJSON: "{}", classes: 10),
      variants: [
        VariantRecord(
          name: "resnet-18-textbook", configurationJSON: "{}", configurationHash: "c0",
          levels: [], parameters: 1, macs: 1)
      ], seeds: [0, 1])
    for seed in 0..<2 {
      let claim = try store.acquire(
        RunKey(experiment: "textbook", variant: "resnet-18-textbook", seed: Int64(seed)),
        configurationHash: "c0",
        provenance: Provenance(
          commit: "", diff: "", untracked: "[]", host: "here", operatingSystem: "Linux", cpu: "CPU",
          numericIdentity: NumericIdentity(
            engineVersion: "1", backend: "blas", instructionSet: "baseline"), threads: 1,
          dataChecksum: "", versionsJSON: "{}", commandLine: "bench run"))
      let run = try #require(claim)
      // The second seed gets as far as the second epoch.
      for step in 1...(3 - seed) {
        try store.record(
          run, step: step,
          metrics: [
            ("trainLoss", 1 / Double(step)), ("trainError", Double(10 * (4 - step) + 2 * seed)),
            ("testError", Double(5 * (4 - step))), ("imagesPerSecond", Double(100 + 10 * seed)),
          ])
      }
    }
    return try ExperimentReport(
      try ResultsReader(path: folder.appending(path: "bench.sqlite").path), experiment: nil)
  }

  @Test func epochsStandBesideTheBooks() throws {
    let tables = try report(data: "fashion-mnist").epochTables
    let table = try #require(tables.first)
    #expect(tables.count == 1 && table.title == "resnet-18-textbook, epoch by epoch")
    #expect(
      table.header == [
        "epoch", "training loss", "training accuracy", "test accuracy", "images/s", "Gluon loss",
        "Gluon training", "Gluon test", "Java loss", "Java training", "Java test",
      ])
    #expect(
      table.rows == [
        [
          "1", "1.0000", "0.690", "0.850", "105", "0.4914", "0.829", "0.896", "1.2900", "0.730",
          "0.810",
        ],
        [
          "2", "0.5000", "0.790", "0.900", "105", "0.2421", "0.911", "0.909", "0.3400", "0.870",
          "0.650",
        ],
        [
          "3", "0.3333", "0.900", "0.950", "100", "0.1860", "0.931", "0.908", "0.2700", "0.900",
          "0.780",
        ],
      ])
    #expect(table.notes.joined().contains("means over 2 seeds"))
    #expect(table.notes.joined().contains("2432.9 images/s on four GPUs"))
  }

  /// Other images are not compared with the book's.
  @Test func otherDataStandsAlone() throws {
    let table = try #require(try report(data: "shapes").epochTables.first)
    #expect(table.header.count == 5 && table.rows.map(\.count) == [5, 5, 5])
    #expect(try FakeExperiment().report().epochTables.isEmpty)
  }

  @Test(arguments: [
    ("Gluon", "textbook.python_resnet18_fashionmnist"),
    ("Java", "textbook.java_resnet18_fashionmnist"),
  ])
  func theBooksNumbersAreThoseOfThePaperFile(name: String, id: String) throws {
    let root = URL(fileURLWithPath: #filePath)
      .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    let data = try Data(contentsOf: root.appending(path: "results/paper.json"))
    let file = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
    let tables = try #require(file["tables"] as? [[String: Any]])
    let table = try #require(tables.first { $0["id"] as? String == id })
    let rows = try #require(table["rows"] as? [[String: Any]]).filter { $0["epoch"] != nil }
    let book = try #require(PublishedEpochs.all.first { $0.name == name })
    #expect(book.epochs.count == rows.count)
    for (epoch, row) in zip(book.epochs, rows) {
      let printed = ["train_loss", "train_acc", "test_acc"].map { row[$0] as? Double }
      #expect(printed == [epoch.trainLoss, epoch.trainAccuracy, epoch.testAccuracy])
    }
  }
}
