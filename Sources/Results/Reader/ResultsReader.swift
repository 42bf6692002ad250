// Reading the results database: never writes, never waits for long, works beside a writer.
import Foundation
import GRDB
import GRDBSQLite

/// Reads one results database over a connection that cannot write, attach or load extensions.
///
/// Works while another process writes, on a file without write permission, and on files of other
/// versions as far as the views allow.
public final class ResultsReader: Sendable {
  public let path: String
  let queue: DatabaseQueue

  /// - Parameter patience: seconds to wait for a program that holds the file.
  /// - Throws: `ResultsError` if there is no such file, or it is not a results database.
  public init(path: String, patience: Double = 10) throws(ResultsError) {
    if let obstacle = DatabaseFile.obstacle(path) { throw obstacle }
    guard FileManager.default.fileExists(atPath: path) else {
      throw ResultsError("there is no results database at \(path)", remedy: .runOrNameAnother)
    }
    self.path = path
    queue = try ResultsError.wrap("cannot read \(path)") {
      let queue = try Self.open(path: path, patience: patience)
      switch try queue.read(ResultsSchema.age) {
      case .foreign: throw ResultsError("\(path) is an SQLite database, but not one of bench's")
      case .empty: throw ResultsError("\(path) is empty", remedy: .runIntoFile)
      case .older, .current, .newer: break
      }
      try queue.inDatabase(LiveViews.make)
      return queue
    }
  }

  /// Reads a file that holds what belongs to another path: messages name that, and files are looked for
  /// beside it.
  package init(file: String, standingFor path: String) throws(ResultsError) {
    self.path = path
    queue = try ResultsReader(path: file).queue
  }

  /// Reads a file that nobody will ever write to, without any lock: on a network file system there may
  /// be none.
  /// - Throws: `ResultsError` if there is no such file, or it is not a results database.
  package init(snapshot path: String) throws(ResultsError) {
    self.path = path
    queue = try ResultsError.wrap("cannot read \(path)") {
      let queue = try Self.openImmutable(path: path, Self.configuration(patience: 0))
      guard try [.older, .current, .newer].contains(queue.read(ResultsSchema.age)) else {
        throw ResultsError("\(path) is not a results database")
      }
      return queue
    }
  }

  private static func open(path: String, patience: Double) throws -> DatabaseQueue {
    let configuration = configuration(patience: patience)
    do {
      let queue = try DatabaseQueue(path: path, configuration: configuration)
      _ = try queue.read(ResultsSchema.age)
      return queue
    } catch let error as DatabaseError where error.resultCode == .SQLITE_CANTOPEN {
      // In a folder that cannot be written, SQLite cannot make the files that a write-ahead log
      // needs; with no log there, the file itself is complete and nobody can be writing it.
      guard logIsEmpty(path: path) else { throw error }
      return try openImmutable(path: path, configuration)
    }
  }

  private static func openImmutable(
    path: String, _ configuration: Configuration
  ) throws -> DatabaseQueue {
    guard let url = URL(string: URL(fileURLWithPath: path).absoluteString + "?immutable=1") else {
      throw ResultsError("the path \(path) cannot be opened")
    }
    return try DatabaseQueue(path: url.absoluteString, configuration: configuration)
  }

  private static func configuration(patience: Double) -> Configuration {
    var configuration = Configuration()
    configuration.readonly = true
    configuration.busyMode = .timeout(patience)
    configuration.prepareDatabase { db in
      _ = sqlite3_limit(db.sqliteConnection, SQLITE_LIMIT_ATTACHED, 0)
      // A single value that a query makes up must not take all memory.
      _ = sqlite3_limit(db.sqliteConnection, SQLITE_LIMIT_LENGTH, 64 << 20)
      // It tells and takes addresses of memory. Defined as nothing, it is gone.
      for argumentCount in Int32(1)...2 {
        sqlite3_create_function_v2(
          db.sqliteConnection, "fts3_tokenizer", argumentCount, SQLITE_UTF8, nil, nil, nil, nil, nil
        )
      }
    }
    return configuration
  }

  /// Whether the write-ahead log is absent or holds nothing.
  private static func logIsEmpty(path: String) -> Bool {
    let attributes = try? FileManager.default.attributesOfItem(atPath: path + "-wal")
    return attributes == nil || (attributes?[.size] as? NSNumber)?.intValue == 0
  }

  /// Fetches inside one consistent snapshot.
  package func read<Value>(_ body: (Database) throws -> Value) throws(ResultsError) -> Value {
    try ResultsError.wrap("cannot read \(path)") { try queue.read(body) }
  }
}
