// Every operation's and every block's gradient by central differences, in Double through the plain
// loops. The objective is the dot product of the output with a fixed random tensor.
import Testing

@testable import Engine
@testable import Networks
@testable import Numerics

@Suite struct GradientCheckTests {
  private static let step = 1e-6

  /// Gradients with respect to the input and all parameters; those of single numbers and of a
  /// random direction through all numbers at once.
  private func check(
    _ graph: Graph, _ what: String, images: Int = 3, seed: Int = 0,
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    var random = CounterRandom(seed: 77, purpose: .statistics, index: seed)
    func normals(_ count: Int) -> [Double] { (0..<count).map { _ in Double(random.normal()) } }
    var network = ReferenceNetwork(graph, state: NetworkState(graph))
    let direction = normals(graph.shape(of: graph.output).count * images)
    var start: [String: [Double]] = [:]
    // A step must not carry a value across a corner, where the slope jumps.
    repeat {
      for tensor in graph.tensorSpecifications {
        let isScale = tensor.role == .batchNormScale || tensor.role == .runningVariance
        start[tensor.name] = normals(tensor.count).map { isScale ? 1.5 + 0.2 * $0 : 0.4 * $0 }
      }
      start["input"] = normals(graph.inputShape.count * images)
      _ = objective(start, &network, images, direction)
    } while leastDistanceToCorner(network) < 1e-4

    network.backward(direction)
    var gradients = network.gradients
    gradients["input"] = network.valueGradients[network.graph.input].values
    let trainable = graph.tensorSpecifications.filter(\.isTrainable).map(\.name)
    #expect(Set(gradients.keys) == Set(trainable + ["input"]), sourceLocation: sourceLocation)
    func expectSlope(_ moved: (Double) -> [String: [Double]], is expected: Double, _ place: String)
    {
      let up = objective(moved(Self.step), &network, images, direction)
      let down = objective(moved(-Self.step), &network, images, direction)
      let slope = (up - down) / (2 * Self.step)
      #expect(
        abs(slope - expected) < 1e-6 * (1 + abs(expected)),
        "\(what) \(place): \(expected), by differences \(slope)", sourceLocation: sourceLocation)
    }
    for (name, gradient) in gradients.sorted(by: { $0.key < $1.key }) {
      for at in stride(from: 0, to: gradient.count, by: max(1, gradient.count / 8)) {
        expectSlope(
          { h in
            var moved = start
            moved[name]?[at] += h
            return moved
          }, is: gradient[at], "\(name)[\(at)]")
      }
      let way = normals(gradient.count)
      expectSlope(
        { h in
          var moved = start
          for i in way.indices { moved[name]?[i] += h * way[i] }
          return moved
        }, is: zip(gradient, way).reduce(0) { $0 + $1.0 * $1.1 }, "\(name) as a whole")
    }
  }

  private func objective(
    _ numbers: [String: [Double]], _ network: inout ReferenceNetwork, _ images: Int,
    _ direction: [Double]
  ) -> Double {
    network.parameters = numbers
    network.forward(numbers["input"] ?? [], count: images, mode: .training)
    return zip(network.values[network.graph.output].values, direction).reduce(0) {
      $0 + $1.0 * $1.1
    }
  }

  /// How near a rectifier's input comes to 0, or a pooling window's best two to each other.
  private func leastDistanceToCorner(_ network: ReferenceNetwork) -> Double {
    var least = Double.infinity
    for node in network.graph.nodes {
      let x = node.inputs.first.map { network.values[$0] }
      switch node.operation {
      case .relu: least = min(least, x?.values.map(abs).min() ?? least)
      case .maxPool:
        // Any two values of one channel of one image, which is more than needed.
        guard let x else { continue }
        let size = x.shape.count
        for start in 0..<x.count * x.shape.channels {
          let (image, c) = (start / x.shape.channels, start % x.shape.channels)
          let values = stride(from: image * size + c, to: (image + 1) * size, by: x.shape.channels)
            .map { x.values[$0] }.sorted()
          for (a, b) in zip(values, values.dropFirst()) { least = min(least, b - a) }
        }
      default: continue
      }
    }
    return least
  }

  // MARK: Operations

  @Test(arguments: [
    (1, 1, 0), (1, 2, 0), (2, 1, 1), (3, 1, 1), (3, 2, 1), (3, 1, 0), (3, 3, 2), (5, 2, 2),
    (7, 2, 3), (7, 1, 3),
  ])
  func convolution(kernel: Int, stride: Int, padding: Int) throws {
    var graph = Graph(input: ImageShape(height: 7, width: 8, channels: 2))
    _ = graph.convolution(
      graph.input, name: "c", outputChannels: 3, kernelSize: kernel, stride: stride,
      padding: padding,
      hasBias: true)
    try check(graph, "convolution \(kernel)/\(stride)+\(padding)")
  }

  @Test(arguments: [(1, 1), (3, 4), (5, 2)])
  func batchNorm(height: Int, width: Int) throws {
    var graph = Graph(input: ImageShape(height: height, width: width, channels: 4))
    _ = graph.batchNorm(graph.input, name: "n")
    try check(graph, "batch norm \(height)x\(width)", images: 5)
  }

  @Test func relu() throws {
    var graph = Graph(input: ImageShape(height: 4, width: 5, channels: 3))
    _ = graph.relu(graph.input)
    try check(graph, "relu")
  }

  /// A sum of two ways from one value, and of a value with itself.
  @Test func sum() throws {
    var graph = Graph(input: ImageShape(height: 4, width: 5, channels: 3))
    let x = graph.convolution(graph.input, name: "c", outputChannels: 3, kernelSize: 3, padding: 1)
    let y = graph.add(x, graph.input)
    _ = graph.add(y, y)
    try check(graph, "sum")
  }

  @Test(arguments: [(1, 5), (2, 3), (2, 7), (3, 4)])
  func zeroPadding(stride: Int, channels: Int) throws {
    var graph = Graph(input: ImageShape(height: 5, width: 6, channels: 3))
    _ = graph.zeroPaddingShortcut(graph.input, stride: stride, outputChannels: channels)
    try check(graph, "zero padding /\(stride) to \(channels)")
  }

  @Test(arguments: [(2, 2, 0), (3, 2, 1), (3, 1, 1), (2, 3, 1), (4, 1, 2)])
  func maxPool(kernel: Int, stride: Int, padding: Int) throws {
    var graph = Graph(input: ImageShape(height: 6, width: 7, channels: 2))
    _ = graph.maxPool(graph.input, kernelSize: kernel, stride: stride, padding: padding)
    try check(graph, "max pool \(kernel)/\(stride)+\(padding)")
  }

  @Test func averagePoolAndLinear() throws {
    var pool = Graph(input: ImageShape(height: 3, width: 5, channels: 4))
    _ = pool.globalAveragePool(pool.input)
    try check(pool, "average pool")
    var linear = Graph(input: ImageShape(height: 1, width: 1, channels: 6))
    _ = linear.linear(linear.input, name: "fc", outputs: 5)
    try check(linear, "linear")
  }

  /// The loss's gradient with respect to the logits.
  @Test func crossEntropy() throws {
    var graph = Graph(input: ImageShape(height: 1, width: 1, channels: 6))
    _ = graph.relu(graph.input)
    var network = ReferenceNetwork(graph, state: NetworkState(graph))
    var random = CounterRandom(seed: 5, purpose: .statistics)
    let logits = (0..<24).map { _ in 1 + 0.5 * abs(Double(random.normal())) }
    let labels: [Int32] = [2, 0, 5, 2]
    func loss(_ logits: [Double]) -> (loss: Double, gradient: [Double]) {
      network.forward(logits, count: 4, mode: .training)
      return network.crossEntropy(labels: labels)
    }
    let gradient = loss(logits).gradient
    for i in logits.indices {
      var (up, down) = (logits, logits)
      up[i] += Self.step
      down[i] -= Self.step
      let slope = (loss(up).loss - loss(down).loss) / (2 * Self.step)
      #expect(abs(slope - gradient[i]) < 1e-8, "logit \(i)")
    }
  }

  // MARK: Blocks

  /// A kind of block, from the family's options.
  struct Kind: Sendable, CustomTestStringConvertible {
    let block: Architecture.Block
    let order: Architecture.ActivationOrder
    /// Nil for a plain block.
    let shortcut: Architecture.Shortcut?
    let strideLocation: Architecture.StrideLocation

    var testDescription: String {
      "\(block) \(order) \(shortcut?.rawValue ?? "plain") \(strideLocation.rawValue)"
    }

    static let all: [Kind] = Architecture.Block.allCases.flatMap { block in
      Architecture.ActivationOrder.allCases.flatMap { order in
        ((order.appliesToPlain ? [nil] : []) + Architecture.Shortcut.allCases).flatMap { shortcut in
          (block == .basic ? [.middle3x3] : Architecture.StrideLocation.allCases).map {
            Kind(block: block, order: order, shortcut: shortcut, strideLocation: $0)
          }
        }
      }
    }
  }

  /// A block that changes size and channels, and one that keeps them, on odd images.
  @Test(arguments: Kind.all)
  func block(_ kind: Kind) throws {
    let architecture = try Architecture(
      Architecture.Choices(
        network: kind.shortcut == nil ? .plain : .residual, depth: kind.block == .basic ? 8 : 11,
        block: kind.block, activationOrder: kind.order, shortcut: kind.shortcut,
        strideLocation: kind.strideLocation, family: .cifar))
    for (channels, stride) in [(2, 2), (kind.block.expansion * 2, 1)] {
      var graph = Graph(input: ImageShape(height: 5, width: 4, channels: channels))
      _ = architecture.addBlock(to: &graph, graph.input, name: "b", width: 2, stride: stride)
      try check(graph, "\(kind.testDescription), stride \(stride)")
    }
  }

  /// The textbook's block with its biases, and whole nets with stem and head.
  @Test func textbookBlock() throws {
    let shape = ImageShape(height: 5, width: 5, channels: 2)
    for (channels, stride) in [(2, 1), (3, 2)] {
      try check(
        try Architecture.textbookBlock(input: shape, outputChannels: channels, stride: stride),
        "textbook block, stride \(stride)")
    }
  }

  @Test(arguments: ["resnet-8-width=0.125", "resnet-8-preact-shortcut=B-width=0.125"])
  func wholeNet(name: String) throws {
    let graph = try Architecture(name: name).graph(
      input: ImageShape(height: 7, width: 6, channels: 2), classes: 3)
    try check(graph, name)
  }
}
