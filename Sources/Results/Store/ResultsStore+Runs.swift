// The store's part for the life of a run: acquire, record, heartbeat, finish.
import Foundation
import GRDB
import Numerics
import Text

extension ResultsStore {
  /// The run's status; a running one whose process is gone is `interrupted`. Nil if there is none.
  public func status(of key: RunKey) throws(ResultsError) -> RunStatus? {
    try ResultsError.wrap("cannot read run \(key) (database \(path))") {
      try queue.read { db in
        guard let row = try Self.row(of: key, in: db) else { return nil }
        return try effectiveStatus(row)
      }
    }
  }

  /// Takes a run for this process, as a new attempt, in one transaction.
  ///
  /// A run that is `running` but whose process is gone is marked interrupted first. Older attempts
  /// are kept.
  /// - Parameters:
  ///   - configurationHash: the variant's, as prepared; the run is not taken under another.
  ///   - retryFailed: take failed runs too.
  ///   - force: take complete, diverged and failed runs too.
  /// - Returns: nil when there is nothing to do: complete, diverged, failed, or running elsewhere.
  /// - Throws: `ResultsError` if the run was not prepared, or under another configuration.
  public func acquire(
    _ key: RunKey, configurationHash: String, provenance: Provenance, retryFailed: Bool = false,
    force: Bool = false
  ) throws(ResultsError) -> AcquiredRun? {
    try write("cannot take run \(key)") { db in
      guard let row = try Self.row(of: key, in: db) else {
        throw ResultsError("run \(key) is not in \(self.path): its experiment was not prepared")
      }
      let prepared: String = try row.get("configurationHash")
      guard prepared == configurationHash else {
        throw ResultsError(
          "run \(key): its configuration is \(configurationHash.prefix(12)), but the database has "
            + "\(prepared.prefix(12)); the spec was changed meanwhile, so run it again")
      }
      switch try self.effectiveStatus(row) {
      case .waiting, .interrupted: break
      case .failed: guard retryFailed || force else { return nil }
      case .complete, .diverged: guard force else { return nil }
      case .running: return nil
      }
      try db.execute(
        sql: "UPDATE attempt SET status = 'interrupted' WHERE id = ? AND status = 'running'",
        arguments: [try row.get("attemptId") as Int64?])
      return try self.insertAttempt(key, run: row, provenance: provenance, in: db)
    }
  }

  private func insertAttempt(
    _ key: RunKey, run: Row, provenance: Provenance, in db: Database
  ) throws -> AcquiredRun {
    let runId: String = try run.get("runId")
    let last = try Int.fetchOne(
      db, sql: "SELECT max(number) FROM attempt WHERE runId = ?", arguments: [runId])
    let number = (last ?? 0) + 1
    let now = Timestamp.text(Date())
    try db.execute(
      sql: """
        INSERT INTO attempt (runId, number, status, configurationJSON, configurationHash, startedAt,
          heartbeatAt, processId, processStart, processHost, bootId)
        VALUES (?, ?, 'running', ?, ?, ?, ?, ?, ?, ?, ?)
        """,
      arguments: [
        runId, number, try run.get("configurationJSON") as String,
        try run.get("configurationHash") as String, now, now, process.pid, process.startTicks,
        process.host, process.bootId,
      ])
    let attemptId = db.lastInsertedRowID
    try db.execute(
      sql: "UPDATE run SET currentAttempt = ? WHERE id = ?", arguments: [attemptId, runId])
    let diffHash = sha256(provenance.diff)
    try db.execute(
      sql: "INSERT INTO codeDiff (hash, text) VALUES (?, ?) ON CONFLICT DO NOTHING",
      arguments: [diffHash, provenance.diff])
    let identity = provenance.numericIdentity
    try db.execute(
      sql: """
        INSERT INTO provenance (attemptId, commitHash, diffHash, untracked, host, operatingSystem,
          cpu, engineVersion, backend, backendVersion, codeClass, instructionSet, convolution,
          precision, threads, dataChecksum, versionsJSON, commandLine, logFile, initialWeights)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        """,
      arguments: [
        attemptId, provenance.commit, diffHash, provenance.untracked, provenance.host,
        provenance.operatingSystem, provenance.cpu, identity.engineVersion, identity.backend,
        identity.backendVersion, identity.codeClass, identity.instructionSet,
        identity.convolution, identity.precision, provenance.threads, provenance.dataChecksum,
        provenance.versionsJSON, provenance.commandLine, provenance.logFile,
        provenance.initialWeights,
      ])
    return AcquiredRun(runId: runId, attempt: number, key: key, attemptId: attemptId)
  }

  /// Stores metrics of one step, replacing what the step already has.
  ///
  /// A value that is not finite is left out and makes the run `diverged`, for good.
  /// - Throws: `ResultsError` if the database cannot be written, or the run is no longer this
  ///   process's.
  public func record(
    _ run: AcquiredRun, step: Int, metrics: [(name: String, value: Double)]
  ) throws(ResultsError) {
    try write("cannot record step \(step) of run \(run.key)") { db in
      try self.touch(run, step: step, assignments: "", in: db)
      try Self.insert(metrics, step: step, ofAttempt: run.attemptId, in: db)
    }
  }

