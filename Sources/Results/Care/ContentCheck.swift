// Whether what stands in the columns is what is read from them: SQLite keeps anything anywhere.
import GRDB

/// The part of a check that looks at values.
enum ContentCheck {
  /// One sentence for each kind of value that cannot be read or cannot be true.
  static func problems(in db: Database) throws -> [String] {
    var problems: [String] = []
    for table in try String.fetchAll(
      db,
      sql: """
        SELECT name FROM sqlite_schema
        WHERE type = 'table' AND name NOT LIKE 'sqlite%' AND name <> 'grdb_migrations' ORDER BY name
        """)
    {
      for column in try db.columns(in: table) {
        guard let types = allowed[column.type.uppercased()] else { continue }
        let list = types + (column.isNotNull ? "" : ", 'null'")
        problems += try count(
          "\(table.quotedDatabaseIdentifier) WHERE typeof(\(column.name.quotedDatabaseIdentifier)) "
            + "NOT IN (\(list))", in: db
        ) { "\($0) in \(table).\(column.name): of another type than \(column.type)" }
      }
    }
    for rule in rules {
      let (column, table) = (rule.column, rule.table)
      // Earlier versions do not have the later columns.
      guard try db.columns(in: table).contains(where: { $0.name == column }) else { continue }
      problems += try count("\(table) WHERE \(column) IS NOT NULL AND (\(rule.condition))", in: db)
      {
        "\($0) in \(table).\(column): \(rule.what)"
      }
    }
    return problems
  }

  private static func count(
    _ rows: String, in db: Database, _ text: (String) -> String
  ) throws -> [String] {
    let count = try Int.fetchOne(db, sql: "SELECT count(*) FROM \(rows)") ?? 0
    return count == 0 ? [] : [text("\(count) value\(count == 1 ? "" : "s")")]
  }

  /// `typeof` by declared type. NUMERIC columns may hold texts and numbers.
  private static let allowed = [
    "TEXT": "'text'", "INTEGER": "'integer'", "REAL": "'real', 'integer'", "BLOB": "'blob'",
  ]

  /// What no value of a column may fulfil.
  private struct Rule {
    let column: String
    let table: String
    let condition: String
    let what: String

    init(_ column: String, _ table: String, _ condition: String, _ what: String) {
      (self.column, self.table, self.condition, self.what) = (column, table, condition, what)
    }

    static func json(_ column: String, _ table: String) -> Rule {
      Rule(column, table, "NOT json_valid(\(column))", "no JSON")
    }

    static func time(_ column: String, _ table: String) -> Rule {
      let shape = "'[0-9][0-9][0-9][0-9]-[01][0-9]-[0-3][0-9]T*Z'"
      let condition = "\(column) NOT GLOB \(shape) OR julianday(\(column)) IS NULL"
      return Rule(column, table, condition, "no time")
    }
  }

  private static let rules: [Rule] = [
    .json("specJSON", "experiment"), .json("protocolJSON", "experiment"),
    .json("configurationJSON", "variant"), .json("configurationJSON", "attempt"),
    .json("versionsJSON", "provenance"), .json("resumptions", "provenance"),
    .time("createdAt", "experiment"), .time("preparedAt", "experiment"),
    .time("startedAt", "attempt"), .time("finishedAt", "attempt"),
    .time("heartbeatAt", "attempt"),
    Rule("step", "metric", "NOT step BETWEEN 0 AND 1000000000000", "beyond any training"),
    Rule(
      "step", "attempt", "NOT step BETWEEN 0 AND coalesce(totalSteps, 1000000000000)",
      "beyond the last step"),
    Rule(
      "totalSteps", "attempt", "NOT totalSteps BETWEEN 0 AND 1000000000000", "beyond any training"),
    Rule("seconds", "attempt", "NOT seconds BETWEEN 0 AND 1e12", "no length of time"),
    Rule("number", "attempt", "NOT number BETWEEN 1 AND 1000000000", "no number of an attempt"),
    Rule("processId", "attempt", "NOT processId BETWEEN 0 AND 2147483647", "no process"),
    Rule("parameters", "variant", "parameters < 0", "below zero"),
    Rule("macs", "variant", "macs < 0", "below zero"),
    Rule("classes", "experiment", "classes < 1", "below one"),
  ]
}
