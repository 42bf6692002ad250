// Databases damaged at random bytes, and values of wrong types: read as far as they can be, or
// refused with a message; nothing crashes or hangs.
import Foundation
import GRDB
import Mutations
import TestSupport
import Testing

@testable import Results

@Suite struct DatabaseMutationTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  /// A small database with runs in every state, as one file.
  private func makeDatabase(_ path: String) throws {
    let store = try ResultsStore(path: path)
    try store.prepare(Fixture.experiment(), variants: Fixture.variants, seeds: [0, 1])
    for (seed, error) in [(Int64(0), 30.0), (1, 31.5)] {
      try store.run("plain-20", seed, [("testError", error), ("trainLoss", 0.1)])
    }
    let failed = try store.acquired("plain-56", 0)
    try store.finish(failed, status: .failed, seconds: 1, weightsHash: nil, message: "disk full")
    let running = try store.acquired("resnet-20", 0)
    try store.record(running, step: 5, metrics: [("trainLoss", 2)])
    try store.queue.writeWithoutTransaction { db in
      _ = try String.fetchOne(db, sql: "PRAGMA journal_mode = DELETE")
    }
    try store.queue.close()
  }

  /// Everything that reports and commands read.
  private func readAll(_ path: String) throws {
    let reader = try ResultsReader(path: path)
    for experiment in try reader.experiments() {
      _ = try? reader.variants(experiment: experiment.name)
      _ = try? reader.provenance(experiment: experiment.name)
    }
    for run in try reader.runs() { _ = try? reader.recordedAttempt(ofRun: run.runId) }
    _ = try reader.curves(experiment: "degradation", metrics: ["testError", "trainLoss"])
    _ = try reader.finals(experiment: "degradation")
    _ = try reader.check()
    _ = try reader.query("SELECT * FROM summary", timeout: .seconds(5))
    _ = try? reader.garbage()
  }

  /// What a run does.
  private func writeAll(_ path: String) throws {
    let store = try ResultsStore(path: path)
    try store.prepare(Fixture.experiment(), variants: Fixture.variants, seeds: [0, 1])
    let key = Fixture.key("resnet-56", 1)
    _ = try store.currentAttempt(of: key)
    guard
      let run = try store.acquire(
        key, configurationHash: "hash-resnet-56", provenance: Fixture.provenance())
    else { return }
    try store.record(run, step: 1, metrics: [("trainLoss", 1)])
    try store.finish(run, status: .complete, seconds: 1, weightsHash: "ab", message: nil)
  }

  @Test func damagedFiles() throws {
    try makeDatabase(folder.database)
    let sound = try Array(Data(contentsOf: URL(fileURLWithPath: folder.database)))
    let merged = try ResultsStore(path: folder.url.appending(path: "merged.sqlite").path)
    var mutator = Mutator(seed: 15)
    var counts = (read: 0, refused: 0)
    for round in 0..<1500 {
      let path = folder.url.appending(path: "m.sqlite").path
      for end in ["", "-wal", "-shm", "-journal"] { unlink(path + end) }
      // The header and the schema's page in every third, where most depends on every byte.
      let head = round % 3 == 0 ? 4096 : nil
      let bytes = mutator.damaged(sound, head: head, keepsSize: mutator.below(5) > 0)
      try writeFile(bytes, to: path)
      do {
        switch round % 8 {
        case 0: try writeAll(path)
        case 1: _ = try merged.merge(try ResultsReader(path: path))
        default: try readAll(path)
        }
        counts.read += 1
      } catch is ResultsError {
        counts.refused += 1
      }
    }
    #expect(counts.read > 100 && counts.refused > 100, "\(counts)")
  }

  /// SQLite keeps whatever is put into a column; no such value may end the process.
  @Test func valuesOfWrongTypes() throws {
    try makeDatabase(folder.database)
    let original = try DatabaseQueue(path: folder.database)
    // Without the NOT NULL and CHECK that keep such values out.
    try original.writeWithoutTransaction { db in
      try db.execute(
        sql: """
          PRAGMA writable_schema = ON;
          UPDATE sqlite_schema SET sql = replace(replace(sql, 'NOT NULL', ''), 'STRICT', '')
          WHERE type = 'table'
          """)
    }
    let columns = try original.read { db in
      try ["experiment", "variant", "run", "attempt", "provenance", "metric", "factorLevel"]
        .flatMap { table in try db.columns(in: table).map { (table, $0.name) } }
    }
    try original.close()
    var refused = 0
    for (table, column) in columns {
      for value in ["NULL", "'text'", "x'00ff'", "1e300", "-9223372036854775808"] {
        let path = folder.url.appending(path: "t.sqlite").path
        for end in ["", "-wal", "-shm"] { unlink(path + end) }
        try FileManager.default.copyItem(atPath: folder.database, toPath: path)
        let queue = try DatabaseQueue(path: path)
        try queue.writeWithoutTransaction { db in
          try db.execute(sql: "PRAGMA foreign_keys = OFF; PRAGMA ignore_check_constraints = ON")
          try? db.execute(sql: "UPDATE \(table) SET \(column) = \(value)")
        }
        try queue.close()
        for action in [readAll, writeAll] {
          do { try action(path) } catch is ResultsError { refused += 1 }
        }
      }
    }
    #expect(refused > 50, "\(refused)")
  }

  /// The files beside the database: a damaged log is passed over or refused.
  @Test func damagedLogs() throws {
    let store = try ResultsStore(path: folder.database)
    try store.prepare(Fixture.experiment(), variants: Fixture.variants, seeds: [0])
    try store.run("plain-20", 0, [("testError", 30)])
    let files = try ["", "-wal"].map {
      try Array(Data(contentsOf: URL(fileURLWithPath: folder.database + $0)))
    }
    #expect(files[1].count > 1000, "the test needs a log")
    var mutator = Mutator(seed: 16)
    for _ in 0..<500 {
      let path = folder.url.appending(path: "w.sqlite").path
      unlink(path + "-shm")
      try writeFile(files[0], to: path)
      try writeFile(mutator.damaged(files[1], head: 600), to: path + "-wal")
      do { try readAll(path) } catch is ResultsError { continue }
    }
  }
}
