// The store's part in going on with an attempt that ended before its time.
import Foundation
import GRDB
import Numerics
import Text

/// The attempt that counts of a run.
public struct CurrentAttempt: Sendable {
  public let runId: String
  public let number: Int
  /// `interrupted` rather than `running` where the process is gone.
  public let status: RunStatus
  /// The last step of which numbers are recorded; 0 for none.
  public let lastRecord: Int
  /// Why, if it was said.
  public let message: String?
  /// Steps done, as far as they were noted.
  public let step: Int
  /// Nil where the database is damaged.
  public let provenance: Provenance?
}

/// Where an attempt is taken up.
public struct ResumePoint: Hashable, Sendable {
  public var attempt: Int
  /// Steps done; training goes on with the next.
  public var step: Int
  /// The last step whose numbers stay; what was recorded after it will be recorded again.
  public var lastRecord: Int
  /// What has changed that may change bits, empty if nothing has.
  public var numericChanges: String

  public init(attempt: Int, step: Int, lastRecord: Int, numericChanges: String = "") {
    self.attempt = attempt
    self.step = step
    self.lastRecord = lastRecord
    self.numericChanges = numericChanges
  }
}

extension ResultsStore {
  /// The run's current attempt; nil where it is waiting for its first one.
  public func currentAttempt(of key: RunKey) throws(ResultsError) -> CurrentAttempt? {
    try ResultsError.wrap("cannot read run \(key) (database \(path))") {
      try queue.read { db in
        guard let row = try Self.row(of: key, in: db),
          let attempt = try Row.fetchOne(
            db,
            sql: """
              SELECT number, message, step,
                (SELECT coalesce(max(step), 0) FROM metric WHERE attemptId = attempt.id) AS last
              FROM attempt WHERE id = ?
              """,
            arguments: [try row.get("attemptId") as Int64?])
        else { return nil }
        return try CurrentAttempt(
          runId: row.get("runId"), number: attempt.get("number"), status: effectiveStatus(row),
          lastRecord: attempt.get("last"), message: attempt.get("message"),
          step: attempt.get("step"),
          provenance: ResultsReader.provenance(attemptId: row.get("attemptId"), in: db))
      }
    }
  }

  /// How often the run's attempts under its present configuration were ended before their time.
  public func earlyEnds(of key: RunKey) throws(ResultsError) -> EarlyEnds {
    try ResultsError.wrap("cannot read run \(key) (database \(path))") {
      try queue.read { db in
        guard let row = try Self.row(of: key, in: db),
          let sums = try Row.fetchOne(
            db,
            sql: """
              SELECT total(timeouts) AS timeouts, total(preemptions) AS preemptions,
                total(failures) AS failures
              FROM attempt WHERE runId = ? AND configurationHash = ?
              """,
            arguments: [
              try row.get("runId") as String, try row.get("configurationHash") as String,
            ])
        else { return EarlyEnds() }
        return try EarlyEnds(
          timeouts: Int(sums.get("timeouts") as Double),
          preemptions: Int(sums.get("preemptions") as Double),
          failures: Int(sums.get("failures") as Double))
      }
    }
  }

  /// Marks a run's running attempt as interrupted, whose process is known to be gone by other signs
  /// than those that the database has.
  /// - Parameter early: how it is counted; nil for not at all.
  public func disown(
    _ key: RunKey, message: String, early: EarlyEnd?
  ) throws(ResultsError) {
    try write("cannot take over run \(key)") { db in
      try db.execute(
        sql: """
          UPDATE attempt SET status = 'interrupted', message = ?\(Self.counting(.interrupted, early))
          WHERE status = 'running' AND id = ?
          """,
        arguments: [message, try Self.row(of: key, in: db)?.get("attemptId") as Int64?])
    }
  }

