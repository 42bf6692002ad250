// The optimizers that a protocol can name: each one's keys, ranges and words. A new one goes here.
import Numerics

extension OptimizerSettings {
  /// In the order of the schema.
  static let kinds: [any DescribedOptimizer.Type] = [SGD.self]

  /// The one that is meant where a protocol does not say; canonical JSON leaves its kind out.
  static let standardKind: any DescribedOptimizer.Type = SGD.self

  /// The settings inside.
  var described: any DescribedOptimizer {
    switch self {
    case .sgd(let sgd): sgd
    }
  }
}

extension SGD: DescribedOptimizer {
  static let kind = "sgd"
  static let title = "SGD"
  static let summary =
    "Stochastic gradient descent with momentum; the rate stands outside the velocity."
  static let standard = SGD()

  static let fields = [
    OptimizerField<SGD>(
      "momentum", .number(\.momentum, 0...0.9999), source: "He et al. 2015, 4.2", term: "momentum"),
    OptimizerField<SGD>(
      "weightDecay", .number(\.weightDecay, 0...1), meaning: "L2 penalty on all parameters",
      source: "He et al. 2015, 4.2", term: "weight decay"),
    OptimizerField<SGD>(
      "nesterov", .flag(\.nesterov), meaning: "Nesterov's momentum", term: "Nesterov"),
  ]

  var settings: OptimizerSettings { .sgd(self) }

  var contradiction: (key: String, message: String)? {
    nesterov && momentum == 0
      ? ("nesterov", "contradicts momentum 0; Nesterov's step needs a momentum") : nil
  }
}
