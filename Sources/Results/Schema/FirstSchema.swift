// The first schema, as the first migration makes it. Frozen: later schemas are further migrations.

/// SQL of the first migration.
enum FirstSchema {
  /// Marks a file as a results database: "benc" in the header's `application_id`.
  static let applicationId: Int64 = 0x6265_6E63

  static let tables = """
    CREATE TABLE experiment (
      id INTEGER PRIMARY KEY,
      name TEXT NOT NULL UNIQUE,
      title TEXT NOT NULL,
      specPath TEXT NOT NULL,
      specJSON TEXT NOT NULL,
      specHash TEXT NOT NULL,
      protocolName TEXT NOT NULL,
      protocolJSON TEXT NOT NULL,
      classes INTEGER,
      createdAt TEXT NOT NULL,
      preparedAt TEXT NOT NULL
    );
    CREATE TABLE variant (
      id INTEGER PRIMARY KEY,
      experimentId INTEGER NOT NULL REFERENCES experiment(id) ON DELETE CASCADE,
      name TEXT NOT NULL,
      position INTEGER NOT NULL,
      configurationJSON TEXT NOT NULL,
      configurationHash TEXT NOT NULL,
      parameters INTEGER NOT NULL,
      macs INTEGER NOT NULL,
      UNIQUE (experimentId, name)
    );
    -- NUMERIC: a level that is a number is stored as one, so level = 56, level = '56' and
    -- level > 20 all mean what they say.
    CREATE TABLE factorLevel (
      variantId INTEGER NOT NULL REFERENCES variant(id) ON DELETE CASCADE,
      factor TEXT NOT NULL,
      level NUMERIC NOT NULL,
      PRIMARY KEY (variantId, factor)
    ) WITHOUT ROWID;
    -- planned: whether the present spec has this run. currentAttempt: the latest attempt under
    -- the variant's present configuration, or NULL.
    CREATE TABLE run (
      id TEXT PRIMARY KEY,
      variantId INTEGER NOT NULL REFERENCES variant(id) ON DELETE CASCADE,
      seed INTEGER NOT NULL,
      planned INTEGER NOT NULL DEFAULT 1 CHECK (planned IN (0, 1)),
      currentAttempt INTEGER REFERENCES attempt(id) ON DELETE SET NULL,
      UNIQUE (variantId, seed)
    );
    CREATE TABLE attempt (
      id INTEGER PRIMARY KEY,
      runId TEXT NOT NULL REFERENCES run(id) ON DELETE CASCADE,
      number INTEGER NOT NULL,
      status TEXT NOT NULL
        CHECK (status IN ('running', 'complete', 'diverged', 'interrupted', 'failed')),
      configurationJSON TEXT NOT NULL,
      configurationHash TEXT NOT NULL,
      startedAt TEXT NOT NULL,
      finishedAt TEXT,
      seconds REAL,
      step INTEGER NOT NULL DEFAULT 0,
      totalSteps INTEGER,
      heartbeatAt TEXT NOT NULL,
      processId INTEGER NOT NULL,
      processStart INTEGER NOT NULL,
      processHost TEXT NOT NULL,
      bootId TEXT NOT NULL,
      weightsHash TEXT,
      message TEXT,
      UNIQUE (runId, number)
    );
    CREATE INDEX runByCurrentAttempt ON run (currentAttempt);
    CREATE TABLE codeDiff (
      hash TEXT PRIMARY KEY,
      text TEXT NOT NULL
    ) WITHOUT ROWID;
    CREATE TABLE provenance (
      attemptId INTEGER PRIMARY KEY REFERENCES attempt(id) ON DELETE CASCADE,
      commitHash TEXT NOT NULL,
      diffHash TEXT NOT NULL REFERENCES codeDiff(hash),
      untracked TEXT NOT NULL,
      host TEXT NOT NULL,
      operatingSystem TEXT NOT NULL,
      cpu TEXT NOT NULL,
      engineVersion TEXT NOT NULL,
      backend TEXT NOT NULL,
      instructionSet TEXT NOT NULL,
      threads INTEGER NOT NULL,
      dataChecksum TEXT NOT NULL,
      versionsJSON TEXT NOT NULL,
      commandLine TEXT NOT NULL,
      logFile TEXT NOT NULL
    );
    CREATE INDEX provenanceByDiff ON provenance (diffHash);
    CREATE TABLE metricName (
      id INTEGER PRIMARY KEY,
      name TEXT NOT NULL UNIQUE
    );
    CREATE TABLE metric (
      attemptId INTEGER NOT NULL REFERENCES attempt(id) ON DELETE CASCADE,
      metricNameId INTEGER NOT NULL REFERENCES metricName(id),
      step INTEGER NOT NULL,
      value REAL NOT NULL,
      PRIMARY KEY (attemptId, metricNameId, step)
    ) WITHOUT ROWID;
    """

