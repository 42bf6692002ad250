// Takes a run for this process: the attempt that was interrupted where it can go on, or a new one.
import Numerics
import Results
import Specs
import Text
import Training

/// A run that was taken, and where it goes on.
struct RunAcquisition: Sendable {
  let run: AcquiredRun
  /// Nil for the beginning.
  let checkpoint: Checkpoint?
  /// The run, and what is recorded of it: in bf16 it keeps the order of sums that it began with.
  let plan: RunPlan
  let provenance: Provenance

  /// - Parameter observe: takes notes for the user: damaged checkpoints, what has changed.
  /// - Returns: nil where there is nothing to do: final, failed before, or in work elsewhere.
  /// - Throws: where the run could go on, but not without a change of bits that nobody has allowed.
  static func take(
    _ plan: RunPlan, _ provenance: Provenance, in store: ResultsStore, _ options: RunOptions,
    observe: (RunEvent) -> Void
  ) throws -> RunAcquisition? {
    // Said only once the run is ours: before, another process may just have taken it up.
    var notes: [String] = []
    if !options.forces, let acquired = try resume(plan, provenance, in: store, options, &notes) {
      for note in notes { observe(.note(plan, note)) }
      return acquired
    }
    let run = try store.acquire(
      plan.key, configurationHash: plan.variant.configurationHash, provenance: provenance,
      retryFailed: options.retriesFailed, force: options.forces)
    guard let run else {
      try explain(plan, provenance, in: store, options, observe)
      return nil
    }
    for note in notes { observe(.note(plan, note)) }
    options.files(in: store, runId: run.runId, attempt: run.attempt).removeOldCheckpoints()
    return RunAcquisition(run: run, checkpoint: nil, plan: plan, provenance: provenance)
  }

  /// What a run's checkpoints must agree with.
  static func identity(
    _ plan: RunPlan, runId: String, attempt: Int, _ provenance: Provenance
  ) -> CheckpointIdentity {
    CheckpointIdentity(
      runId: runId, attempt: attempt, configurationHash: plan.variant.configurationHash,
      dataChecksum: provenance.dataChecksum, numericIdentity: provenance.numericIdentity)
  }

  /// Takes up an unfinished attempt; nil where there is none, or no checkpoint of it.
  private static func resume(
    _ plan: RunPlan, _ provenance: Provenance, in store: ResultsStore, _ options: RunOptions,
    _ notes: inout [String]
  ) throws -> RunAcquisition? {
    guard let attempt = try store.currentAttempt(of: plan.key),
      attempt.status == .interrupted || attempt.status == .failed && options.retriesFailed
    else { return nil }
    var (plan, provenance) = (plan, provenance)
    var identity = identity(plan, runId: attempt.runId, attempt: attempt.number, provenance)
    let files = options.files(in: store, runId: attempt.runId, attempt: attempt.number)
    let proto = plan.variant.trainingProtocol
    let (found, damaged) = CheckpointFolder(path: files.checkpoints).latest { checkpoint in
      // Also where the database is an older copy, or its disk lost what a power cut interrupted.
      proto.lastRecord(upTo: checkpoint.position.lastRecord) <= attempt.lastRecord
        ? nil : "is newer than the numbers in the database"
    }
    notes += damaged
    guard let checkpoint = found, checkpoint.identity.belongs(to: identity) else {
      notes.append("no checkpoint of attempt \(attempt.number); it starts at its beginning")
      return nil
    }
    let step = checkpoint.position.step
    if !damaged.isEmpty { notes.append("the checkpoint before is whole, after step \(step)") }
    var written = checkpoint.identity
    // Checkpoints of earlier versions know less than their attempt's record.
    if let recorded = attempt.provenance?.numericIdentity {
      written.numericIdentity = written.numericIdentity.filled(from: recorded)
    }
    if case .bf16(let model) = written.numericIdentity.arithmetic, plan.arithmetic != .fp32 {
      plan.model = model
      provenance.numericIdentity = provenance.numericIdentity.with(plan.arithmetic)
      identity.numericIdentity = provenance.numericIdentity
    }
    let changes = identity.changes(since: written)
    if !changes.isEmpty {
      guard options.allowsNumericChange else {
        throw ExperimentError(
          "it stands after step \(step), but going on could change bits: \(changes.text)",
          remedy: .keepConditionsOrAllowNumericChange(
            earlier: changes.map(\.remedy).filter { !$0.isEmpty }))
      }
      notes.append("goes on in spite of a change: \(changes.text)")
    }
    let point = ResumePoint(
      attempt: attempt.number, step: step, lastRecord: checkpoint.position.lastRecord,
      numericChanges: changes.isEmpty ? "" : "after step \(step): \(changes.text)")
    return try store.resume(
      plan.key, at: point, configurationHash: identity.configurationHash, provenance: provenance
    ).map {
      RunAcquisition(run: $0, checkpoint: checkpoint, plan: plan, provenance: provenance)
    }
  }

  /// Says of a run that is not made what the user may not know.
  private static func explain(
    _ plan: RunPlan, _ provenance: Provenance, in store: ResultsStore, _ options: RunOptions,
    _ observe: (RunEvent) -> Void
  ) throws {
    guard let attempt = try store.currentAttempt(of: plan.key) else { return }
    if attempt.status == .failed {
      let message = printable(attempt.message ?? "without a message", limit: 300)
      observe(.note(plan, "failed before: \(message)"))
    }
    guard attempt.status.isFinal else { return }
    // A process may have been killed before it came to this.
    let files = options.files(in: store, runId: attempt.runId, attempt: attempt.number)
    CheckpointFolder(path: files.checkpoints).remove()
    if let made = attempt.provenance {
      if !made.numericChanges.isEmpty { observe(.mixed(plan, changes: made.numericChanges)) }
      let now = identity(plan, runId: "", attempt: 0, provenance)
      let changes = now.changes(since: identity(plan, runId: "", attempt: 0, made))
      if !changes.isEmpty { observe(.outdated(plan, changes: changes.text)) }
    }
  }
}

extension RunOptions {
  /// Where the files of an attempt are.
  func files(in store: ResultsStore, runId: String, attempt: Int) -> RunFiles {
    RunFiles(database: place?.files ?? store.path, runId: runId, attempt: attempt)
  }
}

extension [NumericIdentity.Difference] {
  fileprivate var text: String { map(\.description).joined(separator: "; ") }
}

extension CheckpointIdentity {
  /// Whether a checkpoint is of this attempt and configuration.
  fileprivate func belongs(to other: CheckpointIdentity) -> Bool {
    runId == other.runId && attempt == other.attempt
      && configurationHash == other.configurationHash
  }
}
