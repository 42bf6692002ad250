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
        let key = RunKey(experiment: experiment, variant: row["variant"], seed: row["seed"])
        let metric: String = row["metric"]
        if curves.last?.key != key || curves.last?.metric != metric {
          curves.append(Curve(key: key, metric: metric, points: []))
        }
        curves[curves.count - 1].points.append((step: row["step"], value: row["value"]))
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
        FinalValue(
          key: RunKey(experiment: experiment, variant: row["variant"], seed: row["seed"]),
          metric: row["metric"], value: row["value"], step: row["step"],
          status: RunStatus(rawValue: row["status"]) ?? .complete)
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

  static func run(_ row: Row) -> StoredRun {
    StoredRun(
      runId: row["runId"],
      key: RunKey(experiment: row["experiment"], variant: row["variant"], seed: row["seed"]),
      status: Liveness.status(row), planned: row["planned"], attempt: row["attempt"],
      attempts: row["attempts"], startedAt: row["startedAt"], finishedAt: row["finishedAt"],
      heartbeatAt: row["heartbeatAt"], seconds: row["seconds"], step: row["step"] ?? 0,
      totalSteps: row["totalSteps"], weightsHash: row["weightsHash"], message: row["message"],
      processHost: row["processHost"], processId: row["processId"], macs: row["macs"])
  }

  static func experiment(_ row: Row) -> StoredExperiment {
    StoredExperiment(
      name: row["name"], title: row["title"], specPath: row["specPath"],
      specJSON: row["specJSON"], specHash: row["specHash"], protocolName: row["protocolName"],
      protocolJSON: row["protocolJSON"],
      classes: row["classes"], preparedAt: row["preparedAt"], lastStartedAt: row["lastStartedAt"])
  }

  static func variants(experiment: String, in db: Database) throws -> [StoredVariant] {
    let levels = try Row.fetchAll(
      db, sql: "SELECT variant, factor, level FROM levels WHERE experiment = ?",
      arguments: [experiment])
    var levelsByVariant: [String: [String: String]] = [:]
    for row in levels {
      levelsByVariant[row["variant"], default: [:]][row["factor"]] = text(row["level"])
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
      StoredVariant(
        name: row["name"], parameters: row["parameters"], macs: row["macs"],
        levels: levelsByVariant[row["name"]] ?? [:], planned: row["planned"])
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
