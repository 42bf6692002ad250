// What the runner hands to the store: experiments, variants and levels as plain values.

/// What has become of a run.
public enum RunStatus: String, Codable, Sendable, CaseIterable {
  /// Never started under its present configuration.
  case waiting
  /// A process works on it; whether that process still lives, only its own host can tell.
  case running
  case complete
  /// A metric was not finite. A result like `complete`, not a failure.
  case diverged
  /// Stopped before its end: by a signal, or its process is gone.
  case interrupted
  case failed

  /// Whether the run has its result and needs no further attempt.
  public var isFinal: Bool { self == .complete || self == .diverged }
}

/// Why an attempt was ended before its time, where that was nobody's wish for this run.
public enum EarlyEnd: String, Codable, Sendable, CaseIterable {
  /// By a limit of time.
  case timeout
  /// By a scheduler that wanted the machine for others.
  case preemption
  /// By an error, or a process that vanished before it had got anywhere.
  case failure

  /// The column that counts it.
  var column: String { "\(rawValue)s" }
}

/// How often an attempt was ended before its time, by reason.
public struct EarlyEnds: Hashable, Codable, Sendable {
  public var timeouts = 0
  public var preemptions = 0
  public var failures = 0

  public init(timeouts: Int = 0, preemptions: Int = 0, failures: Int = 0) {
    self.timeouts = timeouts
    self.preemptions = preemptions
    self.failures = failures
  }
}

/// Names one run for a person: one variant of an experiment with one seed.
public struct RunKey: Hashable, Sendable, CustomStringConvertible {
  public var experiment: String
  public var variant: String
  public var seed: Int64

  public init(experiment: String, variant: String, seed: Int64) {
    self.experiment = experiment
    self.variant = variant
    self.seed = seed
  }

  /// `EXPERIMENT/VARIANT/SEED`
  public var description: String { "\(experiment)/\(variant)/\(seed)" }
}

/// One spec file, resolved.
public struct ExperimentRecord: Equatable, Sendable {
  /// The identity of the experiment in the database.
  public var name: String
  public var title: String
  /// Where the spec was read, as the user typed it; the command that reruns a run names it.
  public var specPath: String
  /// The spec file's text.
  public var specJSON: String
  /// SHA-256 of the spec file, hexadecimal.
  public var specHash: String
  /// The protocol's name, such as `quick` or `paper-64k`.
  public var protocolName: String
  /// The protocol with every default written out, canonical JSON.
  public var protocolJSON: String
  /// Classes of the data, from which the error of guessing follows; nil where unknown.
  public var classes: Int?

  public init(
    name: String, title: String, specPath: String, specJSON: String, specHash: String,
    protocolName: String, protocolJSON: String, classes: Int? = nil
  ) {
    self.name = name
    self.title = title
    self.specPath = specPath
    self.specJSON = specJSON
    self.specHash = specHash
    self.protocolName = protocolName
    self.protocolJSON = protocolJSON
    self.classes = classes
  }
}

/// One factor's level in one variant.
public struct LevelRecord: Hashable, Sendable {
  public var factor: String
  public var level: String
  /// The level as a number, where it is one, so that SQL can compare (`level > 20`).
  public var numeric: Double?

  public init(factor: String, level: String, numeric: Double? = nil) {
    self.factor = factor
    self.level = level
    self.numeric = numeric
  }
}

/// One variant of an experiment; the seed is never part of it.
public struct VariantRecord: Equatable, Sendable {
  /// The variant's name (`plain-56`), unique in its experiment.
  public var name: String
  /// The resolved architecture and protocol of this variant, canonical JSON.
  public var configurationJSON: String
  /// SHA-256 of `configurationJSON` and whatever else makes two runs comparable, hexadecimal.
  public var configurationHash: String
  /// Every factor of the architecture and the protocol's factors, defaults included.
  public var levels: [LevelRecord]
  /// Trainable parameters.
  public var parameters: Int64
  /// Multiply-adds of one image's forward pass.
  public var macs: Int64

  public init(
    name: String, configurationJSON: String, configurationHash: String, levels: [LevelRecord],
    parameters: Int64, macs: Int64
  ) {
    self.name = name
    self.configurationJSON = configurationJSON
    self.configurationHash = configurationHash
    self.levels = levels
    self.parameters = parameters
    self.macs = macs
  }
}

/// What `ResultsStore.prepare` changed.
public struct Preparation: Equatable, Sendable {
  /// Runs that are new in the database.
  public var added: [RunKey] = []
  /// Runs that had a result, which no longer counts because their configuration has changed.
  /// The old attempts are kept.
  public var outdated: [RunKey] = []

  public init(added: [RunKey] = [], outdated: [RunKey] = []) {
    self.added = added
    self.outdated = outdated
  }
}

/// A run that this process has taken: the token for recording.
public struct AcquiredRun: Hashable, Sendable {
  /// UUID of the run; the same for all its attempts.
  public let runId: String
  /// 1 for the first attempt.
  public let attempt: Int
  public let key: RunKey
  let attemptId: Int64
}
