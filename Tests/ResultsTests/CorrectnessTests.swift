// Which test examples a run got right: bit by bit in, bit by bit out.
import Foundation
import GRDB
import TestSupport
import Testing

@testable import Results

@Suite struct CorrectnessTests {
  let folder: TemporaryFolder
  let store: ResultsStore

  init() throws {
    folder = try TemporaryFolder()
    store = try ResultsStore(path: folder.database)
    try store.prepare(Fixture.experiment(), variants: Fixture.variants, seeds: [0, 1])
  }

  @Test(arguments: [0, 1, 7, 8, 9, 10_000])
  func anyNumberOfAnswersComesBack(count: Int) throws {
    let correct = (0..<count).map { $0 % 3 == 0 || $0 % 7 == 2 }
    let run = try store.acquired("plain-20", 0)
    let correctness = Correctness(step: 600, correct: correct, testChecksum: "c0de")
    try store.record(run, correctness)
    let reader = try ResultsReader(path: folder.database)
    #expect(try reader.correctness(ofRun: run.runId) == correctness)
    #expect(correctness.bits.count == (count + 7) / 8)
  }

  @Test func theFirstExampleIsTheLowestBit() {
    var correct = [Bool](repeating: false, count: 10)
    correct[0] = true
    correct[9] = true
    let bits = Correctness(step: 1, correct: correct, testChecksum: "").bits
    #expect([UInt8](bits) == [1, 2])
    #expect(Correctness.unpacked(bits, count: 10) == correct)
    #expect(Correctness.unpacked(bits, count: 17) == nil)
    #expect(Correctness.unpacked(bits, count: -1) == nil)
  }

  @Test func anAttemptHasOneSetOfAnswersAndARunThoseOfItsCurrentOne() throws {
    let first = try store.acquired("plain-20", 0)
    try store.record(first, Correctness(step: 1, correct: [true], testChecksum: "a"))
    try store.record(first, Correctness(step: 2, correct: [false, true], testChecksum: "b"))
    let reader = try ResultsReader(path: folder.database)
    #expect(try reader.correctness(ofRun: first.runId)?.step == 2)
    try store.finish(first, status: .complete, seconds: 1, weightsHash: "ff", message: nil)
    let second = try store.acquired("plain-20", 0)
    #expect(second.runId == first.runId)
    #expect(try reader.correctness(ofRun: first.runId) == nil)
    #expect(try reader.correctness(ofRun: "absent") == nil)
  }

  @Test func aDatabaseOfTheFirstSchemaHasNoAnswersUntilItIsWritten() throws {
    let old = SchemaTests.fixtures.appending(path: "schema-1.sqlite").path
    let path = folder.url.appending(path: "old.sqlite").path
    try FileManager.default.copyItem(atPath: old, toPath: path)
    let reader = try ResultsReader(path: path)
    let run = try #require(try reader.runs(experiment: "degradation").first)
    #expect(try reader.correctness(ofRun: run.runId) == nil)
    let store = try ResultsStore(path: path)
    let claim = try #require(
      try store.acquire(
        run.key, configurationHash: "hash-plain-20", provenance: Fixture.provenance(), force: true))
    try store.record(claim, Correctness(step: 9, correct: [true, false], testChecksum: "a"))
    #expect(
      try ResultsReader(path: path).correctness(ofRun: run.runId)?.correct == [true, false])
  }

  /// The third migration's table as it was first released.
  @Test func theThirdMigrationIsFrozen() throws {
    let fresh = try DatabaseQueue()
    try fresh.write { try ResultsSchema.apply($0, upTo: "3 correctness") }
    let sql = try fresh.read { db in
      try String.fetchOne(db, sql: "SELECT sql FROM sqlite_schema WHERE name = 'correctness'")
    }
    #expect(
      sql == """
        CREATE TABLE correctness (
          attemptId INTEGER PRIMARY KEY REFERENCES attempt(id) ON DELETE CASCADE,
          step INTEGER NOT NULL,
          count INTEGER NOT NULL,
          testChecksum TEXT NOT NULL,
          bits BLOB NOT NULL
        )
        """)
  }
}
