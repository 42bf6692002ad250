// Whether a run that is marked running really runs.
import Foundation
import GRDB

/// Judges `running`: the status in the database is what the last process said, and it may be gone.
enum Liveness {
  /// The status to show and to act on. The row has `status` (NULL: waiting), `heartbeatAt`,
  /// `processId`, `processStart`, `processHost` and `bootId` of the run's current attempt.
  static func status(
    _ row: Row, seenFrom observer: ProcessIdentity = .current, now: Date = Date()
  ) -> RunStatus {
    let stored: String? = row["status"]
    let status = stored.flatMap(RunStatus.init(rawValue:)) ?? .waiting
    guard status == .running else { return status }
    let worker = ProcessIdentity(
      host: row["processHost"], bootId: row["bootId"], pid: row["processId"],
      startTicks: row["processStart"])
    return Self.status(of: worker, heartbeat: row["heartbeatAt"], seenFrom: observer, now: now)
  }

  /// Of a run that is marked running.
  static func status(
    of worker: ProcessIdentity, heartbeat: String?,
    seenFrom observer: ProcessIdentity = .current, now: Date = Date()
  ) -> RunStatus {
    if let alive = worker.isAlive(seenFrom: observer) { return alive ? .running : .interrupted }
    let heartbeat = heartbeat.flatMap(Timestamp.date) ?? .distantPast
    let silence = now.timeIntervalSince(heartbeat)
    return silence > ResultsStore.foreignHeartbeatLimit ? .interrupted : .running
  }
}
