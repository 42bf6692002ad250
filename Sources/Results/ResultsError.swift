// The one error of this module.

/// What went wrong with the results database: what, where, and what to do.
public struct ResultsError: Error, Equatable, CustomStringConvertible {
  public let description: String
  /// Where in the SQL text of a refused query the fault lies, in UTF-8 bytes from its start.
  public let sqlOffset: Int?

  public init(_ description: String, sqlOffset: Int? = nil) {
    self.description = description
    self.sqlOffset = sqlOffset
  }
}

extension ResultsError {
  /// Runs `body` and words what it throws as a `ResultsError` that begins with `what`.
  static func wrap<Value>(
    _ what: @autoclosure () -> String, _ body: () throws -> Value
  ) throws(ResultsError) -> Value {
    do {
      return try body()
    } catch let error as ResultsError {
      throw error
    } catch {
      throw ResultsError("\(what()): \(error)")
    }
  }
}
