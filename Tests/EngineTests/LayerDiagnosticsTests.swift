// What is found out about layers, against the plain loops.
import Testing

@testable import Engine
@testable import Numerics

@Suite struct LayerDiagnosticsTests {
  private func deviation(_ values: [Double]) -> Double {
    let mean = values.reduce(0, +) / Double(values.count)
    return (values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(values.count)).squareRoot()
  }

  private func norm(_ values: [Double]) -> Double {
    values.reduce(0) { $0 + $1 * $1 }.squareRoot()
  }

  /// Every number of every layer is the definition's, and training keeps its bits.
  @Test(arguments: JoinKind.allCases)
  func numbersAreTheDefinitions(kind: JoinKind) throws {
    let input = ImageShape(height: 9, width: 8, channels: 3)
    let graph = makeGraph(kind, input: input, channels: 8, classes: 5, withPooling: true)
    let count = 4
    let pool = WorkerPool(threads: 2)
    let watched = NetworkExecutor(graph, batch: count, pool: pool)
    let unwatched = NetworkExecutor(graph, batch: count, pool: pool)
    let labels = randomLabels(count, classes: 5, seed: 6)
    let x = randomNumbers(count * input.count, seed: 7)
    for executor in [watched, unwatched] {
      executor.state.initialize(seed: 4)
      executor.dropoutKey = 5
      // Shifts that let some channels die.
      for tensor in graph.tensorSpecifications where tensor.role == .batchNormShift {
        let shifts = (0..<tensor.count).map { Float($0 % 3 == 0 ? -20 : 0.1) }
        executor.state.setValues(shifts, of: tensor.name)
      }
      for (i, value) in x.enumerated() { executor.input[i] = value }
    }
    var reference = ReferenceNetwork(graph, state: watched.state)
    reference.dropoutKey = 5
    reference.forward(x.map(Double.init), count: count, mode: .training)
    reference.backward(reference.crossEntropy(labels: labels).gradient)

    let (result, layers) = watched.diagnosedTrainStep(
      labels: labels, count: count, optimizer: SGD(), learningRate: 0.1)
    #expect(
      result
        == unwatched.trainStep(labels: labels, count: count, optimizer: SGD(), learningRate: 0.1))
    let bits = { (e: NetworkExecutor) in
      graph.tensorSpecifications.flatMap { e.state.values(of: $0.name) ?? [] }.map(\.bitPattern)
    }
    #expect(bits(watched) == bits(unwatched))

    var hasDead = false
    var isWeighted: [String] = []
    for (id, node) in graph.nodes.identified {
      switch node.operation {
      case .convolution, .linear: break
      default: continue
      }
      isWeighted.append(node.name)
      let layer = try #require(layers.first { $0.layer == node.name })
      let readers = graph.consumers[id]
      let norms = readers.filter {
        if case .batchNorm = graph.nodes[$0].operation { true } else { false }
      }
      let response = reference.values[norms.first ?? id].values
      let expected = deviation(response)
      #expect(
        abs(layer.responseDeviation - expected) < 1e-4 * expected,
        "\(kind) \(node.name): \(layer.responseDeviation), \(expected)")
      let name = "\(node.name).weight"
      let gradient = norm(try #require(reference.gradients[name]))
      #expect(abs(layer.gradientNorm - gradient) < 1e-3 * gradient + 1e-9, "\(kind) \(node.name)")
      let before = try #require(reference.parameters[name])
      let after = try #require(watched.state.values(of: name)).map(Double.init)
      let change = norm(zip(after, before).map { $0 - $1 }) / norm(before)
      #expect(abs(layer.updateRatio - change) < 1e-5 * change + 1e-12, "\(kind) \(node.name)")
      // The rectifier that reads the layer, or its batch norm.
      let sources = [id] + norms
      let rectifiers = sources.flatMap { graph.consumers[$0] }.filter {
        graph.nodes[$0].operation == .relu
      }
      guard let relu = rectifiers.first else { continue }
      let channels = node.shape.channels
      let values = reference.values[relu].values
      let dead = (0..<channels).count { c in
        stride(from: c, to: values.count, by: channels).allSatisfy { values[$0] == 0 }
      }
      hasDead = hasDead || dead > 0
      #expect(layer.deadShare == Double(dead) / Double(channels), "\(kind) \(node.name)")
    }
    #expect(layers.map(\.layer) == isWeighted)
    #expect(hasDead || kind == .noNorm)
  }
}
