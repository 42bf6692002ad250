// What decides the bits of this process's results, as the engine and its library say.
import CKernels
import Numerics

extension NumericIdentity {
  /// Raised whenever results change in any bit.
  static let engineVersion = 5

  /// The identity of this process on this machine, in single precision.
  public static let current = NumericIdentity(
    engineVersion: String(engineVersion), backend: String(cString: bench_gemm_backend()),
    libraryText: libraryVersion, instructionSet: String(cString: sweeps.name),
    convolution: ConvolutionMethod.allowsWinograd ? "winograd" : "direct")

  /// The multiplying library's version and target, for the record.
  public static var libraryVersion: String { String(cString: bench_gemm_version()) }
}
