// Everything about one run, found by what a user types.
import Foundation
import GRDB
import Numerics
import Text

extension ResultsReader {
  /// The run that a user names: its id, a unique beginning of the id, or EXPERIMENT/VARIANT/SEED.
  /// - Throws: `ResultsError` if there is none or more than one.
  public func details(ofRun name: String) throws(ResultsError) -> RunDetails {
    try read { db in
      let rows = try self.runRows(named: name, in: db)
      guard let row = rows.first else {
        throw ResultsError(
          "there is no run '\(name)' in \(self.path); give a run id, the beginning of one, or "
            + "EXPERIMENT/VARIANT/SEED", remedy: .listRuns)
      }
      guard rows.count == 1 else {
        let ids = try rows.prefix(5).map { try $0.get("runId") as String }.joined(separator: ", ")
        throw ResultsError("'\(name)' is the beginning of \(rows.count) run ids: \(ids)")
      }
      return try Self.details(Self.run(row), attemptId: row.get("attemptId"), in: db)
    }
  }

  private func runRows(named name: String, in db: Database) throws -> [Row] {
    let parts = name.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
    if parts.count >= 3, let seed = Int64(parts[parts.count - 1]) {
      return try Row.fetchAll(
        db,
        sql: "\(Self.runSelect) WHERE experiment.name || '/' || variant.name = ? AND run.seed = ?",
        arguments: [parts.dropLast().joined(separator: "/"), seed])
    }
    guard !name.isEmpty else { return [] }
    return try Row.fetchAll(
      db, sql: "\(Self.runSelect) WHERE substr(run.id, 1, ?) = ? ORDER BY run.id LIMIT 100",
      arguments: [name.count, name.lowercased()])
  }

  private static func details(
    _ run: StoredRun, attemptId: Int64?, in db: Database
  ) throws -> RunDetails {
    let names: StatementArguments = [run.key.experiment]
    let experimentRow = try Row.fetchOne(
      db, sql: "SELECT *, NULL AS lastStartedAt FROM experiment WHERE name = ?", arguments: names)
    let configuration = try Row.fetchOne(
      db,
      sql: """
        SELECT coalesce(attempt.configurationJSON, variant.configurationJSON) AS configurationJSON,
          coalesce(attempt.configurationHash, variant.configurationHash) AS configurationHash
        FROM run JOIN variant ON variant.id = run.variantId
          LEFT JOIN attempt ON attempt.id = run.currentAttempt
        WHERE run.id = ?
        """, arguments: [run.runId])
    let variants = try Self.variants(experiment: run.key.experiment, in: db)
    guard let experimentRow, let configuration,
      let variant = variants.first(where: { $0.name == run.key.variant })
    else { throw ResultsError("run \(run.key) has no experiment; the database is damaged") }
    let metrics = try Row.fetchAll(
      db,
      sql: """
        SELECT metricName.name, metric.value, max(metric.step) AS step
        FROM metric JOIN metricName ON metricName.id = metric.metricNameId
        WHERE metric.attemptId = ? AND instr(metricName.name, ':') = 0
        GROUP BY metricName.name ORDER BY metricName.name
        """, arguments: [attemptId])
    return try RunDetails(
      run: run, experiment: Self.experiment(experimentRow), variant: variant,
      configurationJSON: configuration.get("configurationJSON"),
      configurationHash: configuration.get("configurationHash"),
      metrics: try metrics.map { try ($0.get("name"), $0.get("value"), $0.get("step")) },
      provenance: try provenance(attemptId: attemptId, in: db),
      distinguishingLevels: distinguishingLevels(of: variant, among: variants))
  }

  static func provenance(attemptId: Int64?, in db: Database) throws -> Provenance? {
    let row = try Row.fetchOne(
      db,
      sql: """
        SELECT provenance.*, codeDiff.text AS diff
        FROM provenance JOIN codeDiff ON codeDiff.hash = provenance.diffHash
        WHERE attemptId = ?
        """, arguments: [attemptId])
    return try row.map(Self.provenance)
  }

  /// A row of the table with its `diff`; what earlier versions of it lack is empty.
  static func provenance(_ row: Row) throws(ResultsError) -> Provenance {
    try Provenance(
      commit: row.get("commitHash"), diff: row.get("diff"), untracked: row.get("untracked"),
      host: row.get("host"), operatingSystem: row.get("operatingSystem"), cpu: row.get("cpu"),
      numericIdentity: numericIdentity(row), threads: row.get("threads"),
      dataChecksum: row.get("dataChecksum"), versionsJSON: row.get("versionsJSON"),
      commandLine: row.get("commandLine"), logFile: row.get("logFile"),
      initialWeights: row.get("initialWeights") ?? "",
      numericChanges: row.get("numericChanges") ?? "")
  }

  /// What the row's columns leave unknown, and earlier versions of the table lack, stands among the
  /// versions.
  private static func numericIdentity(_ row: Row) throws(ResultsError) -> NumericIdentity {
    let recorded = try NumericIdentity(
      engineVersion: row.get("engineVersion"), backend: row.get("backend"),
      backendVersion: row.get("backendVersion") ?? "", codeClass: row.get("codeClass") ?? "",
      instructionSet: row.get("instructionSet"), convolution: row.get("convolution") ?? "",
      precision: row.get("precision") ?? NumericIdentity.standardPrecision)
    let versions = try? JSONReader.read(Array((row.get("versionsJSON") as String).utf8))
    return recorded.filled(
      from: NumericIdentity(
        engineVersion: recorded.engineVersion, backend: recorded.backend,
        libraryText: versions?[recorded.backend]?.text ?? "",
        instructionSet: recorded.instructionSet, convolution: versions?["convolution"]?.text ?? ""))
  }

  /// A few factors whose levels, taken together, no other planned variant has.
  private static func distinguishingLevels(
    of variant: StoredVariant, among variants: [StoredVariant]
  ) -> [(factor: String, level: String)] {
    var others = variants.filter { $0.planned && $0.name != variant.name }
    let leading = ["network", "depth", "block", "activationOrder", "shortcut", "width"]
    let factors = leading + variant.levels.keys.sorted().filter { !leading.contains($0) }
    var chosen: [(factor: String, level: String)] = []
    for factor in factors {
      guard let level = variant.levels[factor] else { continue }
      let remaining = others.filter { $0.levels[factor] == level }
      if remaining.count < others.count { chosen.append((factor: factor, level: level)) }
      others = remaining
    }
    return chosen
  }
}
