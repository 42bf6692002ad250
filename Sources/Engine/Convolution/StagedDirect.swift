// A wide convolution done directly, block of weights by block of weights.
import CKernels
import Numerics

/// The arena holds, per image and with channels in blocks: the padded input; in the backward pass
/// the padded gradient before it and the input's gradient, not blocked, behind.
final class StagedDirect: StagedConvolution {
  let paddedInput: PaddedShape
  let paddedGradient: PaddedShape
  private let geometry: ConvolutionGeometry
  private let inputs: ChannelBlocks
  private let outputs: ChannelBlocks
  private let forward: [Phase]
  private let backward: [Phase]
  private let backwardCoversInput: Bool

  /// Results that share their taps.
  private struct Phase {
    /// Numbers between the first of one row's operands and the next one's, in pixels.
    let operandRow: Int
    let rows: Int
    /// Where results start and how far rows are apart, in pixels of the result.
    let start: Int
    let resultRow: Int
    /// One after the other, with weights that fit the cache; all but the first add.
    let products: [BatchReduceGemm]
  }

  /// Weights that stay in cache during a product, in numbers: a quarter of a mebibyte.
  private static let cachedWeights = 64 * 1024
  /// Pixels that one weight gradient product sums over, about.
  private static let pixelsPerProduct = 256
  /// Results per block of weights below which more images share it.
  private static let fewestPixels = 196

  /// - Parameter geometry: of a convolution with multiples of 16 channels.
  init(_ geometry: ConvolutionGeometry) {
    self.geometry = geometry
    let (p, input, output) = (geometry.parameters, geometry.input, geometry.output)
    inputs = ChannelBlocks(input.channels)
    outputs = ChannelBlocks(output.channels)
    let paddedInput = geometry.paddedInput
    self.paddedInput = paddedInput
    let isFlat = geometry.isFlat
    forward = [
      Phase(
        operandRow: p.stride * paddedInput.paddedWidth, rows: isFlat ? 1 : output.height, start: 0,
        resultRow: output.width,
        products: Self.products(
          geometry.forwardTaps, columns: isFlat ? output.pixels : output.width, operands: inputs,
          pixels: paddedInput.pixels, operandStride: p.stride, results: outputs, resultStride: 1))
    ]
    let gradient = GradientPhases(geometry)
    let paddedGradient = gradient.paddedGradient
    self.paddedGradient = paddedGradient
    let (operands, results) = (outputs, inputs)
    backward = gradient.phases.map { phase in
      Phase(
        operandRow: paddedGradient.paddedWidth, rows: isFlat ? 1 : phase.rows, start: phase.start,
        resultRow: p.stride * input.width,
        products: Self.products(
          phase.taps, columns: isFlat ? input.pixels : phase.columns, operands: operands,
          pixels: paddedGradient.pixels, operandStride: 1, results: results,
          resultStride: p.stride))
    }
    backwardCoversInput = gradient.coverInput
  }

  /// Cuts the products over all taps and operand blocks into pieces whose weights fit the cache.
  /// - Parameters:
  ///   - columns: pixels of the result that one product works out.
  ///   - pixels: of one block of operands.
  ///   - operandStride: pixels from one column's operands to the next one's.
  ///   - resultStride: pixels from one column's result to the next one's.
  private static func products(
    _ taps: [KernelTap], columns: Int, operands: ChannelBlocks, pixels: Int, operandStride: Int,
    results: ChannelBlocks, resultStride: Int
  ) -> [BatchReduceGemm] {
    let block = operands.width * results.width
    let pairs = taps.flatMap { tap in
      (0..<operands.count).map { b in
        (
          weight: (tap.index * operands.count + b) * block,
          operand: (b * pixels + tap.pixel) * operands.width
        )
      }
    }
    let size = max(1, cachedWeights / block)
    return stride(from: 0, to: pairs.count, by: size).map { start in
      let part = pairs[start..<min(start + size, pairs.count)]
      return BatchReduceGemm(
        m: results.width, n: columns, k: operands.width, leadingA: results.width,
        leadingB: operandStride * operands.width,
        leadingC: resultStride * results.width * results.count, accumulate: start > 0,
        offsetsA: part.map(\.weight), offsetsB: part.map(\.operand))
    }
  }

