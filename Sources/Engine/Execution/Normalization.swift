// One batch norm's numbers within a step: statistics from slices, coefficients for the sweeps.
import CKernels
import Numerics

/// A batch norm (Ioffe & Szegedy 2015) as the fused sweeps apply it.
///
/// Forward `(x − mean) · scale + shift`; backward `a · g + b · (x − mean) + c`. The normaliser is the
/// biased variance, the running variance is the unbiased one, as in PyTorch.
final class Normalization: @unchecked Sendable {
  /// Added to the variance.
  static let epsilon = 1e-5
  /// What is kept of the running statistics at each step (PyTorch's momentum is 1 minus this).
  static let runningDecay: Float = 0.9

  let channels: Int
  private let state: NetworkState
  private let weightOffset: Int
  private let biasOffset: Int
  private let runningMeanOffset: Int
  private let runningVarianceOffset: Int
  // Each [channels].
  private let coefficients: FloatBuffer
  private var inverseDeviation: [Double]

  private var mean: UnsafeMutablePointer<Float> { coefficients[0] }
  private var scale: UnsafeMutablePointer<Float> { coefficients[channels] }
  private var a: UnsafeMutablePointer<Float> { coefficients[2 * channels] }
  private var b: UnsafeMutablePointer<Float> { coefficients[3 * channels] }
  private var c: UnsafeMutablePointer<Float> { coefficients[4 * channels] }

  init(node: ValueID, channels: Int, state: NetworkState) {
    self.channels = channels
    self.state = state
    func offset(_ role: TensorSpecification.Role) -> Int {
      guard let offset = state.layout.offset(of: node, role: { $0 == role }) else {
        preconditionFailure("node \(node) has no \(role)")
      }
      return offset
    }
    weightOffset = offset(.batchNormScale)
    biasOffset = offset(.batchNormShift)
    runningMeanOffset = offset(.runningMean)
    runningVarianceOffset = offset(.runningVariance)
    coefficients = FloatBuffer(count: Self.coefficientCount(channels: channels))
    inverseDeviation = .init(repeating: 0, count: channels)
  }

  /// Numbers of the mean, the scale, and the gradient's three coefficients.
  static func coefficientCount(channels: Int) -> Int { 5 * channels }

  /// What a reader applies.
  var affine: bench_affine {
    bench_affine(mean: mean, scale: scale, shift: state.weights[biasOffset])
  }

  /// What the gradient sweep applies.
  /// - Parameter z: the raw values that are normalised, [H, W, channels].
  func gradient(of z: UnsafeRawPointer) -> bench_norm_gradient {
    bench_norm_gradient(z: z, mean: mean, a: a, b: b, c: c)
  }

  /// Takes over the batch's statistics and moves the running ones.
  /// - Parameters:
  ///   - batchMean: [channels].
  ///   - m2: [channels], sums of squared deviations.
  ///   - count: how many values per channel they are of.
  func useBatch(mean batchMean: [Double], m2: [Double], count: Int) {
    let gamma = state.weights[weightOffset]
    let runningMean = state.weights[runningMeanOffset]
    let runningVariance = state.weights[runningVarianceOffset]
    let keep = Self.runningDecay
    for i in 0..<channels {
      let inverse = 1 / (m2[i] / Double(count) + Self.epsilon).squareRoot()
      inverseDeviation[i] = inverse
      mean[i] = Float(batchMean[i])
      scale[i] = Float(Double(gamma[i]) * inverse)
      let unbiased = m2[i] / Double(max(1, count - 1))
      runningMean[i] = keep * runningMean[i] + (1 - keep) * Float(batchMean[i])
      runningVariance[i] = keep * runningVariance[i] + (1 - keep) * Float(unbiased)
    }
  }

  /// Takes over the running statistics, for evaluation.
  func useRunning() {
    let gamma = state.weights[weightOffset]
    let runningMean = state.weights[runningMeanOffset]
    let runningVariance = state.weights[runningVarianceOffset]
    for i in 0..<channels {
      mean[i] = runningMean[i]
      let inverse = 1 / (Double(runningVariance[i]) + Self.epsilon).squareRoot()
      scale[i] = Float(Double(gamma[i]) * inverse)
    }
  }

  /// Turns the sums over the batch into the coefficients of the gradient and the parameters' gradients.
  /// - Parameters:
  ///   - gradientSum: [channels], Σ g.
  ///   - productSum: [channels], Σ g · (x − mean).
  ///   - count: how many values per channel they are of.
  func finishGradient(
    gradientSum: UnsafePointer<Double>, productSum: UnsafePointer<Double>, count: Int
  ) {
    let gamma = state.weights[weightOffset]
    let dWeight = state.gradients[weightOffset]
    let dBias = state.gradients[biasOffset]
    for i in 0..<channels {
      let inverse = inverseDeviation[i]
      let factor = Double(gamma[i]) * inverse
      dWeight[i] = Float(productSum[i] * inverse)
      dBias[i] = Float(gradientSum[i])
      a[i] = Float(factor)
      b[i] = Float(-factor * inverse * inverse * productSum[i] / Double(count))
      c[i] = Float(-factor * gradientSum[i] / Double(count))
    }
  }
}

extension NetworkState {
  /// What batch norms add to the variance.
  package static var normalizationEpsilon: Double { Normalization.epsilon }
}
