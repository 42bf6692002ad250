// Where a step's time goes: the wall time of each of its phases.

/// Takes down how long each phase of each step takes.
///
/// An executor that has one calls `begin()` as a step starts and `lap(_:_:)` after each phase, so
/// that the laps of a step add up to its whole time. Reading the clock costs some 50 ns a phase.
public final class StepProfile {
  /// What a stretch of a step is spent on.
  public enum Phase: Int, CaseIterable, Sendable {
    /// Bringing all weights into the forms that the products read.
    case preparation
    /// One operation's pass over the batch, with what is fused into it.
    case forward
    /// Merging the slices' batch statistics of one operation's output.
    case statistics
    /// Softmax cross-entropy and its gradient.
    case loss
    /// One operation's way back: both products, and what is fused into them.
    case backward
    /// Adding up the slices' parts of one operation's weight gradient.
    case weightSums
    /// Adding up the slices' sums for batch norms and biases.
    case gradientSums
    /// The norm of the whole gradient.
    case gradientNorm
    /// The change of the weights.
    case optimizer
  }

  /// Per step, seconds by operation and phase.
  private var steps: [[Double]] = []
  private var last = ContinuousClock.now
  private let clock = ContinuousClock()

  public init() {}

  /// Starts a step.
  func begin() {
    steps.append([])
    last = clock.now
  }

  /// Ends a phase that began where the one before it ended.
  /// - Parameter operation: the index of the operation that it belongs to.
  func lap(_ phase: Phase, _ operation: Int = 0) {
    guard !steps.isEmpty else { return }
    let now = clock.now
    let slot = operation * Phase.allCases.count + phase.rawValue
    let step = steps.count - 1
    let missing = slot + 1 - steps[step].count
    if missing > 0 { steps[step].append(contentsOf: repeatElement(0, count: missing)) }
    steps[step][slot] += (now - last) / .seconds(1)
    last = now
  }

  /// How many steps were begun.
  public var stepCount: Int { steps.count }

  /// What each step spent on a phase of an operation, in seconds; 0 where it did not occur.
  public func seconds(_ phase: Phase, operation: Int = 0) -> [Double] {
    let slot = operation * Phase.allCases.count + phase.rawValue
    return steps.map { slot < $0.count ? $0[slot] : 0 }
  }
}
