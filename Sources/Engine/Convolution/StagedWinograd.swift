// A wide 3×3 convolution by Winograd's F(2×2, 3×3), the weight gradient included.
import CKernels
import Numerics

/// Forward: V = Bᵀ x B, M = U V, y = Aᵀ M A. Data gradient: the same on the padded gradient with
/// turned weights. Weight gradient: dU = (A dy Aᵀ) Vᵀ, dW = Gᵀ dU G. Each of the three multiplies
/// 2.25 times less than direct convolution (Lavin & Gray 2016).
///
/// The arena, per plane of 16: V of the input, then M of the output; in the backward pass V of the
/// gradient, V of the input, and A dy Aᵀ. The input's V gives way to M of its gradient.
final class StagedWinograd: StagedConvolution {
  let paddedInput: PaddedShape
  let paddedGradient: PaddedShape
  private let shape: ImageShape
  private let inputs: ChannelBlocks
  private let outputs: ChannelBlocks
  private let inputChannels: Int
  private let outputChannels: Int
  private let tilesWide: Int
  private let tiles: Int

  /// - Parameter geometry: of a convolution that keeps the size, with multiples of 16 channels.
  init(_ geometry: ConvolutionGeometry) {
    shape = geometry.input
    paddedInput = WinogradConvolution.padded(geometry.input)
    paddedGradient = WinogradConvolution.padded(geometry.output)
    (inputChannels, outputChannels) = (geometry.input.channels, geometry.output.channels)
    inputs = ChannelBlocks(inputChannels)
    outputs = ChannelBlocks(outputChannels)
    tilesWide = (shape.width + 1) / 2
    tiles = tilesWide * ((shape.height + 1) / 2)
  }

  var preparedCount: Int { 16 * inputChannels * outputChannels }
  var workspaceCount: Int { 9 * inputs.width * outputs.width }
  var weightGradientCount: Int { preparedCount }
  var stagedCount: Int {
    16 * (tiles * (inputChannels + 2 * outputChannels) + 3 * WinogradConvolution.planeGap)
  }

  // MARK: Weights

  /// One block of inputs and outputs in the weights.
  private var blockOfWeights: bench_weights {
    bench_weights(
      tapStride: inputChannels * outputChannels, rowStride: outputChannels, rows: inputs.width,
      columns: outputs.width)
  }

  func preparationCount(_ pass: StagedPass) -> Int { inputs.count * outputs.count }

  /// Blocks lie [16][blocks of results][blocks of operands][operand][result].
  func prepare(
    _ pass: StagedPass, piece: Int, _ weight: UnsafePointer<Float>,
    into prepared: UnsafeMutablePointer<Float>, workspace: UnsafeMutablePointer<Float>
  ) {
    let plane = inputChannels * outputChannels
    let tap = plane
    let size = inputs.width * outputs.width
    let to = prepared + piece * size
    switch pass {
    case .forward:
      let (m, k) = (piece / inputs.count, piece % inputs.count)
      sweeps.winograd_weight(
        to, plane, weight + k * inputs.width * outputChannels + m * outputs.width, blockOfWeights)
    case .backward:
      let (m, k) = (piece / outputs.count, piece % outputs.count)
      let block = weight + m * inputs.width * outputChannels + k * outputs.width
      for t in 0..<9 {
        sweeps.transpose(
          workspace + (8 - t) * size, inputs.width, block + t * tap, outputChannels, inputs.width,
          outputs.width)
      }
      sweeps.winograd_weight(
        to, plane, workspace,
        bench_weights(
          tapStride: size, rowStride: inputs.width, rows: outputs.width, columns: inputs.width))
    }
  }

  // MARK: The arena

  private func plane(_ channels: Int, _ images: Int) -> Int {
    channels * tiles * images + WinogradConvolution.planeGap
  }

  private func planes(_ blocks: ChannelBlocks, _ images: Int) -> bench_planes {
    bench_planes(
      plane: plane(blocks.width * blocks.count, images), block: images * tiles * blocks.width,
      width: blocks.width)
  }

  private var allTiles: bench_tiles { bench_tiles(tilesWide: tilesWide, first: 0, count: tiles) }

  private func stagedInput(
    _ arena: UnsafeMutablePointer<Float>, _ images: Int, _ pass: StagedPass
  ) -> UnsafeMutablePointer<Float> {
    switch pass {
    case .forward: arena
    case .backward: arena + 16 * plane(outputChannels, images)
    }
  }

  private func spread(
    _ arena: UnsafeMutablePointer<Float>, _ images: Int
  ) -> UnsafeMutablePointer<Float> {
    arena + 16 * (plane(inputChannels, images) + plane(outputChannels, images))
  }

