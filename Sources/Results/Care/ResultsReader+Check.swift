// Whether the database is whole: SQLite's own checks, the views, and what the tables must agree on.
import GRDB

/// One thing that is wrong with a database, or worth knowing.
public struct CheckFinding: Hashable, Sendable {
  /// Whether something must be done about it.
  public let isProblem: Bool
  public let text: String
  /// What can be done about it, where that takes a command.
  public let remedy: ResultsError.Remedy?

  public init(isProblem: Bool, text: String, remedy: ResultsError.Remedy? = nil) {
    self.isProblem = isProblem
    self.text = text
    self.remedy = remedy
  }
}

extension ResultsReader {
  /// Checks everything that can be checked by reading.
  /// - Throws: `ResultsError` where the database cannot be read at all.
  public func check() throws(ResultsError) -> [CheckFinding] {
    try read { db in
      var findings: [CheckFinding] = []
      func problem(_ text: String) { findings.append(CheckFinding(isProblem: true, text: text)) }
      func problem(_ what: String, _ error: any Error) {
        let remedy = (error as? ResultsError)?.remedy
        findings.append(CheckFinding(isProblem: true, text: "\(what): \(error)", remedy: remedy))
      }
      func note(_ text: String) { findings.append(CheckFinding(isProblem: false, text: text)) }
      switch try ResultsSchema.age(db) {
      case .older: note("of an earlier version of bench: the next run brings it up to date")
      case .newer: note("of a newer version of bench: it can be read, not written")
      case .current, .empty, .foreign: break
      }
      for message in try String.fetchAll(db, sql: "PRAGMA integrity_check(20)")
      where message != "ok" { problem("integrity: \(message)") }
      for row in try Row.fetchAll(db, sql: "PRAGMA foreign_key_check").prefix(20) {
        problem(
          "foreign keys: row \(row[1] ?? 0) of \(row[0] ?? "?") refers to a row of \(row[2] ?? "?") "
            + "that is not there")
      }
      let isOlder = try ResultsSchema.age(db) == .older
      for view in Self.viewSummaries.map(\.name) {
        do {
          // An earlier version's database does not have the later views.
          if isOlder, try !db.viewExists(view) { continue }
          _ = try Int.fetchOne(db, sql: "SELECT count(*) FROM \(view)")
        } catch {
          problem("view \(view)", error)
        }
      }
      for (text, sql) in Self.agreements {
        do {
          let count = try Int.fetchOne(db, sql: "SELECT count(*) FROM \(sql)") ?? 0
          if count > 0 { problem("\(count) \(text)") }
        } catch {
          problem(text, error)
        }
      }
      // Of a damaged file not everything can be asked.
      do {
        for text in try ContentCheck.problems(in: db) { problem(text) }
      } catch {
        problem("values", error)
      }
      let running = try Row.fetchAll(db, sql: "\(Self.runSelect) WHERE attempt.status = 'running'")
      for row in running {
        guard (try? Liveness.status(row)) == .interrupted else { continue }
        findings.append(
          CheckFinding(
            isProblem: false,
            text: "\(try RunKey(row)) is marked running, but its process is gone",
            remedy: .takeOver))
      }
      return findings
    }
  }

  /// What no foreign key can say, each with the rows that break it.
  private static let agreements = [
    (
      "runs point at another run's attempt",
      "run JOIN attempt ON attempt.id = run.currentAttempt WHERE attempt.runId <> run.id"
    ),
    (
      "runs point at an attempt that was made under another configuration",
      """
      run JOIN attempt ON attempt.id = run.currentAttempt
        JOIN variant ON variant.id = run.variantId
      WHERE attempt.configurationHash <> variant.configurationHash
      """
    ),
    (
      "attempts have no provenance",
      "attempt WHERE NOT EXISTS (SELECT 1 FROM provenance WHERE attemptId = attempt.id)"
    ),
    (
      "complete attempts have no hash of their weights",
      "attempt WHERE status = 'complete' AND weightsHash IS NULL"
    ),
    (
      "attempts have numbers of steps that they have not reached",
      """
      attempt WHERE step < (SELECT max(metric.step) FROM metric
        WHERE metric.attemptId = attempt.id)
      """
    ),
  ]
}
