// The shapes of one convolution on images of one size, and which outputs each of its inputs meets.
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
  /// Pixels, the border's included.
  var pixels: Int { (low + height + high) * paddedWidth }
  var count: Int { pixels * channels }
  /// Where the image itself starts.
  var interior: Int { low * pitch + low * channels }
}

extension PaddedShape {
  init(_ shape: ImageShape, low: Int = 0, high: Int = 0) {
    self.init(
      height: shape.height, width: shape.width, channels: shape.channels, low: low, high: high)
  }
}

/// One place of a kernel, and the pixel of a padded operand that the first result meets with it.
struct KernelTap {
  /// The place in the kernel, row by row.
  let index: Int
  let pixel: Int
}

/// What the ways of carrying out one convolution are chosen by and made from.
struct ConvolutionGeometry {
  let parameters: ConvolutionParameters
  /// The shape of one input image.
  let input: ImageShape
  /// The shape of its output.
  let output: ImageShape

  init(_ parameters: ConvolutionParameters, input: ImageShape) {
    self.parameters = parameters
    self.input = input
    output = ImageShape(
      height: parameters.outputSize(input.height), width: parameters.outputSize(input.width),
      channels: parameters.outputChannels)
  }

  /// Weights per pair of channels.
  var taps: Int { parameters.kernelSize * parameters.kernelSize }
  var weightCount: Int { taps * parameters.inputChannels * parameters.outputChannels }
  /// 1×1 without stride or padding: rows of inputs and outputs follow each other without a gap.
  var isFlat: Bool {
    parameters.kernelSize == 1 && parameters.stride == 1 && parameters.padding == 0
  }
  /// 3×3 without stride, inputs and outputs of one size.
  var keepsSize: Bool {
    parameters.kernelSize == 3 && parameters.stride == 1 && parameters.padding == 1
  }

  /// The input as a direct convolution reads it.
  var paddedInput: PaddedShape {
    PaddedShape(input, low: parameters.padding, high: parameters.padding)
  }
  /// The taps of the forward pass on the padded input.
  var forwardTaps: [KernelTap] {
    (0..<taps).map { index in
      let (row, column) = index.quotientAndRemainder(dividingBy: parameters.kernelSize)
      return KernelTap(index: index, pixel: row * paddedInput.paddedWidth + column)
    }
  }
}

/// The data gradient of a strided convolution: inputs whose coordinates leave the same remainders by
/// the stride meet the same taps, so that each such phase is a convolution without stride.
struct GradientPhases {
  struct Phase {
    let rows: Int
    let columns: Int
    /// The phase's first input, in pixels; the next ones are a stride apart in both directions.
    let start: Int
    /// On the padded gradient.
    let taps: [KernelTap]
  }

  /// Those that meet any tap, in the order of their first inputs.
  let phases: [Phase]
  /// Whether they make up all inputs; the gradient of the others is zero.
  let coverInput: Bool
  /// The output's gradient with the border of zeros that the phases reach into.
  let paddedGradient: PaddedShape

  init(_ geometry: ConvolutionGeometry) {
    let (p, input, output) = (geometry.parameters, geometry.input, geometry.output)
    // Both directions have the same kernel, so one line of it says all.
    let lines = (0..<p.stride).map { Line(remainder: $0, p) }
    var low = 0
    var high = 0
    for line in lines {
      for tap in line.taps {
        low = max(low, -tap.offset)
        for (size, outputs) in [(input.height, output.height), (input.width, output.width)] {
          high = max(high, line.count(of: size) + tap.offset - outputs)
        }
      }
    }
    let padded = PaddedShape(output, low: low, high: high)
    var phases: [Phase] = []
    for down in lines where down.count(of: input.height) > 0 {
      for across in lines where across.count(of: input.width) > 0 {
        let taps = down.taps.flatMap { row in
          across.taps.map { column in
            KernelTap(
              index: row.tap * p.kernelSize + column.tap,
              pixel: (low + row.offset) * padded.paddedWidth + low + column.offset)
          }
        }
        guard !taps.isEmpty else { continue }
        phases.append(
          Phase(
            rows: down.count(of: input.height), columns: across.count(of: input.width),
            start: down.remainder * input.width + across.remainder, taps: taps))
      }
    }
    self.phases = phases
    coverInput = phases.count == min(p.stride, input.height) * min(p.stride, input.width)
    paddedGradient = padded
  }

  /// The inputs of one remainder along one direction.
  private struct Line {
    let remainder: Int
    let stride: Int
    /// The taps that they meet, and how far the first input's output lies from the first output.
    let taps: [(tap: Int, offset: Int)]

    init(remainder: Int, _ p: ConvolutionParameters) {
      self.remainder = remainder
      stride = p.stride
      taps = (0..<p.kernelSize).compactMap { tap in
        let offset = remainder + p.padding - tap
        return offset % p.stride == 0 ? (tap, offset / p.stride) : nil
      }
    }

    /// How many of `size` inputs have the remainder.
    func count(of size: Int) -> Int { max(0, (size - remainder + stride - 1) / stride) }
  }
}
