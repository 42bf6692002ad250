// A 3×3 convolution of stride 1 with 2.25 times fewer multiplications.
import CKernels
import Numerics

/// Winograd's minimal filtering F(2×2, 3×3) (Lavin & Gray, "Fast Algorithms for Convolutional
/// Neural Networks", CVPR 2016) for one image: transform tiles of the input, multiply with the
/// transformed weights as 16 products over all channels, transform back. The data gradient is the
/// same on the padded gradient with turned weights.
///
/// In single precision the result differs from direct convolution by about 1e-6 of its norm.
final class WinogradConvolution: ConvolutionAlgorithm {
  let paddedInput: PaddedShape
  let paddedGradient: PaddedShape
  private let shape: ImageShape
  private let inputs: Int
  private let outputs: Int
  private let tilesWide: Int
  private let tileCount: Int
  /// Tiles that are multiplied together, so that they stay in cache.
  private let block: Int
  private let forwardProducts: Products
  private let gradientProducts: Products
  private let firstWeightProduct: BatchReduceGemm
  private let nextWeightProduct: BatchReduceGemm
  private let lastWeightProduct: BatchReduceGemm?

  /// One plane's product for a block of tiles, and for the tiles left over.
  private struct Products {
    let whole: BatchReduceGemm
    let last: BatchReduceGemm?

    init(operands: Int, results: Int, block: Int, tiles: Int) {
      func product(tiles: Int) -> BatchReduceGemm {
        BatchReduceGemm(
          m: results, n: tiles, k: operands, leadingA: results, leadingB: operands,
          leadingC: results)
      }
      whole = product(tiles: block)
      last = tiles % block == 0 ? nil : product(tiles: tiles % block)
    }
  }

  /// Numbers between planes, so that the same place in all 16 does not fall into one set of a cache.
  static let planeGap = 64

  /// An image as the transform of its tiles reads it: a border of one, and one more beyond the lower
  /// right edge for odd sizes.
  static func padded(_ shape: ImageShape) -> PaddedShape {
    PaddedShape(shape, low: 1, high: 1 + max(shape.height % 2, shape.width % 2))
  }

  /// - Parameter geometry: of a convolution that keeps the size, with multiples of 16 channels.
  init(_ geometry: ConvolutionGeometry) {
    shape = geometry.input
    paddedInput = Self.padded(geometry.input)
    paddedGradient = Self.padded(geometry.output)
    let (inputs, outputs) = (geometry.input.channels, geometry.output.channels)
    (self.inputs, self.outputs) = (inputs, outputs)
    tilesWide = (shape.width + 1) / 2
    let tiles = tilesWide * ((shape.height + 1) / 2)
    let block = min(tiles, max(16, 4096 / max(inputs, outputs)))
    (tileCount, self.block) = (tiles, block)
    forwardProducts = Products(operands: inputs, results: outputs, block: block, tiles: tiles)
    gradientProducts = Products(operands: outputs, results: inputs, block: block, tiles: tiles)
    func weightProduct(tiles: Int, accumulate: Bool) -> BatchReduceGemm {
      BatchReduceGemm(
        m: outputs, n: inputs, k: tiles, leadingA: outputs, leadingB: inputs, leadingC: outputs,
        transposeB: true, accumulate: accumulate)
    }
    firstWeightProduct = weightProduct(tiles: block, accumulate: false)
    nextWeightProduct = weightProduct(tiles: block, accumulate: true)
    lastWeightProduct =
      tiles % block == 0 ? nil : weightProduct(tiles: tiles % block, accumulate: true)
  }

  var preparedCount: Int { 16 * inputs * outputs }
  var workspaceCount: Int { 16 * (planes(inputs).plane + planes(outputs).plane) }
  var preparesForward: Bool { true }
  var transformsWeightGradient: Bool { true }

  /// The planes of a block of tiles, all channels of a tile side by side.
  private func planes(_ channels: Int) -> bench_planes {
    bench_planes(plane: block * channels + Self.planeGap, block: 0, width: channels)
  }

  private var weights: bench_weights {
    bench_weights(
      tapStride: inputs * outputs, rowStride: outputs, rows: inputs, columns: outputs)
  }

  // MARK: Weights

