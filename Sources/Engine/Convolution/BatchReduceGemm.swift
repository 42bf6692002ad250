// The GEMM seam as the engine sees it.
import CKernels

/// One prepared batch-reduce GEMM with the offsets of its operands.
///
/// Computes `C = [C +] Σᵢ Aᵢ op(Bᵢ)`, column-major: `Aᵢ` is rows × depth, `op(Bᵢ)` depth × columns.
/// With `transposeB`, `Bᵢ` is stored columns × depth.
final class BatchReduceGemm: @unchecked Sendable {
  private let kernel: UnsafeMutablePointer<bench_gemm>
  private let offsetsA: UnsafeMutablePointer<UInt64>
  private let offsetsB: UnsafeMutablePointer<UInt64>
  private let count: Int

  /// - Parameters:
  ///   - m: rows of C and A.
  ///   - n: columns of C and op(B).
  ///   - k: columns of A and rows of op(B).
  ///   - offsetsA: where each Aᵢ starts, in floats.
  ///   - offsetsB: where each Bᵢ starts, in floats.
  ///   - accumulate: whether C is added to or overwritten.
  init(
    m: Int, n: Int, k: Int, leadingA: Int, leadingB: Int, leadingC: Int, transposeB: Bool = false,
    accumulate: Bool = false, offsetsA: [Int] = [0], offsetsB: [Int] = [0]
  ) {
    precondition(m > 0 && n > 0 && k > 0, "an empty product \(m)x\(n)x\(k)")
    precondition(
      !offsetsA.isEmpty && offsetsA.count == offsetsB.count,
      "\(offsetsA.count) left factors, \(offsetsB.count) right ones")
    kernel = .allocate(capacity: 1)
    kernel.initialize(
      to: bench_gemm_make(
        bench_gemm_shape(
          m: Int32(m), n: Int32(n), k: Int32(k), lda: Int32(leadingA), ldb: Int32(leadingB),
          ldc: Int32(leadingC), transposeB: transposeB ? 1 : 0, accumulate: accumulate ? 1 : 0)))
    count = offsetsA.count
    self.offsetsA = .allocate(capacity: count)
    self.offsetsB = .allocate(capacity: count)
    for i in 0..<count {
      self.offsetsA[i] = UInt64(offsetsA[i] * MemoryLayout<Float>.stride)
      self.offsetsB[i] = UInt64(offsetsB[i] * MemoryLayout<Float>.stride)
    }
  }

  deinit {
    kernel.deallocate()
    offsetsA.deallocate()
    offsetsB.deallocate()
  }

  @inline(__always)
  func run(_ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, _ c: UnsafeMutablePointer<Float>) {
    bench_gemm_call(kernel, a, b, c, UInt64(count), offsetsA, offsetsB)
  }
}
