// Memory that the engine computes in.
import Foundation

/// A fixed block of single-precision numbers on a cache-line boundary, zero at first.
///
/// The engine shares it between threads; who writes where is fixed by the plan, so that no two
/// threads write the same place within one phase.
final class FloatBuffer: @unchecked Sendable {
  let pointer: UnsafeMutablePointer<Float>
  let count: Int

  /// - Parameter count: how many numbers; 0 gives a buffer that must not be read.
  init(count: Int) {
    // A page boundary lets large blocks come from the system already zero.
    let bytes = max(64, (count * MemoryLayout<Float>.stride + 63) / 64 * 64)
    let raw = UnsafeMutableRawPointer.allocate(byteCount: bytes, alignment: 64)
    memset(raw, 0, bytes)
    pointer = raw.bindMemory(to: Float.self, capacity: bytes / MemoryLayout<Float>.stride)
    self.count = count
  }

  deinit { UnsafeMutableRawPointer(pointer).deallocate() }

  subscript(offset: Int) -> UnsafeMutablePointer<Float> { pointer + offset }
}

/// The same for double-precision sums.
final class DoubleBuffer: @unchecked Sendable {
  let pointer: UnsafeMutablePointer<Double>
  let count: Int

  init(count: Int) {
    pointer = .allocate(capacity: max(1, count))
    pointer.initialize(repeating: 0, count: max(1, count))
    self.count = count
  }

  deinit { pointer.deallocate() }

  subscript(offset: Int) -> UnsafeMutablePointer<Double> { pointer + offset }
}
