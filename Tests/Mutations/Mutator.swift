// Damages bytes as disks, networks and enemies do; the same seed damages in the same way.

/// A source of damaged inputs.
public struct Mutator {
  private var state: UInt64

  public init(seed: UInt64) { state = seed }

  /// SplitMix64 (Steele, Lea, Flood 2014).
  public mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }

  /// A number from 0 to `bound` - 1.
  public mutating func below(_ bound: Int) -> Int { Int(next() % UInt64(max(1, bound))) }

  /// One to four changes: bits and bytes flipped, numbers put at their limits, parts cut out,
  /// doubled, moved, or the end cut off.
  /// - Parameters:
  ///   - bytes: a sound input.
  ///   - head: so many bytes at the front are hit in three of four cases; all alike where nil.
  ///   - keepsSize: only changes in place.
  public mutating func damaged(
    _ bytes: [UInt8], head: Int? = nil, keepsSize: Bool = false
  ) -> [UInt8] {
    var result = bytes
    for _ in 0...below(4) where !result.isEmpty {
      let reach = below(4) == 0 ? result.count : min(head ?? result.count, result.count)
      let place = below(reach)
      switch below(keepsSize ? 4 : 8) {
      case 0: result[place] ^= 1 << UInt8(below(8))
      case 1: result[place] = UInt8(truncatingIfNeeded: next())
      case 2: overwrite(&result, at: place)
      case 3:
        let other = below(result.count)
        for i in 0..<min(8, result.count - max(place, other)) {
          result[place + i] = result[other + i]
        }
      case 4: result.removeLast(1 + below(result.count))
      case 5: result.removeSubrange(place..<min(result.count, place + 1 + below(16)))
      case 6: result.insert(contentsOf: result[place...].prefix(1 + below(600)), at: place)
      default: result.insert(UInt8(truncatingIfNeeded: next()), at: place)
      }
    }
    return result
  }

  /// Puts a number of 1, 2, 4 or 8 bytes that programs trip over.
  private mutating func overwrite(_ bytes: inout [UInt8], at place: Int) {
    let numbers: [UInt64] = [
      0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFF,
      0x7FFF_FFFF_FFFF_FFFF, 0x8000_0000_0000_0000, .max,
    ]
    let number = numbers[below(numbers.count)]
    let size = 1 << below(4)
    let isBig = below(2) == 0
    for i in 0..<min(size, bytes.count - place) {
      let shift = 8 * (isBig ? size - 1 - i : i)
      bytes[place + i] = UInt8(truncatingIfNeeded: number >> UInt64(shift))
    }
  }
}