  /// Inserts metrics of one step; one that is not finite makes the attempt `diverged` instead.
  static func insert(
    _ metrics: [(name: String, value: Double)], step: Int, ofAttempt id: Int64, in db: Database
  ) throws {
    try db.execute(
      sql: "UPDATE attempt SET step = max(step, ?)\(diverges(metrics)) WHERE id = ?",
      arguments: [step, id])
    for metric in metrics where metric.value.isFinite {
      try db.execute(
        sql: "INSERT INTO metricName (name) VALUES (?) ON CONFLICT DO NOTHING",
        arguments: [metric.name])
      try db.execute(
        sql: """
          INSERT INTO metric (attemptId, metricNameId, step, value)
          SELECT ?, id, ?, ? FROM metricName WHERE name = ?
          ON CONFLICT DO UPDATE SET value = excluded.value
          """, arguments: [id, step, metric.value, metric.name])
    }
  }

  private static func diverges(_ metrics: [(name: String, value: Double)]) -> String {
    metrics.allSatisfy(\.value.isFinite) ? "" : ", status = 'diverged'"
  }

  /// Says that the run's process lives, and how far it is.
  public func heartbeat(_ run: AcquiredRun, step: Int, of total: Int) throws(ResultsError) {
    try write("cannot note step \(step) of run \(run.key)") { db in
      try self.touch(run, step: step, assignments: ", totalSteps = \(total)", in: db)
    }
  }

  /// Ends the attempt. One that diverged stays diverged unless it failed.
  /// - Parameters:
  ///   - status: `complete`, `diverged`, `interrupted` or `failed`.
  ///   - seconds: training time.
  ///   - weightsHash: SHA-256 of the final weights, where there are any.
  ///   - message: why, if it did not complete.
  ///   - early: what ended it before its time; a failure is counted without it.
  public func finish(
    _ run: AcquiredRun, status: RunStatus, seconds: Double, weightsHash: String?, message: String?,
    early: EarlyEnd? = nil
  ) throws(ResultsError) {
    precondition(
      status != .waiting && status != .running, "a finished run cannot be \(status.rawValue)")
    try write("cannot finish run \(run.key)") { db in
      try db.execute(
        sql: """
          UPDATE attempt SET finishedAt = :now, heartbeatAt = :now, seconds = :seconds,
            weightsHash = :weightsHash, message = :message\(Self.counting(status, early)),
            status = CASE WHEN status = 'diverged' AND :status <> 'failed'
              THEN status ELSE :status END
          WHERE id = :id AND \(Self.isOurs)
          """,
        arguments: [
          "now": Timestamp.text(Date()), "seconds": seconds, "weightsHash": weightsHash,
          "message": message, "status": status.rawValue, "id": run.attemptId,
        ] + owner)
      guard db.changesCount == 1 else { throw Self.lost(run) }
    }
  }

  /// What counts an early end of an attempt, as a part of an UPDATE.
  static func counting(_ status: RunStatus, _ early: EarlyEnd?) -> String {
    guard let column = (status == .failed ? .failure : early)?.column else { return "" }
    return ", \(column) = \(column) + 1"
  }

  /// Renews the heartbeat and notes the step, if the attempt is still this process's.
  func touch(
    _ run: AcquiredRun, step: Int, assignments: String, in db: Database
  ) throws {
    try db.execute(
      sql: """
        UPDATE attempt SET heartbeatAt = :now, step = max(step, :step)\(assignments)
        WHERE id = :id AND \(Self.isOurs)
        """,
      arguments: ["now": Timestamp.text(Date()), "step": step, "id": run.attemptId] + owner)
    guard db.changesCount == 1 else { throw Self.lost(run) }
  }

  /// Whether an attempt is in work, and by this process: another may have taken it up.
  private static let isOurs = """
    status IN ('running', 'diverged') AND finishedAt IS NULL AND processId = :processId
      AND processStart = :processStart AND processHost = :processHost AND bootId = :bootId
    """

  private var owner: StatementArguments {
    [
      "processId": process.pid, "processStart": process.startTicks, "processHost": process.host,
      "bootId": process.bootId,
    ]
  }

  private static func lost(_ run: AcquiredRun) -> ResultsError {
    ResultsError(
      "attempt \(run.attempt) of run \(run.key) is no longer in work: it was finished, or another "
        + "process took it over because this one gave no sign of life", kind: .lost)
  }

  static func row(of key: RunKey, in db: Database) throws -> Row? {
    try Row.fetchOne(
      db,
      sql: """
        SELECT run.id AS runId, variant.configurationHash, variant.configurationJSON,
          attempt.id AS attemptId, attempt.status, attempt.heartbeatAt, attempt.processId,
          attempt.processStart, attempt.processHost, attempt.bootId
        FROM run
          JOIN variant ON variant.id = run.variantId
          JOIN experiment ON experiment.id = variant.experimentId
          LEFT JOIN attempt ON attempt.id = run.currentAttempt
        WHERE experiment.name = ? AND variant.name = ? AND run.seed = ?
        """, arguments: [key.experiment, key.variant, key.seed])
  }

  func effectiveStatus(_ row: Row) throws(ResultsError) -> RunStatus {
    try Liveness.status(row, seenFrom: process)
  }
}
