// A wide convolution done directly, block of weights by block of weights.
import CKernels
import Numerics

/// The arena holds, per image and with channels in blocks: the padded input; in the backward pass
/// the padded gradient before it and the input's gradient, not blocked, behind.
final class StagedDirect: StagedConvolution {
  private let p: ConvolutionParameters
  private let input: ImageShape
  private let output: ImageShape
  private let inputs: ChannelBlocks
  private let outputs: ChannelBlocks
  private let inputPixels: Int
  private let inputRow: Int
  private let gradientPixels: Int
  private let gradientRow: Int
  private let gradientInterior: Int
  /// 1×1 without stride: rows follow each other without a gap.
  private let isFlat: Bool
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

  init(
    _ p: ConvolutionParameters, input: ImageShape, inputs: ChannelBlocks, outputs: ChannelBlocks,
    paddedInput: PaddedShape, paddedGradient: PaddedShape
  ) {
    self.p = p
    self.input = input
    self.inputs = inputs
    self.outputs = outputs
    let (k, s) = (p.kernelSize, p.stride)
    let output = ImageShape(
      height: p.outputSize(input.height), width: p.outputSize(input.width),
      channels: p.outputChannels)
    self.output = output
    isFlat = k == 1 && s == 1 && p.padding == 0
    let isFlat = isFlat
    inputPixels = paddedInput.count / input.channels
    inputRow = paddedInput.paddedWidth
    gradientPixels = paddedGradient.count / output.channels
    gradientRow = paddedGradient.paddedWidth
    gradientInterior = paddedGradient.low * (gradientRow + 1)
    let (inputPixels, inputRow) = (inputPixels, inputRow)
    let (gradientPixels, gradientRow) = (gradientPixels, gradientRow)

    /// Cuts the products over all taps and operand blocks into pieces whose weights fit the cache.
    func products(
      taps: [(tap: Int, pixel: Int)], columns: Int, operands: ChannelBlocks, pixels: Int,
      results: ChannelBlocks, pixelStride: Int, resultStride: Int
    ) -> [BatchReduceGemm] {
      let block = operands.width * results.width
      var pairs: [(weight: Int, operand: Int)] = []
      for tap in taps {
        for b in 0..<operands.count {
          pairs.append(
            (
              (tap.tap * operands.count + b) * block,
              (b * pixels + tap.pixel) * operands.width
            ))
        }
      }
      let size = max(1, Self.cachedWeights / block)
      return stride(from: 0, to: pairs.count, by: size).map { start in
        let part = pairs[start..<min(start + size, pairs.count)]
        return BatchReduceGemm(
          m: results.width, n: columns, k: operands.width, leadingA: results.width,
          leadingB: pixelStride * operands.width,
          leadingC: resultStride * results.width * results.count, accumulate: start > 0,
          offsetsA: part.map(\.weight), offsetsB: part.map(\.operand))
      }
    }

    var taps: [(tap: Int, pixel: Int)] = []
    for row in 0..<k {
      for column in 0..<k { taps.append((row * k + column, row * inputRow + column)) }
    }
    let (outHeight, outWidth) = (output.height, output.width)
    forward = [
      Phase(
        operandRow: s * inputRow, rows: isFlat ? 1 : outHeight, start: 0, resultRow: outWidth,
        products: products(
          taps: taps, columns: isFlat ? outHeight * outWidth : outWidth, operands: inputs,
          pixels: inputPixels, results: outputs, pixelStride: s, resultStride: 1))
    ]

    // Inputs of equal remainder by the stride share their taps: one phase each.
    func reach(_ remainder: Int, _ tap: Int) -> Int? {
      let offset = remainder + p.padding - tap
      return offset % s == 0 ? offset / s : nil
    }
    func count(_ remainder: Int, _ size: Int) -> Int { max(0, (size - remainder + s - 1) / s) }
    let low = paddedGradient.low
    var backward: [Phase] = []
    for a in 0..<s where count(a, input.height) > 0 {
      for b in 0..<s where count(b, input.width) > 0 {
        var taps: [(tap: Int, pixel: Int)] = []
        for row in 0..<k {
          guard let dy = reach(a, row) else { continue }
          for column in 0..<k {
            guard let dx = reach(b, column) else { continue }
            taps.append((row * k + column, (low + dy) * gradientRow + low + dx))
          }
        }
        if taps.isEmpty { continue }
        let columns = count(b, input.width)
        backward.append(
          Phase(
            operandRow: gradientRow, rows: isFlat ? 1 : count(a, input.height),
            start: a * input.width + b, resultRow: s * input.width,
            products: products(
              taps: taps, columns: isFlat ? outHeight * outWidth : columns, operands: outputs,
              pixels: gradientPixels, results: inputs, pixelStride: 1, resultStride: s)))
      }
    }
    self.backward = backward
    backwardCoversInput = backward.count == min(s, input.height) * min(s, input.width)
  }

  private var taps: Int { p.kernelSize * p.kernelSize }
  var preparedCount: Int { taps * p.inputChannels * p.outputChannels }
  var workspaceCount: Int { 0 }
  var weightGradientCount: Int { 0 }
  private var inputCount: Int { inputPixels * p.inputChannels }
  private var gradientCount: Int { gradientPixels * p.outputChannels }
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
      stagedInput(arena, images, pass) + image * inputCount, inputPixels * inputs.width,
      inputs.width, x, inputPixels, p.inputChannels)
  }

  func stageGradient(
    _ dy: UnsafePointer<Float>, image: Int, of images: Int, into arena: UnsafeMutablePointer<Float>
  ) {
    sweeps.block_channels(
      arena + image * gradientCount, gradientPixels * outputs.width, outputs.width, dy,
      gradientPixels, p.outputChannels)
    guard !backwardCoversInput else { return }
    let dx = arena + images * (gradientCount + inputCount) + image * input.count
    dx.update(repeating: 0, count: input.count)
  }

  // MARK: Products

  func products(
    _ pass: StagedPass, images: Int, arena: UnsafeMutablePointer<Float>,
    weights: UnsafePointer<Float>, out: UnsafeMutablePointer<Float>?
  ) -> StagedJobs {
    let isForward = pass == .forward
    let (operands, results) = isForward ? (inputs, outputs) : (outputs, inputs)
    let phases = isForward ? forward : backward
    let operandCount = isForward ? inputCount : gradientCount
    let resultShape = isForward ? output : input
    let target = isForward ? out : arena + images * (gradientCount + inputCount)
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
    let (inputPixels, gradientPixels, inputRow) = (inputPixels, gradientPixels, inputRow)
    let (gradientInterior, gradientRow) = (gradientInterior, gradientRow)
    let rows = isFlat ? 1 : output.height
    let columns = isFlat ? output.pixels : output.width
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
    image: Int, of images: Int, arena: UnsafePointer<Float>, into y: UnsafeMutablePointer<Float>
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
