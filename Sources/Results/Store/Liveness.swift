// Whether a run that is marked running really runs.
import Foundation
import GRDB

/// Judges `running`: the status in the database is what the last process said, and it may be gone.
enum Liveness {
  /// The status to show and to act on. The row has `status` (NULL: waiting), `heartbeatAt`,
  /// `processId`, `processStart`, `processHost` and `bootId` of the run's current attempt.
  static func status(
    _ row: Row, seenFrom observer: ProcessIdentity = .current, now: Date = Date()
  ) throws(ResultsError) -> RunStatus {
    let stored: String? = try row.get("status")
    let status = stored.flatMap(RunStatus.init(rawValue:)) ?? .waiting
    guard status == .running else { return status }
    let worker = try ProcessIdentity(
      host: row.get("processHost"), bootId: row.get("bootId"), pid: row.get("processId"),
      startTicks: row.get("processStart"))
    return Self.status(
      of: worker, heartbeat: try row.get("heartbeatAt"), seenFrom: observer, now: now)
  }

  /// Of a run that is marked running.
  static func status(
    of worker: ProcessIdentity, heartbeat: String?,
    seenFrom observer: ProcessIdentity = .current, now: Date = Date()
  ) -> RunStatus {
    if worker.isAlive(seenFrom: observer) == false { return .interrupted }
    // It lives, or nobody here can tell: a stopped process gives no sign of life either.
    let heartbeat = heartbeat.flatMap(Timestamp.date) ?? .distantPast
    let silence = now.timeIntervalSince(heartbeat)
    return silence > ResultsStore.heartbeatLimit ? .interrupted : .running
  }
}