  func prepareForward(
    _ weight: UnsafePointer<Float>, into prepared: UnsafeMutablePointer<Float>
  ) {
    sweeps.winograd_weight(prepared, inputs * outputs, weight, weights)
  }

  func prepareDataGradient(
    _ weight: UnsafePointer<Float>, into prepared: UnsafeMutablePointer<Float>,
    scratch: UnsafeMutablePointer<Float>
  ) {
    let size = inputs * outputs
    for tap in 0..<9 {
      sweeps.transpose(
        scratch + (8 - tap) * size, inputs, weight + tap * size, outputs, inputs, outputs)
    }
    sweeps.winograd_weight(
      prepared, size, scratch,
      bench_weights(tapStride: size, rowStride: inputs, rows: outputs, columns: inputs))
  }

  func finishWeightGradient(
    _ sum: UnsafePointer<Float>, into dWeight: UnsafeMutablePointer<Float>
  ) {
    sweeps.winograd_weight_gradient(dWeight, weights, sum, inputs * outputs)
  }

  // MARK: Passes

  func forward(
    _ x: UnsafePointer<Float>, _ weight: UnsafePointer<Float>, into y: UnsafeMutableRawPointer,
    workspace: UnsafeMutablePointer<Float>
  ) {
    let y = y.assumingMemoryBound(to: Float.self)
    apply(forwardProducts, x, paddedInput, weight, into: y, channels: outputs, workspace)
  }

  func dataGradient(
    _ dy: UnsafePointer<Float>, _ weight: UnsafePointer<Float>,
    into dx: UnsafeMutablePointer<Float>, workspace: UnsafeMutablePointer<Float>
  ) {
    apply(gradientProducts, dy, paddedGradient, weight, into: dx, channels: inputs, workspace)
  }

  /// - Parameters:
  ///   - x: the padded operand.
  ///   - u: transformed weights, [16][channels of x][channels].
  ///   - y: [H, W, channels], overwritten.
  private func apply(
    _ products: Products, _ x: UnsafePointer<Float>, _ padded: PaddedShape,
    _ u: UnsafePointer<Float>, into y: UnsafeMutablePointer<Float>, channels: Int,
    _ workspace: UnsafeMutablePointer<Float>
  ) {
    let (operands, results) = (planes(padded.channels), planes(channels))
    let result = bench_shape(rows: shape.height, width: shape.width, channels: channels)
    let v = workspace
    let m = workspace + 16 * operands.plane
    var first = 0
    while first < tileCount {
      let count = min(block, tileCount - first)
      let tiles = bench_tiles(tilesWide: tilesWide, first: first, count: count)
      sweeps.winograd_input(v, operands, padded.source(x), padded.channels, tiles)
      let product = count == block ? products.whole : products.last ?? products.whole
      for i in 0..<16 {
        product.run(u + i * inputs * outputs, v + i * operands.plane, m + i * results.plane)
      }
      sweeps.winograd_output(y, result, m, results, tiles)
      first += count
    }
  }

  /// Sums up the transformed weights' gradient, dU = Σ (A dy Aᵀ) (Bᵀ x B)ᵀ over the image's tiles,
  /// [16][inputs][outputs].
  func weightGradient(
    _ x: UnsafePointer<Float>, _ dy: UnsafePointer<Float>, accumulate: Bool,
    into dWeight: UnsafeMutablePointer<Float>, workspace: UnsafeMutablePointer<Float>
  ) {
    let (operands, results) = (planes(inputs), planes(outputs))
    let v = workspace
    let w = workspace + 16 * operands.plane
    var first = 0
    while first < tileCount {
      let count = min(block, tileCount - first)
      let tiles = bench_tiles(tilesWide: tilesWide, first: first, count: count)
      sweeps.winograd_input(v, operands, paddedInput.source(x), inputs, tiles)
      sweeps.winograd_gradient(w, results, paddedGradient.interior(of: dy), outputs, tiles)
      let next = count == block ? nextWeightProduct : lastWeightProduct ?? nextWeightProduct
      let product = first == 0 && !accumulate ? firstWeightProduct : next
      for i in 0..<16 {
        product.run(w + i * results.plane, v + i * operands.plane, dWeight + i * inputs * outputs)
      }
      first += count
    }
  }
}
