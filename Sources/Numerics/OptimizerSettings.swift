// The settings of each optimizer with their defaults: the one place where they stand.

/// Stochastic gradient descent: `v ← momentum · v + (g + weightDecay · w)`, `w ← w − rate · v`.
///
/// The rate stays outside the velocity (PyTorch, torchvision). Weight decay is on all trainable
/// tensors, batch norm included, as in the papers' Torch code.
public struct SGD: Hashable, Sendable {
  public var momentum: Double
  public var weightDecay: Double
  /// Whether the weights move by `g + weightDecay · w + momentum · v` in place of `v`.
  public var nesterov: Bool

  /// Defaults are the papers' (He et al. 2015, section 4.2).
  public init(momentum: Double = 0.9, weightDecay: Double = 1e-4, nesterov: Bool = false) {
    self.momentum = momentum
    self.weightDecay = weightDecay
    self.nesterov = nesterov
  }
}

/// The settings of any one optimizer.
public enum OptimizerSettings: Hashable, Sendable {
  case sgd(SGD)
}
