// The second migration: what an attempt started from, and where it was taken up again. Frozen.

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
