// The ten shapes as distances: negative inside, positive outside, zero on the edge.

/// Eight pixels of a row at once.
typealias Lanes = SIMD8<Float>

/// One of the ten shapes, each about as large as the unit circle.
enum ShapeOutline: Int, CaseIterable {
  case disc, square, triangle, cross, ring, star, crescent, bar, twoDots, frame

  /// The distance of the point (u, v) from the edge, at least near it; v points down.
  @inline(__always)
  func distance(_ u: Lanes, _ v: Lanes) -> Lanes {
    switch self {
    case .disc: return length(u, v) - 0.85
    case .square: return larger(magnitude(u), magnitude(v)) - 0.76
    case .triangle:
      // Three half planes at 0.5 from the centre.
      return larger(v - 0.5, 0.8660254 * magnitude(u) - 0.5 * v - 0.5)
    case .cross:
      let (a, b) = (magnitude(u), magnitude(v))
      return smaller(larger(a - 0.27, b - 0.98), larger(a - 0.98, b - 0.27))
    case .ring: return magnitude(length(u, v) - 0.72) - 0.19
    case .star: return star(u, v)
    case .crescent: return larger(length(u, v) - 0.92, 0.74 - length(u - 0.42, v))
    case .bar: return larger(magnitude(u) - 1.05, magnitude(v) - 0.25)
    case .twoDots: return length(magnitude(u) - 0.58, v) - 0.4
    case .frame: return magnitude(larger(magnitude(u), magnitude(v)) - 0.7) - 0.16
    }
  }

  /// A five-pointed star: two foldings bring every point to one half of one ray (the construction
  /// is Inigo Quilez's "sdStar5").
  @inline(__always)
  private func star(_ u: Lanes, _ v: Lanes) -> Lanes {
    let (cosine, sine): (Float, Float) = (0.80901699, 0.58778525)
    let outer: Float = 1.05
    let inner: Float = 0.42
    var x = magnitude(u)
    var y = -v
    var fold = 2 * larger(x * cosine - y * sine, Lanes(repeating: 0))
    x -= fold * cosine
    y += fold * sine
    fold = 2 * larger(-x * cosine - y * sine, Lanes(repeating: 0))
    x += fold * cosine
    y += fold * sine
    x = magnitude(x)
    y -= outer
    // The edge from the tip to the inner corner.
    let (edgeX, edgeY) = (inner * sine, inner * cosine - 1)
    let along = (x * edgeX + y * edgeY) / (edgeX * edgeX + edgeY * edgeY)
    let h = smaller(larger(along, Lanes(repeating: 0)), Lanes(repeating: outer))
    let distance = length(x - h * edgeX, y - h * edgeY)
    return distance.replacing(with: -distance, where: y * edgeX .< x * edgeY)
  }
}

@inline(__always)
func larger(_ a: Lanes, _ b: Lanes) -> Lanes { a.replacing(with: b, where: b .> a) }

@inline(__always)
func smaller(_ a: Lanes, _ b: Lanes) -> Lanes { a.replacing(with: b, where: b .< a) }

@inline(__always)
func magnitude(_ a: Lanes) -> Lanes {
  Lanes(bitPattern: SIMD8<UInt32>(bitPattern: a) & 0x7fff_ffff)
}

@inline(__always)
func length(_ a: Lanes, _ b: Lanes) -> Lanes { (a * a + b * b).squareRoot() }

extension SIMD8<UInt32> {
  @inline(__always)
  init(bitPattern a: Lanes) { self = unsafeBitCast(a, to: SIMD8<UInt32>.self) }
}

extension SIMD8<Float> {
  @inline(__always)
  init(bitPattern a: SIMD8<UInt32>) { self = unsafeBitCast(a, to: SIMD8<Float>.self) }
}
