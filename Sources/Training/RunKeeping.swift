// What a run leaves on disk: final weights, checkpoints.

/// What a run writes beside its numbers, and where it goes on.
public struct RunKeeping: Sendable {
  /// Where the final weights go; nil if they are not kept.
  public var weightsFile: String?
  /// How checkpoints are written; nil for none.
  public var checkpoints: CheckpointWriting?
  /// Where the run goes on; nil for its beginning.
  public var resumed: Checkpoint?

  package init(
    weightsFile: String? = nil, checkpoints: CheckpointWriting? = nil, resumed: Checkpoint? = nil
  ) {
    self.weightsFile = weightsFile
    self.checkpoints = checkpoints
    self.resumed = resumed
  }

  /// Keeps nothing, starts at the beginning.
  public static let nothing = RunKeeping()
}

/// How a run writes its checkpoints.
public struct CheckpointWriting: Sendable {
  public var folder: CheckpointFolder
  /// What the run is now.
  public var identity: CheckpointIdentity
  /// Time between two checkpoints, zero for one after every step; nil for two minutes, or longer
  /// where they would take more than a hundredth of the time.
  public var interval: Duration?
  /// Called before a checkpoint of this step is written: what was recorded so far must be on the
  /// disk when it returns. Where it gives false, no checkpoint is written.
  public var settle: @Sendable (Int) throws -> Bool
  /// Takes a sentence for the user.
  public var say: @Sendable (String) -> Void

  package init(
    folder: CheckpointFolder, identity: CheckpointIdentity, interval: Duration?,
    settle: @escaping @Sendable (Int) throws -> Bool,
    say: @escaping @Sendable (String) -> Void
  ) {
    self.folder = folder
    self.identity = identity
    self.interval = interval
    self.settle = settle
    self.say = say
  }
}
