// What a user may ask of the runner besides the runs themselves.

/// How runs are made.
public struct RunOptions: Sendable {
  /// Failed runs are made again, from their last checkpoint where there is one.
  public var retriesFailed = false
  /// All runs are made again, from their beginning, as new attempts.
  public var forces = false
  /// The first failure ends everything; runs in work are interrupted.
  public var failsFast = false
  /// Runs go on although data, engine or machine have changed so that bits may differ.
  public var allowsNumericChange = false
  /// Time that this process spends on each run; then it is interrupted. Nil for any time.
  public var timeLimit: Duration?
  /// Whether each completed run's weights are written to a file.
  public var keepsWeights = true
  /// Time between two checkpoints of a run, zero for one after every step; nil for two minutes, or
  /// longer where they would take more than a hundredth of the time.
  public var checkpointInterval: Duration?
  /// Where files are that are otherwise beside the database; nil for there.
  package var place: RunPlace?

  public init() {}
}

/// Where a run's files are when its database is not kept, and who else has a say in the run.
package struct RunPlace: Sendable {
  /// Checkpoints and final weights stand beside this path, as beside a database.
  package var files: String
  /// The log stands beside this path.
  package var log: String
  /// Called when a checkpoint is about to be written and everything before it is in the database: what
  /// a checkpoint must not outlive has to be safe when it gives true. Else none is written.
  package var settled: @Sendable () -> Bool
  /// Asked after every step, whether the run is no longer this process's.
  package var isLost: @Sendable () -> Bool

  package init(
    files: String, log: String, settled: @escaping @Sendable () -> Bool,
    isLost: @escaping @Sendable () -> Bool
  ) {
    self.files = files
    self.log = log
    self.settled = settled
    self.isLost = isLost
  }
}
