// One image through one convolution: forward, data gradient and weight gradient, all as
// batch-reduce GEMMs on padded rows. Nothing is unrolled into columns.
import Numerics

/// An image with a border of zeros, [low + height + high][low + width + high][channels].
struct PaddedShape: Hashable {
  var height: Int
  var width: Int
  var channels: Int
  var low: Int
  var high: Int

  var paddedWidth: Int { low + width + high }
  /// Floats per row.
  var pitch: Int { paddedWidth * channels }
  var count: Int { (low + height + high) * pitch }
  /// Where the image itself starts.
  var interior: Int { low * pitch + low * channels }
}

/// The prepared products of one convolution on images of one size.
///
/// Weights are [kernel row][kernel column][input channel][output channel] (`weight`), and with the
/// last two exchanged for the data gradient (`transposedWeight`).
final class ConvolutionKernel: Sendable {
  let parameters: ConvolutionParameters
  let input: ImageShape
  let output: ImageShape
  /// How the input has to be padded.
  let paddedInput: PaddedShape
  /// How the output's gradient has to be padded.
  let paddedGradient: PaddedShape
  /// Numbers that the prepared weights take: of the forward pass, and of the data gradient.
  let preparedCount: Int
  /// Working memory that a call needs.
  let workspaceCount: Int
  /// With few input channels, each output column's kernel row of inputs is laid out side by side
  /// first: [padded height][output width][kernel width · channels] floats. 0 where that is not done.
  let expandedCount: Int

  /// Does the products of several images at once, where the weights are many; then `forward`,
  /// `dataGradient` and `weightGradient` are not called.
  let staged: (any StagedConvolution)?

  /// With few channels, kernels of our own take the place of the products.
  private let isNarrow: Bool
  private let winograd: WinogradConvolution?
  private let winogradGradient: WinogradConvolution?

  /// Output rows that one product computes.
  private let rowsPerProduct: Int
  private let forwardProduct: BatchReduceGemm
  private let forwardTail: BatchReduceGemm?
  private let forwardRowStride: Int

  private struct Phase {
    let product: BatchReduceGemm
    let rows: Int
    /// Where the first row starts in dx.
    let inputStart: Int
    let inputRowStride: Int
  }
  private let phases: [Phase]
  private let phasesCoverInput: Bool

  private struct Tap {
    let x: Int
    let weight: Int
  }
  private let taps: [Tap]
  private let firstWeightProduct: BatchReduceGemm
  private let nextWeightProduct: BatchReduceGemm

