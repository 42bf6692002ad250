// How long what is left takes, at the pace of what is done: the one estimate of remaining time.

/// A piece of work in steps, as far as it has come.
public struct WorkProgress: Hashable, Sendable {
  public enum State: Hashable, Sendable {
    case waiting, inWork, ended
  }

  public var state: State
  /// In any unit that all pieces share.
  public var workPerStep: Double
  public var steps: Int
  /// Steps done.
  public var step: Int
  /// The steps done in `seconds`; earlier ones may have been done elsewhere.
  public var timedSteps: Int
  public var seconds: Double

  public init(
    _ state: State, workPerStep: Double, steps: Int, step: Int = 0, timedSteps: Int = 0,
    seconds: Double = 0
  ) {
    self.state = state
    self.workPerStep = workPerStep
    self.steps = steps
    self.step = step
    self.timedSteps = timedSteps
    self.seconds = seconds
  }

  /// Seconds until it is done at its own mean speed; nil where nobody is at it, or before its first
  /// timed step.
  public var remainingSeconds: Double? {
    guard state == .inWork, timedSteps > 0 else { return nil }
    return seconds * Double(max(0, steps - step)) / Double(timedSteps)
  }

  /// Seconds until all are done, by as many workers as are at work now, each at the mean speed so
  /// far, and not before the longest that is in work; nil while no speed is known.
  public static func remainingSeconds(_ pieces: [WorkProgress]) -> Double? {
    let timed = pieces.filter { $0.timedSteps > 0 && $0.seconds > 0 }
    let seconds = timed.reduce(0) { $0 + $1.seconds }
    let done = timed.reduce(0) { $0 + $1.workPerStep * Double($1.timedSteps) }
    guard seconds > 0, done > 0 else { return nil }
    let rest = pieces.filter { $0.state != .ended }.reduce(0) {
      $0 + $1.workPerStep * Double(max(0, $1.steps - $1.step))
    }
    let workers = max(1, pieces.count { $0.state == .inWork })
    let longest = pieces.compactMap(\.remainingSeconds).max() ?? 0
    return max(rest / (done / seconds) / Double(workers), longest)
  }
}
