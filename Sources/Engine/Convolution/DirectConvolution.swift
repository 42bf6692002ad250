// A convolution of any shape, all three passes as batch-reduce GEMMs on padded rows.
import CKernels
import Numerics

/// Forward, the batch of one product is the taps: A a tap's weights, B the padded row shifted by the
/// tap, C a row of outputs. Nothing is unrolled into columns, except where the input has so few
/// channels that a product would be all overhead: there each output column's kernel row of inputs is
/// first laid out side by side, and counts as one tap.
final class DirectConvolution: ConvolutionAlgorithm {
  let paddedInput: PaddedShape
  let paddedGradient: PaddedShape
  let workspaceCount: Int
  private let geometry: ConvolutionGeometry

  /// With kernel rows laid out side by side, the input is
  /// [padded height][output width][kernel width · channels].
  private let isExpanded: Bool

  /// Output rows that one product computes, and the product for those left over.
  private let rowsPerProduct: Int
  private let forwardProduct: BatchReduceGemm
  private let forwardTail: BatchReduceGemm?
  /// Floats of the input from one output row's operands to the next one's.
  private let forwardRowStride: Int

  private struct Phase {
    let product: BatchReduceGemm
    let rows: Int
    /// Where the first row starts in dx.
    let start: Int
  }
  private let phases: [Phase]
  private let phasesCoverInput: Bool
  /// Floats of dx from one row of a phase to the next.
  private let phaseRowStride: Int

  private struct Tap {
    let x: Int
    let weight: Int
  }
  private let taps: [Tap]
  private let firstWeightProduct: BatchReduceGemm
  private let nextWeightProduct: BatchReduceGemm

  init(_ geometry: ConvolutionGeometry) {
    self.geometry = geometry
    let (p, input, output) = (geometry.parameters, geometry.input, geometry.output)
    let (k, s, ci, co) = (p.kernelSize, p.stride, p.inputChannels, p.outputChannels)
    paddedInput = geometry.paddedInput

    let isExpanded = k > 1 && k * ci <= 64 && ci < 16
    self.isExpanded = isExpanded
    workspaceCount = isExpanded ? (input.height + 2 * p.padding) * output.width * k * ci : 0
    let pitch = isExpanded ? output.width * k * ci : paddedInput.pitch
    let pixelStride = isExpanded ? k * ci : s * ci
    let depth = isExpanded ? k * ci : ci
    let taps =
      isExpanded
      ? (0..<k).map { Tap(x: $0 * pitch, weight: $0 * k * ci * co) }
      : geometry.forwardTaps.map { Tap(x: $0.pixel * ci, weight: $0.index * ci * co) }
    self.taps = taps

    rowsPerProduct = geometry.isFlat ? min(output.height, max(1, 256 / output.width)) : 1
    func forward(rows: Int) -> BatchReduceGemm {
      BatchReduceGemm(
        m: co, n: rows * output.width, k: depth, leadingA: co, leadingB: pixelStride, leadingC: co,
        offsetsA: taps.map(\.weight), offsetsB: taps.map(\.x))
    }
    forwardProduct = forward(rows: rowsPerProduct)
    let rest = output.height % rowsPerProduct
    forwardTail = rest == 0 ? nil : forward(rows: rest)
    forwardRowStride = s * pitch

    let gradient = GradientPhases(geometry)
    let padded = gradient.paddedGradient
    paddedGradient = padded
    phases = gradient.phases.map { phase in
      Phase(
        product: BatchReduceGemm(
          m: ci, n: phase.columns, k: co, leadingA: ci, leadingB: co, leadingC: s * ci,
          offsetsA: phase.taps.map { $0.index * ci * co },
          offsetsB: phase.taps.map { $0.pixel * co }),
        rows: phase.rows, start: phase.start * ci)
    }
    phasesCoverInput = gradient.coverInput
    phaseRowStride = s * input.width * ci

    // C is one tap's weights; the batch is the rows.
    func weightProduct(accumulate: Bool) -> BatchReduceGemm {
      BatchReduceGemm(
        m: co, n: depth, k: output.width, leadingA: co, leadingB: pixelStride, leadingC: co,
        transposeB: true, accumulate: accumulate,
        offsetsA: (0..<output.height).map { padded.interior + $0 * padded.pitch },
        offsetsB: (0..<output.height).map { $0 * s * pitch })
    }
    firstWeightProduct = weightProduct(accumulate: false)
    nextWeightProduct = weightProduct(accumulate: true)
  }

  var preparedCount: Int { geometry.weightCount }

  func prepareDataGradient(
    _ weight: UnsafePointer<Float>, into prepared: UnsafeMutablePointer<Float>,
    scratch: UnsafeMutablePointer<Float>
  ) {
    let (inputs, outputs) = (geometry.input.channels, geometry.output.channels)
    for tap in 0..<geometry.taps {
      let at = tap * inputs * outputs
      sweeps.transpose(prepared + at, inputs, weight + at, outputs, inputs, outputs)
    }
  }

  /// The input as the products read it.
  private func expanded(
    _ x: UnsafePointer<Float>, into workspace: UnsafeMutablePointer<Float>
  ) -> UnsafePointer<Float> {
    guard isExpanded else { return x }
    let p = geometry.parameters
    let columns = geometry.output.width
    let length = p.kernelSize * p.inputChannels
    for row in 0..<(geometry.input.height + 2 * p.padding) {
      sweeps.expand_columns(
        workspace + row * columns * length, x + row * paddedInput.pitch, columns, length,
        p.stride * p.inputChannels)
    }
    return UnsafePointer(workspace)
  }

  func forward(
    _ x: UnsafePointer<Float>, _ weight: UnsafePointer<Float>, into y: UnsafeMutableRawPointer,
    workspace: UnsafeMutablePointer<Float>
  ) {
    let y = y.assumingMemoryBound(to: Float.self)
    let x = expanded(x, into: workspace)
    let outRow = geometry.output.width * geometry.output.channels
    let height = geometry.output.height
    var row = 0
    while row + rowsPerProduct <= height {
      forwardProduct.run(weight, x + row * forwardRowStride, y + row * outRow)
      row += rowsPerProduct
    }
    forwardTail?.run(weight, x + row * forwardRowStride, y + row * outRow)
  }

  func dataGradient(
    _ dy: UnsafePointer<Float>, _ weight: UnsafePointer<Float>,
    into dx: UnsafeMutablePointer<Float>, workspace: UnsafeMutablePointer<Float>
  ) {
    if !phasesCoverInput { dx.update(repeating: 0, count: geometry.input.count) }
    for phase in phases {
      for row in 0..<phase.rows {
        phase.product.run(
          weight, dy + row * paddedGradient.pitch, dx + phase.start + row * phaseRowStride)
      }
    }
  }

  func weightGradient(
    _ x: UnsafePointer<Float>, _ dy: UnsafePointer<Float>, accumulate: Bool,
    into dWeight: UnsafeMutablePointer<Float>, workspace: UnsafeMutablePointer<Float>
  ) {
    let x = expanded(x, into: workspace)
    let product = accumulate ? nextWeightProduct : firstWeightProduct
    for tap in taps { product.run(dy, x + tap.x, dWeight + tap.weight) }
  }
}
