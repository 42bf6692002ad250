// The schema's versions: numbered migrations, appended to and never changed.
import Foundation
import GRDB

/// What the database looks like, version by version.
enum ResultsSchema {
  static var migrator: DatabaseMigrator {
    var migrator = DatabaseMigrator()
    migrator.registerMigration("1 first schema") { db in
      try db.execute(sql: "PRAGMA application_id = \(FirstSchema.applicationId)")
      try db.execute(sql: FirstSchema.tables)
      try db.execute(sql: FirstSchema.views)
    }
    migrator.registerMigration("2 resumptions") { db in
      try db.execute(sql: ResumeSchema.sql)
    }
    migrator.registerMigration("3 correctness") { db in
      try db.execute(sql: CorrectnessSchema.sql)
    }
    migrator.registerMigration("4 layers") { db in
      try db.execute(sql: LayerSchema.sql)
    }
    return migrator
  }

  /// What a database file holds, seen from this version of the program.
  enum Age: Equatable {
    case empty, older, current, newer, foreign
  }

  static func age(_ db: Database) throws -> Age {
    let applicationId = try Int64.fetchOne(db, sql: "PRAGMA application_id")
    // The migrator makes its own table first, so another process may see that one alone.
    let count = try Int.fetchOne(
      db, sql: "SELECT count(*) FROM sqlite_schema WHERE tbl_name <> 'grdb_migrations'")
    if count == 0 { return .empty }
    guard applicationId == FirstSchema.applicationId else { return .foreign }
    if try migrator.hasBeenSuperseded(db) { return .newer }
    return try migrator.hasCompletedMigrations(db) ? .current : .older
  }

  /// Brings the database up to date; a file of an older version is copied first.
  /// - Throws: `ResultsError` if the file is of a newer version or of another program.
  static func migrate(_ queue: DatabaseQueue, path: String) throws {
    switch try queue.read(age) {
    case .current: return
    case .foreign: throw ResultsError("\(path) is an SQLite database, but not one of bench's")
    case .newer:
      throw ResultsError(
        "\(path) was written by a newer version of bench; it can be queried, but writing to it "
          + "needs that version, or another file given with --db")
    case .older: try backUp(queue, path: path)
    case .empty: break
    }
    try migrator.migrate(queue)
  }

  /// Copies the database to `PATH.backup-N`, N being the number of its last migration, or to
  /// `PATH.backup-N-2` and so on where that exists: no backup is ever replaced.
  private static func backUp(_ queue: DatabaseQueue, path: String) throws {
    let version = try queue.read { db in try migrator.completedMigrations(db).count }
    let first = "\(path).backup-\(version)"
    let names = [first] + (2...1000).map { "\(first)-\($0)" }
    guard let free = names.first(where: { !FileManager.default.fileExists(atPath: $0) }) else {
      throw ResultsError("there are a thousand backups \(first)-…; move some away")
    }
    try DatabaseCopy.write(queue, to: free)
  }
}
