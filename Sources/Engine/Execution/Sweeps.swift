// The elementwise sweeps as the engine sees them.
import CKernels
import Numerics

/// The elementwise sweeps for this CPU.
nonisolated(unsafe) let sweeps: bench_sweeps = bench_sweeps_select().pointee

extension bench_sweeps {
  /// The sweeps over images that are stored as a precision asks for.
  func images(_ precision: Precision) -> bench_image_sweeps {
    switch precision {
    case .fp32: single
    case .bf16: half
    }
  }
}

extension Precision {
  /// Why this process cannot compute in it; nil where it can.
  package var obstacle: String? {
    guard self == .bf16 else { return nil }
    guard String(cString: sweeps.name) == "baseline" else { return HalfModel.obstacle }
    return "bf16 needs fused multiply-adds, which this CPU or BENCH_ISA=baseline does not give; "
      + "use fp32"
  }
}

extension bench_shape {
  init(_ shape: ImageShape) {
    self.init(rows: shape.height, width: shape.width, channels: shape.channels)
  }
}

extension bench_pooling {
  init(_ input: ImageShape, kernelSize: Int, stride: Int, padding: Int, output: ImageShape) {
    self.init(
      input: bench_shape(input), kernel: kernelSize, stride: stride, padding: padding,
      outRows: output.height, outWidth: output.width)
  }
}

extension ImageShape {
  /// Floats per row where rows follow each other without a gap.
  var pitch: Int { width * channels }
}

extension PaddedShape {
  /// A padded image from its first border pixel.
  func source(_ image: UnsafePointer<Float>) -> bench_source {
    bench_source(first: image, pitch: pitch)
  }

  /// A padded image without its border.
  func interior(of image: UnsafePointer<Float>) -> bench_source {
    bench_source(first: image + interior, pitch: pitch)
  }

  /// The place of an image within its border.
  func interior(of image: UnsafeMutablePointer<Float>) -> bench_target {
    bench_target(first: image + interior, pitch: pitch)
  }
}
