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

  public init() {}
}