  init(_ p: ConvolutionParameters, input: ImageShape) {
    parameters = p
    self.input = input
    let (k, s, ci, co) = (p.kernelSize, p.stride, p.inputChannels, p.outputChannels)
    output = ImageShape(
      height: p.outputSize(input.height), width: p.outputSize(input.width), channels: co)
    let usesWinograd = WinogradConvolution.isUsed(for: p, input: input)
    winograd = usesWinograd ? WinogradConvolution(input: input, outputChannels: co) : nil
    winogradGradient = usesWinograd ? WinogradConvolution(input: output, outputChannels: ci) : nil
    isNarrow =
      k == 3 && s == 1 && p.padding == 1 && !usesWinograd
      && [ci, co].allSatisfy { $0 % 16 == 0 && $0 <= 64 }
    preparedCount = (usesWinograd ? 16 : k * k) * ci * co
    let readsTiles = usesWinograd || WinogradConvolution.isStaged(p, input: input)
    let paddedInput = PaddedShape(
      height: input.height, width: input.width, channels: ci, low: p.padding,
      high: readsTiles ? WinogradConvolution.highPadding(input) : p.padding)
    self.paddedInput = paddedInput
    let (outHeight, outWidth) = (output.height, output.width)

    // Forward. C is one row of outputs, A a tap's weights, B the padded row shifted by the tap.
    let isExpanded = k > 1 && k * ci <= 64 && ci < 16
    expandedCount = isExpanded ? (input.height + 2 * p.padding) * outWidth * k * ci : 0
    let pitch = isExpanded ? outWidth * k * ci : paddedInput.pitch
    let pixelStride = isExpanded ? k * ci : s * ci
    let depth = isExpanded ? k * ci : ci
    var tapX: [Int] = []
    var tapWeight: [Int] = []
    for row in 0..<k {
      for column in 0..<(isExpanded ? 1 : k) {
        tapX.append(row * pitch + column * ci)
        tapWeight.append((row * k + column) * ci * co)
      }
    }
    // Rows of a 1x1 convolution follow each other without a gap.
    let isFlat = k == 1 && s == 1 && p.padding == 0
    rowsPerProduct = isFlat ? min(outHeight, max(1, 256 / outWidth)) : 1
    func forward(rows: Int) -> BatchReduceGemm {
      BatchReduceGemm(
        m: co, n: rows * outWidth, k: depth, leadingA: co, leadingB: pixelStride, leadingC: co,
        offsetsA: tapWeight, offsetsB: tapX)
    }
    forwardProduct = forward(rows: rowsPerProduct)
    let rest = outHeight % rowsPerProduct
    forwardTail = rest == 0 ? nil : forward(rows: rest)
    forwardRowStride = s * pitch

    // Data gradient. Inputs of equal remainder by the stride share their taps: one phase each.
    func reach(_ remainder: Int, _ tap: Int) -> Int? {
      let offset = remainder + p.padding - tap
      return offset % s == 0 ? offset / s : nil
    }
    func count(_ remainder: Int, _ size: Int) -> Int { max(0, (size - remainder + s - 1) / s) }
    var low = 0
    var high = 0
    for remainder in 0..<s {
      for tap in 0..<k {
        guard let offset = reach(remainder, tap) else { continue }
        low = max(low, -offset)
        for (size, out) in [(input.height, outHeight), (input.width, outWidth)] {
          high = max(high, count(remainder, size) - 1 + offset - (out - 1))
        }
      }
    }
    let padded = PaddedShape(
      height: outHeight, width: outWidth, channels: co, low: low,
      high: readsTiles ? WinogradConvolution.highPadding(output) : high)
    paddedGradient = padded
    staged = Staging.convolution(
      p, input: input, paddedInput: paddedInput, paddedGradient: padded)
    workspaceCount = max(
      winograd?.workspaceCount ?? 0, winogradGradient?.workspaceCount ?? 0,
      staged?.workspaceCount ?? 0)
    var phases: [Phase] = []
    for a in 0..<s where count(a, input.height) > 0 {
      for b in 0..<s where count(b, input.width) > 0 {
        var weightOffsets: [Int] = []
        var gradientOffsets: [Int] = []
        for row in 0..<k {
          guard let dy = reach(a, row) else { continue }
          for column in 0..<k {
            guard let dx = reach(b, column) else { continue }
            weightOffsets.append((row * k + column) * ci * co)
            gradientOffsets.append((low + dy) * padded.pitch + (low + dx) * co)
          }
        }
        if weightOffsets.isEmpty { continue }
        phases.append(
          Phase(
            product: BatchReduceGemm(
              m: ci, n: count(b, input.width), k: co, leadingA: ci, leadingB: co, leadingC: s * ci,
              offsetsA: weightOffsets, offsetsB: gradientOffsets),
            rows: count(a, input.height), inputStart: (a * input.width + b) * ci,
            inputRowStride: s * input.width * ci))
      }
    }
    self.phases = phases
    phasesCoverInput = phases.count == min(s, input.height) * min(s, input.width)

    // Weight gradient. C is one tap's weights; the batch is the rows.
    taps = tapX.indices.map { Tap(x: tapX[$0], weight: tapWeight[$0]) }
    let gradientRows = (0..<outHeight).map { padded.interior + $0 * padded.pitch }
    let inputRows = (0..<outHeight).map { $0 * s * pitch }
    func weightProduct(accumulate: Bool) -> BatchReduceGemm {
      BatchReduceGemm(
        m: co, n: depth, k: outWidth, leadingA: co, leadingB: pixelStride, leadingC: co,
        transposeB: true, accumulate: accumulate, offsetsA: gradientRows, offsetsB: inputRows)
    }
    firstWeightProduct = weightProduct(accumulate: false)
    nextWeightProduct = weightProduct(accumulate: true)
  }

  /// Lays out each output column's kernel row of inputs side by side.
  func expand(
    _ padded: UnsafePointer<Float>, into expanded: UnsafeMutablePointer<Float>
  ) {
    let length = parameters.kernelSize * input.channels
    let step = parameters.stride * input.channels
    for row in 0..<(input.height + 2 * parameters.padding) {
      sweeps.expand_columns(
        expanded + row * output.width * length, padded + row * paddedInput.pitch, output.width,
        length, step)
    }
  }

  /// Brings weights into the form that `forward` reads; false where that is the weights' own.
  @discardableResult
  func prepareForward(
    _ weight: UnsafePointer<Float>, into prepared: UnsafeMutablePointer<Float>?
  ) -> Bool {
    guard winograd != nil, let prepared else { return false }
    let (inputs, outputs) = (parameters.inputChannels, parameters.outputChannels)
    sweeps.winograd_weight(
      prepared, inputs * outputs, weight, inputs * outputs, outputs, inputs, outputs)
    return true
  }

  /// Brings weights into the form that `dataGradient` reads: inputs and outputs exchanged.
  /// - Parameter scratch: as many numbers as the weights.
  func prepareDataGradient(
    _ weight: UnsafePointer<Float>, into prepared: UnsafeMutablePointer<Float>,
    scratch: UnsafeMutablePointer<Float>
  ) {
    let (inputs, outputs) = (parameters.inputChannels, parameters.outputChannels)
    let taps = parameters.kernelSize * parameters.kernelSize
    let isWinograd = winogradGradient != nil
    for tap in 0..<taps {
      // Where the data gradient is a convolution of its own, the kernel is turned round.
      let target =
        isWinograd
        ? scratch + (taps - 1 - tap) * inputs * outputs
        : prepared + (isNarrow ? taps - 1 - tap : tap) * inputs * outputs
      sweeps.transpose(
        target, inputs, weight + tap * inputs * outputs, outputs, inputs, outputs)
    }
    guard isWinograd else { return }
    sweeps.winograd_weight(
      prepared, inputs * outputs, scratch, inputs * outputs, inputs, outputs, inputs)
  }

