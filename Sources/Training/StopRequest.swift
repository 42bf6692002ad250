// The wish to stop, as a signal handler leaves it and the runs in work read it.
import Foundation
import Synchronization

/// Whether somebody asked the runs to stop, and by which signal.
public final class StopRequest: Sendable {
  /// The signals by which a scheduler says some time ahead that it will take the machine away;
  /// SLURM sends them as `--signal` asks.
  public static let warnings = [SIGUSR1, SIGUSR2]

  private let requested = Atomic<Int32>(0)

  public init() {}

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

  /// Whether the machine is wanted for others: a scheduler's warning was the first to ask.
  public var isPreemption: Bool { signal.map(Self.warnings.contains) ?? false }
}

extension Duration {
  /// The duration as a number of seconds.
  public var inSeconds: Double { self / .seconds(1) }
}
