// Typed reading: experiments, variants, runs and their series.
import Foundation
import GRDB

extension ResultsReader {
  /// All experiments, the most recently started first.
  public func experiments() throws(ResultsError) -> [StoredExperiment] {
    try read { db in
      try Row.fetchAll(
        db,
        sql: """
          SELECT experiment.*, (
            SELECT max(attempt.startedAt) FROM attempt
              JOIN run ON run.id = attempt.runId JOIN variant ON variant.id = run.variantId
            WHERE variant.experimentId = experiment.id) AS lastStartedAt
          FROM experiment ORDER BY coalesce(lastStartedAt, ''), preparedAt, name
          """
      ).reversed().map(Self.experiment)
    }
  }

  /// The experiment's variants in the order of its spec; those of earlier specs last.
  public func variants(experiment: String) throws(ResultsError) -> [StoredVariant] {
    try read { db in try Self.variants(experiment: experiment, in: db) }
  }

  /// The experiment's runs (all experiments' if nil), by seed and then in the order of the spec.
  public func runs(experiment: String? = nil) throws(ResultsError) -> [StoredRun] {
    try read { db in
      try Row.fetchAll(
        db,
        sql: """
          \(Self.runSelect)
          WHERE (run.planned OR run.currentAttempt IS NOT NULL)
            AND (:experiment IS NULL OR experiment.name = :experiment)
          ORDER BY experiment.name, run.seed, variant.position, variant.name
          """, arguments: ["experiment": experiment]
      ).map(Self.run)
    }
  }

  /// The series of the runs' current attempts, by variant in the order of the spec, then by seed.
  public func curves(experiment: String, metrics: [String]) throws(ResultsError) -> [Curve] {
    try read { db in
      var curves: [Curve] = []
      let marks = metrics.map { _ in "?" }.joined(separator: ", ")
      let rows = try Row.fetchCursor(
        db,
        sql: """
          SELECT variant.name AS variant, run.seed, metricName.name AS metric, metric.step,
            metric.value
          FROM experiment
            JOIN variant ON variant.experimentId = experiment.id
            JOIN run ON run.variantId = variant.id
            JOIN metric ON metric.attemptId = run.currentAttempt
            JOIN metricName ON metricName.id = metric.metricNameId
          WHERE experiment.name = ? AND metricName.name IN (\(marks))
          ORDER BY variant.position, variant.name, run.seed, metricName.name, metric.step
          """, arguments: StatementArguments([experiment] + metrics))
      while let row = try rows.next() {
        let key = try RunKey(row, experiment: experiment)
        let metric: String = try row.get("metric")
        if curves.last?.key != key || curves.last?.metric != metric {
          curves.append(Curve(key: key, metric: metric, points: []))
        }
        curves[curves.count - 1].points.append(
          (step: try row.get("step"), value: try row.get("value")))
      }
      return curves
    }
  }

  /// Each metric's last value in each complete or diverged run, by metric, variant and seed.
  public func finals(experiment: String) throws(ResultsError) -> [FinalValue] {
    try read { db in
      try Row.fetchAll(
        db,
        sql: """
          SELECT finals.* FROM finals
          WHERE experiment = ? ORDER BY metric, variant, seed
          """, arguments: [experiment]
      ).map { row in
        try FinalValue(
          key: RunKey(row, experiment: experiment),
          metric: row.get("metric"), value: row.get("value"), step: row.get("step"),
          status: RunStatus(rawValue: row.get("status")) ?? .complete)
      }
    }
  }

  static let runSelect = """
    SELECT run.id AS runId, experiment.name AS experiment, variant.name AS variant, run.seed,
      run.planned, variant.macs, attempt.id AS attemptId, attempt.number AS attempt,
      attempt.status, attempt.startedAt, attempt.finishedAt, attempt.heartbeatAt,
      attempt.seconds, attempt.step, attempt.totalSteps, attempt.weightsHash, attempt.message,
      attempt.processId, attempt.processStart, attempt.processHost, attempt.bootId,
      (SELECT count(*) FROM attempt WHERE runId = run.id) AS attempts
    FROM run
      JOIN variant ON variant.id = run.variantId
      JOIN experiment ON experiment.id = variant.experimentId
      LEFT JOIN attempt ON attempt.id = run.currentAttempt
    """

  static func run(_ row: Row) throws(ResultsError) -> StoredRun {
    try StoredRun(
      runId: row.get("runId"), key: RunKey(row),
      status: Liveness.status(row), planned: row.get("planned"), attempt: row.get("attempt"),
      attempts: row.get("attempts"), startedAt: row.get("startedAt"),
      finishedAt: row.get("finishedAt"),
      heartbeatAt: row.get("heartbeatAt"), seconds: row.get("seconds"), step: row.get("step") ?? 0,
      totalSteps: row.get("totalSteps"), weightsHash: row.get("weightsHash"),
      message: row.get("message"),
      processHost: row.get("processHost"), processId: row.get("processId"), macs: row.get("macs"))
  }

  static func experiment(_ row: Row) throws(ResultsError) -> StoredExperiment {
    try StoredExperiment(
      name: row.get("name"), title: row.get("title"), specPath: row.get("specPath"),
      specJSON: row.get("specJSON"), specHash: row.get("specHash"),
      protocolName: row.get("protocolName"),
      protocolJSON: row.get("protocolJSON"),
      classes: row.get("classes"), preparedAt: row.get("preparedAt"),
      lastStartedAt: row.get("lastStartedAt"))
  }

  static func variants(experiment: String, in db: Database) throws -> [StoredVariant] {
    let levels = try Row.fetchAll(
      db, sql: "SELECT variant, factor, level FROM levels WHERE experiment = ?",
      arguments: [experiment])
    var levelsByVariant: [String: [String: String]] = [:]
    for row in levels {
      let (variant, factor): (String, String) = try (row.get("variant"), row.get("factor"))
      levelsByVariant[variant, default: [:]][factor] = text(try row.get("level"))
    }
    return try Row.fetchAll(
      db,
      sql: """
        SELECT variant.name, variant.parameters, variant.macs,
          EXISTS (SELECT 1 FROM run WHERE run.variantId = variant.id AND planned) AS planned
        FROM variant JOIN experiment ON experiment.id = variant.experimentId
        WHERE experiment.name = ? ORDER BY planned DESC, variant.position, variant.name
        """, arguments: [experiment]
    ).map { row in
      let name: String = try row.get("name")
      return try StoredVariant(
        name: name, parameters: row.get("parameters"), macs: row.get("macs"),
        levels: levelsByVariant[name] ?? [:], planned: row.get("planned"))
    }
  }

  /// A level as a person writes it: whole numbers without a fraction.
  private static func text(_ value: DatabaseValue) -> String {
    switch value.storage {
    case .int64(let number): String(number)
    case .double(let number): String(number)
    case .string(let text): text
    case .null, .blob: ""
    }
  }
}
