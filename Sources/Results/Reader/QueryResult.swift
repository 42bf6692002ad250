// The answer to a query: columns and typed values.

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