  private var taps: Int { geometry.taps }
  private var p: ConvolutionParameters { geometry.parameters }
  private var input: ImageShape { geometry.input }
  private var output: ImageShape { geometry.output }
  var preparedCount: Int { geometry.weightCount }
  var workspaceCount: Int { 0 }
  var weightGradientCount: Int { 0 }
  private var inputCount: Int { paddedInput.count }
  private var gradientCount: Int { paddedGradient.count }
  var stagedCount: Int { gradientCount + inputCount + input.count }

  // MARK: Weights

  func preparationCount(_ pass: StagedPass) -> Int { inputs.count * outputs.count }

  /// Blocks lie [blocks of results][tap][blocks of operands][operand][result].
  func prepare(
    _ pass: StagedPass, piece: Int, _ weight: UnsafePointer<Float>,
    into prepared: UnsafeMutablePointer<Float>, workspace: UnsafeMutablePointer<Float>
  ) {
    let size = inputs.width * outputs.width
    let operands = pass == .forward ? inputs.count : outputs.count
    let (m, k) = (piece / operands, piece % operands)
    let (row, column) = pass == .forward ? (k, m) : (m, k)
    for tap in 0..<taps {
      let from =
        weight + (tap * p.inputChannels + row * inputs.width) * p.outputChannels
        + column * outputs.width
      let to = prepared + ((m * taps + tap) * operands + k) * size
      switch pass {
      case .forward:
        for r in 0..<inputs.width {
          (to + r * outputs.width).update(
            from: from + r * p.outputChannels, count: outputs.width)
        }
      case .backward:
        sweeps.transpose(to, inputs.width, from, p.outputChannels, inputs.width, outputs.width)
      }
    }
  }

  // MARK: The arena

  private func stagedInput(
    _ arena: UnsafeMutablePointer<Float>, _ images: Int, _ pass: StagedPass
  ) -> UnsafeMutablePointer<Float> {
    pass == .forward ? arena : arena + images * gradientCount
  }

  func stageInput(
    _ x: UnsafePointer<Float>, image: Int, of images: Int, _ pass: StagedPass,
    into arena: UnsafeMutablePointer<Float>
  ) {
    sweeps.block_channels(
      stagedInput(arena, images, pass) + image * inputCount, paddedInput.pixels * inputs.width,
      inputs.width, x, paddedInput.pixels, p.inputChannels)
  }

  func stageGradient(
    _ dy: UnsafePointer<Float>, image: Int, of images: Int, into arena: UnsafeMutablePointer<Float>
  ) {
    sweeps.block_channels(
      arena + image * gradientCount, paddedGradient.pixels * outputs.width, outputs.width, dy,
      paddedGradient.pixels, p.outputChannels)
    guard !backwardCoversInput else { return }
    let dx = arena + images * (gradientCount + inputCount) + image * input.count
    dx.update(repeating: 0, count: input.count)
  }

  // MARK: Products

