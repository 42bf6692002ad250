// How far the runs of an experiment are, by the configuration that was trained.
import GRDB

/// The latest attempt of a run under one configuration.
public struct AttemptState: Hashable, Sendable {
  public var key: RunKey
  public var configurationHash: String
  public var status: RunStatus
  /// Steps done.
  public var step: Int

  public init(key: RunKey, configurationHash: String, status: RunStatus, step: Int) {
    self.key = key
    self.configurationHash = configurationHash
    self.status = status
    self.step = step
  }
}

extension ResultsReader {
  /// The latest attempt of every run under every configuration that it was made with: also of one
  /// that the spec has had before.
  public func attemptStates(experiment: String) throws(ResultsError) -> [AttemptState] {
    try read { db in
      try Row.fetchAll(
        db,
        sql: """
          SELECT variant.name AS variant, run.seed, attempt.configurationHash, attempt.status,
            attempt.step, attempt.heartbeatAt, attempt.processId, attempt.processStart,
            attempt.processHost, attempt.bootId
          FROM attempt
            JOIN run ON run.id = attempt.runId
            JOIN variant ON variant.id = run.variantId
            JOIN experiment ON experiment.id = variant.experimentId
          WHERE experiment.name = ? AND NOT EXISTS (
            SELECT 1 FROM attempt AS later WHERE later.runId = attempt.runId
              AND later.configurationHash = attempt.configurationHash
              AND later.number > attempt.number)
          ORDER BY run.seed, variant.position, attempt.number
          """, arguments: [experiment]
      ).map { row in
        try AttemptState(
          key: RunKey(experiment: experiment, variant: row.get("variant"), seed: row.get("seed")),
          configurationHash: row.get("configurationHash"), status: Liveness.status(row),
          step: row.get("step"))
      }
    }
  }
}
