// How long the runs of this process will still take, from what has been done so far.
import Results
import Statistics
import Training

/// Follows the runs of this process by their events; a run's work is its multiply-adds.
public struct ProgressEstimate: Sendable {
  private struct Piece {
    var work: WorkProgress
    /// When the run was started here; nil before, and once it has ended.
    var startedAt: Double?
    /// Steps done before it was taken up here.
    var first = 0
  }

  private var pieces: [RunKey: Piece]
  /// The runs in the order of the plans, so that sums are always taken in the same one.
  private let order: [RunKey]

  /// - Parameter plans: all runs that are to be made.
  public init(_ plans: [RunPlan]) {
    order = plans.map(\.key)
    pieces = Dictionary(
      plans.map { plan in
        let work = WorkProgress(.waiting, workPerStep: plan.workPerStep, steps: plan.steps)
        return (plan.key, Piece(work: work))
      }, uniquingKeysWith: { first, _ in first })
  }

  /// The run is not made: its work is no longer waited for.
  public mutating func skip(_ plan: RunPlan) { pieces[plan.key] = nil }

  /// - Parameter now: seconds of any clock, the same in all calls.
  public mutating func start(_ plan: RunPlan, now: Double) {
    pieces[plan.key]?.work.state = .inWork
    pieces[plan.key]?.startedAt = now
  }

  /// The run goes on where it was; what is done is not to be waited for.
  public mutating func resume(_ plan: RunPlan, at step: Int) {
    pieces[plan.key]?.first = step
    pieces[plan.key]?.work.step = step
  }

  /// - Parameter step: steps done.
  public mutating func advance(_ plan: RunPlan, to step: Int) {
    guard var piece = pieces[plan.key], step > piece.work.step else { return }
    piece.work.step = step
    piece.work.timedSteps = step - piece.first
    pieces[plan.key] = piece
  }

  public mutating func finish(_ plan: RunPlan, now: Double) {
    guard var piece = pieces[plan.key] else { return }
    piece.work = Self.timed(piece, now: now)
    piece.work.state = .ended
    piece.startedAt = nil
    pieces[plan.key] = piece
  }

  /// Seconds that a run in work still takes at its own pace; nil before its first step.
  public func remaining(_ plan: RunPlan, now: Double) -> Double? {
    pieces[plan.key].flatMap { Self.timed($0, now: now).remainingSeconds }
  }

  /// Seconds that everything still takes at the pace of all runs so far; nil before the first step.
  public func remaining(now: Double) -> Double? {
    WorkProgress.remainingSeconds(order.compactMap { pieces[$0].map { Self.timed($0, now: now) } })
  }

  private static func timed(_ piece: Piece, now: Double) -> WorkProgress {
    var work = piece.work
    if let startedAt = piece.startedAt { work.seconds = now - startedAt }
    return work
  }
}
