// A network as a list of operations on values: shapes are known, nothing is allocated.

/// A convolution's numbers. Padding is zero padding on all four sides.
public struct ConvolutionParameters: Hashable, Sendable {
  public var inputChannels: Int
  public var outputChannels: Int
  public var kernelSize: Int
  public var stride: Int
  public var padding: Int
  public var hasBias: Bool

  public init(
    inputChannels: Int, outputChannels: Int, kernelSize: Int, stride: Int = 1, padding: Int = 0,
    hasBias: Bool = false
  ) {
    self.inputChannels = inputChannels
    self.outputChannels = outputChannels
    self.kernelSize = kernelSize
    self.stride = stride
    self.padding = padding
    self.hasBias = hasBias
  }

  /// Output height or width for an input of that many pixels.
  public func outputSize(_ input: Int) -> Int { (input + 2 * padding - kernelSize) / stride + 1 }
}

/// How trainable weights start.
public enum Initialization: Hashable, Sendable {
  /// Normal with variance 2 / fan-in (He et al. 2015b, "Delving Deep into Rectifiers").
  case he
  /// Uniform within ±√(6 / (fan-in + fan-out)) (Glorot & Bengio 2010).
  case xavier
  /// Uniform within ±1/√fan-in: PyTorch's default for linear layers.
  case uniformFanIn
  /// As `he`, with a bias that starts at this value: the 1×1 convolution of a gate.
  case gate(bias: Float)
}

/// One operation of a graph.
public enum Operation: Hashable, Sendable {
  case input
  case convolution(ConvolutionParameters, Initialization)
  /// Normalisation per channel over the batch and all pixels, then a scale, which starts at the
  /// given value, and a shift.
  case batchNorm(scale: Float)
  case relu
  /// The sum of two values of one shape.
  case add
  /// Option A of He et al. 2015: every `stride`-th pixel, channels beyond the input's are zero.
  case zeroPaddingShortcut(stride: Int, outputChannels: Int)
  /// The value times a constant.
  case scale(Float)
  /// The value times the sigmoid σ of a second one, or times 1 − σ (He et al. 2016, section 3.1).
  case gate(isComplement: Bool)
  /// Each number zeroed with probability `rate` in training, times 1 − `rate` in evaluation
  /// (Hinton et al. 2012).
  case dropout(rate: Float)
  case maxPool(kernelSize: Int, stride: Int, padding: Int)
  case globalAveragePool
  /// A fully connected layer with bias.
  case linear(outputs: Int, Initialization)
}

/// A value in its graph: the result of a node.
public typealias ValueID = Identifier<Graph.Node>

/// A feed-forward network: operations in an order in which they can be carried out.
public struct Graph: Sendable {
  public struct Node: Sendable {
    public let operation: Operation
    /// The values it reads, all before it.
    public let inputs: [ValueID]
    /// The shape of one image's result.
    public let shape: ImageShape
    /// The layer's path as in torchvision, such as `layer1.0.conv1`.
    public let name: String
  }

  public private(set) var nodes: IdentifiedArray<Node, Node> = .init()

  /// - Parameter input: the shape of one input image.
  public init(input: ImageShape) {
    nodes.append(Node(operation: .input, inputs: [], shape: input, name: "input"))
  }

  /// The first value, which is the network's input.
  public var input: ValueID { nodes.startIndex }

  public var inputShape: ImageShape { shape(of: input) }

  /// The last value, which is the network's output.
  public var output: ValueID { nodes.index(before: nodes.endIndex) }

  public func shape(of value: ValueID) -> ImageShape { nodes[value].shape }

  private mutating func append(
    _ operation: Operation, _ inputs: [ValueID], _ shape: ImageShape, name: String
  ) -> ValueID {
    precondition(inputs.allSatisfy { $0 < nodes.endIndex }, "a value is used before it is made")
    precondition(shape.count > 0, "\(name) \(operation): the result \(shape) is empty")
    return nodes.append(Node(operation: operation, inputs: inputs, shape: shape, name: name))
  }

  /// Adds a convolution of `x`, [N, H, W, C] → [N, H′, W′, outputChannels].
  public mutating func convolution(
    _ x: ValueID, name: String, outputChannels: Int, kernelSize: Int, stride: Int = 1,
    padding: Int = 0, hasBias: Bool = false, initialization: Initialization = .he
  ) -> ValueID {
    let input = shape(of: x)
    let parameters = ConvolutionParameters(
      inputChannels: input.channels, outputChannels: outputChannels, kernelSize: kernelSize,
      stride: stride, padding: padding, hasBias: hasBias)
    precondition(
      min(input.height, input.width) + 2 * padding >= kernelSize,
      "\(name): a \(kernelSize)x\(kernelSize) kernel does not fit the input \(input)")
    let output = ImageShape(
      height: parameters.outputSize(input.height), width: parameters.outputSize(input.width),
      channels: outputChannels)
    return append(.convolution(parameters, initialization), [x], output, name: name)
  }

  /// Adds a batch norm of `x`; the shape stays.
  /// - Parameter scale: with which its scale starts.
  public mutating func batchNorm(_ x: ValueID, name: String, scale: Float = 1) -> ValueID {
    append(.batchNorm(scale: scale), [x], shape(of: x), name: name)
  }

