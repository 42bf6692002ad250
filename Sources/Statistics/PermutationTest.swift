// Is a difference of means more than a lucky split? Every split of the values is tried, if it can.

/// The permutation test of a difference of means: the values of both groups are dealt out anew.
public struct PermutationTest: Hashable, Sendable {
  /// Up to this many splits all are tried, beyond it as many are drawn less one.
  public static let exactLimit = 1_000_000
  static let sampledSplits = 99_999

  /// Twice the smaller of the one-sided values, as SciPy has it.
  public let twoSidedP: Double
  /// For the claim that a is greater.
  public let greaterP: Double
  /// For the claim that a is less.
  public let lessP: Double
  /// Whether all splits were tried.
  public let isExact: Bool
  /// The smallest two-sided p that groups of these sizes can give.
  public let smallestTwoSidedP: Double
  /// The smallest one-sided p that groups of these sizes can give.
  public let smallestOneSidedP: Double

  /// Nil where either group is empty.
  public init?(_ a: [Double], _ b: [Double]) {
    guard !a.isEmpty, !b.isEmpty else { return nil }
    let splits = Self.splitCount(a.count, b.count)
    isExact = splits <= Double(Self.exactLimit)
    let all = a + b
    let counts = isExact ? Self.countAll(all, a.count) : Self.countSampled(all, a.count)
    // A sample counts the observed split too, so that p is never 0.
    let extra = isExact ? 0.0 : 1
    let total = Double(counts.total) + extra
    greaterP = (Double(counts.greater) + extra) / total
    lessP = (Double(counts.less) + extra) / total
    twoSidedP = min(1, 2 * min(greaterP, lessP))
    smallestOneSidedP = 1 / (isExact ? splits : total)
    smallestTwoSidedP = min(1, 2 * smallestOneSidedP)
  }

  /// The p of a claimed direction.
  public func oneSidedP(_ direction: WelchTest.Direction) -> Double {
    direction == .greater ? greaterP : lessP
  }

  /// How many ways there are to deal `a + b` values into groups of these sizes.
  static func splitCount(_ a: Int, _ b: Int) -> Double {
    (0..<min(a, b)).reduce(1) { ($0 * Double(a + b - $1) / Double($1 + 1)).rounded() }
  }

  private struct Counts {
    var greater = 0
    var less = 0
    var total = 0
    let observed: Double
    /// Sums that differ by rounding alone count as equal.
    let tolerance: Double

    init(_ all: [Double], _ first: Int) {
      observed = all.prefix(first).reduce(0, +)
      tolerance = Statistics.roundingShare * all.reduce(0) { $0 + $1.magnitude }
    }

    /// - Parameter sum: of the values dealt to a; the difference of means grows with it.
    mutating func add(_ sum: Double) {
      total += 1
      if sum >= observed - tolerance { greater += 1 }
      if sum <= observed + tolerance { less += 1 }
    }
  }

  private static func countAll(_ all: [Double], _ first: Int) -> Counts {
    var counts = Counts(all, first)
    func choose(from index: Int, missing: Int, sum: Double) {
      if missing == 0 { return counts.add(sum) }
      for i in index...(all.count - missing) {
        choose(from: i + 1, missing: missing - 1, sum: sum + all[i])
      }
    }
    choose(from: 0, missing: first, sum: 0)
    return counts
  }

  private static func countSampled(_ all: [Double], _ first: Int) -> Counts {
    var counts = Counts(all, first)
    var random = SplitMix64(seed: UInt64(all.count))
    var dealt = all
    for _ in 0..<sampledSplits {
      var sum = 0.0
      for i in 0..<first {
        dealt.swapAt(i, i + random.index(below: dealt.count - i))
        sum += dealt[i]
      }
      counts.add(sum)
    }
    return counts
  }
}
