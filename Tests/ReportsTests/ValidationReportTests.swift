// What the images held out say, beside the test error.
import Numerics
import Results
import Testing

@testable import Reports

@Suite struct ValidationReportTests {
  /// One run of one net with these numbers, and the header and row of its test errors.
  private func row(_ metrics: [(name: String, value: Double)]) throws -> [String: String] {
    let net = FakeExperiment.quartet[2]
    let fake = try FakeExperiment(nets: [net], seeds: [0])
    let claim = try fake.store.acquire(
      RunKey(experiment: "degradation", variant: net.name, seed: 0),
      configurationHash: "hash-" + net.name,
      provenance: Provenance(
        commit: "", diff: "", untracked: "[]", host: "here", operatingSystem: "Linux", cpu: "CPU",
        numericIdentity: NumericIdentity(
          engineVersion: "1", backend: "blas", instructionSet: "baseline"), threads: 1,
        dataChecksum: "", versionsJSON: "{}", commandLine: "bench run"))
    let run = try #require(claim)
    try fake.store.record(run, step: 600, metrics: metrics)
    try fake.store.finish(run, status: .complete, seconds: 60, weightsHash: "ab12", message: nil)
    let table = try #require(
      try fake.report().document(.short).tables.first { $0.title.hasPrefix("Test error") })
    #expect(table.header.count == table.rows[0].count)
    let cells = Dictionary(uniqueKeysWithValues: zip(table.header, table.rows[0]))
    return cells.merging(["notes": table.notes.joined()]) { first, _ in first }
  }

  @Test func whatWasSelectedStandsBesideTheLast() throws {
    let row = try row([
      ("testError", 30), ("validationError", 25), ("selectedTestError", 28),
      ("testTop5Error", 3),
    ])
    #expect(row["test error (%)"] == "30.00" && row["validation"] == "25.00")
    #expect(row["at best validation"] == "28.00" && row["best on test"] == "30.00")
    #expect(row["notes"]?.contains("chosen without the test images") == true)
    // Ten generated classes are not what the top-5 error is for.
    #expect(row["top-5"] == nil)
  }

  @Test func withoutValidationThereIsNoColumn() throws {
    let row = try row([("testError", 30)])
    #expect(row["validation"] == nil && row["at best validation"] == nil)
    #expect(row["notes"]?.contains("At best validation") == false)
  }
}
