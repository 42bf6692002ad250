// The names that a user can give a command: experiments, variants, runs.
import GRDB

/// What a database has names for, each in the form that commands take.
public struct StoredNames: Sendable {
  public var experiments: [String] = []
  /// EXPERIMENT/VARIANT.
  public var variants: [String] = []
  /// EXPERIMENT/VARIANT/SEED.
  public var runs: [String] = []
}

extension ResultsReader {
  /// All names in the order of the specs, without anything that takes time in a large database.
  public func names() throws(ResultsError) -> StoredNames {
    try read { db in
      var names = StoredNames()
      names.experiments = try String.fetchAll(
        db, sql: "SELECT name FROM experiment ORDER BY preparedAt DESC, name")
      let rows = try Row.fetchCursor(
        db,
        sql: """
          SELECT experiment.name AS experiment, variant.name AS variant, run.seed
          FROM run
            JOIN variant ON variant.id = run.variantId
            JOIN experiment ON experiment.id = variant.experimentId
          WHERE run.planned OR run.currentAttempt IS NOT NULL
          ORDER BY experiment.preparedAt DESC, experiment.name, variant.position, variant.name,
            run.seed
          """)
      while let row = try rows.next() {
        let key = try RunKey(row)
        let variant = "\(key.experiment)/\(key.variant)"
        if names.variants.last != variant { names.variants.append(variant) }
        names.runs.append("\(variant)/\(key.seed)")
      }
      return names
    }
  }

  /// At most 100 ids of runs that begin with these digits.
  public func runIds(beginning: String) throws(ResultsError) -> [String] {
    try read { db in
      try String.fetchAll(
        db, sql: "SELECT id FROM run WHERE substr(id, 1, ?) = ? ORDER BY id LIMIT 100",
        arguments: [beginning.count, beginning])
    }
  }
}
