// The report's table and notes.
import Foundation
import Results
import Testing

@testable import Reports

@Suite struct ReportTests {
  @Test func markdownOfAFinishedExperiment() throws {
    let fake = try FakeExperiment()
    try fake.runAll()
    try expectSnapshot(try fake.report().markdown, "finished.md")
  }

  @Test func markdownOfAnUnfinishedExperiment() throws {
    let fake = try FakeExperiment(title: "Depth | `code` <b> *and* cure")
    try fake.run(fake.nets[0], seed: 0)
    try fake.run(fake.nets[0], seed: 1, upTo: 300, status: .interrupted)
    try fake.run(fake.nets[1], seed: 0, upTo: 200, status: .diverged)
    try fake.run(fake.nets[2], seed: 0, upTo: 400, status: nil)
    try expectSnapshot(try fake.report().markdown, "unfinished.md")
  }

  @Test func textOfAFinishedExperiment() throws {
    let fake = try FakeExperiment()
    try fake.runAll()
    try expectSnapshot(try fake.report().text, "finished.txt")
  }

  /// A run that went on under other conditions is named, with what changed; others are not.
  @Test func mixturesAreNoted() throws {
    let fake = try FakeExperiment()
    try fake.runAll()
    #expect(try fake.report().notes.allSatisfy { !$0.hasPrefix("Gone on") })
    try fake.interruptAndGoOn(
      fake.nets[1], seed: 1, numericChanges: "after step 40: convolution winograd, now direct")
    let net = fake.nets[1].name
    let note =
      "Gone on under other conditions than begun with, so that no training gives these bits again: "
      + "\(net) seed 1 (after step 40: convolution winograd, now direct)."
    let report = try fake.report()
    #expect(report.notes.contains(note), "\(report.notes)")
    #expect(report.text.contains("after step 40") && report.json.contains("after step 40"))
  }

  /// Runs in two orders of bf16 sums are named, in the report and with the claims that rest on them.
  @Test func ordersOfSumsAreNoted() throws {
    func claim(_ id: String, _ network: String) -> String {
      #"""
      {"id": "\#(id)", "kind": "superiority", "metric": "trainError",
       "a": {"network": "\#(network)", "depth": 56}, "b": {"network": "\#(network)", "depth": 20},
       "direction": "a>b"}
      """#
    }
    let claims = [claim("plain", "plain"), claim("residual", "residual")]
    let fake = try FakeExperiment(more: #""claims": [\#(claims.joined(separator: ","))]"#)
    for (index, net) in fake.nets.enumerated() {
      for seed: Int64 in [0, 1] {
        try fake.run(
          net, seed: seed,
          precision: index == 1 && seed == 1 ? "bf16 tiles" : index < 2 ? "bf16 pairs" : "fp32")
      }
    }
    let report = try fake.report()
    let words =
      "made in several orders of bf16 sums, which round differently: bf16 pairs (plain-20 seed 0, "
      + "plain-20 seed 1, plain-56 seed 0), bf16 tiles (plain-56 seed 1)"
    #expect(report.notes.contains("Runs were \(words)."), "\(report.notes)")
    #expect(report.verdicts.count == 2)
    for verdict in report.verdicts {
      let isMixed = verdict.claim.variants.contains("plain-56")
      #expect(
        verdict.reason.contains("made in several orders of bf16 sums") == isMixed,
        "\(verdict.claim.id): \(verdict.reason)")
    }
  }

  @Test func valuesByHand() throws {
    let fake = try FakeExperiment()
    try fake.runAll()
    let row = try #require(try fake.report().rows.first)
    #expect(row.trainErrors == [39, 41])
    #expect(row.testErrors == [43, 45])
    #expect(row.n == 2)
  }

  @Test func guessingIsToldFromLearning() throws {
    let report = try FakeExperiment().report()
    #expect(report.chanceError == 90)
    #expect(report.isNoBetterThanGuessing(89))
    #expect(report.isNoBetterThanGuessing(97))
    #expect(!report.isNoBetterThanGuessing(88.9))
  }

  @Test func thePaperProtocolIsNamedAsSuch() throws {
    let papers = try FakeExperiment(protocolName: "paper-64k").report()
    #expect(papers.notes[0].contains("the paper's own (He et al. 2015, section 4.2)"))
    #expect(papers.hasPaperProtocol)
    let quick = try FakeExperiment(protocolName: "quick").report()
    #expect(quick.notes[0].contains("not the paper"))
    #expect(!quick.hasPaperProtocol)
  }

  /// A protocol is told by its fields; a name proves nothing.
  @Test func aNameMakesNoPaperProtocol() throws {
    let report = try FakeExperiment(protocolName: "paper-of-mine").report()
    #expect(!report.hasPaperProtocol)
    #expect(
      report.ledger?.rows.map(\.departure.field)
        == ["data", "steps", "schedule"])
  }

  @Test func anUnknownExperimentIsNamedWithTheKnownOnes() throws {
    let reader = try FakeExperiment().reader()
    let error = #expect(throws: ResultsError.self) {
      try ExperimentReport(reader, experiment: "depht")
    }
    #expect(error?.description.contains("'depht'") == true)
    #expect(error?.description.contains("degradation") == true)
  }

  @Test(arguments: [
    ("../../etc/passwd", "_./.._etc_passwd"), ("a b\u{1B}", "a_b_"), ("", "_"),
    ("resnet=B-56.2", "resnet=B-56.2"), (".hidden", "_hidden"),
  ])
  func fileNamesStayInTheirFolder(name: String, file: String) {
    #expect(!ReportFiles.fileName(name).contains("/"))
    #expect(ReportFiles.fileName(name) == file.replacing("/", with: "_"))
  }

  @Test func aFolderThatCannotBeMadeIsNamed() throws {
    let fake = try FakeExperiment()
    let files = ReportFiles(experiment: "degradation", folder: fake.database + "/x")
    let error = #expect(throws: ReportsError.self) {
      try files.writeMarkdown(try fake.report())
    }
    #expect(error?.description.contains("bench.sqlite/x: Not a directory") == true)
  }
}
