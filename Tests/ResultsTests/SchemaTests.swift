// The schema's versions: the first one is frozen, newer ones are refused, older ones backed up.
import Foundation
import GRDB
import Numerics
import Synchronization
import TestSupport
import Testing

@testable import Results

@Suite struct SchemaTests {
  let folder: TemporaryFolder
  static let fixtures = Repository.root.appending(path: "Tests/ResultsTests/Fixtures")

  init() throws { folder = try TemporaryFolder() }

  private func copyOfFirstSchema() throws -> String {
    try FileManager.default.copyItem(
      atPath: Self.fixtures.appending(path: "schema-1.sqlite").path, toPath: folder.database)
    return folder.database
  }

  /// Names and SQL of everything but what SQLite makes by itself.
  private func schema(_ db: Database) throws -> [String] {
    try String.fetchAll(
      db,
      sql: """
        SELECT name || ': ' || sql FROM sqlite_schema
        WHERE sql IS NOT NULL AND name <> 'grdb_migrations' ORDER BY name
        """)
  }

  @Test func theFirstMigrationStillMakesTheFrozenSchema() throws {
    let frozen = try DatabaseQueue(path: try copyOfFirstSchema())
    let fresh = try DatabaseQueue()
    try fresh.write { try ResultsSchema.apply($0, upTo: "1 first schema") }
    #expect(try fresh.read(schema) == frozen.read(schema))
  }