  /// Takes up a run's interrupted or failed attempt for this process, in one transaction: numbers
  /// recorded after the point are removed, and the resumption is noted in the provenance.
  /// - Parameter configurationHash: the variant's, as prepared.
  /// - Returns: nil where the attempt is no longer there to be taken up.
  public func resume(
    _ key: RunKey, at point: ResumePoint, configurationHash: String, provenance: Provenance
  ) throws(ResultsError) -> AcquiredRun? {
    try write("cannot take up run \(key)") { db in
      guard let row = try Self.row(of: key, in: db), let id: Int64 = try row.get("attemptId"),
        try row.get("configurationHash") == configurationHash
      else { return nil }
      let status = try self.effectiveStatus(row)
      let number = try Int.fetchOne(
        db, sql: "SELECT number FROM attempt WHERE id = ?", arguments: [id])
      guard status == .interrupted || status == .failed, number == point.attempt else { return nil }
      let now = Timestamp.text(Date())
      try self.note(point, of: id, provenance, at: now, in: db)
      try db.execute(
        sql: "DELETE FROM metric WHERE attemptId = ? AND step > ?",
        arguments: [id, point.lastRecord])
      try db.execute(sql: "DELETE FROM correctness WHERE attemptId = ?", arguments: [id])
      try db.execute(
        sql: """
          UPDATE attempt SET status = 'running', step = ?, finishedAt = NULL, seconds = NULL,
            message = NULL, heartbeatAt = ?, processId = ?, processStart = ?, processHost = ?,
            bootId = ?
          WHERE id = ?
          """,
        arguments: [
          point.step, now, process.pid, process.startTicks, process.host, process.bootId, id,
        ])
      return AcquiredRun(
        runId: try row.get("runId"), attempt: point.attempt, key: key, attemptId: id)
    }
  }

  private func note(
    _ point: ResumePoint, of id: Int64, _ provenance: Provenance, at now: String, in db: Database
  ) throws {
    let diffHash = sha256(provenance.diff)
    try db.execute(
      sql: "INSERT INTO codeDiff (hash, text) VALUES (?, ?) ON CONFLICT DO NOTHING",
      arguments: [diffHash, provenance.diff])
    try db.execute(
      sql: """
        UPDATE provenance SET
          resumptions = json_insert(resumptions, '$[#]', json_object(
            'at', :now, 'step', :step,
            'after', (SELECT CASE status WHEN 'running' THEN 'its process was gone' ELSE
              status || coalesce(': ' || message, '') END FROM attempt WHERE id = :id),
            'commit', :commit, 'diff', :diff, 'host', :host, 'engine', :engine,
            'numericIdentity', json(:identity), 'threads', :threads, 'data', :data,
            'command', :command, 'changes', :changes)),
          numericChanges = numericChanges
            || CASE WHEN numericChanges = '' OR :changes = '' THEN '' ELSE '; ' END || :changes
        WHERE attemptId = :id
        """,
      arguments: [
        "now": now, "step": point.step, "id": id, "commit": provenance.commit, "diff": diffHash,
        "host": provenance.host,
        "engine": provenance.numericIdentity.label,
        "identity": provenance.numericIdentity.canonicalJSON.text, "threads": provenance.threads,
        "data": provenance.dataChecksum,
        "command": provenance.commandLine, "changes": point.numericChanges,
      ])
  }
}

extension ResultsStore {
  /// Renews the heartbeat and returns when everything recorded so far is on the disk, and not only
  /// with the system: a checkpoint written after it cannot outlive the numbers before it.
  public func settle(_ run: AcquiredRun, step: Int, of total: Int) throws(ResultsError) {
    try ResultsError.wrap("cannot note step \(step) of run \(run.key) (database \(path))") {
      try queue.writeWithoutTransaction { db in
        try db.execute(sql: "PRAGMA synchronous = FULL")
        defer { try? db.execute(sql: "PRAGMA synchronous = NORMAL") }
        try db.inTransaction(.immediate) {
          try touch(run, step: step, assignments: ", totalSteps = \(total)", in: db)
          return .commit
        }
      }
    }
  }
}
