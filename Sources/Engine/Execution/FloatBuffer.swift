// Memory that the engine computes in.
import Foundation
import Synchronization

/// How much memory the buffers of this process hold, counted where they are allocated.
package enum BufferMemory {
  private static let held = Atomic<Int>(0)

  /// Bytes of all buffers that there are now.
  package static var bytes: Int { held.load(ordering: .relaxed) }

  fileprivate static func add(_ bytes: Int) { held.add(bytes, ordering: .relaxed) }
  fileprivate static func remove(_ bytes: Int) { held.subtract(bytes, ordering: .relaxed) }
}

/// A fixed block of single-precision numbers on a cache-line boundary, zero at first.
///
/// The engine shares it between threads; who writes where is fixed by the plan, so that no two
/// threads write the same place within one phase.
final class FloatBuffer: @unchecked Sendable {
  let pointer: UnsafeMutablePointer<Float>
  let count: Int

  /// - Parameter count: how many numbers; 0 gives a buffer that must not be read.
  init(count: Int) {
    let bytes = Self.bytes(count: count)
    let raw: UnsafeMutableRawPointer
    if let pages = Self.mapped(bytes) {
      raw = pages
      mappedBytes = bytes
    } else {
      raw = UnsafeMutableRawPointer.allocate(byteCount: bytes, alignment: 64)
      memset(raw, 0, bytes)
      mappedBytes = 0
    }
    pointer = raw.bindMemory(to: Float.self, capacity: bytes / MemoryLayout<Float>.stride)
    self.count = count
    BufferMemory.add(bytes)
  }

  deinit {
    BufferMemory.remove(Self.bytes(count: count))
    if mappedBytes > 0 {
      munmap(pointer, mappedBytes)
    } else {
      UnsafeMutableRawPointer(pointer).deallocate()
    }
  }

  private let mappedBytes: Int

  /// What a buffer of so many numbers takes: whole cache lines.
  static func bytes(count: Int) -> Int {
    max(64, (count * MemoryLayout<Float>.stride + 63) / 64 * 64)
  }

  /// Large blocks come from the system, zero, and take memory only as they are written.
  private static func mapped(_ bytes: Int) -> UnsafeMutableRawPointer? {
    guard bytes >= 1 << 20 else { return nil }
    let pages = mmap(nil, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
    return pages == MAP_FAILED ? nil : pages
  }

  subscript(offset: Int) -> UnsafeMutablePointer<Float> { pointer + offset }
}

/// A block of numbers of a format that is known when it runs: fp32, or bf16 in half the memory.
struct StoredBuffer: Sendable {
  let memory: FloatBuffer
  /// Bytes from one number's place to the next one's.
  let bytesPerNumber: Int

  init(_ size: StoredSize) {
    memory = FloatBuffer(count: size.floats)
    bytesPerNumber = size.bytesPerNumber
  }

  subscript(offset: Int) -> UnsafeMutableRawPointer {
    UnsafeMutableRawPointer(memory.pointer) + offset * bytesPerNumber
  }

  /// The numbers where they are fp32.
  var floats: UnsafeMutablePointer<Float> { memory.pointer }
}

/// How large a block of such numbers is.
struct StoredSize: Equatable, Sendable {
  let numbers: Int
  let bytesPerNumber: Int

  /// As many fp32 numbers take as much memory.
  var floats: Int { (numbers * bytesPerNumber + 3) / 4 }
}

/// The same for double-precision sums.
final class DoubleBuffer: @unchecked Sendable {
  let pointer: UnsafeMutablePointer<Double>
  let count: Int

  init(count: Int) {
    pointer = .allocate(capacity: max(1, count))
    pointer.initialize(repeating: 0, count: max(1, count))
    self.count = count
    BufferMemory.add(Self.bytes(count: count))
  }

  deinit {
    BufferMemory.remove(Self.bytes(count: count))
    pointer.deallocate()
  }

  /// What a buffer of so many numbers takes.
  static func bytes(count: Int) -> Int { max(1, count) * MemoryLayout<Double>.stride }

  subscript(offset: Int) -> UnsafeMutablePointer<Double> { pointer + offset }
}
