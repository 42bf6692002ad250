// Merging databases: what is new comes over, what is here stays, twice is once.
import Foundation
import GRDB
import TestSupport
import Testing

@testable import Results

@Suite struct MergeTests {
  let folder: TemporaryFolder
  let here: ResultsStore
  let there: ResultsStore

  init() throws {
    folder = try TemporaryFolder()
    here = try ResultsStore(path: folder.url.appending(path: "here.sqlite").path)
    there = try ResultsStore(path: folder.url.appending(path: "there.sqlite").path)
    try prepare(there, seeds: [0, 1])
  }

  private func prepare(
    _ store: ResultsStore, variants: [VariantRecord] = Fixture.variants, seeds: [Int64]
  ) throws {
    try store.prepare(Fixture.experiment(), variants: variants, seeds: seeds)
  }

  private func merge() throws -> MergeSummary {
    try here.merge(ResultsReader(path: there.path))
  }

  private func rows(_ sql: String, _ store: ResultsStore) throws -> [[SQLValue]] {
    try ResultsReader(path: store.path).query(sql).rows
  }

  /// All rows of a table or view, in an order that depends on them alone.
  private func sorted(_ table: String, _ store: ResultsStore) throws -> [String] {
    try rows("SELECT * FROM \(table)", store).map { "\($0)" }.sorted()
  }

  /// Everything that the merge may touch.
  private func everything(_ store: ResultsStore) throws -> [[String]] {
    try [
      "experiment", "variant", "run", "attempt", "provenance", "metric", "factorLevel", "codeDiff",
      "metricName",
    ].map { try sorted($0, store) }
  }

  @Test func anEmptyDatabaseBecomesACopy() throws {
    try there.run("plain-20", 0, [("testError", 30), ("trainError", 0.1 + 0.2)])
    try there.run("plain-56", 0, [("testError", 40)])
    var expected = MergeSummary()
    expected.experiments = 1
    expected.variants = 4
    expected.runs = 8
    expected.attempts = 2
    #expect(try merge() == expected)
    for view in ["runs", "curves", "finals", "summary", "levels", "variants", "attempts"] {
      #expect(try sorted(view, here) == sorted(view, there), "\(view)")
    }
    #expect(try ResultsReader(path: here.path).check() == [])
  }

  @Test func twiceIsOnce() throws {
    try there.run("plain-20", 0, [("testError", 30)])
    let failed = try there.acquired("plain-56", 1)
    try there.finish(failed, status: .failed, seconds: 1, weightsHash: nil, message: "no paper")
    _ = try merge()
    let before = try everything(here)
    let again = try merge()
    #expect(again.changesNothing && again.conflicts.isEmpty)
    #expect(try everything(here) == before)
  }

