// The fourth migration: layers apart from the series of whole runs. Frozen.

/// Views that tell the metrics of layers, `QUANTITY:POSITION:LAYER`, from those of whole runs.
enum LayerSchema {
  static let sql = """
    DROP VIEW curves;
    CREATE VIEW curves AS
      SELECT run.id AS runId, experiment.name AS experiment, variant.name AS variant, run.seed,
        metric.step, metricName.name AS metric, metric.value
      FROM run
        JOIN variant ON variant.id = run.variantId
        JOIN experiment ON experiment.id = variant.experimentId
        JOIN metric ON metric.attemptId = run.currentAttempt
        JOIN metricName ON metricName.id = metric.metricNameId
      WHERE instr(metricName.name, ':') = 0;
    DROP VIEW finals;
    CREATE VIEW finals AS
      SELECT run.id AS runId, experiment.name AS experiment, variant.name AS variant, run.seed,
        metricName.name AS metric, metric.value, metric.step, attempt.status
      FROM run
        JOIN attempt ON attempt.id = run.currentAttempt
          AND attempt.status IN ('complete', 'diverged')
        JOIN variant ON variant.id = run.variantId
        JOIN experiment ON experiment.id = variant.experimentId
        JOIN metricName ON instr(metricName.name, ':') = 0
        CROSS JOIN metric ON metric.attemptId = attempt.id AND metric.metricNameId = metricName.id
          AND metric.step = (
            SELECT max(latest.step) FROM metric AS latest
            WHERE latest.attemptId = attempt.id AND latest.metricNameId = metricName.id);
    CREATE VIEW layers AS
      SELECT run.id AS runId, experiment.name AS experiment, variant.name AS variant, run.seed,
        metric.step,
        CAST(substr(metricName.name, instr(metricName.name, ':') + 1, 4) AS INTEGER) AS position,
        substr(metricName.name, instr(metricName.name, ':') + 6) AS layer,
        substr(metricName.name, 1, instr(metricName.name, ':') - 1) AS quantity, metric.value
      FROM run
        JOIN variant ON variant.id = run.variantId
        JOIN experiment ON experiment.id = variant.experimentId
        JOIN metric ON metric.attemptId = run.currentAttempt
        JOIN metricName ON metricName.id = metric.metricNameId
      WHERE instr(metricName.name, ':') > 0;
    """
}
