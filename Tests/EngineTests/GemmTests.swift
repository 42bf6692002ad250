// The batch-reduce GEMM of both libraries against its definition.
import CKernels
import Testing

@Suite struct GemmTests {
  @Test(arguments: [false, true])
  func agreesWithDefinition(throughBlas: Bool) {
    for i in 0..<250 {
      var trial = Trial(i, of: 41)
      let (m, n, k) = (trial.channels(), trial.size(1...40), trial.channels())
      let transposeB = trial.flag()
      let accumulate = trial.flag()
      let count = trial.pick([1, 2, 3, 9])
      let lda = m + trial.pick([0, 0, 3, 16])
      let ldb = (transposeB ? n : k) + trial.pick([0, 0, 5])
      let ldc = m + trial.pick([0, 0, 7, 64])
      let sizeA = (k - 1) * lda + m
      let sizeB = transposeB ? (k - 1) * ldb + n : (n - 1) * ldb + k
      // Operands may overlap, as the taps of a convolution do.
      let startsA = (0..<count).map { _ in trial.size(0...20) }
      let startsB = (0..<count).map { _ in trial.size(0...20) }
      let a = Guarded(trial.numbers(sizeA + 20))
      let b = Guarded(trial.numbers(sizeB + 20))
      let c = Guarded(trial.numbers((n - 1) * ldc + m))

      var truth = c.values.map(Double.init)
      let (av, bv) = (a.values.map(Double.init), b.values.map(Double.init))
      for column in 0..<n {
        for row in 0..<m {
          var sum = accumulate ? truth[column * ldc + row] : 0
          for (x, y) in zip(startsA, startsB) {
            for depth in 0..<k {
              let right = transposeB ? depth * ldb + column : column * ldb + depth
              sum += av[x + depth * lda + row] * bv[y + right]
            }
          }
          truth[column * ldc + row] = sum
        }
      }
      let make = throughBlas ? bench_gemm_make_blas : bench_gemm_make
      var kernel = make(
        bench_gemm_shape(
          m: Int32(m), n: Int32(n), k: Int32(k), lda: Int32(lda), ldb: Int32(ldb),
          ldc: Int32(ldc), transposeB: transposeB ? 1 : 0, accumulate: accumulate ? 1 : 0))
      let bytes = UInt64(MemoryLayout<Float>.stride)
      bench_gemm_call(
        &kernel, a.pointer(), b.pointer(), c.pointer(), UInt64(count),
        startsA.map { UInt64($0) * bytes }, startsB.map { UInt64($0) * bytes })
      expectClose(
        c, truth, tolerance: 4e-5,
        "\(m)x\(n)x\(k), \(count) of them, leading \(lda) \(ldb) \(ldc), transposed \(transposeB), "
          + "adding \(accumulate)")
    }
  }
}
