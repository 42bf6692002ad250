// The views of a reading connection: a run whose process is gone is interrupted in them.
import GRDB

/// Puts views in front of those of the file, which can only say what a process last wrote.
enum LiveViews {
  /// Where each view with a status finds the attempt that it is about.
  private static let attempts = [
    (
      "runs", "JOIN run ON run.id = seen.runId LEFT JOIN attempt ON attempt.id = run.currentAttempt"
    ),
    ("attempts", "JOIN attempt ON attempt.runId = seen.runId AND attempt.number = seen.attempt"),
  ]

  /// Makes the views for this connection alone; the file stays as it is.
  static func make(in db: Database) throws {
    db.add(function: liveStatus)
    // Not on the disk: the reader may have no place to write.
    try db.execute(sql: "PRAGMA temp_store = MEMORY")
    for (view, attempt) in attempts where try db.viewExists(view) {
      let columns = try db.columns(in: view).map { column in
        column.name == "status"
          ? """
          CASE seen.status WHEN 'running' THEN liveStatus(attempt.heartbeatAt, attempt.processId,
            attempt.processStart, attempt.processHost, attempt.bootId)
          ELSE seen.status END AS status
          """ : "seen.\"\(column.name)\""
      }
      try db.execute(
        sql: """
          CREATE TEMP VIEW \(view) AS
          SELECT \(columns.joined(separator: ", ")) FROM main.\(view) AS seen \(attempt)
          """)
    }
  }

  private static let liveStatus = DatabaseFunction("liveStatus", argumentCount: 5) { values in
    let worker = ProcessIdentity(
      host: String.fromDatabaseValue(values[3]) ?? "",
      bootId: String.fromDatabaseValue(values[4]) ?? "",
      pid: Int32.fromDatabaseValue(values[1]) ?? 0,
      startTicks: Int64.fromDatabaseValue(values[2]) ?? 0)
    let status = Liveness.status(of: worker, heartbeat: String.fromDatabaseValue(values[0]))
    return status.rawValue
  }
}