  @Test func twoMachinesShareTheWork() throws {
    try prepare(here, seeds: [0, 1])
    try here.run("plain-20", 0, [("testError", 30)])
    try there.run("plain-20", 1, [("testError", 31)])
    try there.run("resnet-56", 0, [("testError", 20)])
    let own = try rows("SELECT runId FROM runs ORDER BY 1", here)
    let summary = try merge()
    #expect(summary.attempts == 2 && summary.runs == 0 && summary.conflicts.isEmpty)
    #expect(summary.unchanged == 6)
    #expect(try rows("SELECT runId FROM runs ORDER BY 1", here) == own)
    #expect(
      try rows("SELECT variant, seed, value FROM finals ORDER BY 1, 2", here) == [
        [.text("plain-20"), .integer(0), .real(30)], [.text("plain-20"), .integer(1), .real(31)],
        [.text("resnet-56"), .integer(0), .real(20)],
      ])
    #expect(try here.status(of: Fixture.key("plain-20", 1)) == .complete)
    // A new preparation does not see it otherwise.
    try prepare(here, seeds: [0, 1])
    #expect(try here.status(of: Fixture.key("plain-20", 1)) == .complete)
    #expect(try merge().changesNothing)
  }

  @Test func theSameCellTwiceIsAConflictOnlyIfItDiffers() throws {
    try prepare(here, seeds: [0, 1])
    for store in [here, there] { try store.run("plain-20", 0, [("testError", 30)]) }
    #expect(try merge().conflicts.isEmpty)
    try here.run("plain-20", 1, [("testError", 31)])
    let other = try there.acquired("plain-20", 1)
    try there.finish(other, status: .complete, seconds: 1, weightsHash: "cd34", message: nil)
    let before = try everything(here)
    let conflicts = try merge().conflicts
    #expect(
      conflicts == ["degradation/plain-20/1 is complete here (ab12) and complete there (cd34)"])
    #expect(try everything(here) == before)
  }

  @Test func anotherConfigurationIsAConflict() throws {
    try there.run("plain-20", 0, [("testError", 30)])
    try there.run("plain-56", 0, [("testError", 40)])
    try prepare(here, variants: [Fixture.variant("plain", 20, hash: "changed")], seeds: [0])
    let summary = try merge()
    #expect(summary.conflicts.count == 1)
    #expect(summary.conflicts.first?.contains("plain-20 has another configuration") == true)
    #expect(summary.variants == 3 && summary.runs == 1 && summary.attempts == 1)
    #expect(try here.status(of: Fixture.key("plain-20", 0)) == .waiting)
    #expect(try here.status(of: Fixture.key("plain-56", 0)) == .complete)
  }

  @Test func aRunInWorkIsLeftAlone() throws {
    try prepare(here, seeds: [0, 1])
    let run = try here.acquired("plain-20", 0)
    try there.run("plain-20", 0, [("testError", 30)])
    #expect(
      try merge().conflicts == ["degradation/plain-20/0 is in work here and complete there"])
    try here.record(run, step: 5, metrics: [("testError", 50)])
    try here.finish(run, status: .complete, seconds: 1, weightsHash: "ab12", message: nil)
    #expect(try merge().conflicts.isEmpty)
  }

  @Test func aCopyThatWentOnIsTakenOver() throws {
    let run = try there.acquired("plain-20", 0)
    try there.record(run, step: 5, metrics: [("testError", 50)])
    // What the backup has is this attempt, unfinished.
    let copy = folder.url.appending(path: "copy.sqlite").path
    try ResultsReader(path: there.path).backUp(to: copy)
    try there.record(run, step: 10, metrics: [("testError", 30)])
    try there.finish(run, status: .complete, seconds: 1, weightsHash: "ab12", message: nil)

    var gone = ProcessIdentity.current
    gone.bootId = "another start"
    let restored = try ResultsStore(path: copy, process: gone)
    let summary = try restored.merge(ResultsReader(path: there.path))
    #expect(summary.continued == 1 && summary.attempts == 0 && summary.conflicts.isEmpty)
    #expect(try restored.status(of: Fixture.key("plain-20", 0)) == .complete)
    #expect(
      try rows("SELECT step, value FROM curves ORDER BY 1", restored)
        == [[.integer(5), .real(50)], [.integer(10), .real(30)]])
    #expect(try restored.merge(ResultsReader(path: there.path)).changesNothing)
  }

  @Test func anAttemptThatWasTakenUpAgainIsTheSame() throws {
    let run = try there.acquired("plain-20", 0)
    try there.record(run, step: 5, metrics: [("testError", 50)])
    try there.finish(run, status: .interrupted, seconds: 1, weightsHash: nil, message: nil)
    #expect(try merge().attempts == 1)
    // Another process goes on with it, with changed code.
    var process = ProcessIdentity.current
    process.startTicks += 1
    let later = try ResultsStore(path: there.path, process: process)
    let resumed = try #require(
      try later.resume(
        run.key, at: ResumePoint(attempt: 1, step: 4, lastRecord: 4),
        configurationHash: "hash-plain-20", provenance: Fixture.provenance(diff: "+later")))
    try later.record(resumed, step: 10, metrics: [("testError", 30)])
    try later.finish(resumed, status: .complete, seconds: 2, weightsHash: "ab12", message: nil)
    let summary = try merge()
    #expect(summary.continued == 1 && summary.attempts == 0)
    for table in ["curves", "attempts"] {
      #expect(try sorted(table, here) == sorted(table, there))
    }
    let diffs = "SELECT text FROM codeDiff ORDER BY 1"
    #expect(try rows(diffs, here) == rows(diffs, there))
    #expect(try rows(diffs, here).contains([.text("+later")]))
    #expect(try merge().changesNothing)
    // What a resumption refers to is no garbage.
    #expect(try ResultsReader(path: here.path).garbage().unusedDiffs == 0)
    try here.dropGarbage()
    #expect(try rows(diffs, here).contains([.text("+later")]))
  }

  @Test func newerAndOwnDatabasesAreRefused() throws {
    #expect(throws: ResultsError.self) { try here.merge(ResultsReader(path: here.path)) }
    let link = folder.url.appending(path: "link.sqlite").path
    try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: here.path)
    #expect(throws: ResultsError.self) { try here.merge(ResultsReader(path: link)) }
    try there.queue.write { db in
      try db.execute(sql: "INSERT INTO grdb_migrations (identifier) VALUES ('9 from the future')")
    }
    let error = #expect(throws: ResultsError.self) { try merge() }
    #expect(error?.description.contains("newer version") == true)
    #expect(try rows("SELECT count(*) FROM experiment", here) == [[.integer(0)]])
  }

  @Test func theFirstSchemaIsMerged() throws {
    let path = folder.url.appending(path: "first.sqlite").path
    try FileManager.default.copyItem(
      atPath: SchemaTests.fixtures.appending(path: "schema-1.sqlite").path, toPath: path)
    let summary = try here.merge(ResultsReader(path: path))
    #expect(summary.runs == 4 && summary.attempts == 3)
    #expect(try rows("SELECT count(*) FROM curves", here) == [[.integer(9)]])
    #expect(try here.merge(ResultsReader(path: path)).changesNothing)
  }
}
