// The one writer of the results database: opening, experiments and their runs.
import Crypto
import Foundation
import GRDB
import Synchronization

/// Writes experiments, runs and metrics into one SQLite file.
///
/// One connection, used by one caller at a time; every call is one short transaction, which waits
/// for other processes' writes. Readers are never in its way (write-ahead log).
public final class ResultsStore: Sendable {
  /// A run counts as interrupted after this time without a heartbeat, in seconds, although its
  /// process may live: on another host, or stopped. BENCH_HEARTBEAT_LIMIT sets another.
  public static let heartbeatLimit = seconds("BENCH_HEARTBEAT_LIMIT", 15 * 60)

  private static func seconds(_ variable: String, _ usual: TimeInterval) -> TimeInterval {
    let text = ProcessInfo.processInfo.environment[variable]
    return text.flatMap(TimeInterval.init).flatMap { $0 > 0 && $0 <= 1e6 ? $0 : nil } ?? usual
  }
  /// How long a write waits for another process's, in seconds. BENCH_BUSY_TIMEOUT sets another.
  static let busyTimeout = seconds("BENCH_BUSY_TIMEOUT", 30)

  public let path: String
  let queue: DatabaseQueue
  let process: ProcessIdentity
  private let watch: DatabaseWatch
  private let patience: Patience

  /// Opens the database, making folders and file where they are missing, and brings it up to date;
  /// an existing file of an older version is copied beside itself first.
  /// - Throws: `ResultsError` if the file cannot be opened or written, is of a newer version or of
  ///   another program.
  public convenience init(path: String) throws(ResultsError) {
    try self.init(path: path, process: .current)
  }

  init(
    path: String, process: ProcessIdentity, busyTimeout: TimeInterval = ResultsStore.busyTimeout
  ) throws(ResultsError) {
    self.path = path
    self.process = process
    if let obstacle = DatabaseFile.obstacle(path) { throw obstacle }
    let patience = Patience(busyTimeout)
    self.patience = patience
    queue = try ResultsError.wrap("cannot open \(path) for writing") {
      let folder = URL(fileURLWithPath: path).deletingLastPathComponent()
      try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
      return try Self.open(path: path, patience)
    }
    watch = DatabaseWatch(path)
  }

  /// Rows that this connection has written since it was opened: where it stands still, nothing is new.
  public var changes: Int { queue.inDatabase { $0.totalChangesCount } }

  /// From now on no write waits long for another program: the process is about to end.
  public func hurry() { patience.hurry() }

  /// Two processes may start on the same new file: the one that comes second sees the file change
  /// under it, and looks again.
  private static func open(
    path: String, _ patience: Patience
  ) throws -> DatabaseQueue {
    var attempts = 0
    while true {
      do {
        var configuration = Configuration()
        configuration.journalMode = .wal
        configuration.busyMode = .callback { patience.wait(afterTries: $0) }
        configuration.foreignKeysEnabled = true
        let queue = try DatabaseQueue(path: path, configuration: configuration)
        try ResultsSchema.migrate(queue, path: path)
        return queue
      } catch let error as DatabaseError where attempts < 20 && error.mayPass {
        attempts += 1
        Thread.sleep(forTimeInterval: 0.05 * Double(attempts))
      }
    }
  }

  /// Enters an experiment with its runs, or brings it up to date; new runs are `waiting`.
  ///
  /// Idempotent. A run whose configuration has changed is `waiting` again: its attempts are kept,
  /// but count only for the configuration they were made under, also when that comes back. If the
  /// spec has changed, runs that it no longer has and that were never started disappear.
  /// - Parameters:
  ///   - variants: all variants of the spec, in its order.
  ///   - seeds: all seeds of the spec.
  ///   - newId: gives a new run its UUID; by default any.
  /// - Returns: the runs that are new, and those whose result no longer counts.
  @discardableResult
  public func prepare(
    _ experiment: ExperimentRecord, variants: [VariantRecord], seeds: [Int64],
    newId: (RunKey) -> String = { _ in UUID().uuidString.lowercased() }
  ) throws(ResultsError) -> Preparation {
    try write("cannot enter experiment \(experiment.name)") { db in
      let old = try Row.fetchOne(
        db, sql: "SELECT id, specHash FROM experiment WHERE name = ?", arguments: [experiment.name])
      let specChanged = try old.map { try $0.get("specHash") != experiment.specHash } ?? false
      let experimentId = try Self.upsert(experiment, in: db)
      if specChanged {
        try db.execute(
          sql: """
            UPDATE run SET planned = 0
            WHERE variantId IN (SELECT id FROM variant WHERE experimentId = ?)
            """, arguments: [experimentId])
      }
      var preparation = Preparation()
      for (position, variant) in variants.enumerated() {
        let variantId = try Self.upsert(
          variant, position: position, experimentId: experimentId, in: db)
        for seed in seeds {
          let key = RunKey(experiment: experiment.name, variant: variant.name, seed: seed)
          try db.execute(
            sql: """
              INSERT INTO run (id, variantId, seed) VALUES (?, ?, ?)
              ON CONFLICT (variantId, seed) DO NOTHING
              """, arguments: [newId(key), variantId, seed])
          if db.changesCount > 0 { preparation.added.append(key) }
          try db.execute(
            sql: "UPDATE run SET planned = 1 WHERE variantId = ? AND seed = ? AND NOT planned",
            arguments: [variantId, seed])
        }
        preparation.outdated += try Self.chooseCurrentAttempts(
          of: variant, variantId: variantId, experiment: experiment.name, in: db)
      }
      return preparation
    }
  }

