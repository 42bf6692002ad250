// Randomness that depends on what it is for, never on when it is drawn.

/// What a stream of random numbers is for. The raw value is part of the stream's key and never changes.
public enum RandomPurpose: UInt32, Sendable {
  case initialization = 1
  case shuffling = 2
  case augmentation = 3
  case generatedImage = 4
  case dropout = 5
  case subset = 6
  case statistics = 7
}

/// A counter-based generator (Philox4x32-10; Salmon et al., "Parallel Random Numbers: As Easy as
/// 1, 2, 3", SC 2011).
///
/// The numbers are a pure function of `(seed, purpose, epoch, index)` and the position in the
/// stream, so nothing depends on threads or timing, and a resumed run has no state to restore.
public struct CounterRandom: RandomNumberGenerator, Sendable {
  private let key: (UInt32, UInt32)
  private let epoch: UInt32
  private let index: (UInt32, UInt32)
  private var block: UInt32 = 0
  private var buffered: (UInt32, UInt32, UInt32, UInt32) = (0, 0, 0, 0)
  private var used = 4

  /// - Parameters:
  ///   - seed: the run's seed; all 64 bits count.
  ///   - purpose: what the numbers are for; streams of different purposes are independent.
  ///   - epoch: which pass over the data, or 0.
  ///   - index: which example, layer or block of the purpose.
  public init(seed: UInt64, purpose: RandomPurpose, epoch: Int = 0, index: Int = 0) {
    // The seed's two halves and the purpose make the 64-bit key; SplitMix64 spreads them.
    var z = seed &+ UInt64(purpose.rawValue) &* 0x9E37_79B9_7F4A_7C15
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    z ^= z >> 31
    key = (UInt32(truncatingIfNeeded: z), UInt32(truncatingIfNeeded: z >> 32))
    self.epoch = UInt32(truncatingIfNeeded: epoch)
    let wide = UInt64(bitPattern: Int64(index))
    self.index = (UInt32(truncatingIfNeeded: wide), UInt32(truncatingIfNeeded: wide >> 32))
  }

  /// The Philox4x32-10 block function: ten rounds over a 128-bit counter under a 64-bit key.
  static func philox(
    _ counter: (UInt32, UInt32, UInt32, UInt32), key: (UInt32, UInt32)
  ) -> (UInt32, UInt32, UInt32, UInt32) {
    var (c0, c1, c2, c3) = counter
    var (k0, k1) = key
    for _ in 0..<10 {
      let p0 = UInt64(0xD251_1F53) &* UInt64(c0)
      let p1 = UInt64(0xCD9E_8D57) &* UInt64(c2)
      let n0 = UInt32(truncatingIfNeeded: p1 >> 32) ^ c1 ^ k0
      let n2 = UInt32(truncatingIfNeeded: p0 >> 32) ^ c3 ^ k1
      c1 = UInt32(truncatingIfNeeded: p1)
      c3 = UInt32(truncatingIfNeeded: p0)
      c0 = n0
      c2 = n2
      k0 = k0 &+ 0x9E37_79B9
      k1 = k1 &+ 0xBB67_AE85
    }
    return (c0, c1, c2, c3)
  }

  /// The next 32 random bits.
  public mutating func next32() -> UInt32 {
    if used == 4 {
      buffered = Self.philox((block, epoch, index.0, index.1), key: key)
      block &+= 1
      used = 0
    }
    used += 1
    switch used {
    case 1: return buffered.0
    case 2: return buffered.1
    case 3: return buffered.2
    default: return buffered.3
    }
  }

  public mutating func next() -> UInt64 {
    let low = UInt64(next32())
    return low | UInt64(next32()) << 32
  }

  /// A uniform number in [0, 1) with 24 random bits.
  public mutating func uniform() -> Float { Float(next32() >> 8) * 0x1p-24 }

  /// A uniform number in [low, high).
  public mutating func uniform(_ low: Float, _ high: Float) -> Float {
    low + (high - low) * uniform()
  }

  /// A uniform integer in 0..<bound (multiply-shift; the bias is below bound / 2³²).
  public mutating func integer(below bound: Int) -> Int {
    Int((UInt64(next32()) &* UInt64(bound)) >> 32)
  }

  /// A standard normal number (Box-Muller; computed in Double, one of the pair is used).
  public mutating func normal() -> Float {
    let u = (Double(next32()) + 1) * 0x1p-32
    let v = Double(next32()) * 0x1p-32
    return Float((-2 * Double.log(u)).squareRoot() * Double.cosine(2 * .pi * v))
  }

  /// A permutation of 0..<count (Fisher-Yates).
  public mutating func permutation(of count: Int) -> [Int32] {
    var order = (0..<Int32(count)).map { $0 }
    var i = count - 1
    while i > 0 {
      order.swapAt(i, integer(below: i + 1))
      i -= 1
    }
    return order
  }
}
