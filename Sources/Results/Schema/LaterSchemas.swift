// The migrations after the first schema. Each is frozen: a later change is a further migration.

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

/// SQL of the second migration.
enum ResumeSchema {
  /// - `initialWeights`: the file and its SHA-256; empty for random weights.
  /// - `resumptions`: a JSON list, one object for each time that the attempt went on from a
  ///   checkpoint: at, step, after, commit, diff, host, engine, threads, data, command, changes.
  /// - `numericChanges`: what may have changed bits on the way, with the user's word; or empty.
  static let sql = """
    ALTER TABLE provenance ADD COLUMN initialWeights TEXT NOT NULL DEFAULT '';
    ALTER TABLE provenance ADD COLUMN resumptions TEXT NOT NULL DEFAULT '[]';
    ALTER TABLE provenance ADD COLUMN numericChanges TEXT NOT NULL DEFAULT '';
    DROP VIEW attempts;
    CREATE VIEW attempts AS
      SELECT run.id AS runId, experiment.name AS experiment, variant.name AS variant, run.seed,
        attempt.number AS attempt, attempt.id IS run.currentAttempt AS isCurrent, attempt.status,
        attempt.startedAt, attempt.finishedAt, attempt.seconds, attempt.step, attempt.totalSteps,
        attempt.heartbeatAt, attempt.weightsHash, attempt.message, provenance.commitHash,
        codeDiff.text <> '' AS uncommitted, provenance.host, provenance.operatingSystem,
        provenance.cpu, provenance.engineVersion, provenance.backend, provenance.instructionSet,
        provenance.threads, provenance.dataChecksum, provenance.commandLine, provenance.logFile,
        provenance.initialWeights, json_array_length(provenance.resumptions) AS resumed,
        provenance.numericChanges
      FROM attempt
        JOIN run ON run.id = attempt.runId
        JOIN variant ON variant.id = run.variantId
        JOIN experiment ON experiment.id = variant.experimentId
        JOIN provenance ON provenance.attemptId = attempt.id
        JOIN codeDiff ON codeDiff.hash = provenance.diffHash;
    """
}

/// SQL of the third migration.
enum CorrectnessSchema {
  static let sql = """
    -- One bit for each test example, in the order of the test set: the first example is the lowest
    -- bit of the first byte. A set bit is a right answer.
    CREATE TABLE correctness (
      attemptId INTEGER PRIMARY KEY REFERENCES attempt(id) ON DELETE CASCADE,
      step INTEGER NOT NULL,
      count INTEGER NOT NULL,
      testChecksum TEXT NOT NULL,
      bits BLOB NOT NULL
    );
    """
}

/// SQL of the fifth migration.
enum NumericIdentitySchema {
  /// - `backendVersion`, `codeClass`, `convolution`: with what is there already, what decided the bits
  ///   when the attempt began. Empty for attempts of earlier versions, of which the reader takes
  ///   them from `versionsJSON`, where they always were.
  /// - `precision`: those attempts were all in single precision.
  /// In `resumptions`, each object has them under `numericIdentity` from now on.
  static let sql = """
    ALTER TABLE provenance ADD COLUMN backendVersion TEXT NOT NULL DEFAULT '';
    ALTER TABLE provenance ADD COLUMN codeClass TEXT NOT NULL DEFAULT '';
    ALTER TABLE provenance ADD COLUMN convolution TEXT NOT NULL DEFAULT '';
    ALTER TABLE provenance ADD COLUMN precision TEXT NOT NULL DEFAULT 'fp32';
    DROP VIEW attempts;
    CREATE VIEW attempts AS
      SELECT run.id AS runId, experiment.name AS experiment, variant.name AS variant, run.seed,
        attempt.number AS attempt, attempt.id IS run.currentAttempt AS isCurrent, attempt.status,
        attempt.startedAt, attempt.finishedAt, attempt.seconds, attempt.step, attempt.totalSteps,
        attempt.heartbeatAt, attempt.weightsHash, attempt.message, provenance.commitHash,
        codeDiff.text <> '' AS uncommitted, provenance.host, provenance.operatingSystem,
        provenance.cpu, provenance.engineVersion, provenance.backend, provenance.instructionSet,
        provenance.threads, provenance.dataChecksum, provenance.commandLine, provenance.logFile,
        provenance.initialWeights, json_array_length(provenance.resumptions) AS resumed,
        provenance.numericChanges, provenance.backendVersion, provenance.codeClass,
        provenance.convolution, provenance.precision
      FROM attempt
        JOIN run ON run.id = attempt.runId
        JOIN variant ON variant.id = run.variantId
        JOIN experiment ON experiment.id = variant.experimentId
        JOIN provenance ON provenance.attemptId = attempt.id
        JOIN codeDiff ON codeDiff.hash = provenance.diffHash;
    """
}

/// SQL of the sixth migration.
enum EndingSchema {
  /// How often the attempt was ended early, by reason: `timeouts` by a limit of time, `preemptions` by
  /// a scheduler that wanted the machine, `failures` by an error or a process that vanished before it
  /// had got anywhere. Interruptions by a person are none of them.
  static let sql = """
    ALTER TABLE attempt ADD COLUMN timeouts INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE attempt ADD COLUMN preemptions INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE attempt ADD COLUMN failures INTEGER NOT NULL DEFAULT 0;
    UPDATE attempt SET failures = 1 WHERE status = 'failed';
    DROP VIEW attempts;
    CREATE VIEW attempts AS
      SELECT run.id AS runId, experiment.name AS experiment, variant.name AS variant, run.seed,
        attempt.number AS attempt, attempt.id IS run.currentAttempt AS isCurrent, attempt.status,
        attempt.startedAt, attempt.finishedAt, attempt.seconds, attempt.step, attempt.totalSteps,
        attempt.heartbeatAt, attempt.weightsHash, attempt.message, provenance.commitHash,
        codeDiff.text <> '' AS uncommitted, provenance.host, provenance.operatingSystem,
        provenance.cpu, provenance.engineVersion, provenance.backend, provenance.instructionSet,
        provenance.threads, provenance.dataChecksum, provenance.commandLine, provenance.logFile,
        provenance.initialWeights, json_array_length(provenance.resumptions) AS resumed,
        provenance.numericChanges, provenance.backendVersion, provenance.codeClass,
        provenance.convolution, provenance.precision, attempt.timeouts, attempt.preemptions,
        attempt.failures
      FROM attempt
        JOIN run ON run.id = attempt.runId
        JOIN variant ON variant.id = run.variantId
        JOIN experiment ON experiment.id = variant.experimentId
        JOIN provenance ON provenance.attemptId = attempt.id
        JOIN codeDiff ON codeDiff.hash = provenance.diffHash;
    """
}
