// How long the runs will still take, from what has been done so far.
import Results
import Training

/// Estimates of the remaining time, weighted by the multiply-adds of each run.
public struct ProgressEstimate: Sendable {
  private struct State {
    var workPerStep: Double
    var steps: Int
    var startedAt: Double
    /// Steps done before it was taken up here.
    var first = 0
    var step = 0
  }

  /// Multiply-adds not yet begun.
  private var waiting: Double
  private var running: [RunKey: State] = [:]
  /// Multiply-adds done here, and the time in which they were done, with the time of the first start.
  private var done = 0.0
  private var firstStart: Double?

  /// - Parameter plans: all runs that are to be made.
  public init(_ plans: [RunPlan]) {
    waiting = plans.reduce(0) { $0 + $1.workPerStep * Double($1.steps) }
  }

  /// The run is not made: its work is no longer waited for.
  public mutating func skip(_ plan: RunPlan) {
    waiting -= plan.workPerStep * Double(plan.steps)
  }

  /// - Parameter now: seconds of any clock, the same in all calls.
  public mutating func start(_ plan: RunPlan, now: Double) {
    waiting -= plan.workPerStep * Double(plan.steps)
    running[plan.key] = State(workPerStep: plan.workPerStep, steps: plan.steps, startedAt: now)
    if firstStart == nil { firstStart = now }
  }

  /// The run goes on where it was; what is done is not to be waited for.
  public mutating func resume(_ plan: RunPlan, at step: Int) {
    running[plan.key]?.first = step
    running[plan.key]?.step = step
  }

  /// - Parameter step: steps done.
  public mutating func advance(_ plan: RunPlan, to step: Int) {
    guard var state = running[plan.key], step > state.step else { return }
    done += state.workPerStep * Double(step - state.step)
    state.step = step
    running[plan.key] = state
  }

  public mutating func finish(_ plan: RunPlan) { running[plan.key] = nil }

  /// Seconds that a run in work still takes at its own pace; nil before its first step.
  public func remaining(_ plan: RunPlan, now: Double) -> Double? {
    guard let state = running[plan.key], state.step > state.first else { return nil }
    return (now - state.startedAt) / Double(state.step - state.first)
      * Double(state.steps - state.step)
  }

  /// Seconds that everything still takes at the pace of all runs so far; nil before the first step.
  public func remaining(now: Double) -> Double? {
    guard let firstStart, done > 0, now > firstStart else { return nil }
    let rest = running.values.reduce(max(0, waiting)) {
      $0 + $1.workPerStep * Double($1.steps - $1.step)
    }
    return rest * (now - firstStart) / done
  }
}