  func products(
    _ pass: StagedPass, images: Int, arena: UnsafeMutablePointer<Float>,
    weights: UnsafePointer<Float>, out: UnsafeMutableRawPointer?
  ) -> StagedJobs {
    let isForward = pass == .forward
    let (operands, results) = isForward ? (inputs, outputs) : (outputs, inputs)
    let phases = isForward ? forward : backward
    let operandCount = isForward ? inputCount : gradientCount
    let resultShape = isForward ? output : input
    let target =
      isForward
      ? out?.assumingMemoryBound(to: Float.self) : arena + images * (gradientCount + inputCount)
    guard let target else { return .none }
    let together = min(images, max(1, Self.fewestPixels / resultShape.pixels))
    let groups = (images + together - 1) / together
    let weightBlock = taps * operands.count * operands.width * results.width
    return StagedJobs(count: results.count * groups) { job in
      let (block, group) = (job / groups, job % groups)
      let weight = weights + block * weightBlock
      let images = group * together..<min((group + 1) * together, images)
      for phase in phases {
        for product in phase.products {
          for image in images {
            let from = arena + image * operandCount
            let to =
              target + image * resultShape.count + phase.start * resultShape.channels
              + block * results.width
            for row in 0..<phase.rows {
              product.run(
                weight, from + row * phase.operandRow * operands.width,
                to + row * phase.resultRow * resultShape.channels)
            }
          }
        }
      }
    }
  }

  func weightGradients(
    images: Int, isFirst: Bool, arena: UnsafeMutablePointer<Float>,
    into dWeight: UnsafeMutablePointer<Float>, transformed: UnsafeMutablePointer<Float>
  ) -> StagedJobs {
    let (inputs, outputs, p) = (inputs, outputs, p)
    let (m, n) = (outputs.width, inputs.width)
    let (inputCount, gradientCount) = (inputCount, gradientCount)
    let (inputPixels, gradientPixels) = (paddedInput.pixels, paddedGradient.pixels)
    let (inputRow, gradientRow) = (paddedInput.paddedWidth, paddedGradient.paddedWidth)
    let gradientInterior = paddedGradient.low * (gradientRow + 1)
    let rows = geometry.isFlat ? 1 : output.height
    let columns = geometry.isFlat ? output.pixels : output.width
    let together = min(images, max(1, Self.pixelsPerProduct / output.pixels))
    func product(images: Int, accumulate: Bool) -> BatchReduceGemm {
      var offsetsA: [Int] = []
      var offsetsB: [Int] = []
      for image in 0..<images {
        for row in 0..<rows {
          offsetsA.append(image * gradientCount + (gradientInterior + row * gradientRow) * m)
          offsetsB.append(image * inputCount + row * p.stride * inputRow * n)
        }
      }
      return BatchReduceGemm(
        m: m, n: n, k: columns, leadingA: m, leadingB: p.stride * n,
        leadingC: p.outputChannels, transposeB: true, accumulate: accumulate, offsetsA: offsetsA,
        offsetsB: offsetsB)
    }
    let first = product(images: together, accumulate: !isFirst)
    let next = product(images: together, accumulate: true)
    let last =
      images % together == 0 ? nil : product(images: images % together, accumulate: true)
    let x = stagedInput(arena, images, .backward)
    return StagedJobs(count: inputs.count * outputs.count) { job in
      let (row, column) = (job / outputs.count, job % outputs.count)
      for start in stride(from: 0, to: images, by: together) {
        let product = start == 0 ? first : start + together <= images ? next : last ?? next
        let a = arena + start * gradientCount + column * gradientPixels * m
        let b = x + start * inputCount + row * inputPixels * n
        for tap in 0..<p.kernelSize * p.kernelSize {
          let pixel = tap / p.kernelSize * inputRow + tap % p.kernelSize
          let c =
            dWeight + (tap * p.inputChannels + row * n) * p.outputChannels + column * m
          product.run(a, b + pixel * n, c)
        }
      }
    }
  }

  // MARK: Results

  func finishForward(
    image: Int, of images: Int, arena: UnsafePointer<Float>, into y: UnsafeMutableRawPointer
  ) {}

  func finishBackward(
    image: Int, of images: Int, arena: UnsafePointer<Float>, into dx: UnsafeMutablePointer<Float>
  ) -> UnsafePointer<Float> {
    arena + images * (gradientCount + inputCount) + image * input.count
  }

  var weightFinishCount: Int { 0 }

  func finishWeights(
    piece: Int, transformed: UnsafePointer<Float>, into dWeight: UnsafeMutablePointer<Float>
  ) {}
}
