// What a database keeps that nobody needs: never a number that was measured.
import GRDB

/// What can be dropped.
public struct Garbage: Equatable, Sendable {
  /// Failed attempts without numbers that a later attempt of their run has replaced.
  public var failedAttempts: [(key: RunKey, number: Int)] = []
  /// Replaced failed attempts that stay, because numbers were recorded in them.
  public var failedWithNumbers = 0
  /// Texts of uncommitted changes that no attempt refers to, those of `failedAttempts` included.
  public var unusedDiffs = 0
  public var unusedDiffBytes = 0
  /// Room in the file that holds nothing, in bytes.
  public var freeBytes = 0

  public var isEmpty: Bool { failedAttempts.isEmpty && unusedDiffs == 0 && freeBytes == 0 }

  public static func == (a: Garbage, b: Garbage) -> Bool {
    a.failedAttempts.elementsEqual(b.failedAttempts, by: ==)
      && a.failedWithNumbers == b.failedWithNumbers && a.unusedDiffs == b.unusedDiffs
      && a.unusedDiffBytes == b.unusedDiffBytes && a.freeBytes == b.freeBytes
  }

  /// Failed attempts that are not their run's current one.
  private static let replaced = """
    attempt.status = 'failed' AND attempt.id IS NOT run.currentAttempt
    """
  private static let hasNumbers = "EXISTS (SELECT 1 FROM metric WHERE attemptId = attempt.id)"

  /// Code changes that one of these attempts was started or taken up with.
  private static func diffs(ofAttemptsWhere condition: String) -> String {
    """
    SELECT diffHash FROM provenance JOIN attempt ON attempt.id = provenance.attemptId
      JOIN run ON run.id = attempt.runId
      WHERE \(condition)
    UNION
    SELECT json_extract(resumption.value, '$.diff') FROM provenance
      JOIN attempt ON attempt.id = provenance.attemptId JOIN run ON run.id = attempt.runId
      JOIN json_each(provenance.resumptions) AS resumption
      WHERE json_extract(resumption.value, '$.diff') IS NOT NULL AND \(condition)
    """
  }

  static func find(in db: Database) throws -> Garbage {
    var garbage = Garbage()
    let attempts = try Row.fetchAll(
      db,
      sql: """
        SELECT experiment.name AS experiment, variant.name AS variant, run.seed, attempt.number,
          \(hasNumbers) AS hasNumbers
        FROM attempt JOIN run ON run.id = attempt.runId
          JOIN variant ON variant.id = run.variantId
          JOIN experiment ON experiment.id = variant.experimentId
        WHERE \(replaced) ORDER BY experiment, variant, run.seed, attempt.number
        """)
    for row in attempts {
      if try row.get("hasNumbers") {
        garbage.failedWithNumbers += 1
      } else {
        garbage.failedAttempts.append((try RunKey(row), try row.get("number")))
      }
    }
    let diffs = try Row.fetchOne(
      db,
      sql: """
        SELECT count(*) AS number, coalesce(sum(length(CAST(text AS BLOB))), 0) AS bytes
        FROM codeDiff
        WHERE hash NOT IN (\(diffs(ofAttemptsWhere: "NOT (\(replaced) AND NOT \(hasNumbers))")))
        """)
    garbage.unusedDiffs = try diffs?.get("number") ?? 0
    garbage.unusedDiffBytes = try diffs?.get("bytes") ?? 0
    let pages = try Int.fetchOne(db, sql: "PRAGMA freelist_count") ?? 0
    garbage.freeBytes = pages * (try Int.fetchOne(db, sql: "PRAGMA page_size") ?? 0)
    return garbage
  }

  static func drop(in db: Database) throws {
    try db.execute(
      sql: """
        DELETE FROM attempt WHERE id IN (
          SELECT attempt.id FROM attempt JOIN run ON run.id = attempt.runId
          WHERE \(replaced) AND NOT \(hasNumbers));
        DELETE FROM codeDiff WHERE hash NOT IN (\(diffs(ofAttemptsWhere: "TRUE")));
        """)
  }
}

extension ResultsReader {
  /// What `ResultsStore.dropGarbage()` would drop.
  /// - Throws: `ResultsError` where the database is of another version.
  public func garbage() throws(ResultsError) -> Garbage {
    try read { db in
      switch try ResultsSchema.age(db) {
      case .current: return try Garbage.find(in: db)
      case .empty: return Garbage()
      case .older, .newer, .foreign:
        throw ResultsError(
          "\(path) is of another version of bench", remedy: .migrate)
      }
    }
  }
}

extension ResultsStore {
  /// Drops what `ResultsReader.garbage()` lists and gives the file's free room back; the latter
  /// is left alone while a run is in work, which would have to wait for it.
  /// - Returns: what was dropped.
  @discardableResult
  public func dropGarbage() throws(ResultsError) -> Garbage {
    var garbage = try write("cannot drop what is not needed") { db in
      let garbage = try Garbage.find(in: db)
      try Garbage.drop(in: db)
      return garbage
    }
    let isBusy = try ResultsError.wrap("cannot read \(path)") {
      try queue.read { db in
        try Row.fetchAll(db, sql: "\(ResultsReader.runSelect) WHERE attempt.status = 'running'")
          .contains { try Liveness.status($0, seenFrom: process) == .running }
      }
    }
    if isBusy {
      garbage.freeBytes = 0
    } else {
      try ResultsError.wrap("cannot make the file smaller (database \(path))") {
        try queue.writeWithoutTransaction { try $0.execute(sql: "VACUUM") }
      }
    }
    return garbage
  }
}
