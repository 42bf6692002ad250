// The schema's versions: numbered migrations, appended to and never changed.
import Foundation
import GRDB

/// What the database looks like, version by version.
enum ResultsSchema {
  /// A numbered step from one version to the next.
  struct Migration: Sendable {
    let name: String
    let sql: String
  }

  static let migrations = [
    Migration(
      name: "1 first schema",
      sql: "PRAGMA application_id = \(FirstSchema.applicationId);\n"
        + FirstSchema.tables + FirstSchema.views),
    Migration(name: "2 resumptions", sql: ResumeSchema.sql),
    Migration(name: "3 correctness", sql: CorrectnessSchema.sql),
    Migration(name: "4 layers", sql: LayerSchema.sql),
    Migration(name: "5 numeric identity", sql: NumericIdentitySchema.sql),
    Migration(name: "6 endings", sql: EndingSchema.sql),
  ]

  /// What a database file holds, seen from this version of the program.
  enum Age: Equatable {
    case empty, older, current, newer, foreign
  }

  static func age(_ db: Database) throws -> Age {
    let applicationId = try Int64.fetchOne(db, sql: "PRAGMA application_id")
    guard try !db.isEmpty else { return .empty }
    guard applicationId == FirstSchema.applicationId else { return .foreign }
    let (applied, known) = (try applied(db), Set(migrations.map(\.name)))
    if !applied.isSubset(of: known) { return .newer }
    return applied == known ? .current : .older
  }

  /// The names of the migrations that the database has been through.
  private static func applied(_ db: Database) throws -> Set<String> {
    guard try db.tableExists("grdb_migrations") else { return [] }
    return try Set(String.fetchAll(db, sql: "SELECT identifier FROM grdb_migrations"))
  }

  /// Brings the database up to date; a file of an older version is copied first. All of it is one
  /// transaction: of processes that start together one does it, and nobody meets half a schema.
  /// - Throws: `ResultsError` if the file is of a newer version or of another program.
  static func migrate(_ queue: DatabaseQueue, path: String) throws {
    guard try queue.read(age) != .current else { return }
    try queue.inTransaction(.immediate) { db in
      switch try age(db) {
      case .current: return .rollback
      case .foreign: throw ResultsError("\(path) is an SQLite database, but not one of bench's")
      case .newer:
        throw ResultsError(
          "\(path) was written by a newer version of bench; it can be queried",
          remedy: .nameAnotherOrUpgrade)
      case .older: try backUp(path: path, version: applied(db).count)
      case .empty: break
      }
      try apply(db)
      return .commit
    }
  }

  /// Runs the migrations that are missing, in a transaction of the caller's.
  /// - Parameter last: the name of the last one to run.
  static func apply(_ db: Database, upTo last: String? = nil) throws {
    // The table's name is that of the library whose migrator made it at first.
    try db.execute(
      sql: "CREATE TABLE IF NOT EXISTS grdb_migrations (identifier TEXT NOT NULL PRIMARY KEY)")
    let applied = try applied(db)
    for migration in migrations {
      if !applied.contains(migration.name) {
        try db.execute(sql: migration.sql)
        try db.execute(
          sql: "INSERT INTO grdb_migrations (identifier) VALUES (?)", arguments: [migration.name])
      }
      if migration.name == last { return }
    }
  }

  /// Copies the database to `PATH.backup-N`, N being the number of its last migration, or to
  /// `PATH.backup-N-2` and so on where that exists: no backup is ever replaced.
  private static func backUp(path: String, version: Int) throws {
    let first = "\(path).backup-\(version)"
    let names = [first] + (2...1000).map { "\(first)-\($0)" }
    guard let free = names.first(where: { !FileManager.default.fileExists(atPath: $0) }) else {
      throw ResultsError("there are a thousand backups \(first)-…; move some away")
    }
    // Through a connection of its own, which sees what is committed.
    var configuration = Configuration()
    configuration.readonly = true
    let queue = try DatabaseQueue(path: path, configuration: configuration)
    try DatabaseCopy.write(queue, to: free)
    try queue.close()
  }
}

extension Database {
  /// Whether there is nothing in it; the migrations' own list does not count.
  fileprivate var isEmpty: Bool {
    get throws {
      try Int.fetchOne(
        self, sql: "SELECT count(*) FROM sqlite_schema WHERE tbl_name <> 'grdb_migrations'") == 0
    }
  }
}
