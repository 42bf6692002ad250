// What an optimizer is to the engine, and the first one: stochastic gradient descent.
import CKernels
import Numerics

/// A rule by which one step changes the trainable tensors: a value without state of its own.
///
/// What it keeps from step to step is in the `NetworkState`: tensors of the shapes of the trainable
/// ones, all 0 at first, and the number of steps made. A checkpoint has both, so that training goes
/// on bit by bit for any optimizer.
public protocol Optimizer: Sendable {
  /// The names of the tensors kept for each trainable one, such as `velocity`; in a checkpoint that
  /// of `conv1.weight` is `velocity.conv1.weight`.
  var stateNames: [String] { get }

  /// Changes one range of weights, and of what is kept for them, by one step.
  ///
  /// Ranges are updated at once on several threads, each number alone, whatever its tensor.
  /// - Parameter step: how many steps were made before this one.
  func update(_ range: ParameterRange, learningRate: Float, step: Int)
}

/// A stretch of the trainable numbers with what belongs to each of them.
public struct ParameterRange {
  public let count: Int
  public let weights: UnsafeMutablePointer<Float>
  /// The gradient of the loss, weight decay not included.
  public let gradients: UnsafePointer<Float>
  /// What the optimizer keeps, in the order of its `stateNames`.
  public let state: [UnsafeMutablePointer<Float>]
}

extension Optimizer {
  /// How many numbers are in memory for each trainable one: itself, its gradient, what is kept.
  public var numbersPerParameter: Int { 2 + stateNames.count }

  /// How many numbers a step reads and writes for each trainable one: it reads all of them, and
  /// writes all but the gradient.
  public var accessesPerParameter: Int { 2 * numbersPerParameter - 1 }

  /// Changes all trainable tensors by one step.
  func step(_ state: NetworkState, learningRate: Float, pool: WorkerPool) {
    state.prepare(for: self)
    let chunk = 1 << 15
    let count = state.trainableCount
    let (kept, step) = (state.optimizerState, state.optimizerSteps)
    pool.run(tasks: (count + chunk - 1) / chunk) { task, _ in
      let start = task * chunk
      let range = ParameterRange(
        count: min(chunk, count - start), weights: state.weights[start],
        gradients: UnsafePointer(state.gradients[start]), state: kept.map { $0[start] })
      update(range, learningRate: learningRate, step: step)
    }
    state.optimizerSteps += 1
  }
}

extension OptimizerSettings {
  /// The engine's optimizer of these settings.
  public var optimizer: any Optimizer {
    switch self {
    case .sgd(let sgd): sgd
    }
  }
}

extension SGD: Optimizer {
  public var stateNames: [String] { ["velocity"] }

  public func update(_ range: ParameterRange, learningRate: Float, step: Int) {
    sweeps.sgd(
      range.weights, range.state[0], range.gradients, range.count, learningRate, Float(momentum),
      Float(weightDecay), nesterov ? 1 : 0)
  }
}
