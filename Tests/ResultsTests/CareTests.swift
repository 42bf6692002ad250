// Looking after a database: checks that find damage, copies that are whole, garbage without numbers.
import Foundation
import GRDB
import TestSupport
import Testing

@testable import Results

@Suite struct CareTests {
  let folder: TemporaryFolder
  let store: ResultsStore

  init() throws {
    folder = try TemporaryFolder()
    store = try ResultsStore(path: folder.database)
    try store.prepare(Fixture.experiment(), variants: Fixture.variants, seeds: [0, 1])
    try store.run("plain-20", 0, [("testError", 30)])
  }

  private func reader() throws -> ResultsReader { try ResultsReader(path: folder.database) }

  /// Changes the database as no program of ours would.
  private func damage(_ sql: String) throws {
    try store.queue.writeWithoutTransaction { db in
      try db.execute(sql: "PRAGMA foreign_keys = OFF")
      try db.execute(sql: sql)
    }
  }

  private func problems() throws -> [String] {
    try reader().check().filter(\.isProblem).map(\.text)
  }

  // MARK: Check

  @Test func aSoundDatabaseHasNothingToSay() throws {
    #expect(try reader().check() == [])
  }

  @Test(arguments: [
    ("DELETE FROM codeDiff", "foreign keys"),
    ("DROP VIEW levels", "view levels"),
    ("UPDATE run SET currentAttempt = 1 WHERE seed = 1", "another run's attempt"),
    ("UPDATE variant SET configurationHash = 'other'", "another configuration"),
    ("DELETE FROM provenance", "no provenance"),
    ("UPDATE attempt SET weightsHash = NULL", "no hash of their weights"),
    ("UPDATE attempt SET step = 3", "not reached"),
    ("UPDATE metric SET value = 'low'", "in metric.value: of another type than REAL"),
    ("UPDATE run SET seed = 'x' WHERE seed = 1", "in run.seed: of another type than INTEGER"),
    ("UPDATE attempt SET configurationJSON = '{'", "in attempt.configurationJSON: no JSON"),
    ("UPDATE attempt SET startedAt = char(27) || '[31mnever'", "in attempt.startedAt: no time"),
    ("UPDATE attempt SET heartbeatAt = '2026-13-45T99:00:00Z'", "in attempt.heartbeatAt: no time"),
    ("UPDATE attempt SET step = 9223372036854775807", "in attempt.step: beyond"),
    ("UPDATE attempt SET processId = 99999999999", "in attempt.processId: no process"),
    ("UPDATE attempt SET seconds = -1", "in attempt.seconds: no length of time"),
  ])
  func damageIsFound(sql: String, message: String) throws {
    try damage(sql)
    let found = try problems()
    #expect(found.contains { $0.contains(message) }, "\(found)")
  }

  /// What cannot be a database is said at once: a pipe would be waited for, for ever.
  @Test func onlyAFileCanBeADatabase() throws {
    let pipe = folder.url.appending(path: "pipe").path
    #expect(mkfifo(pipe, 0o600) == 0)
    let loop = folder.url.appending(path: "loop").path
    #expect(symlink(loop, loop) == 0)
    let empty = folder.url.appending(path: "empty").path
    try Data().write(to: URL(fileURLWithPath: empty))
    let places: [(String, String, ResultsError.Remedy?)] = [
      ("", "is empty", .nameFile), (pipe, "is a pipe or a device", .nameFile),
      (loop, "leads back to itself; name a file", nil),
      (folder.url.path, "is a folder", .nameFileInFolder),
    ]
    for (path, reason, remedy) in places {
      let read = #expect(throws: ResultsError.self) { try ResultsReader(path: path) }
      #expect(read?.description.contains(reason) == true, "\(read?.description ?? "")")
      let written = #expect(throws: ResultsError.self) { try ResultsStore(path: path) }
      #expect(written?.description.contains(reason) == true, "\(written?.description ?? "")")
      #expect(read?.remedy == remedy && written?.remedy == remedy)
    }
    let nothing = #expect(throws: ResultsError.self) { try ResultsReader(path: empty) }
    #expect(nothing?.description.hasSuffix("is empty") == true)
    #expect(nothing?.remedy == .runIntoFile)
  }

  @Test func aDamagedFileIsFound() throws {
    try store.queue.writeWithoutTransaction { db in
      _ = try Row.fetchAll(db, sql: "PRAGMA wal_checkpoint(TRUNCATE)")
    }
    try store.queue.close()
    var bytes = try Data(contentsOf: URL(fileURLWithPath: folder.database))
    // The pages behind the schema's own.
    for i in bytes.count - 8192..<bytes.count - 4096 { bytes[i] = 0xA5 }
    try bytes.write(to: URL(fileURLWithPath: folder.database))
    // Either finding is right: SQLite may stop at the first damaged page.
    do {
      #expect(try !problems().isEmpty)
    } catch let error as ResultsError {
      #expect(error.description.contains(folder.database))
    }
  }

  @Test func aRunWhoseProcessIsGoneIsMentioned() throws {
    var gone = ProcessIdentity.current
    gone.pid = 1 << 22
    let other = try ResultsStore(path: folder.database, process: gone)
    _ = try other.acquired("plain-56", 0)
    let findings = try reader().check()
    #expect(findings.count == 1)
    #expect(findings.first?.isProblem == false)
    #expect(findings.first?.text.contains("degradation/plain-56/0") == true)
  }

