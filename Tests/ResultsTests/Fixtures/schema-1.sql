-- The first schema, frozen. schema-1.sqlite is this file read by sqlite3:
-- sqlite3 schema-1.sqlite < schema-1.sql
PRAGMA application_id = 1650814563;
PRAGMA foreign_keys=OFF;
BEGIN TRANSACTION;
CREATE TABLE grdb_migrations (identifier TEXT NOT NULL PRIMARY KEY);
INSERT INTO grdb_migrations VALUES('1 first schema');
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
INSERT INTO experiment VALUES(1,'degradation','Degradation','experiments/degradation.json','{}','5e','quick','{}',10,'2026-11-21T12:11:35.294Z','2026-11-21T12:11:35.294Z');
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
INSERT INTO variant VALUES(1,1,'plain-20',0,'{"depth":20}','hash-plain-20',20000,20000000);
INSERT INTO variant VALUES(2,1,'plain-56',1,'{"depth":56}','hash-plain-56',56000,56000000);
CREATE TABLE factorLevel (
  variantId INTEGER NOT NULL REFERENCES variant(id) ON DELETE CASCADE,
  factor TEXT NOT NULL,
  level NUMERIC NOT NULL,
  PRIMARY KEY (variantId, factor)
) WITHOUT ROWID;
INSERT INTO factorLevel VALUES(1,'depth',20);
INSERT INTO factorLevel VALUES(1,'network','plain');
INSERT INTO factorLevel VALUES(1,'strideLocation','3x3');
INSERT INTO factorLevel VALUES(1,'width',0.5);
INSERT INTO factorLevel VALUES(2,'depth',56);
INSERT INTO factorLevel VALUES(2,'network','plain');
INSERT INTO factorLevel VALUES(2,'strideLocation','3x3');
INSERT INTO factorLevel VALUES(2,'width',0.5);
CREATE TABLE run (
  id TEXT PRIMARY KEY,
  variantId INTEGER NOT NULL REFERENCES variant(id) ON DELETE CASCADE,
  seed INTEGER NOT NULL,
  planned INTEGER NOT NULL DEFAULT 1 CHECK (planned IN (0, 1)),
  currentAttempt INTEGER REFERENCES attempt(id) ON DELETE SET NULL,
  UNIQUE (variantId, seed)
);
INSERT INTO run VALUES('66d1daac-59df-4b66-80f4-7f06578ff789',1,0,1,1);
INSERT INTO run VALUES('97bc7240-72a2-4496-8266-da57171767ac',1,1,1,2);
INSERT INTO run VALUES('0983c3e3-cd08-42ee-9692-10d78e332bb0',2,0,1,3);
INSERT INTO run VALUES('fcc6efd4-9a50-4748-9da3-3dacc038c58a',2,1,1,NULL);
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
INSERT INTO attempt VALUES(1,'66d1daac-59df-4b66-80f4-7f06578ff789',1,'complete','{"depth":20}','hash-plain-20','2026-11-21T12:11:35.302Z','2026-11-21T12:11:35.303Z',8.5,100,100,'2026-11-21T12:11:35.303Z',13098,225330,'vm','3f8167b0-ecce-4ff3-a117-79936051ec68','ab12',NULL);
INSERT INTO attempt VALUES(2,'97bc7240-72a2-4496-8266-da57171767ac',1,'complete','{"depth":20}','hash-plain-20','2026-11-21T12:11:35.303Z','2026-11-21T12:11:35.304Z',8.5,100,100,'2026-11-21T12:11:35.304Z',13098,225330,'vm','3f8167b0-ecce-4ff3-a117-79936051ec68','ab12',NULL);
INSERT INTO attempt VALUES(3,'0983c3e3-cd08-42ee-9692-10d78e332bb0',1,'diverged','{"depth":56}','hash-plain-56','2026-11-21T12:11:35.304Z','2026-11-21T12:11:35.304Z',4.0,50,NULL,'2026-11-21T12:11:35.304Z',13098,225330,'vm','3f8167b0-ecce-4ff3-a117-79936051ec68',NULL,'trainLoss is not finite');
CREATE TABLE codeDiff (
  hash TEXT PRIMARY KEY,
  text TEXT NOT NULL
) WITHOUT ROWID;
INSERT INTO codeDiff VALUES('6fc651a442a1fe272a7c2b51c827c12b257aa98fa92fc4077716743bd1edb669',replace('+changed\n','\n',char(10)));
INSERT INTO codeDiff VALUES('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855','');
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
INSERT INTO provenance VALUES(1,'9de7de8','6fc651a442a1fe272a7c2b51c827c12b257aa98fa92fc4077716743bd1edb669','[]','here','Linux','A CPU','1','libxsmm','avx512',2,'da7a','{}','bench run spec.json','results/logs/a.log');
INSERT INTO provenance VALUES(2,'9de7de8','6fc651a442a1fe272a7c2b51c827c12b257aa98fa92fc4077716743bd1edb669','[]','here','Linux','A CPU','1','libxsmm','avx512',2,'da7a','{}','bench run spec.json','results/logs/a.log');
INSERT INTO provenance VALUES(3,'9de7de8','e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855','[]','here','Linux','A CPU','1','libxsmm','avx512',2,'da7a','{}','bench run spec.json','results/logs/a.log');
CREATE TABLE metricName (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE
);
INSERT INTO metricName VALUES(1,'trainError');
INSERT INTO metricName VALUES(2,'testError');
CREATE TABLE metric (
  attemptId INTEGER NOT NULL REFERENCES attempt(id) ON DELETE CASCADE,
  metricNameId INTEGER NOT NULL REFERENCES metricName(id),
  step INTEGER NOT NULL,
  value REAL NOT NULL,
  PRIMARY KEY (attemptId, metricNameId, step)
) WITHOUT ROWID;
INSERT INTO metric VALUES(1,1,50,60.0);
INSERT INTO metric VALUES(1,1,100,23.0);
INSERT INTO metric VALUES(1,2,50,65.0);
INSERT INTO metric VALUES(1,2,100,30.0);
INSERT INTO metric VALUES(2,1,50,60.0);
INSERT INTO metric VALUES(2,1,100,27.0);
INSERT INTO metric VALUES(2,2,50,65.0);
INSERT INTO metric VALUES(2,2,100,32.0);
INSERT INTO metric VALUES(3,1,50,90.0);
CREATE INDEX runByCurrentAttempt ON run (currentAttempt);
CREATE INDEX provenanceByDiff ON provenance (diffHash);
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
COMMIT;
