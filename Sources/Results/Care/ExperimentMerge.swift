// Merges one experiment of another database into a store: variants by name, attempts by their origin.
import Foundation
import GRDB

/// One experiment on its way from one database into another. Columns are copied by name, those that
/// both have, so that the other database may be of an earlier version.
struct ExperimentMerge {
  let store: ResultsStore
  let other: ResultsReader
  /// Whether what is in work here may be a copy itself, of the very attempt that went on there.
  let continuesRunning: Bool
  /// The other database's row.
  private let experiment: Row
  private let name: String

  /// - Parameter experiment: the other database's row.
  /// - Throws: `ResultsError` where the row is damaged.
  init(
    store: ResultsStore, other: ResultsReader, experiment: Row, continuesRunning: Bool
  ) throws(ResultsError) {
    self.continuesRunning = continuesRunning
    self.store = store
    self.other = other
    self.experiment = experiment
    name = try experiment.get("name")
  }

  func run(_ summary: inout MergeSummary) throws(ResultsError) {
    let (experimentId, isNew) = try store.write("cannot merge experiment \(name)") { db in
      if let known = try Int64.fetchOne(
        db, sql: "SELECT id FROM experiment WHERE name = ?", arguments: [name])
      {
        return (known, false)
      }
      return (try Self.insert(experiment, into: "experiment", in: db), true)
    }
    if isNew { summary.experiments += 1 }
    let (variants, levels) = try other.read { db in
      let id: Int64 = try experiment.get("id")
      return (
        try Row.fetchAll(
          db, sql: "SELECT * FROM variant WHERE experimentId = ? ORDER BY position, id",
          arguments: [id]),
        try Row.fetchAll(
          db,
          sql: """
            SELECT factorLevel.* FROM factorLevel JOIN variant ON variant.id = variantId
            WHERE experimentId = ?
            """, arguments: [id])
      )
    }
    for variant in variants {
      let id: Int64 = try variant.get("id")
      var own: [Row] = []
      for level in levels where try level.get("variantId") == id { own.append(level) }
      guard
        let variantId = try merge(
          variant, levels: own, experimentId: experimentId, isNew: isNew, &summary)
      else { continue }
      let runs = try other.read { db in
        try Row.fetchAll(
          db, sql: "SELECT * FROM run WHERE variantId = ? ORDER BY seed",
          arguments: [id])
      }
      for run in runs {
        let key = try RunKey(
          experiment: name, variant: variant.get("name"), seed: run.get("seed"))
        let attempts = try read(run)
        try store.write("cannot merge run \(key)") { db in
          try merge(
            run, key, attempts, variantId: variantId, experimentIsNew: isNew, &summary, in: db)
        }
      }
    }
  }

  /// - Returns: the variant's id here; nil where the two variants are not the same.
  private func merge(
    _ variant: Row, levels: [Row], experimentId: Int64, isNew: Bool, _ summary: inout MergeSummary
  ) throws(ResultsError) -> Int64? {
    let variantName: String = try variant.get("name")
    return try store.write("cannot merge variant \(name)/\(variantName)") { db in
      let known = try Row.fetchOne(
        db, sql: "SELECT id, configurationHash FROM variant WHERE experimentId = ? AND name = ?",
        arguments: [experimentId, variantName])
      if let known {
        let (here, there): (String, String) = try (
          known.get("configurationHash"), variant.get("configurationHash")
        )
        if here == there { return try known.get("id") }
        summary.conflicts.append(
          "\(name)/\(variantName) has another configuration there (\(there.prefix(12)), here "
            + "\(here.prefix(12))); none of its runs was taken")
        return nil
      }
      let last = try Int.fetchOne(
        db, sql: "SELECT max(position) FROM variant WHERE experimentId = ?",
        arguments: [experimentId])
      let position: Int = try isNew ? variant.get("position") : (last ?? -1) + 1
      let id = try Self.insert(
        variant, into: "variant", setting: ["experimentId": experimentId, "position": position],
        in: db)
      for level in levels {
        try Self.insert(level, into: "factorLevel", setting: ["variantId": id], in: db)
      }
      summary.variants += 1
      return id
    }
  }

  // MARK: Runs

  /// An attempt of the other database with all that belongs to it.
  private struct Attempt {
    let row: Row
    let provenance: Row?
    /// The texts of code changes that the provenance refers to.
    let diffs: [Row]
    let metrics: [Row]
    /// Nil where none is stored, as by earlier versions.
    let correctness: Row?
    let origin: Origin
    let isFinal: Bool
  }

  /// What no two attempts at a run have in common, and what stays when one is taken up again.
  private struct Origin: Hashable {
    let startedAt: String
    let configurationHash: String
    /// Where it was started.
    let host: String?

    init(_ attempt: Row, _ provenance: Row?) throws(ResultsError) {
      startedAt = try attempt.get("startedAt")
      configurationHash = try attempt.get("configurationHash")
      host = try provenance?.get("host")
    }
  }