  private static func upsert(_ experiment: ExperimentRecord, in db: Database) throws -> Int64 {
    let now = Timestamp.text(Date())
    try db.execute(
      sql: """
        INSERT INTO experiment (name, title, specPath, specJSON, specHash, protocolName,
          protocolJSON, classes, createdAt, preparedAt)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        ON CONFLICT (name) DO UPDATE SET title = excluded.title, specPath = excluded.specPath,
          specJSON = excluded.specJSON, specHash = excluded.specHash,
          protocolName = excluded.protocolName, protocolJSON = excluded.protocolJSON,
          classes = excluded.classes, preparedAt = excluded.preparedAt
        """,
      arguments: [
        experiment.name, experiment.title, experiment.specPath, experiment.specJSON,
        experiment.specHash, experiment.protocolName, experiment.protocolJSON, experiment.classes,
        now, now,
      ])
    return try Int64.fetchOne(
      db, sql: "SELECT id FROM experiment WHERE name = ?", arguments: [experiment.name]) ?? 0
  }

  private static func upsert(
    _ variant: VariantRecord, position: Int, experimentId: Int64, in db: Database
  ) throws -> Int64 {
    try db.execute(
      sql: """
        INSERT INTO variant (experimentId, name, position, configurationJSON, configurationHash,
          parameters, macs)
        VALUES (?, ?, ?, ?, ?, ?, ?)
        ON CONFLICT (experimentId, name) DO UPDATE SET position = excluded.position,
          configurationJSON = excluded.configurationJSON,
          configurationHash = excluded.configurationHash, parameters = excluded.parameters,
          macs = excluded.macs
        """,
      arguments: [
        experimentId, variant.name, position, variant.configurationJSON, variant.configurationHash,
        variant.parameters, variant.macs,
      ])
    let variantId =
      try Int64.fetchOne(
        db, sql: "SELECT id FROM variant WHERE experimentId = ? AND name = ?",
        arguments: [experimentId, variant.name]) ?? 0
    try db.execute(sql: "DELETE FROM factorLevel WHERE variantId = ?", arguments: [variantId])
    for level in variant.levels {
      let value: any DatabaseValueConvertible = level.numeric ?? level.level
      try db.execute(
        sql: "INSERT INTO factorLevel (variantId, factor, level) VALUES (?, ?, ?)",
        arguments: [variantId, level.factor, value])
    }
    return variantId
  }

  /// Points each run of the variant at its latest attempt under the variant's configuration.
  private static func chooseCurrentAttempts(
    of variant: VariantRecord, variantId: Int64, experiment: String, in db: Database
  ) throws -> [RunKey] {
    let chosen = """
      (SELECT id FROM attempt WHERE runId = run.id AND configurationHash = :hash
       ORDER BY number DESC LIMIT 1)
      """
    let arguments: StatementArguments = [
      "hash": variant.configurationHash, "variant": variantId,
    ]
    let outdated = try Int64.fetchAll(
      db,
      sql: """
        SELECT seed FROM run
        WHERE variantId = :variant AND currentAttempt IS NOT NULL AND \(chosen) IS NULL
        ORDER BY seed
        """, arguments: arguments)
    try db.execute(
      sql: """
        UPDATE run SET currentAttempt = \(chosen)
        WHERE variantId = :variant AND currentAttempt IS NOT \(chosen)
        """, arguments: arguments)
    return outdated.map { RunKey(experiment: experiment, variant: variant.name, seed: $0) }
  }

  /// One immediate transaction, its errors worded.
  func write<Value>(
    _ what: @autoclosure () -> String, _ body: (Database) throws -> Value
  ) throws(ResultsError) -> Value {
    try watch.check(queue)
    return try ResultsError.wrap("\(what()) (database \(path))") { try queue.write(body) }
  }
}

/// How long a write waits for other programs.
private final class Patience: Sendable {
  private static let pause = 0.01

  private let tries: Int
  private let isHurried = Atomic<Bool>(false)

  /// - Parameter timeout: in seconds.
  init(_ timeout: TimeInterval) { tries = max(1, Int(timeout / Self.pause)) }

  func hurry() { isHurried.store(true, ordering: .relaxed) }

  /// Sleeps a little.
  /// - Returns: whether to try once more.
  func wait(afterTries count: Int) -> Bool {
    guard count < (isHurried.load(ordering: .relaxed) ? min(tries, 50) : tries) else {
      return false
    }
    Thread.sleep(forTimeInterval: Self.pause)
    return true
  }
}

extension DatabaseError {
  /// Whether another process's migration can have caused the error.
  fileprivate var mayPass: Bool {
    resultCode == .SQLITE_BUSY || resultCode == .SQLITE_LOCKED || resultCode == .SQLITE_CONSTRAINT
      || message?.contains("already exists") == true
  }
}
