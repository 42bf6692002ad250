// Stochastic gradient descent with momentum, as PyTorch defines it.
import CKernels

/// The settings of SGD: `v ← momentum · v + (g + decay · w)`, `w ← w − rate · v`.
///
/// The rate stays outside the velocity (PyTorch, torchvision). Weight decay is on all trainable
/// tensors, batch norm included, as in the papers' Torch code.
public struct SGD: Hashable, Codable, Sendable {
  public var momentum: Float
  public var weightDecay: Float
  public var nesterov: Bool

  /// Defaults are the papers' (He et al. 2015, section 4.2).
  public init(momentum: Float = 0.9, weightDecay: Float = 1e-4, nesterov: Bool = false) {
    self.momentum = momentum
    self.weightDecay = weightDecay
    self.nesterov = nesterov
  }

  /// Changes all trainable tensors by one step.
  func step(_ state: NetworkState, learningRate: Float, pool: WorkerPool) {
    let chunk = 1 << 15
    let count = state.trainableCount
    pool.run(tasks: (count + chunk - 1) / chunk) { task, _ in
      let start = task * chunk
      sweeps.sgd(
        state.weights[start], state.velocities[start], state.gradients[start],
        min(chunk, count - start), learningRate, momentum, weightDecay, nesterov ? 1 : 0)
    }
  }
}
