// The wish to stop, as a signal handler leaves it and the runs in work read it.
import Synchronization

/// Whether somebody asked the runs to stop, and by which signal.
public final class StopRequest: Sendable {
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
}

extension Duration {
  /// The duration as a number of seconds.
  public var inSeconds: Double { self / .seconds(1) }
}