  private static func provenance(of id: Int64, in db: Database) throws -> Row? {
    try Row.fetchOne(db, sql: "SELECT * FROM provenance WHERE attemptId = ?", arguments: [id])
  }

  private func read(_ run: Row) throws(ResultsError) -> [Attempt] {
    try other.read { db in
      let rows = try Row.fetchAll(
        db, sql: "SELECT * FROM attempt WHERE runId = ? ORDER BY number",
        arguments: [try run.get("id") as String])
      return try rows.map { row in
        let id: Int64 = try row.get("id")
        let provenance = try Self.provenance(of: id, in: db)
        let resumptions: String? = try provenance?.get("resumptions")
        let diffs = try Row.fetchAll(
          db,
          sql: """
            SELECT * FROM codeDiff WHERE hash = ?
              OR hash IN (SELECT json_extract(value, '$.diff') FROM json_each(?))
            """, arguments: [try provenance?.get("diffHash") as String?, resumptions ?? "[]"])
        let metrics = try Row.fetchAll(
          db,
          sql: """
            SELECT name, step, value FROM metric JOIN metricName ON id = metricNameId
            WHERE attemptId = ?
            """, arguments: [id])
        let correctness =
          try db.tableExists("correctness")
          ? Row.fetchOne(
            db, sql: "SELECT * FROM correctness WHERE attemptId = ?", arguments: [id]) : nil
        return Attempt(
          row: row, provenance: provenance, diffs: diffs, metrics: metrics,
          correctness: correctness, origin: try Origin(row, provenance),
          isFinal: RunStatus(rawValue: try row.get("status"))?.isFinal == true)
      }
    }
  }

  private func merge(
    _ run: Row, _ key: RunKey, _ attempts: [Attempt], variantId: Int64, experimentIsNew: Bool,
    _ summary: inout MergeSummary, in db: Database
  ) throws {
    let id: String = try run.get("id")
    guard let known = try ResultsStore.row(of: key, in: db) else {
      // A run that nobody has started is worth nothing in an experiment whose spec is here.
      guard experimentIsNew || !attempts.isEmpty else { return }
      let isTaken = try Bool.fetchOne(
        db, sql: "SELECT EXISTS (SELECT 1 FROM run WHERE id = ?)", arguments: [id])
      guard isTaken != true else {
        summary.conflicts.append("\(key): its id \(id) is another run's here; it was not taken")
        return
      }
      let planned = try experimentIsNew && run.get("planned")
      try Self.insert(
        run, into: "run", keepingId: true,
        setting: ["variantId": variantId, "planned": planned, "currentAttempt": nil], in: db)
      summary.runs += 1
      try add(attempts, toRun: id, variantId: variantId, &summary, in: db)
      return
    }
    let status = try store.effectiveStatus(known)
    let current: Int64? = try run.get("currentAttempt")
    let theirs = try attempts.first { try $0.row.get("id") == current }
    let isCopy =
      try continuesRunning && status == .running && self.isCopy(known, of: attempts, in: db)
    if status.isFinal || status == .running && !isCopy {
      if let conflict = try conflict(known, status, with: theirs, in: db) {
        summary.conflicts.append("\(key) \(conflict)")
      } else {
        summary.unchanged += 1
      }
      return
    }
    let before = summary
    try add(
      attempts, toRun: known.get("runId"), variantId: variantId, &summary, in: db)
    if summary == before { summary.unchanged += 1 }
  }

  /// Whether a run's current attempt is one of these.
  private func isCopy(_ known: Row, of attempts: [Attempt], in db: Database) throws -> Bool {
    guard let id: Int64 = try known.get("attemptId"),
      let ours = try Row.fetchOne(db, sql: "SELECT * FROM attempt WHERE id = ?", arguments: [id])
    else { return false }
    let origin = try Origin(ours, Self.provenance(of: id, in: db))
    return attempts.contains { $0.origin == origin }
  }

  /// How a run that is kept as it is here contradicts the other database's; nil where it does not.
  private func conflict(
    _ known: Row, _ status: RunStatus, with theirs: Attempt?, in db: Database
  ) throws -> String? {
    guard let theirs, let id: Int64 = try known.get("attemptId"),
      let ours = try Row.fetchOne(db, sql: "SELECT * FROM attempt WHERE id = ?", arguments: [id]),
      let theirStatus = RunStatus(rawValue: try theirs.row.get("status")), theirStatus.isFinal
    else { return nil }
    if status == .running { return "is in work here and \(theirStatus.rawValue) there" }
    let (hash, theirHash): (String?, String?) = try (
      ours.get("weightsHash"), theirs.row.get("weightsHash")
    )
    guard status != theirStatus || hash != theirHash else { return nil }
    func shown(_ hash: String?) -> String { hash.map { String($0.prefix(12)) } ?? "no weights" }
    return "is \(status.rawValue) here (\(shown(hash))) and \(theirStatus.rawValue) there "
      + "(\(shown(theirHash)))"
  }

