// Arbitrary SQL from a user: read only, with SQLite's own words where it is wrong.
import Foundation
import GRDB
import GRDBSQLite

extension ResultsReader {
  /// The public views, in the order in which they are documented.
  public static let viewSummaries: [(name: String, summary: String)] = [
    ("runs", "one row per run: its latest attempt's status, time and weights"),
    ("curves", "one row per run, step and metric: every number recorded"),
    ("finals", "one row per finished run and metric: the last value recorded"),
    ("summary", "one row per variant and metric: mean and spread over complete runs' finals"),
    ("layers", "one row per run, step, layer and quantity, where layers were looked into"),
    ("levels", "one row per variant and factor: the level, a number where it is one"),
    ("experiments", "one row per experiment: title, protocol, spec file"),
    ("variants", "one row per variant: parameters, multiply-adds, configuration"),
    ("attempts", "one row per attempt of a run, earlier ones too: where, when, with which code"),
  ]

  /// The database's public views with their columns.
  public func views() throws(ResultsError) -> [ViewDescription] { try read(Self.views) }

  /// The public views that a new database has.
  public static func viewsOfNewDatabase() throws(ResultsError) -> [ViewDescription] {
    try ResultsError.wrap("cannot describe the views") {
      let queue = try DatabaseQueue()
      try queue.write { try ResultsSchema.apply($0) }
      return try queue.read(views)
    }
  }

  private static func views(_ db: Database) throws -> [ViewDescription] {
    try viewSummaries.compactMap { view in
      guard try db.viewExists(view.name) else { return nil }
      let columns = try db.columns(in: view.name).map(\.name)
      return ViewDescription(name: view.name, columns: columns, summary: view.summary)
    }
  }

  /// Runs one SELECT, or another statement that reads and returns rows.
  /// - Parameter timeout: how long it may take; nil for any time.
  /// - Throws: `ResultsError` with SQLite's message, and the place where SQLite names one; also
  ///   where the answer takes too long, or more than `QueryLimit.bytes` of memory.
  public func query(
    _ sql: String, timeout: Duration? = nil
  ) throws(ResultsError) -> QueryResult {
    do {
      return try queue.unsafeRead { db in
        guard let connection = db.sqliteConnection else {
          throw ResultsError("the connection to \(path) is closed")
        }
        let limit = QueryLimit(timeout)
        return try limit.watch(connection) {
          let words = sql.lowercased()
          // SQLite takes it for a statement that reads, although it is meant to write statistics.
          guard !words.contains("optimize") || !words.contains("pragma") else {
            throw ResultsError("queries only read: PRAGMA optimize is not allowed", sqlOffset: 0)
          }
          return try sql.withCString { text in try Self.run(text, on: connection, limit) }
        }
      }
    } catch let error as ResultsError {
      throw error
    } catch {
      throw ResultsError("cannot read \(path): \(error)")
    }
  }

  private static func run(
    _ text: UnsafePointer<CChar>, on connection: OpaquePointer, _ limit: QueryLimit
  ) throws(ResultsError) -> QueryResult {
    var statement: OpaquePointer?
    var rest: UnsafePointer<CChar>?
    defer { sqlite3_finalize(statement) }
    guard sqlite3_prepare_v2(connection, text, -1, &statement, &rest) == SQLITE_OK else {
      throw lastError(connection)
    }
    guard let statement else { throw ResultsError("there is no SQL statement in the query") }
    if let rest {
      var second: OpaquePointer?
      defer { sqlite3_finalize(second) }
      let code = sqlite3_prepare_v2(connection, rest, -1, &second, nil)
      guard code == SQLITE_OK, second == nil else {
        throw ResultsError(
          "one statement at a time: another begins after the first", sqlOffset: rest - text)
      }
    }
    let columnCount = sqlite3_column_count(statement)
    guard columnCount > 0, sqlite3_stmt_readonly(statement) != 0 else {
      throw ResultsError("queries only read: the statement is not a SELECT", sqlOffset: 0)
    }
    var result = QueryResult(
      columns: (0..<columnCount).map { index in
        sqlite3_column_name(statement, index).map { String(cString: $0) } ?? ""
      }, rows: [])
    while true {
      switch sqlite3_step(statement) {
      case SQLITE_ROW:
        result.rows.append((0..<columnCount).map { value(of: statement, column: $0) })
        try limit.take(result.rows[result.rows.count - 1])
      case SQLITE_DONE: return result
      case SQLITE_INTERRUPT: throw limit.timeoutError
      default: throw lastError(connection)
      }
    }
  }

  private static func lastError(_ connection: OpaquePointer) -> ResultsError {
    let offset = Int(sqlite3_error_offset(connection))
    let message = sqlite3_errmsg(connection).map { String(cString: $0) } ?? "unknown error"
    return ResultsError(message, sqlOffset: offset < 0 ? nil : offset)
  }

  private static func value(of statement: OpaquePointer, column: Int32) -> SQLValue {
    switch sqlite3_column_type(statement, column) {
    case SQLITE_INTEGER: return .integer(sqlite3_column_int64(statement, column))
    case SQLITE_FLOAT: return .real(sqlite3_column_double(statement, column))
    case SQLITE_TEXT:
      let bytes = UnsafeBufferPointer(
        start: sqlite3_column_text(statement, column),
        count: Int(sqlite3_column_bytes(statement, column)))
      return .text(String(decoding: bytes, as: UTF8.self))
    case SQLITE_BLOB:
      let bytes = UnsafeRawBufferPointer(
        start: sqlite3_column_blob(statement, column),
        count: Int(sqlite3_column_bytes(statement, column)))
      return .blob([UInt8](bytes))
    default: return .null
    }
  }
}

/// One value of a query's answer, with SQLite's five types.
public enum SQLValue: Hashable, Sendable {
  case null
  case integer(Int64)
  case real(Double)
  case text(String)
  case blob([UInt8])
}

/// A query's answer. Every row has as many values as there are columns.
public struct QueryResult: Equatable, Sendable {
  public var columns: [String]
  public var rows: [[SQLValue]]

  public init(columns: [String], rows: [[SQLValue]]) {
    self.columns = columns
    self.rows = rows
  }
}

/// A view of the public interface.
public struct ViewDescription: Equatable, Sendable {
  public let name: String
  public let columns: [String]
  /// What one row is.
  public let summary: String
}