  // MARK: Backup

  @Test func aCopyIsWholeWhileRunsWrite() throws {
    let run = try store.acquired("plain-56", 0)
    try store.record(run, step: 5, metrics: [("trainLoss", 2)])
    let path = folder.url.appending(path: "copy.sqlite").path
    try reader().backUp(to: path)
    let copy = try ResultsReader(path: path)
    for table in ["run", "attempt", "metric", "provenance", "variant", "factorLevel"] {
      let sql = "SELECT * FROM \(table) ORDER BY 1, 2, 3"
      #expect(try copy.query(sql) == reader().query(sql))
    }
    #expect(try copy.check() == [])
    let beside = try FileManager.default.contentsOfDirectory(atPath: folder.url.path)
    #expect(!beside.contains { $0.contains("partial") })
    // It is a database like any other.
    try ResultsStore(path: path).run("plain-20", 1, [("testError", 31)])
  }

  @Test func aCopyReplacesNothing() throws {
    let path = folder.url.appending(path: "precious").path
    try Data("precious".utf8).write(to: URL(fileURLWithPath: path))
    #expect(throws: ResultsError.self) { try reader().backUp(to: path) }
    #expect(try String(contentsOfFile: path, encoding: .utf8) == "precious")
    let absent = folder.url.appending(path: "no/such/folder/copy").path
    #expect(throws: ResultsError.self) { try reader().backUp(to: absent) }
  }

  @Test func migrationsNeverReplaceABackup() throws {
    for _ in 0..<3 {
      try damage("DELETE FROM grdb_migrations")
      #expect(throws: (any Error).self) {
        try ResultsSchema.migrate(store.queue, path: folder.database)
      }
    }
    for name in ["backup-0", "backup-0-2", "backup-0-3"] {
      let copy = try DatabaseQueue(path: "\(folder.database).\(name)")
      #expect(try copy.read { try Int.fetchOne($0, sql: "SELECT count(*) FROM run") } == 8)
    }
  }

  // MARK: Garbage

  private func fail(_ variant: String, withNumbers: Bool, diff: String = "") throws {
    let claim = try store.acquire(
      Fixture.key(variant, 0), configurationHash: "hash-\(variant)",
      provenance: Fixture.provenance(diff: diff), retryFailed: true)
    let run = try #require(claim)
    if withNumbers { try store.record(run, step: 5, metrics: [("trainLoss", 2)]) }
    try store.finish(run, status: .failed, seconds: 1, weightsHash: nil, message: "no paper")
  }

  @Test func onlyReplacedFailuresWithoutNumbersAreDropped() throws {
    try fail("plain-56", withNumbers: false, diff: "+one")
    try fail("plain-56", withNumbers: true, diff: "+two")
    try store.run("plain-56", 0, [("testError", 40)])
    try fail("resnet-20", withNumbers: false, diff: "+three")
    let key = Fixture.key("plain-56", 0)
    let found = try reader().garbage()
    #expect(found.failedAttempts.map(\.key) == [key])
    #expect(found.failedAttempts.map(\.number) == [1])
    #expect(found.failedWithNumbers == 1)
    #expect(found.unusedDiffs == 1 && found.unusedDiffBytes == 4)

    let numbers = try reader().query("SELECT * FROM metric ORDER BY 1, 2, 3")
    let views = try reader().query("SELECT * FROM runs ORDER BY runId")
    let dropped = try store.dropGarbage()
    #expect(dropped.failedAttempts.map(\.number) == [1])
    #expect(try reader().query("SELECT * FROM metric ORDER BY 1, 2, 3") == numbers)
    #expect(try reader().query("SELECT * FROM runs ORDER BY runId") == views)
    #expect(
      try reader().query("SELECT attempt FROM attempts WHERE variant = 'plain-56' ORDER BY 1").rows
        == [[.integer(2)], [.integer(3)]])
    #expect(try reader().query("SELECT text FROM codeDiff ORDER BY 1").rows.count == 3)
    #expect(try reader().garbage().failedAttempts.isEmpty)
    #expect(try reader().check() == [])
    #expect(try store.status(of: Fixture.key("resnet-20", 0)) == .failed)
  }

  @Test func listingChangesNothing() throws {
    try fail("plain-56", withNumbers: false)
    try store.run("plain-56", 0, [("testError", 40)])
    let before = try reader().query("SELECT * FROM attempts ORDER BY runId, attempt")
    _ = try reader().garbage()
    #expect(try reader().query("SELECT * FROM attempts ORDER BY runId, attempt") == before)
  }

  @Test func freeRoomIsGivenBackUnlessARunIsInWork() throws {
    let diff = String(repeating: "changed ", count: 50_000)
    try fail("plain-56", withNumbers: false, diff: diff)
    try store.run("plain-56", 0, [("testError", 40)])
    let inWork = try store.acquired("resnet-56", 1)
    #expect(try store.dropGarbage().unusedDiffBytes == 400_000)
    #expect(try reader().garbage().freeBytes > 300_000)
    try store.finish(inWork, status: .interrupted, seconds: 1, weightsHash: nil, message: nil)
    #expect(try store.dropGarbage().freeBytes > 300_000)
    #expect(try reader().garbage().isEmpty)
  }
}