  /// Adds the attempts that are not here, takes over those that have gone on, and points the run
  /// at the latest one under its variant's configuration.
  private func add(
    _ attempts: [Attempt], toRun id: String, variantId: Int64, _ summary: inout MergeSummary,
    in db: Database
  ) throws {
    let ours = try Row.fetchAll(db, sql: "SELECT * FROM attempt WHERE runId = ?", arguments: [id])
    let origins = try ours.map { try Origin($0, Self.provenance(of: $0.get("id"), in: db)) }
    var last = try ours.map { try $0.get("number") as Int }.max() ?? 0
    for attempt in attempts {
      if let index = origins.firstIndex(of: attempt.origin) {
        let known = ours[index]
        let isFinal = RunStatus(rawValue: try known.get("status"))?.isFinal == true
        let (here, there): (Int, Int) = try (known.get("step"), attempt.row.get("step"))
        let (ourStatus, theirStatus): (String, String) = try (
          known.get("status"), attempt.row.get("status")
        )
        let hasEnded =
          there == here && ourStatus == RunStatus.running.rawValue && theirStatus != ourStatus
        guard !isFinal, attempt.isFinal || there > here || hasEnded else { continue }
        // The same attempt, further on: it replaces what is here.
        try db.execute(
          sql: "DELETE FROM attempt WHERE id = ?", arguments: [try known.get("id") as Int64])
        try insert(attempt, asNumber: known.get("number"), ofRun: id, in: db)
        summary.continued += 1
      } else {
        last = max(last + 1, try attempt.row.get("number"))
        try insert(attempt, asNumber: last, ofRun: id, in: db)
        summary.attempts += 1
      }
    }
    try db.execute(
      sql: """
        UPDATE run SET currentAttempt = (
          SELECT id FROM attempt WHERE runId = run.id AND configurationHash = (
            SELECT configurationHash FROM variant WHERE id = ?)
          ORDER BY number DESC LIMIT 1)
        WHERE id = ?
        """, arguments: [variantId, id])
  }

  private func insert(
    _ attempt: Attempt, asNumber number: Int, ofRun id: String, in db: Database
  ) throws {
    let attemptId = try Self.insert(
      attempt.row, into: "attempt", setting: ["runId": id, "number": number], in: db)
    for diff in attempt.diffs {
      try db.execute(
        sql: "INSERT INTO codeDiff (hash, text) VALUES (?, ?) ON CONFLICT DO NOTHING",
        arguments: [try diff.get("hash") as String, try diff.get("text") as String])
    }
    if let provenance = attempt.provenance {
      try Self.insert(provenance, into: "provenance", setting: ["attemptId": attemptId], in: db)
    }
    try insert(attempt.metrics, ofAttempt: attemptId, in: db)
    try insert(attempt.correctness, ofAttempt: attemptId, in: db)
  }

  private func insert(_ correctness: Row?, ofAttempt id: Int64, in db: Database) throws {
    guard let correctness else { return }
    try Self.insert(correctness, into: "correctness", setting: ["attemptId": id], in: db)
  }

  private func insert(_ metrics: [Row], ofAttempt id: Int64, in db: Database) throws {
    for name in Set(try metrics.map { try $0.get("name") as String }) {
      try db.execute(
        sql: "INSERT INTO metricName (name) VALUES (?) ON CONFLICT DO NOTHING", arguments: [name])
    }
    let statement = try db.makeStatement(
      sql: """
        INSERT INTO metric (attemptId, metricNameId, step, value)
        SELECT ?, id, ?, ? FROM metricName WHERE name = ?
        """)
    for metric in metrics {
      let (step, value): (Int64, Double) = try (metric.get("step"), metric.get("value"))
      let name: String = try metric.get("name")
      try statement.execute(arguments: [id, step, value, name])
    }
  }

  // MARK: Rows

  /// Inserts a row of another database: the columns that the table has, some with other values.
  /// - Returns: the new row's id.
  @discardableResult
  private static func insert(
    _ row: Row, into table: String, keepingId: Bool = false,
    setting: [String: (any DatabaseValueConvertible)?] = [:], in db: Database
  ) throws -> Int64 {
    let known = Set(try db.columns(in: table).map(\.name))
    var values: [String: DatabaseValue] = [:]
    for (column, value) in row where known.contains(column) && (column != "id" || keepingId) {
      values[column] = value
    }
    for (column, value) in setting { values[column] = value?.databaseValue ?? .null }
    let columns = values.keys.sorted()
    let marks = columns.map { _ in "?" }.joined(separator: ", ")
    try db.execute(
      sql: "INSERT INTO \(table) (\(columns.joined(separator: ", "))) VALUES (\(marks))",
      arguments: StatementArguments(columns.map { values[$0] ?? .null }))
    return db.lastInsertedRowID
  }
}
