// A 3×3 convolution of stride 1 with few channels, by loops of our own in place of products.
import CKernels
import Numerics

/// With so few channels a matrix product waits for its operands; here every input that is loaded
/// serves three taps of a kernel row. The data gradient is the same convolution on the padded
/// gradient, with inputs and outputs exchanged and the kernel turned round.
final class NarrowConvolution: ConvolutionAlgorithm {
  let paddedInput: PaddedShape
  let paddedGradient: PaddedShape
  private let shape: bench_narrow

  /// - Parameter geometry: of a convolution that keeps the size, with multiples of 16 channels.
  init(_ geometry: ConvolutionGeometry) {
    paddedInput = geometry.paddedInput
    paddedGradient = PaddedShape(geometry.output, low: 1, high: 1)
    let (input, output) = (geometry.input, geometry.output)
    shape = bench_narrow(
      rows: output.height, width: output.width, inputs: input.channels, outputs: output.channels)
  }

  var preparedCount: Int { 9 * shape.inputs * shape.outputs }
  var workspaceCount: Int { 0 }

  func prepareDataGradient(
    _ weight: UnsafePointer<Float>, into prepared: UnsafeMutablePointer<Float>,
    scratch: UnsafeMutablePointer<Float>
  ) {
    let (inputs, outputs) = (shape.inputs, shape.outputs)
    let size = inputs * outputs
    for tap in 0..<9 {
      sweeps.transpose(
        prepared + (8 - tap) * size, inputs, weight + tap * size, outputs, inputs, outputs)
    }
  }

  func forward(
    _ x: UnsafePointer<Float>, _ weight: UnsafePointer<Float>, into y: UnsafeMutableRawPointer,
    workspace: UnsafeMutablePointer<Float>
  ) {
    let y = y.assumingMemoryBound(to: Float.self)
    sweeps.narrow_convolution(y, paddedInput.source(x), weight, shape)
  }

  func dataGradient(
    _ dy: UnsafePointer<Float>, _ weight: UnsafePointer<Float>,
    into dx: UnsafeMutablePointer<Float>, workspace: UnsafeMutablePointer<Float>
  ) {
    var exchanged = shape
    swap(&exchanged.inputs, &exchanged.outputs)
    sweeps.narrow_convolution(dx, paddedGradient.source(dy), weight, exchanged)
  }

  func weightGradient(
    _ x: UnsafePointer<Float>, _ dy: UnsafePointer<Float>, accumulate: Bool,
    into dWeight: UnsafeMutablePointer<Float>, workspace: UnsafeMutablePointer<Float>
  ) {
    sweeps.narrow_weight_gradient(
      dWeight, paddedInput.source(x), paddedGradient.interior(of: dy), shape, accumulate ? 1 : 0)
  }
}
