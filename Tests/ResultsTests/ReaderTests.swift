// The reader: what it refuses, and that it disturbs nobody.
import Foundation
import TestSupport
import Testing

@testable import Results

@Suite struct ReaderTests {
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
    "DELETE FROM run", "UPDATE run SET seed = 7", "DROP VIEW runs", "CREATE TABLE t (x)",
    "CREATE TEMP TABLE t (x)", "INSERT INTO metricName (name) VALUES ('x') RETURNING id",
    "ATTACH 'other.sqlite' AS other", "VACUUM INTO 'copy.sqlite'", "BEGIN",
    "SELECT load_extension('evil')", "SELECT 1; DELETE FROM run", "PRAGMA user_version = 9", "",
    "-- nothing",
  ])
  func onlyReads(sql: String) throws {
    #expect(throws: ResultsError.self) { try reader.query(sql) }
    #expect(try reader.query("SELECT count(*) FROM run").rows == [[.integer(12)]])
    #expect(!FileManager.default.fileExists(atPath: "other.sqlite"))
    #expect(!FileManager.default.fileExists(atPath: "copy.sqlite"))
  }

  @Test func valuesKeepTheirTypes() throws {
    let result = try reader.query(
      "SELECT NULL AS a, 7 AS b, 0.5 AS c, 'é' || char(10) AS d, x'00ff' AS e;  -- done")
    #expect(result.columns == ["a", "b", "c", "d", "e"])
    #expect(
      result.rows == [[.null, .integer(7), .real(0.5), .text("é\n"), .blob([0, 255])]])
  }

  @Test(arguments: [
    ("SELECT variant, wrong FROM runs", "no such column: wrong", 16),
    ("SELEC 1", "near \"SELEC\": syntax error", 0),
    ("SELECT 1; SELECT 2", "one statement at a time: another begins after the first", 9),
  ])
  func errorsNameThePlace(sql: String, message: String, offset: Int) {
    #expect(throws: ResultsError(message, sqlOffset: offset)) { try reader.query(sql) }
  }

  @Test func aMissingDatabaseIsNamed() throws {
    let path = folder.url.appending(path: "absent.sqlite").path
    let error = #expect(throws: ResultsError.self) { try ResultsReader(path: path) }
    #expect(error?.description.contains(path) == true)
    #expect(error?.remedy == .runOrNameAnother)
    #expect(!FileManager.default.fileExists(atPath: path))
  }

  @Test func readsBesideAWriter() throws {
    let run = try store.acquired("plain-20", 0)
    for step in 1...50 {
      try store.record(run, step: step, metrics: [("trainLoss", Double(step))])
      #expect(try reader.query("SELECT max(step) FROM curves").rows == [[.integer(Int64(step))]])
    }
  }

  @Test func aReaderInALongTransactionDelaysNoWrite() throws {
    try reader.read { db in
      _ = try Int.fetchOne(db, sql: "SELECT count(*) FROM run")
      try store.run("plain-20", 0, [("testError", 1)])
    }
    #expect(try reader.query("SELECT count(*) FROM finals").rows == [[.integer(1)]])
  }

  @Test func readsACopyThatCannotBeWritten() throws {
    try store.run("plain-20", 0, [("testError", 1)])
    try store.queue.writeWithoutTransaction { db in _ = try db.checkpoint(.truncate) }
    let locked = folder.url.appending(path: "locked")
    try FileManager.default.createDirectory(at: locked, withIntermediateDirectories: true)
    let copy = locked.appending(path: "bench.sqlite").path
    try FileManager.default.copyItem(atPath: folder.database, toPath: copy)
    try FileManager.default.setAttributes([.posixPermissions: 0o444], ofItemAtPath: copy)
    try FileManager.default.setAttributes([.posixPermissions: 0o555], ofItemAtPath: locked.path)
    defer {
      try? FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: locked.path)
    }
    let reader = try ResultsReader(path: copy)
    #expect(try reader.query("SELECT value FROM finals").rows == [[.real(1)]])
  }
}
