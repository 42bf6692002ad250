// Turns a scene into pixels, eight at a time.

extension ShapeScene {
  /// Draws the scene.
  /// - Parameters:
  ///   - size: height and width in pixels.
  ///   - output: `[size, size, 3]`.
  func render(size: Int, to output: UnsafeMutablePointer<UInt8>) {
    let step = 2 / Float(size)
    /// Distances in the shape's frame, times this, are pixels.
    let sharpness = scale * Float(size) / 2
    var grain = Grain(seed: noiseSeed)
    let noiseStep = noise * 2
    let columns = Lanes(0, 1, 2, 3, 4, 5, 6, 7) * step + (0.5 * step - 1)
    for row in 0..<size {
      let y = (Float(row) + 0.5) * step - 1
      let rowColor = background + gradient.y * y
      let stripeRow = stripe.y * y + stripe.phase
      let (frameU, frameV) = (frame.b * (y - center.y), frame.d * (y - center.y))
      var column = 0
      while column < size {
        let x = columns + Float(column) * step
        let wave = Self.wave(stripe.x * x + stripeRow)
        var red = rowColor.x + gradient.x.x * x + stripeColor.x * wave
        var green = rowColor.y + gradient.x.y * x + stripeColor.y * wave
        var blue = rowColor.z + gradient.x.z * x + stripeColor.z * wave
        for blob in blobs {
          let cover = blob.cover(x, y)
          red += cover * (blob.color.x - red)
          green += cover * (blob.color.y - green)
          blue += cover * (blob.color.z - blue)
        }
        let u = frame.a * (x - center.x) + frameU
        let v = frame.c * (x - center.x) + frameV
        let cover = opacity * clamped(0.5 - sharpness * outline.distance(u, v))
        red += cover * (color.x + shading.u.x * u + shading.v.x * v - red)
        green += cover * (color.y + shading.u.y * u + shading.v.y * v - green)
        blue += cover * (color.z + shading.u.z * u + shading.v.z * v - blue)
        let grains = grain.next()
        Self.store(
          red + noiseStep * grains.0, green + noiseStep * grains.1, blue + noiseStep * grains.2,
          count: min(8, size - column), to: output + (row * size + column) * 3)
        column += 8
      }
    }
  }

  /// A wave of period 1 between −1 and 1, made of parabolas; close to a sine.
  @inline(__always)
  private static func wave(_ phase: Lanes) -> Lanes {
    // Adding and subtracting 1.5 · 2²³ rounds to the nearest integer.
    let t = phase - ((phase + 12_582_912) - 12_582_912)
    return 8 * t * (1 - 2 * magnitude(t))
  }

  @inline(__always)
  private static func store(
    _ red: Lanes, _ green: Lanes, _ blue: Lanes, count: Int,
    to output: UnsafeMutablePointer<UInt8>
  ) {
    let (r, g, b) = (bytes(red), bytes(green), bytes(blue))
    for lane in 0..<count {
      output[3 &* lane] = UInt8(truncatingIfNeeded: r[lane])
      output[3 &* lane &+ 1] = UInt8(truncatingIfNeeded: g[lane])
      output[3 &* lane &+ 2] = UInt8(truncatingIfNeeded: b[lane])
    }
  }

  /// Brightness 0…1 to 0…255, in the low byte of each number.
  @inline(__always)
  private static func bytes(_ value: Lanes) -> SIMD8<UInt32> {
    // The sum's last bits are the rounded integer.
    SIMD8<UInt32>(bitPattern: 255 * clamped(value) + 12_582_912)
  }
}

extension ShapeScene.Blob {
  @inline(__always)
  func cover(_ x: Lanes, _ y: Float) -> Lanes {
    let (dx, dy) = (x - self.x, y - self.y)
    let (p, q) = (a * dx + b * dy, c * dx + d * dy)
    return opacity * clamped(hardness * (1 - p * p - q * q))
  }
}

@inline(__always)
func clamped(_ a: Lanes) -> Lanes {
  smaller(larger(a, Lanes(repeating: 0)), Lanes(repeating: 1))
}

/// Noise: eight xorshift generators (Marsaglia, "Xorshift RNGs", 2003) side by side.
private struct Grain {
  private var state: SIMD8<UInt32>

  init(seed: UInt64) {
    state = SIMD8()
    var z = seed
    for lane in 0..<8 {
      // SplitMix64 spreads the seed; a state of zero would stay zero.
      z &+= 0x9E37_79B9_7F4A_7C15
      var mixed = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
      mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
      state[lane] = UInt32(truncatingIfNeeded: mixed >> 32) | 1
    }
  }

  /// Three uniform numbers in [−0.5, 0.5) for each of eight pixels, of ten and eleven bits.
  @inline(__always)
  mutating func next() -> (Lanes, Lanes, Lanes) {
    state ^= state &<< 13
    state ^= state &>> 17
    state ^= state &<< 5
    // Bits in the fraction of a number in [1, 2).
    let one: UInt32 = 0x3f80_0000
    let mask: UInt32 = 0x007f_ffff
    return (
      Lanes(bitPattern: (state &>> 9) & 0x007f_e000 | one) - 1.5,
      Lanes(bitPattern: (state &<< 1) & mask | one) - 1.5,
      Lanes(bitPattern: (state &<< 12) & mask | one) - 1.5
    )
  }
}
