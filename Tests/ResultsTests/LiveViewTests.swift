// What queries see of runs whose process is gone, and how far runs are.
import Foundation
import TestSupport
import Testing

@testable import Results

@Suite struct LiveViewTests {
  let folder: TemporaryFolder
  /// Of this process, and of one that is gone.
  let store: ResultsStore
  let dead: ResultsStore

  init() throws {
    folder = try TemporaryFolder()
    store = try ResultsStore(path: folder.database)
    try store.prepare(Fixture.experiment(), variants: Fixture.variants, seeds: [0, 1])
    var gone = ProcessIdentity.current
    gone.startTicks += 1
    dead = try ResultsStore(path: folder.database, process: gone)
  }

  private func texts(_ sql: String) throws -> [[String]] {
    try ResultsReader(path: folder.database).query(sql).rows.map { row in
      row.map { value in
        switch value {
        case .text(let text): text
        case .integer(let number): String(number)
        case .null, .real, .blob: ""
        }
      }
    }
  }

  @Test func aRunWhoseProcessIsGoneIsInterrupted() throws {
    _ = try store.acquired("plain-20", 0)
    _ = try dead.acquired("plain-56", 0)
    try store.run("resnet-20", 0, [("testError", 1)])
    #expect(
      try texts("SELECT variant, status FROM runs WHERE seed = 0 ORDER BY variant") == [
        ["plain-20", "running"], ["plain-56", "interrupted"], ["resnet-20", "complete"],
        ["resnet-56", "waiting"],
      ])
    #expect(
      try texts("SELECT variant, attempt, status FROM attempts ORDER BY variant") == [
        ["plain-20", "1", "running"], ["plain-56", "1", "interrupted"],
        ["resnet-20", "1", "complete"],
      ])
    // The file says what the process last wrote.
    #expect(
      try texts("SELECT status FROM main.runs WHERE variant = 'plain-56' AND seed = 0")
        == [["running"]])
  }

  @Test func theViewsHaveTheirColumns() throws {
    let reader = try ResultsReader(path: folder.database)
    for view in try ResultsReader.viewsOfNewDatabase() {
      #expect(try reader.query("SELECT * FROM \(view.name)").columns == view.columns)
    }
  }

  @Test func statesAreOfTheLatestAttemptUnderEachConfiguration() throws {
    try store.run("plain-20", 0, [("testError", 1)])
    let second = try dead.acquired("plain-20", 0)
    try dead.record(second, step: 40, metrics: [("trainLoss", 1)])
    let changed = [Fixture.variant("plain", 20, hash: "new")]
    try store.prepare(Fixture.experiment(specHash: "6f"), variants: changed, seeds: [0])
    let third = try #require(
      try store.acquire(
        Fixture.key("plain-20", 0), configurationHash: "new", provenance: Fixture.provenance()))
    let reader = try ResultsReader(path: folder.database)
    let states = try reader.attemptStates(experiment: "degradation")
    #expect(
      states == [
        AttemptState(
          key: Fixture.key("plain-20", 0), configurationHash: "hash-plain-20",
          status: .interrupted, step: 40),
        AttemptState(
          key: Fixture.key("plain-20", 0), configurationHash: "new", status: .running, step: 0),
      ])
    try store.finish(
      third, status: .complete, seconds: 1, weightsHash: "ab", message: nil)
    #expect(try reader.attemptStates(experiment: "degradation").last?.status == .complete)
    #expect(try reader.attemptStates(experiment: "another").isEmpty)
  }
}
