// What one generated image shows: everything that is random about it, except the noise.
import Numerics

/// The scene of one image of `shapes`, in units of half the image: x right, y down, both −1…1.
struct ShapeScene {
  typealias Color = SIMD3<Float>

  /// A soft blob of one colour that has nothing to do with the class.
  struct Blob {
    var x, y: Float
    /// The ellipse `(a·dx + b·dy)² + (c·dx + d·dy)² = 1` is its rim.
    var a, b, c, d: Float
    var color: Color
    /// Opacity is `hardness · (1 − distance²)`, between 0 and `opacity`.
    var hardness, opacity: Float
  }

  var outline: ShapeOutline
  /// Background.
  var background: Color
  var gradient: (x: Color, y: Color)
  /// One wave of the stripes is one unit of `stripe.x · x + stripe.y · y`.
  var stripe: (x: Float, y: Float, phase: Float)
  var stripeColor: Color
  var blobs: [Blob]
  /// Shape: where it is, and the map from the image into its own frame.
  var center: (x: Float, y: Float)
  var frame: (a: Float, b: Float, c: Float, d: Float)
  /// Half the image over the shape's radius turns distances into units of the image.
  var scale: Float
  var color: Color
  var shading: (u: Color, v: Color)
  var opacity: Float
  var noise: Float
  var noiseSeed: UInt64

  /// How widely hue and stripes scatter around their class's. With these, 32 pixels, batch 128 and
  /// rate 0.1, PyTorch's ResNet-20 has a running training error of 71, 60, 46 and 38 % at steps 50,
  /// 100, 150 and 200, and 30 % test error then.
  enum Spread {
    /// Standard deviation of the hue, in turns; class means are a tenth of a turn apart.
    static let hue: Float = 0.095
    /// Standard deviation of the stripes' direction, in turns; class means are 1/36 turn apart.
    static let direction: Float = 0.035
  }

  init(seed: UInt64, split: DatasetSplit, index: Int, label: Int) {
    var random = CounterRandom(
      seed: seed, purpose: .generatedImage, epoch: split == .train ? 0 : 1, index: index)
    outline = ShapeOutline.allCases[label]

    // Neighbours in hue are far apart in direction.
    let hue = Float(label) / 10 + Spread.hue * random.bell()
    let luma = random.uniform(0.25, 0.75)
    background = Self.color(hue: hue, chroma: random.uniform(0.15, 0.5), luma: luma)
    gradient.x = Self.color(
      hue: random.uniform(), chroma: random.uniform(0, 0.15), luma: random.uniform(-0.15, 0.15))
    gradient.y = Self.color(
      hue: random.uniform(), chroma: random.uniform(0, 0.15), luma: random.uniform(-0.15, 0.15))
    let step = Float(label * 3 % 10) / 9
    let direction = 0.25 * step + Spread.direction * random.bell()
    let frequency = random.uniform(0.9, 2.2)
    stripe = (
      frequency * Self.cosine(direction), frequency * Self.sine(direction), random.uniform()
    )
    stripeColor = Self.color(
      hue: hue + random.uniform(-0.2, 0.2), chroma: random.uniform(-0.12, 0.12),
      luma: random.uniform(0.08, 0.2) * (random.uniform() < 0.5 ? -1 : 1))

    blobs = (0..<4).map { _ in Self.blob(&random) }

    let radius = random.uniform(0.3, 0.66)
    let room = 1.05 - radius
    center = (room * random.uniform(-1, 1), room * random.uniform(-1, 1))
    let tilt = random.uniform(-0.15, 0.15)
    let aspect = random.uniform(0.8, 1.25)
    let (cosine, sine) = (Self.cosine(tilt), Self.sine(tilt))
    frame = (
      cosine / (radius * aspect), sine / (radius * aspect), -sine * aspect / radius,
      cosine * aspect / radius
    )
    scale = radius
    let contrast = random.uniform(0.09, 0.34)
    let brighter = random.uniform() < (luma < 0.35 ? 1 : luma > 0.65 ? 0 : 0.5)
    color = Self.color(
      hue: random.uniform(), chroma: random.uniform(0, 0.4),
      luma: brighter ? luma + contrast : luma - contrast)
    shading.u = Color(repeating: random.uniform(-0.1, 0.1))
    shading.v = Color(repeating: random.uniform(-0.1, 0.1))
    opacity = random.uniform(0.6, 1)
    noise = random.uniform(0.03, 0.12)
    noiseSeed = random.next()
  }

  private static func blob(_ random: inout CounterRandom) -> Blob {
    let angle = random.uniform()
    let (wide, narrow) = (1 / random.uniform(0.2, 0.6), 1 / random.uniform(0.12, 0.35))
    let (cosine, sine) = (Self.cosine(angle), Self.sine(angle))
    return Blob(
      x: random.uniform(-1, 1), y: random.uniform(-1, 1), a: cosine * wide, b: sine * wide,
      c: -sine * narrow, d: cosine * narrow,
      color: color(
        hue: random.uniform(), chroma: random.uniform(0, 0.5), luma: random.uniform(0.15, 0.85)),
      hardness: random.uniform(1, 5), opacity: random.uniform(0.4, 0.95))
  }

  /// The colour of a hue (in turns), as far from grey as `chroma`, of the given brightness.
  static func color(hue: Float, chroma: Float, luma: Float) -> Color {
    func ramp(_ turns: Float) -> Float {
      let t = turns - turns.rounded(.down)
      return min(max(abs(6 * t - 3) - 1, 0), 1)
    }
    let pure = Color(ramp(hue), ramp(hue - 1 / 3), ramp(hue - 2 / 3))
    let brightness = 0.3 * pure.x + 0.59 * pure.y + 0.11 * pure.z
    return chroma * (pure - brightness) + luma
  }

  static func cosine(_ turns: Float) -> Float { sine(turns + 0.25) }

  /// sin(2π · turns) to about 1e-6, with nothing but sums and products: the C library's differs
  /// between processors.
  static func sine(_ turns: Float) -> Float {
    let t = Double(turns) - Double(turns).rounded()
    // sin is symmetric about a quarter turn.
    let folded = t > 0.25 ? 0.5 - t : t < -0.25 ? -0.5 - t : t
    let x = 2 * Double.pi * folded
    let x2 = x * x
    let tail = x2 * (1.0 / 120 - x2 * (1.0 / 5040 - x2 * (1.0 / 362_880 - x2 / 39_916_800)))
    return Float(x * (1 - x2 * (1.0 / 6 - tail)))
  }
}

extension CounterRandom {
  /// A bell-shaped number of mean 0 and standard deviation 1 within ±3.5: four uniform ones summed
  /// (Irwin-Hall), because the logarithm in `normal()` differs between C libraries.
  mutating func bell() -> Float {
    (uniform() + uniform() + uniform() + uniform() - 2) * 1.7320508
  }
}
