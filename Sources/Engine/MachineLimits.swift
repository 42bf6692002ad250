// What this machine can do at most, measured, so that speeds can be judged.
import CKernels
import Foundation

/// The limits that a training step runs into.
public struct MachineLimits: Codable, Sendable {
  /// Single-precision multiply-adds, 2 operations each, on all threads together.
  public let peakGFLOPS: Double
  /// Bytes read plus bytes written by a large copy on all threads together, in 10⁹ per second.
  public let copyGBPerSecond: Double

  /// Measures both, best of several rounds, in about half a second.
  public static func measure(threads: Int) -> MachineLimits {
    let pool = WorkerPool(threads: threads)
    let clock = ContinuousClock()
    func best(_ work: () -> Double) -> Double {
      (0..<8).map { _ in
        let start = clock.now
        let amount = work()
        return amount / ((clock.now - start) / .seconds(1)) / 1e9
      }.max() ?? 0
    }
    let operations = DoubleBuffer(count: threads)
    let sinks = FloatBuffer(count: threads)
    let peak = best {
      pool.run(tasks: threads) { task, _ in
        operations.pointer[task] = sweeps.multiply_add(500_000, sinks[task])
      }
      return (0..<threads).reduce(0) { $0 + operations.pointer[$1] }
    }
    let count = 1 << 22
    let source = FloatBuffer(count: count * threads)
    let target = FloatBuffer(count: count * threads)
    let bytes = best {
      pool.run(tasks: threads) { task, _ in
        memcpy(target[task * count], source[task * count], count * MemoryLayout<Float>.stride)
      }
      return Double(2 * count * threads * MemoryLayout<Float>.stride)
    }
    return MachineLimits(peakGFLOPS: peak, copyGBPerSecond: bytes)
  }
}
