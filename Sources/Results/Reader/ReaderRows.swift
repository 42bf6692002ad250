// What the reader hands to reports and commands: plain values.
import Foundation

/// An experiment as it stands in the database.
public struct StoredExperiment: Equatable, Sendable {
  public var name: String
  public var title: String
  public var specPath: String
  /// The spec file's text.
  public var specJSON: String
  public var specHash: String
  public var protocolName: String
  public var protocolJSON: String
  /// Classes of the data; nil where unknown.
  public var classes: Int?
  /// When it was last prepared.
  public var preparedAt: String
  /// When its latest attempt started; nil if none has.
  public var lastStartedAt: String?
}

/// A variant with its levels.
public struct StoredVariant: Equatable, Sendable {
  public var name: String
  public var parameters: Int64
  /// Multiply-adds of one image's forward pass.
  public var macs: Int64
  /// Level of every factor, as text.
  public var levels: [String: String]
  /// Whether the present spec has it.
  public var planned: Bool
}

/// A run with its current attempt.
public struct StoredRun: Equatable, Sendable {
  public var runId: String
  public var key: RunKey
  /// `interrupted` rather than `running` where the process is gone.
  public var status: RunStatus
  /// Whether the present spec has this run.
  public var planned: Bool
  /// Number of the current attempt; nil if there is none.
  public var attempt: Int?
  /// How many attempts there are, earlier configurations' too.
  public var attempts: Int
  public var startedAt: String?
  public var finishedAt: String?
  public var heartbeatAt: String?
  /// Training time of a finished attempt.
  public var seconds: Double?
  public var step: Int
  public var totalSteps: Int?
  public var weightsHash: String?
  public var message: String?
  public var processHost: String?
  public var processId: Int?
  /// Multiply-adds of one image's forward pass.
  public var macs: Int64
}

/// One metric's series in one run.
public struct Curve: Equatable, Sendable {
  public var key: RunKey
  public var metric: String
  public var points: [(step: Int, value: Double)]

  public init(key: RunKey, metric: String, points: [(step: Int, value: Double)]) {
    self.key = key
    self.metric = metric
    self.points = points
  }

  public static func == (a: Curve, b: Curve) -> Bool {
    a.key == b.key && a.metric == b.metric && a.points.elementsEqual(b.points, by: ==)
  }
}

/// One metric's last value in one finished run.
public struct FinalValue: Equatable, Sendable {
  public var key: RunKey
  public var metric: String
  public var value: Double
  public var step: Int
  /// `complete` or `diverged`.
  public var status: RunStatus
}

/// Everything about one run.
public struct RunDetails: Sendable {
  public var run: StoredRun
  public var experiment: StoredExperiment
  public var variant: StoredVariant
  /// The resolved architecture and protocol of the current attempt, or of the next one.
  public var configurationJSON: String
  public var configurationHash: String
  /// Last recorded value and step of each metric, also of an unfinished attempt; by name.
  public var metrics: [(name: String, value: Double, step: Int)]
  /// Nil if there is no current attempt.
  public var provenance: Provenance?
  /// A few levels that no other variant of the experiment has together.
  public var distinguishingLevels: [(factor: String, level: String)]
}
