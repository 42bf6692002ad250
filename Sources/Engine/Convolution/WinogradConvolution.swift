// 3×3 convolutions of stride 1 with 2.25 times fewer multiplications.
import CKernels
import Foundation
import Numerics

/// Winograd's minimal filtering F(2×2, 3×3) (Lavin & Gray, "Fast Algorithms for Convolutional
/// Neural Networks", CVPR 2016) for one image: transform tiles of the input, multiply with the
/// transformed weights as 16 products over all channels, transform back.
///
/// In single precision the result differs from direct convolution by about 1e-6 of its norm.
final class WinogradConvolution: Sendable {
  /// Numbers of working memory that `apply` needs.
  let workspaceCount: Int
  private let input: ImageShape
  private let outputChannels: Int
  private let tilesWide: Int
  private let tileCount: Int
  private let block: Int
  private let product: BatchReduceGemm
  private let lastProduct: BatchReduceGemm?
  private let firstWeightProduct: BatchReduceGemm
  private let nextWeightProduct: BatchReduceGemm
  private let lastWeightProduct: BatchReduceGemm?

  /// Whether a convolution is done this way: a fixed rule, never a measurement, so that results
  /// stay reproducible. Below 32 channels the transforms cost what they save; with more weights
  /// several images go together (`StagedWinograd`). `BENCH_CONV=direct` switches it off.
  static func isUsed(for p: ConvolutionParameters, input: ImageShape) -> Bool {
    isPossible(p, input: input)
      && [32, 48, 64, 80, 96, 112, 128].contains(p.inputChannels)
      && [32, 48, 64, 80, 96, 112, 128].contains(p.outputChannels)
      && 9 * p.inputChannels * p.outputChannels < Staging.fewestWeights
  }

  /// Whether a convolution with many weights is done this way, for several images at once.
  static func isStaged(_ p: ConvolutionParameters, input: ImageShape) -> Bool {
    isPossible(p, input: input)
      && 9 * p.inputChannels * p.outputChannels >= Staging.fewestWeights
      && ChannelBlocks(p.inputChannels) != nil && ChannelBlocks(p.outputChannels) != nil
  }

  private static func isPossible(_ p: ConvolutionParameters, input: ImageShape) -> Bool {
    isAllowed && p.kernelSize == 3 && p.stride == 1 && p.padding == 1
      && min(input.height, input.width) >= 2
  }

  static let isAllowed = ProcessInfo.processInfo.environment["BENCH_CONV"] != "direct"

  /// Pixels of border beyond the image's lower right edge: one, and one more for odd sizes.
  static func highPadding(_ shape: ImageShape) -> Int {
    1 + max(shape.height % 2, shape.width % 2)
  }

  init(input: ImageShape, outputChannels: Int) {
    self.input = input
    self.outputChannels = outputChannels
    tilesWide = (input.width + 1) / 2
    tileCount = tilesWide * ((input.height + 1) / 2)
    block = min(tileCount, max(16, 4096 / max(input.channels, outputChannels)))
    workspaceCount = 16 * (block * (input.channels + outputChannels) + 2 * StagedWinograd.planeGap)
    let (inputs, outputs) = (input.channels, outputChannels)
    func product(tiles: Int) -> BatchReduceGemm {
      BatchReduceGemm(
        m: outputs, n: tiles, k: inputs, leadingA: outputs, leadingB: inputs, leadingC: outputs)
    }
    self.product = product(tiles: block)
    lastProduct = tileCount % block == 0 ? nil : product(tiles: tileCount % block)
    func weightProduct(tiles: Int, accumulate: Bool) -> BatchReduceGemm {
      BatchReduceGemm(
        m: outputs, n: inputs, k: tiles, leadingA: outputs, leadingB: inputs, leadingC: outputs,
        transposeB: true, accumulate: accumulate)
    }
    firstWeightProduct = weightProduct(tiles: block, accumulate: false)
    nextWeightProduct = weightProduct(tiles: block, accumulate: true)
    lastWeightProduct =
      tileCount % block == 0 ? nil : weightProduct(tiles: tileCount % block, accumulate: true)
  }

  /// - Parameters:
  ///   - x: the input with a border of one, `pitch` floats per row, from its first border pixel.
  ///   - u: transformed weights, [16][inputs][outputs].
  ///   - y: [H, W, outputs], overwritten.
  ///   - workspace: `workspaceCount` numbers.
  func apply(
    _ x: UnsafePointer<Float>, pitch: Int, _ u: UnsafePointer<Float>,
    into y: UnsafeMutablePointer<Float>, workspace: UnsafeMutablePointer<Float>
  ) {
    let inputPlane = block * input.channels + StagedWinograd.planeGap
    let outputPlane = block * outputChannels + StagedWinograd.planeGap
    let v = workspace
    let m = workspace + 16 * inputPlane
    var first = 0
    while first < tileCount {
      let count = min(block, tileCount - first)
      sweeps.winograd_input(
        v, inputPlane, 0, input.channels, x, pitch, input.channels, tilesWide, first, count)
      let gemm = count == block ? product : lastProduct ?? product
      for i in 0..<16 {
        gemm.run(
          u + i * input.channels * outputChannels, v + i * inputPlane, m + i * outputPlane)
      }
      sweeps.winograd_output(
        y, m, outputPlane, 0, outputChannels, input.height, input.width, outputChannels, tilesWide,
        first, count)
      first += count
    }
  }

  /// The transformed weights' gradient from one image, dU = Σ (A dy Aᵀ) (Bᵀ x B)ᵀ over its tiles.
  /// - Parameters:
  ///   - x: the input with a border, `pitch` floats per row, from its first border pixel.
  ///   - dy: the interior of the output's gradient with a border, `gradientPitch` floats per row.
  ///   - du: [16][inputs][outputs], overwritten or added to.
  ///   - workspace: `workspaceCount` numbers.
  func weightGradient(
    _ x: UnsafePointer<Float>, pitch: Int, _ dy: UnsafePointer<Float>, gradientPitch: Int,
    accumulate: Bool, into du: UnsafeMutablePointer<Float>,
    workspace: UnsafeMutablePointer<Float>
  ) {
    let inputPlane = block * input.channels + StagedWinograd.planeGap
    let outputPlane = block * outputChannels + StagedWinograd.planeGap
    let v = workspace
    let w = workspace + 16 * inputPlane
    var first = 0
    while first < tileCount {
      let count = min(block, tileCount - first)
      sweeps.winograd_input(
        v, inputPlane, 0, input.channels, x, pitch, input.channels, tilesWide, first, count)
      sweeps.winograd_gradient(
        w, outputPlane, 0, outputChannels, dy, gradientPitch, outputChannels, tilesWide, first,
        count)
      let next = count == block ? nextWeightProduct : lastWeightProduct ?? nextWeightProduct
      let gemm = first == 0 && !accumulate ? firstWeightProduct : next
      for i in 0..<16 {
        gemm.run(
          w + i * outputPlane, v + i * inputPlane, du + i * input.channels * outputChannels)
      }
      first += count
    }
  }
}