  /// Adds a rectifier; the shape stays.
  public mutating func relu(_ x: ValueID, name: String = "relu") -> ValueID {
    append(.relu, [x], shape(of: x), name: name)
  }

  /// Adds the sum of two values of one shape.
  public mutating func add(_ x: ValueID, _ y: ValueID, name: String = "add") -> ValueID {
    precondition(
      shape(of: x) == shape(of: y), "sum of \(shape(of: x)) and \(shape(of: y))")
    return append(.add, [x, y], shape(of: x), name: name)
  }

  /// Adds a parameter-free shortcut: every `stride`-th pixel, new channels zero.
  public mutating func zeroPaddingShortcut(
    _ x: ValueID, stride: Int, outputChannels: Int, name: String = "shortcut"
  ) -> ValueID {
    let input = shape(of: x)
    precondition(
      outputChannels >= input.channels,
      "a zero-padding shortcut from \(input.channels) to \(outputChannels) channels")
    let output = ImageShape(
      height: (input.height + stride - 1) / stride, width: (input.width + stride - 1) / stride,
      channels: outputChannels)
    return append(
      .zeroPaddingShortcut(stride: stride, outputChannels: outputChannels), [x], output,
      name: name)
  }

  /// Adds a product of `x` with a constant; the shape stays.
  public mutating func scale(_ x: ValueID, by factor: Float, name: String = "scale") -> ValueID {
    append(.scale(factor), [x], shape(of: x), name: name)
  }

  /// Adds a product of `x` with σ(`logits`), or with 1 − σ(`logits`); both of one shape.
  public mutating func gate(
    _ x: ValueID, logits: ValueID, isComplement: Bool, name: String = "gate"
  ) -> ValueID {
    precondition(
      shape(of: x) == shape(of: logits), "gate of \(shape(of: x)) by \(shape(of: logits))")
    return append(.gate(isComplement: isComplement), [x, logits], shape(of: x), name: name)
  }

  /// Adds a dropout of `x`, which zeroes without making up for it, as the papers' does.
  public mutating func dropout(_ x: ValueID, rate: Float, name: String = "dropout") -> ValueID {
    precondition((0..<1).contains(rate), "a dropout rate of \(rate)")
    return append(.dropout(rate: rate), [x], shape(of: x), name: name)
  }

  /// Adds max pooling; padding pixels never win.
  public mutating func maxPool(
    _ x: ValueID, kernelSize: Int, stride: Int, padding: Int, name: String = "maxpool"
  ) -> ValueID {
    let input = shape(of: x)
    func size(_ n: Int) -> Int { (n + 2 * padding - kernelSize) / stride + 1 }
    precondition(
      min(input.height, input.width) + 2 * padding >= kernelSize && 2 * padding <= kernelSize,
      "a \(kernelSize)x\(kernelSize) pooling window does not fit the input \(input)")
    let output = ImageShape(
      height: size(input.height), width: size(input.width), channels: input.channels)
    return append(
      .maxPool(kernelSize: kernelSize, stride: stride, padding: padding), [x], output, name: name)
  }

  /// Adds the mean over all pixels, [N, H, W, C] → [N, 1, 1, C].
  public mutating func globalAveragePool(_ x: ValueID, name: String = "avgpool") -> ValueID {
    let output = ImageShape(height: 1, width: 1, channels: shape(of: x).channels)
    return append(.globalAveragePool, [x], output, name: name)
  }

  /// Adds a fully connected layer with bias, [N, 1, 1, C] → [N, 1, 1, outputs].
  public mutating func linear(
    _ x: ValueID, name: String, outputs: Int, initialization: Initialization = .uniformFanIn
  ) -> ValueID {
    precondition(shape(of: x).pixels == 1, "\(name): the input \(shape(of: x)) is not pooled")
    let output = ImageShape(height: 1, width: 1, channels: outputs)
    return append(.linear(outputs: outputs, initialization), [x], output, name: name)
  }

  /// The network up to the value of a name, which is then the output.
  /// - Precondition: there is one.
  public func prefix(through name: String) -> Graph {
    guard let last = nodes.firstIndex(where: { $0.name == name }) else {
      preconditionFailure("no value is named \(name)")
    }
    var graph = self
    graph.nodes.removeAll(after: last)
    return graph
  }

  /// The values that read each value, in order.
  public var consumers: IdentifiedArray<Node, [ValueID]> {
    var result = IdentifiedArray<Node, [ValueID]>(repeating: [], like: nodes)
    for (id, node) in nodes.identified {
      for input in node.inputs { result[input].append(id) }
    }
    return result
  }

  /// Multiply-adds of all convolutions and linear layers for one image (the papers' "FLOPs").
  public var macs: Int {
    nodes.reduce(0) { total, node in
      switch node.operation {
      case .convolution(let p, _):
        return total + p.kernelSize * p.kernelSize * p.inputChannels * node.shape.count
      case .linear(let outputs, _):
        return total + outputs * shape(of: node.inputs[0]).channels
      default: return total
      }
    }
  }

  /// How many trainable numbers the network has; running statistics do not count.
  public var parameterCount: Int {
    tensorSpecifications.filter(\.isTrainable).reduce(0) { $0 + $1.count }
  }
}