  func stageInput(
    _ x: UnsafePointer<Float>, image: Int, of images: Int, _ pass: StagedPass,
    into arena: UnsafeMutablePointer<Float>
  ) {
    let to = stagedInput(arena, images, pass) + image * tiles * inputs.width
    sweeps.winograd_input(
      to, planes(inputs, images), paddedInput.source(x), inputChannels, allTiles)
  }

  func stageGradient(
    _ dy: UnsafePointer<Float>, image: Int, of images: Int, into arena: UnsafeMutablePointer<Float>
  ) {
    let at = image * tiles * outputs.width
    let planes = planes(outputs, images)
    sweeps.winograd_input(
      arena + at, planes, paddedGradient.source(dy), outputChannels, allTiles)
    sweeps.winograd_gradient(
      spread(arena, images) + at, planes, paddedGradient.interior(of: dy), outputChannels, allTiles)
  }

  // MARK: Products

  func products(
    _ pass: StagedPass, images: Int, arena: UnsafeMutablePointer<Float>,
    weights: UnsafePointer<Float>, out: UnsafeMutableRawPointer?
  ) -> StagedJobs {
    let (operands, results) = pass == .forward ? (inputs, outputs) : (outputs, inputs)
    let count = tiles * images
    let (k, m) = (operands.width, results.width)
    let product = BatchReduceGemm(
      m: m, n: count, k: k, leadingA: m, leadingB: k, leadingC: m,
      offsetsA: (0..<operands.count).map { $0 * k * m },
      offsetsB: (0..<operands.count).map { $0 * k * count })
    let operandPlane = plane(operands.count * k, images)
    let resultPlane = plane(results.count * m, images)
    let result = arena + 16 * operandPlane
    let weightBlock = operands.count * k * m
    return StagedJobs(count: 16 * results.count) { job, _ in
      let (i, block) = (job / results.count, job % results.count)
      product.run(
        weights + job * weightBlock, arena + i * operandPlane,
        result + i * resultPlane + block * m * count)
    }
  }

  func weightGradients(
    images: Int, isFirst: Bool, arena: UnsafeMutablePointer<Float>,
    into dWeight: UnsafeMutablePointer<Float>, transformed: UnsafeMutablePointer<Float>
  ) -> StagedJobs {
    let count = tiles * images
    let (inputs, outputs) = (inputs, outputs)
    let (m, n) = (outputs.width, inputs.width)
    let product = BatchReduceGemm(
      m: m, n: n, k: count, leadingA: m, leadingB: n, leadingC: m, transposeB: true,
      accumulate: !isFirst)
    let gradient = spread(arena, images)
    let input = stagedInput(arena, images, .backward)
    let (gradientPlane, inputPlane) = (plane(outputChannels, images), plane(inputChannels, images))
    return StagedJobs(count: 16 * inputs.count) { job, _ in
      let (i, row) = (job / inputs.count, job % inputs.count)
      for block in 0..<outputs.count {
        product.run(
          gradient + i * gradientPlane + block * count * m,
          input + i * inputPlane + row * count * n,
          transformed + (job * outputs.count + block) * m * n)
      }
    }
  }

  // MARK: Results

  func finishForward(
    image: Int, of images: Int, arena: UnsafePointer<Float>, into y: UnsafeMutableRawPointer
  ) {
    finish(
      arena + 16 * plane(inputChannels, images), outputs, image: image, of: images,
      into: y.assumingMemoryBound(to: Float.self))
  }

  func finishBackward(
    image: Int, of images: Int, arena: UnsafePointer<Float>, into dx: UnsafeMutablePointer<Float>
  ) -> UnsafePointer<Float> {
    finish(
      arena + 16 * plane(outputChannels, images), inputs, image: image, of: images, into: dx)
    return UnsafePointer(dx)
  }

  private func finish(
    _ m: UnsafePointer<Float>, _ blocks: ChannelBlocks, image: Int, of images: Int,
    into out: UnsafeMutablePointer<Float>
  ) {
    let result = bench_shape(
      rows: shape.height, width: shape.width, channels: blocks.width * blocks.count)
    sweeps.winograd_output(
      out, result, m + image * tiles * blocks.width, planes(blocks, images), allTiles)
  }

  var weightFinishCount: Int { inputs.count * outputs.count }

  func finishWeights(
    piece: Int, transformed: UnsafePointer<Float>, into dWeight: UnsafeMutablePointer<Float>
  ) {
    let (row, column) = (piece / outputs.count * inputs.width, piece % outputs.count)
    let plane = inputChannels * outputChannels
    sweeps.winograd_weight_gradient(
      dWeight + row * outputChannels + column * outputs.width, blockOfWeights,
      transformed + piece * inputs.width * outputs.width, plane)
  }
}