  @Test func theFirstSchemaIsReadThroughTheViews() throws {
    let reader = try ResultsReader(path: try copyOfFirstSchema())
    let rows = try reader.query("SELECT variant, metric, n, mean, standardDeviation FROM summary")
    #expect(
      rows.rows == [
        [.text("plain-20"), .text("testError"), .integer(2), .real(31), .real(2.0.squareRoot())],
        [.text("plain-20"), .text("trainError"), .integer(2), .real(25), .real(8.0.squareRoot())],
      ])
    #expect(
      try reader.query("SELECT status, count(*) FROM runs GROUP BY status ORDER BY status").rows
        == [
          [.text("complete"), .integer(2)], [.text("diverged"), .integer(1)],
          [.text("waiting"), .integer(1)],
        ])
    #expect(try reader.query("SELECT count(*) FROM curves").rows == [[.integer(9)]])
    #expect(
      try reader.query("SELECT max(uncommitted), max(threads) FROM attempts").rows
        == [[.integer(1), .integer(2)]])
  }

  @Test func theFirstSchemaIsWrittenOn() throws {
    let store = try ResultsStore(path: try copyOfFirstSchema())
    let key = RunKey(experiment: "degradation", variant: "plain-56", seed: 1)
    #expect(try store.status(of: key) == .waiting)
    let claim = try store.acquire(
      key, configurationHash: "hash-plain-56", provenance: Fixture.provenance())
    #expect(claim?.attempt == 1)
  }

  @Test func aNewerDatabaseIsReadButNotWritten() throws {
    let path = try copyOfFirstSchema()
    let queue = try DatabaseQueue(path: path)
    try queue.write { db in
      try db.execute(sql: "INSERT INTO grdb_migrations (identifier) VALUES ('9 from the future')")
    }
    try queue.close()
    let error = #expect(throws: ResultsError.self) { try ResultsStore(path: path) }
    #expect(error?.description.contains("newer version") == true)
    #expect(error?.remedy == .nameAnotherOrUpgrade)
    let runs = try ResultsReader(path: path).query("SELECT count(*) FROM runs").rows
    #expect(runs == [[.integer(4)]])
  }

  @Test func anOlderDatabaseIsBackedUpBeforeItIsChanged() throws {
    let queue = try DatabaseQueue(path: try copyOfFirstSchema())
    try queue.write { db in
      try db.execute(sql: "DELETE FROM grdb_migrations")
      for (type, name) in try Row.fetchAll(
        db, sql: "SELECT type, name FROM sqlite_schema WHERE type = 'view'"
      ).map({ ($0["type"] as String, $0["name"] as String) }) {
        try db.execute(sql: "DROP \(type) \(name)")
      }
    }
    #expect(try queue.read(ResultsSchema.age) == .older)
    // The first migration cannot run on this file, so what matters is what stands beside it.
    #expect(throws: (any Error).self) {
      try ResultsSchema.migrate(queue, path: folder.database)
    }
    let backup = try DatabaseQueue(path: folder.database + ".backup-0")
    #expect(try backup.read { try Int.fetchOne($0, sql: "SELECT count(*) FROM run") } == 4)
    #expect(!FileManager.default.fileExists(atPath: folder.database + ".backup-0.partial"))
  }

  /// schema-2 and schema-3 are schema-1 brought to the later migration, with a row of what it added;
  /// from schema-4 on they are written by `makeSchemaFixture`.
  static let earlier = [
    "1 first schema", "2 resumptions", "3 correctness", "4 layers", "5 numeric identity",
  ]

  @Test func thereIsADatabaseOfEveryEarlierSchema() {
    let known = ResultsSchema.migrations.map(\.name)
    #expect(
      Array(known.dropLast()) == Self.earlier, "add the schema before the last to the fixtures")
    for version in 1...known.count {
      let file = Self.fixtures.appending(path: "schema-\(version).sqlite").path
      #expect(FileManager.default.fileExists(atPath: file), "make fixtures makes the last one")
    }
  }

  /// Every earlier database is the schema it says, is backed up, and becomes the present one.
  @Test(arguments: [1, 2, 3, 4, 5])
  func earlierDatabasesMigrate(version: Int) throws {
    let fixture = Self.fixtures.appending(path: "schema-\(version).sqlite").path
    try FileManager.default.copyItem(atPath: fixture, toPath: folder.database)
    do {
      let old = try DatabaseQueue(path: folder.database)
      let then = try DatabaseQueue()
      try then.write { try ResultsSchema.apply($0, upTo: Self.earlier[version - 1]) }
      #expect(try old.read(schema) == then.read(schema))
      try old.close()
    }
    let before = try ResultsReader(path: folder.database).query("SELECT * FROM summary").rows
    let store = try ResultsStore(path: folder.database)
    let reader = try ResultsReader(path: folder.database)
    #expect(try reader.query("SELECT * FROM summary").rows == before)
    #expect(try reader.query("SELECT count(*) FROM curves").rows == [[.integer(9)]])
    #expect(try reader.query("SELECT count(*) FROM layers").rows == [[.integer(0)]])
    let resumed = try reader.query("SELECT max(resumed) FROM attempts").rows
    #expect(resumed == [[.integer([2, 3].contains(version) ? 1 : 0)]])
    let run = try #require(
      try reader.runs(experiment: "degradation").first { $0.key == Fixture.key("plain-20", 0) })
    let answers = try reader.correctness(ofRun: run.runId)
    #expect(answers?.correct == (version == 3 ? (0..<10).map { $0 < 9 } : nil))
    #expect(
      try reader.query(
        "SELECT DISTINCT backendVersion, codeClass, convolution, precision FROM attempts"
      ).rows == [
        (version < 5 ? ["", "", "", "fp32"] : ["1.17", "skx", "winograd", "fp32"]).map(
          SQLValue.text)
      ])
    // What it diverged of or was stopped by was no failure.
    #expect(
      try reader.query("SELECT sum(timeouts), sum(preemptions), sum(failures) FROM attempts").rows
        == [[.integer(0), .integer(0), .integer(0)]])
    let fresh = try DatabaseQueue()
    try fresh.write { try ResultsSchema.apply($0) }
    #expect(try store.queue.read(schema) == fresh.read(schema))
    let backup = try DatabaseQueue(path: "\(folder.database).backup-\(version)")
    #expect(try backup.read(ResultsSchema.age) == .older)
  }

  /// What decided the bits of an earlier version's attempts stands among its versions: read from a
  /// file as it is, from one brought up to date, and from one that it was merged into.
  @Test(arguments: [
    (
      #"{"bench":"1.0.0","convolution":"direct","libxsmm":"1.17, target cpx"}"#,
      "1, libxsmm 1.17 skx, avx512, direct"
    ),
    (#"{"bench":"1.0.0"}"#, "1, libxsmm, avx512"), ("damaged", "1, libxsmm, avx512"),
  ])
  func earlierAttemptsHaveTheirNumericIdentity(versions: String, summary: String) throws {
    let fixture = Self.fixtures.appending(path: "schema-4.sqlite").path
    try FileManager.default.copyItem(atPath: fixture, toPath: folder.database)
    let queue = try DatabaseQueue(path: folder.database)
    try queue.write {
      try $0.execute(sql: "UPDATE provenance SET versionsJSON = ?", arguments: [versions])
    }
    try queue.close()
    func identity(_ path: String) throws -> NumericIdentity? {
      let details = try ResultsReader(path: path).details(ofRun: "degradation/plain-20/0")
      return details.provenance?.numericIdentity
    }
    let before = try identity(folder.database)
    #expect(before?.summary == summary)
    let merged = folder.url.appending(path: "merged.sqlite").path
    _ = try ResultsStore(path: merged).merge(ResultsReader(path: folder.database))
    #expect(try identity(merged) == before)
    _ = try ResultsStore(path: folder.database)
    #expect(try identity(folder.database) == before)
  }

  /// Written now, all of it has columns of its own.
  @Test func theNumericIdentityIsInTheViewOfAttempts() throws {
    let store = try ResultsStore(path: folder.database)
    try store.prepare(Fixture.experiment(), variants: Fixture.variants, seeds: [0])
    var provenance = Fixture.provenance()
    provenance.numericIdentity.precision = "bf16 tiles"
    let run = try store.acquire(
      Fixture.key("plain-20", 0), configurationHash: "hash-plain-20", provenance: provenance)
    #expect(run != nil)
    let reader = try ResultsReader(path: folder.database)
    #expect(
      try reader.query(
        "SELECT engineVersion, backend, backendVersion, codeClass, instructionSet, convolution, "
          + "precision FROM attempts"
      ).rows == [
        ["1", "libxsmm", "1.17", "skx", "avx512", "winograd", "bf16 tiles"].map { .text($0) }
      ])
    let details = try reader.details(ofRun: "degradation/plain-20/0")
    #expect(details.provenance == provenance)
  }

  @Test func anotherProgramsDatabaseIsLeftAlone() throws {
    let queue = try DatabaseQueue(path: folder.database)
    try queue.write { try $0.execute(sql: "CREATE TABLE theirs (x)") }
    #expect(throws: ResultsError.self) { try ResultsStore(path: folder.database) }
    #expect(throws: ResultsError.self) { try ResultsReader(path: folder.database) }
  }

  @Test func aFileThatIsNoDatabaseIsNamed() throws {
    try Data(repeating: 0x41, count: 5000).write(to: URL(fileURLWithPath: folder.database))
    let error = #expect(throws: ResultsError.self) { try ResultsStore(path: folder.database) }
    #expect(error?.description.contains(folder.database) == true)
  }

  /// Each finds all of the schema or none of it, and nothing is there to be backed up.
  @Test(arguments: 0..<30) func manyProcessesMayStartOnANewFile(round: Int) throws {
    let path = folder.database
    let errors = together(8) {
      try ResultsStore(path: path).prepare(
        Fixture.experiment(), variants: Fixture.variants, seeds: [0])
    }
    #expect(errors == [])
    #expect(try ResultsReader(path: path).runs(experiment: "degradation").count == 4)
    #expect(try backups() == [])
  }

  /// One of them migrates, and makes the one copy.
  @Test(arguments: 0..<10) func manyProcessesMayStartOnAnOlderFile(round: Int) throws {
    let path = try copyOfFirstSchema()
    let errors = together(8) { _ = try ResultsStore(path: path) }
    #expect(errors == [])
    let age = try DatabaseQueue(path: path).read(ResultsSchema.age)
    #expect(age == .current)
    #expect(try backups().count == 1)
  }

  /// Runs the same on as many threads at once.
  /// - Returns: what went wrong.
  private func together(_ count: Int, _ body: @Sendable () throws -> Void) -> [String] {
    let errors = Mutex<[String]>([])
    DispatchQueue.concurrentPerform(iterations: count) { _ in
      do { try body() } catch { errors.withLock { $0.append("\(error)") } }
    }
    return errors.withLock { $0 }
  }

  private func backups() throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: folder.url.path)
      .filter { $0.contains("backup") }
  }
}
