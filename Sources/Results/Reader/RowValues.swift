// Values of rows that may be damaged: SQLite keeps any type in any column.
import GRDB

extension Row {
  /// A column's value. GRDB's subscript would end the process where a damaged file, or another
  /// program's hand, has left another type or nothing.
  /// - Throws: `ResultsError` where the value is not of the type asked for.
  package func get<Value: DatabaseValueConvertible>(_ column: String) throws(ResultsError) -> Value
  {
    do {
      return try decode(Value.self, forColumn: column)
    } catch {
      throw ResultsError(
        "the database is damaged: \(column) is missing or of another type in a row that is read",
        remedy: .checkAndRestore)
    }
  }
}

extension RunKey {
  /// The key in the columns `variant`, `seed` and, unless given, `experiment`.
  package init(_ row: Row, experiment: String? = nil) throws(ResultsError) {
    let name: String = if let experiment { experiment } else { try row.get("experiment") }
    self.init(experiment: name, variant: try row.get("variant"), seed: try row.get("seed"))
  }
}
