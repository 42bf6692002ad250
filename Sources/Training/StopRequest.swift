// The wish to stop, as a signal handler leaves it and the runs in work read it.
import Foundation
import Synchronization

/// Why the runs are to stop.
public enum StopReason: Hashable, Sendable {
  /// Somebody wants it.
  case order
  /// A scheduler wants the machine for others.
  case preemption
  /// The scheduler's limit of time is near.
  case timeLimit
}

/// Whether somebody asked the runs to stop, and by which signal.
public final class StopRequest: Sendable {
  /// The signals by which a scheduler says some time ahead that it will take the machine away;
  /// SLURM sends them as `--signal` asks.
  public static let warnings = [SIGUSR1, SIGUSR2]

  private let requested = Atomic<Int32>(0)
  private let meaning: @Sendable (Int32) -> StopReason

  /// - Parameter meaning: why a signal is sent, asked at any time after it; by default a scheduler's
  ///   warnings tell of preemption, and all others are orders.
  public init(meaning: (@Sendable (Int32) -> StopReason)? = nil) {
    self.meaning = meaning ?? { Self.warnings.contains($0) ? .preemption : .order }
  }

  /// Asks to stop; the first signal counts.
  /// - Returns: whether this was the first.
  @discardableResult
  public func request(signal: Int32) -> Bool {
    requested.compareExchange(expected: 0, desired: signal, ordering: .sequentiallyConsistent)
      .exchanged
  }

  /// The signal that asked; nil if none has.
  public var signal: Int32? {
    let signal = requested.load(ordering: .sequentiallyConsistent)
    return signal == 0 ? nil : signal
  }

  public var isRequested: Bool { signal != nil }

  /// Why the first signal asked; nil if none has.
  public var reason: StopReason? { signal.map(meaning) }
}

extension Duration {
  /// The duration as a number of seconds.
  public var inSeconds: Double { self / .seconds(1) }
}
