// What a user's query may use: some time, and some memory for its answer.
import GRDBSQLite

/// Ends a query that takes too long or answers too much.
final class QueryLimit {
  /// The most memory that an answer may take, in bytes, as it is estimated.
  static let bytes = 512 << 20
  /// Virtual-machine instructions of SQLite between two looks at the clock: a millisecond or so.
  private static let instructions: Int32 = 20_000

  private let timeout: Duration?
  private let deadline: ContinuousClock.Instant?
  private var taken = 0

  init(_ timeout: Duration?) {
    self.timeout = timeout
    deadline = timeout.map { ContinuousClock.now + $0 }
  }

  var timeoutError: ResultsError {
    let time = timeout.map { "\($0 / .seconds(1))" } ?? "?"
    return ResultsError(
      "the query was stopped after \(time) seconds", remedy: .allowMoreTime)
  }

  /// Runs `body` with an eye on the clock.
  func watch<Value>(_ connection: OpaquePointer, _ body: () throws -> Value) throws -> Value {
    guard deadline != nil else { return try body() }
    let context = Unmanaged.passUnretained(self).toOpaque()
    sqlite3_progress_handler(
      connection, Self.instructions,
      { context in
        guard let context else { return 0 }
        let limit = Unmanaged<QueryLimit>.fromOpaque(context).takeUnretainedValue()
        return limit.deadline.map { ContinuousClock.now >= $0 } == true ? 1 : 0
      }, context)
    defer { sqlite3_progress_handler(connection, 0, nil, nil) }
    return try body()
  }

  /// Counts a row of the answer.
  /// - Throws: `ResultsError` where the answer becomes too large.
  func take(_ row: [SQLValue]) throws(ResultsError) {
    taken += 32
    for value in row {
      switch value {
      case .null, .integer, .real: taken += 24
      case .text(let text): taken += 24 + text.utf8.count
      case .blob(let bytes): taken += 24 + bytes.count
      }
    }
    guard taken <= Self.bytes else {
      throw ResultsError(
        "the answer takes more than \(Self.bytes >> 20) MB of memory; narrow the query down with "
          + "WHERE or LIMIT")
    }
  }
}
