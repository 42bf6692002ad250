// What this machine can do at most, measured, so that speeds can be judged.
import CKernels
import Foundation
import Numerics

/// The limits that a training step runs into.
public struct MachineLimits: Codable, Sendable {
  /// Multiply-adds, 2 operations each, on all threads together.
  public let peakGFLOPS: Double
  /// Which multiply-adds: `FMA` of fp32, or the CPU's unit for bf16, `VDPBF16PS` or `TDPBF16PS`.
  public let unit: String
  /// Bytes read plus bytes written by a large copy on all threads together, in 10⁹ per second.
  public let copyGBPerSecond: Double

  /// Measures both at once, in about a fifth of a second.
  public static func measure(threads: Int) -> MachineLimits {
    let meter = MachineLimitMeter(pool: WorkerPool(threads: threads))
    meter.measureArithmetic(bursts: 24)
    meter.measureCopy(bursts: 8)
    return meter.limits
  }
}

/// Measures the limits in short bursts, of which the best counts.
///
/// Whatever else the machine does can only make a burst slower. So bursts are spread over the time
/// in which the thing to be judged is measured: before, between and after.
public final class MachineLimitMeter {
  private let pool: WorkerPool
  private let unit: String
  private let multiplyAdd: @convention(c) (Int, UnsafeMutablePointer<Float>?) -> Double
  private let operationsPerRound: Double
  private let clock = ContinuousClock()
  private var peak = 0.0
  private var copyRate = 0.0

  /// - Parameters:
  ///   - pool: the threads whose limits are measured; nobody else uses them during a burst.
  ///   - arithmetic: whose multiply-adds are measured.
  public init(pool: WorkerPool, arithmetic: Arithmetic = .fp32) {
    self.pool = pool
    switch arithmetic.isNative ? arithmetic : .fp32 {
    case .fp32: unit = "FMA"
    case .bf16(.pairs): unit = "VDPBF16PS"
    case .bf16(.tiles): unit = "TDPBF16PS"
    }
    multiplyAdd = arithmetic.weightProducts.multiply_add
    var sink: Float = 0
    operationsPerRound = multiplyAdd(1, &sink)
  }

  /// The best of all bursts so far; 0 where there was none.
  public var limits: MachineLimits {
    MachineLimits(peakGFLOPS: peak, unit: unit, copyGBPerSecond: copyRate)
  }

  private func rate(_ work: () -> Double) -> Double {
    let start = clock.now
    let amount = work()
    return amount / ((clock.now - start) / .seconds(1)) / 1e9
  }

  /// Multiply-adds in registers for about a millisecond, `bursts` times.
  public func measureArithmetic(bursts: Int) {
    for _ in 0..<bursts { peak = max(peak, arithmeticRate(rounds: burstRounds)) }
  }

  /// The rate of multiply-adds over about so many seconds: what else the machine does slows it as it
  /// slows work of that length, so it is less than the peak.
  /// - Precondition: there have been bursts.
  public func arithmeticRate(seconds: Double) -> Double {
    let roundsPerSecond = peak * 1e9 / (operationsPerRound * Double(pool.threads))
    return arithmeticRate(rounds: max(1000, Int(seconds * roundsPerSecond)))
  }

  /// About a millisecond of FMAs, and less of what is faster.
  private var burstRounds: Int { Int(500_000 * 384 / operationsPerRound * (unit == "FMA" ? 1 : 4)) }

  private func arithmeticRate(rounds: Int) -> Double {
    let threads = pool.threads
    let operations = DoubleBuffer(count: threads)
    let sinks = FloatBuffer(count: threads)
    return rate {
      pool.run(tasks: threads) { task, _ in
        operations.pointer[task] = multiplyAdd(rounds, sinks[task])
      }
      return (0..<threads).reduce(0) { $0 + operations.pointer[$1] }
    }
  }

  /// Copies 16 MB per thread, `bursts` times, in memory that is given back at the end.
  public func measureCopy(bursts: Int) {
    let threads = pool.threads
    let count = 1 << 22
    let source = FloatBuffer(count: count * threads)
    let target = FloatBuffer(count: count * threads)
    // Memory that nobody has written is not there yet, and reading it measures nothing.
    memset(source.pointer, 1, source.count * MemoryLayout<Float>.stride)
    memset(target.pointer, 1, target.count * MemoryLayout<Float>.stride)
    for _ in 0..<bursts {
      let speed = rate {
        pool.run(tasks: threads) { task, _ in
          memcpy(target[task * count], source[task * count], count * MemoryLayout<Float>.stride)
        }
        return Double(2 * count * threads * MemoryLayout<Float>.stride)
      }
      copyRate = max(copyRate, speed)
    }
  }
}