  /// The public views. `runs` is what the others stand on: one row for each run of the spec, with
  /// its current attempt, if any.
  static let views = """
    CREATE VIEW runs AS
      SELECT run.id AS runId, experiment.name AS experiment, variant.name AS variant, run.seed,
        coalesce(attempt.status, 'waiting') AS status, attempt.startedAt, attempt.seconds,
        provenance.threads, attempt.weightsHash, attempt.number AS attempt, attempt.step,
        attempt.totalSteps, attempt.finishedAt, attempt.message
      FROM run
        JOIN variant ON variant.id = run.variantId
        JOIN experiment ON experiment.id = variant.experimentId
        LEFT JOIN attempt ON attempt.id = run.currentAttempt
        LEFT JOIN provenance ON provenance.attemptId = attempt.id
      WHERE run.planned OR run.currentAttempt IS NOT NULL;
    CREATE VIEW curves AS
      SELECT run.id AS runId, experiment.name AS experiment, variant.name AS variant, run.seed,
        metric.step, metricName.name AS metric, metric.value
      FROM run
        JOIN variant ON variant.id = run.variantId
        JOIN experiment ON experiment.id = variant.experimentId
        JOIN metric ON metric.attemptId = run.currentAttempt
        JOIN metricName ON metricName.id = metric.metricNameId;
    CREATE VIEW finals AS
      SELECT run.id AS runId, experiment.name AS experiment, variant.name AS variant, run.seed,
        metricName.name AS metric, metric.value, metric.step, attempt.status
      FROM run
        JOIN attempt ON attempt.id = run.currentAttempt
          AND attempt.status IN ('complete', 'diverged')
        JOIN variant ON variant.id = run.variantId
        JOIN experiment ON experiment.id = variant.experimentId
        JOIN metricName
        CROSS JOIN metric ON metric.attemptId = attempt.id AND metric.metricNameId = metricName.id
          AND metric.step = (
            SELECT max(latest.step) FROM metric AS latest
            WHERE latest.attemptId = attempt.id AND latest.metricNameId = metricName.id);
    CREATE VIEW summary AS
      SELECT experiment, variant, metric, count(*) AS n, mean,
        CASE WHEN count(*) > 1
          THEN sqrt(sum((value - mean) * (value - mean)) / (count(*) - 1))
        END AS standardDeviation
      FROM (
        SELECT experiment, variant, metric, value,
          avg(value) OVER (PARTITION BY experiment, variant, metric) AS mean
        FROM finals WHERE status = 'complete')
      GROUP BY experiment, variant, metric;
    CREATE VIEW levels AS
      SELECT experiment.name AS experiment, variant.name AS variant, factorLevel.factor,
        factorLevel.level
      FROM factorLevel
        JOIN variant ON variant.id = factorLevel.variantId
        JOIN experiment ON experiment.id = variant.experimentId;
    CREATE VIEW experiments AS
      SELECT name AS experiment, title, protocolName AS protocol, specPath, specHash, createdAt,
        preparedAt
      FROM experiment;
    CREATE VIEW variants AS
      SELECT experiment.name AS experiment, variant.name AS variant, variant.parameters,
        variant.macs, variant.configurationHash
      FROM variant JOIN experiment ON experiment.id = variant.experimentId;
    CREATE VIEW attempts AS
      SELECT run.id AS runId, experiment.name AS experiment, variant.name AS variant, run.seed,
        attempt.number AS attempt, attempt.id IS run.currentAttempt AS isCurrent, attempt.status,
        attempt.startedAt, attempt.finishedAt, attempt.seconds, attempt.step, attempt.totalSteps,
        attempt.heartbeatAt, attempt.weightsHash, attempt.message, provenance.commitHash,
        codeDiff.text <> '' AS uncommitted, provenance.host, provenance.operatingSystem,
        provenance.cpu, provenance.engineVersion, provenance.backend, provenance.instructionSet,
        provenance.threads, provenance.dataChecksum, provenance.commandLine, provenance.logFile
      FROM attempt
        JOIN run ON run.id = attempt.runId
        JOIN variant ON variant.id = run.variantId
        JOIN experiment ON experiment.id = variant.experimentId
        JOIN provenance ON provenance.attemptId = attempt.id
        JOIN codeDiff ON codeDiff.hash = provenance.diffHash;
    """
}
