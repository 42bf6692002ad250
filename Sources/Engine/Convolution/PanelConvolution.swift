// A convolution of any shape as products with weights in panels.
import CKernels
import Numerics

/// Image by image. In bf16 operands are fp32 numbers that bf16 can hold, and so are the weights; where
/// the CPU has a unit for bf16, products take them as such.
final class PanelConvolution: ConvolutionAlgorithm {
  private let products: PanelProducts
  private let weightCount: Int
  private let inputCount: Int

  init(_ geometry: ConvolutionGeometry, _ arithmetic: Arithmetic = .fp32) {
    products = PanelProducts(geometry, arithmetic)
    weightCount = geometry.weightCount
    inputCount = geometry.input.count
  }

  var paddedInput: PaddedShape { products.paddedInput }
  var paddedGradient: PaddedShape { products.paddedGradient }
  var preparedCount: Int { products.preparedCount }
  var workspaceCount: Int {
    max(
      products.packedCount(.forward), products.packedCount(.backward),
      products.weights.workspaceCount)
  }
  var weightGradientCount: Int { weightCount }
  var preparesForward: Bool { true }

  func prepareForward(
    _ weight: UnsafePointer<Float>, into prepared: UnsafeMutablePointer<Float>
  ) {
    products.prepareForward(weight, into: prepared)
  }

  func prepareDataGradient(
    _ weight: UnsafePointer<Float>, into prepared: UnsafeMutablePointer<Float>,
    scratch: UnsafeMutablePointer<Float>
  ) {
    products.prepareBackward(weight, into: prepared)
  }

  func forward(
    _ x: UnsafePointer<Float>, _ weight: UnsafePointer<Float>, into y: UnsafeMutableRawPointer,
    workspace: UnsafeMutablePointer<Float>
  ) {
    products.forward.run(
      packed(x, products.packedCount(.forward), paddedInput, workspace), weight, into: y,
      storesHalf: products.isHalf)
  }

  func dataGradient(
    _ dy: UnsafePointer<Float>, _ weight: UnsafePointer<Float>,
    into dx: UnsafeMutablePointer<Float>, workspace: UnsafeMutablePointer<Float>
  ) {
    if !products.coverInput { dx.update(repeating: 0, count: inputCount) }
    products.dataGradient(
      packed(dy, products.packedCount(.backward), paddedGradient, workspace), weight, into: dx)
  }

  func weightGradient(
    _ x: UnsafePointer<Float>, _ dy: UnsafePointer<Float>, accumulate: Bool,
    into dWeight: UnsafeMutablePointer<Float>, workspace: UnsafeMutablePointer<Float>
  ) {
    if !accumulate { dWeight.update(repeating: 0, count: weightCount) }
    products.weights.add(x, dy + paddedGradient.interior, into: dWeight, workspace: workspace)
  }

  /// An operand as the products read it.
  private func packed(
    _ image: UnsafePointer<Float>, _ packedCount: Int, _ shape: PaddedShape,
    _ workspace: UnsafeMutablePointer<Float>
  ) -> UnsafeRawPointer {
    guard packedCount > 0 else { return UnsafeRawPointer(image) }
    sweeps.half.keep(workspace, image, shape.count)
    return UnsafeRawPointer(workspace)
  }
}
