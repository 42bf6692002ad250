// Counter-based randomness: known answers, and independence of streams.
import Testing

@testable import Numerics

@Suite struct CounterRandomTests {
  /// The known answers of the authors' library (Random123, philox4x32 with 10 rounds).
  @Test func blocksAreThePublishedOnes() {
    let zero = CounterRandom.philox((0, 0, 0, 0), key: (0, 0))
    #expect(zero == (0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8))
    let ones = UInt32.max
    let full = CounterRandom.philox((ones, ones, ones, ones), key: (ones, ones))
    #expect(full == (0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd))
    let pi = CounterRandom.philox(
      (0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344), key: (0xa409_3822, 0x299f_31d0))
    #expect(pi == (0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1))
  }

  @Test func everyPartOfTheKeyCounts() {
    func first(_ random: CounterRandom) -> UInt64 {
      var copy = random
      return copy.next()
    }
    let base = CounterRandom(seed: 1, purpose: .shuffling, epoch: 2, index: 3)
    let others = [
      CounterRandom(seed: 2, purpose: .shuffling, epoch: 2, index: 3),
      CounterRandom(seed: 1 << 40 | 1, purpose: .shuffling, epoch: 2, index: 3),
      CounterRandom(seed: 1, purpose: .augmentation, epoch: 2, index: 3),
      CounterRandom(seed: 1, purpose: .shuffling, epoch: 3, index: 3),
      CounterRandom(seed: 1, purpose: .shuffling, epoch: 2, index: 4),
    ]
    #expect(Set((others + [base]).map(first)).count == 6)
    #expect(first(base) == first(CounterRandom(seed: 1, purpose: .shuffling, epoch: 2, index: 3)))
  }

  @Test func numbersHaveTheirDistribution() {
    var random = CounterRandom(seed: 7, purpose: .initialization)
    let normal = (0..<100_000).map { _ in Double(random.normal()) }
    let mean = normal.reduce(0, +) / 100_000
    let variance = normal.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 100_000
    #expect(abs(mean) < 0.015 && abs(variance - 1) < 0.02)
    let uniform = (0..<100_000).map { _ in random.uniform() }
    let isInside = uniform.allSatisfy { $0 >= 0 && $0 < 1 }
    #expect(isInside)
    var counts = [Int](repeating: 0, count: 7)
    for _ in 0..<70_000 { counts[random.integer(below: 7)] += 1 }
    let isEven = counts.allSatisfy { abs($0 - 10_000) < 400 }
    #expect(isEven, "\(counts)")
    #expect(random.permutation(of: 1000).sorted() == (0..<1000).map { Int32($0) })
  }
}
