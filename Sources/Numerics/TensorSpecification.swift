// The named tensors of a network: what they are called, how they are shaped, how they start.

/// One named tensor of a network's state, described as files and other frameworks see it.
public struct TensorSpecification: Hashable, Sendable {
  public enum Role: Hashable, Sendable {
    /// [outputs, inputs, height, width] in files; [height, width, inputs, outputs] in memory.
    case convolutionWeight(ConvolutionParameters, Initialization)
    /// [outputs, inputs] in files; [inputs, outputs] in memory.
    case linearWeight(inputs: Int, outputs: Int, Initialization)
    case bias
    case batchNormScale
    case batchNormShift
    case runningMean
    case runningVariance
  }

  /// torchvision's name, such as `layer1.0.bn1.running_mean`.
  public let name: String
  public let role: Role
  /// The shape in files.
  public let shape: [Int]
  /// The node that owns it.
  public let node: ValueID
  /// What every number of a tensor that is not drawn at random starts with.
  public let start: Float

  public var count: Int { shape.reduce(1, *) }

  /// Whether the optimizer changes it; running statistics are not trained.
  public var isTrainable: Bool { role != .runningMean && role != .runningVariance }
}

extension Graph {
  /// Every tensor of the network's state, in the order of the layers.
  public var tensorSpecifications: [TensorSpecification] {
    nodes.identified.flatMap { id, node -> [TensorSpecification] in
      func tensor(
        _ suffix: String, _ role: TensorSpecification.Role, _ shape: [Int], start: Float = 0
      ) -> TensorSpecification {
        TensorSpecification(
          name: "\(node.name).\(suffix)", role: role, shape: shape, node: id, start: start)
      }
      switch node.operation {
      case .convolution(let p, let initialization):
        let shape = [p.outputChannels, p.inputChannels, p.kernelSize, p.kernelSize]
        let weight = tensor("weight", .convolutionWeight(p, initialization), shape)
        guard p.hasBias else { return [weight] }
        var start: Float = 0
        if case .gate(let bias) = initialization { start = bias }
        return [weight, tensor("bias", .bias, [p.outputChannels], start: start)]
      case .linear(let outputs, let initialization):
        let inputs = self.shape(of: node.inputs[0]).channels
        let role = TensorSpecification.Role.linearWeight(
          inputs: inputs, outputs: outputs, initialization)
        return [tensor("weight", role, [outputs, inputs]), tensor("bias", .bias, [outputs])]
      case .batchNorm(let scale):
        let channels = [node.shape.channels]
        return [
          tensor("weight", .batchNormScale, channels, start: scale),
          tensor("bias", .batchNormShift, channels), tensor("running_mean", .runningMean, channels),
          tensor("running_var", .runningVariance, channels, start: 1),
        ]
      case .input, .relu, .add, .zeroPaddingShortcut, .scale, .gate, .dropout, .maxPool,
        .globalAveragePool:
        return []
      }
    }
  }
}