  /// Whether `forward` reads prepared weights or the weights themselves.
  var preparesForward: Bool { winograd != nil }

  /// y = x * weight.
  /// - Parameters:
  ///   - x: the padded (or expanded) input.
  ///   - weight: as `prepareForward` leaves it.
  ///   - y: [H′, W′, outputChannels], overwritten.
  ///   - workspace: `workspaceCount` numbers.
  func forward(
    _ x: UnsafePointer<Float>, _ weight: UnsafePointer<Float>, into y: UnsafeMutablePointer<Float>,
    workspace: UnsafeMutablePointer<Float>
  ) {
    if let winograd {
      winograd.apply(x, pitch: paddedInput.pitch, weight, into: y, workspace: workspace)
      return
    }
    if isNarrow {
      sweeps.narrow_convolution(
        y, x, paddedInput.pitch, weight, output.height, output.width, input.channels,
        output.channels)
      return
    }
    let outRow = output.width * output.channels
    var row = 0
    while row + rowsPerProduct <= output.height {
      forwardProduct.run(weight, x + row * forwardRowStride, y + row * outRow)
      row += rowsPerProduct
    }
    forwardTail?.run(weight, x + row * forwardRowStride, y + row * outRow)
  }

  /// dx = the gradient of the input.
  /// - Parameters:
  ///   - dy: the padded gradient of the output.
  ///   - weight: as `prepareDataGradient` leaves it.
  ///   - dx: [H, W, inputChannels], overwritten.
  ///   - workspace: `workspaceCount` numbers.
  func dataGradient(
    _ dy: UnsafePointer<Float>, _ weight: UnsafePointer<Float>,
    into dx: UnsafeMutablePointer<Float>, workspace: UnsafeMutablePointer<Float>
  ) {
    if let winogradGradient {
      winogradGradient.apply(
        dy, pitch: paddedGradient.pitch, weight, into: dx, workspace: workspace)
      return
    }
    if isNarrow {
      sweeps.narrow_convolution(
        dx, dy, paddedGradient.pitch, weight, input.height, input.width, output.channels,
        input.channels)
      return
    }
    if !phasesCoverInput { dx.update(repeating: 0, count: input.count) }
    for phase in phases {
      for row in 0..<phase.rows {
        phase.product.run(
          weight, dy + row * paddedGradient.pitch,
          dx + phase.inputStart + row * phase.inputRowStride)
      }
    }
  }

  /// Numbers of the weights' gradient as `weightGradient` sums it up.
  var weightGradientCount: Int {
    (winograd == nil ? parameters.kernelSize * parameters.kernelSize : 16)
      * parameters.inputChannels * parameters.outputChannels
  }

  /// Whether `weightGradient` sums up something that `finishWeightGradient` has to transform.
  var transformsWeightGradient: Bool { winograd != nil }

  /// Brings what `weightGradient` has summed up, over all images, into the weights' own form.
  func finishWeightGradient(
    _ sum: UnsafePointer<Float>, into dWeight: UnsafeMutablePointer<Float>
  ) {
    let (inputs, outputs) = (parameters.inputChannels, parameters.outputChannels)
    sweeps.winograd_weight_gradient(
      dWeight, inputs * outputs, outputs, sum, inputs * outputs, inputs, outputs)
  }

  /// dWeight = (or +=) the gradient of the weights from one image.
  /// - Parameters:
  ///   - x: the padded (or expanded) input.
  ///   - dy: the padded gradient of the output.
  ///   - dWeight: `weightGradientCount` numbers.
  ///   - workspace: `workspaceCount` numbers.
  func weightGradient(
    _ x: UnsafePointer<Float>, _ dy: UnsafePointer<Float>, accumulate: Bool,
    into dWeight: UnsafeMutablePointer<Float>, workspace: UnsafeMutablePointer<Float>
  ) {
    if let winograd {
      winograd.weightGradient(
        x, pitch: paddedInput.pitch, dy + paddedGradient.interior,
        gradientPitch: paddedGradient.pitch, accumulate: accumulate, into: dWeight,
        workspace: workspace)
      return
    }
    if isNarrow {
      sweeps.narrow_weight_gradient(
        dWeight, x, paddedInput.pitch, dy + paddedGradient.interior, paddedGradient.pitch,
        output.height, output.width, input.channels, output.channels, accumulate ? 1 : 0)
      return
    }
    let product = accumulate ? nextWeightProduct : firstWeightProduct
    for tap in taps { product.run(dy, x + tap.x, dWeight + tap.weight) }
  }
}
