// Convolutions with many weights, which take several images at once, against the plain loops.
import Testing

@testable import Engine
@testable import Numerics

@Suite struct StagedConvolutionTests {
  struct Case: CustomTestStringConvertible, Sendable {
    let inputs: Int
    let outputs: Int
    let kernel: Int
    let stride: Int
    let height: Int
    let width: Int
    let batch: Int
    var testDescription: String {
      "\(kernel)x\(kernel)/\(stride) \(inputs)->\(outputs) at \(height)x\(width), \(batch) images"
    }
  }

  static let cases = [
    Case(inputs: 144, outputs: 128, kernel: 3, stride: 1, height: 9, width: 7, batch: 32),
    Case(inputs: 192, outputs: 96, kernel: 3, stride: 1, height: 4, width: 6, batch: 3),
    Case(inputs: 160, outputs: 144, kernel: 3, stride: 1, height: 3, width: 3, batch: 5),
    Case(inputs: 128, outputs: 192, kernel: 3, stride: 2, height: 7, width: 10, batch: 6),
    Case(inputs: 384, outputs: 512, kernel: 1, stride: 1, height: 6, width: 5, batch: 17),
    Case(inputs: 512, outputs: 384, kernel: 1, stride: 2, height: 7, width: 5, batch: 9),
    Case(inputs: 48, outputs: 144, kernel: 5, stride: 2, height: 9, width: 9, batch: 2),
  ]

  /// A stem, one wide convolution in a residual block, pooling: everything as the reference has it.
  @Test(arguments: cases)
  func agreesWithReference(_ c: Case) throws {
    var graph = Graph(input: ImageShape(height: c.height, width: c.width, channels: 2))
    let stem = graph.convolution(graph.input, name: "stem", outputChannels: c.inputs, kernelSize: 1)
    let x = graph.relu(graph.batchNorm(stem, name: "bn0"))
    let y = graph.convolution(
      x, name: "wide", outputChannels: c.outputs, kernelSize: c.kernel, stride: c.stride,
      padding: c.kernel / 2, hasBias: true)
    var z = graph.batchNorm(y, name: "bn1")
    if c.inputs <= c.outputs {
      z = graph.add(
        z, graph.zeroPaddingShortcut(x, stride: c.stride, outputChannels: c.outputs))
    }
    let pooled = graph.globalAveragePool(graph.relu(z))
    _ = graph.linear(pooled, name: "fc", outputs: 5)
    let kernel = ConvolutionKernel(
      ConvolutionParameters(
        inputChannels: c.inputs, outputChannels: c.outputs, kernelSize: c.kernel, stride: c.stride,
        padding: c.kernel / 2),
      input: ImageShape(height: c.height, width: c.width, channels: c.inputs))
    let isStaged = kernel.staged != nil
    #expect(isStaged)

    let input = graph.shape(of: graph.input)
    let data = randomNumbers(c.batch * input.count, seed: 31)
    let labels = randomLabels(c.batch, classes: 5, seed: 32)
    var results: [[Float]] = []
    for threads in [1, 3] {
      let executor = NetworkExecutor(graph, batch: c.batch, pool: WorkerPool(threads: threads))
      executor.state.initialize(seed: 4)
      for (i, value) in data.enumerated() { executor.input[i] = value }
      _ = executor.computeGradients(labels: labels, count: c.batch)
      let gradients = graph.tensorSpecifications.filter(\.isTrainable).flatMap {
        executor.state.values(of: $0.name, .gradient) ?? []
      }
      results.append(gradients)
      guard threads == 1 else { continue }
      var reference = ReferenceNetwork(graph, state: executor.state)
      reference.forward(data.map(Double.init), count: c.batch, mode: .training)
      reference.backward(reference.crossEntropy(labels: labels).gradient)
      for tensor in graph.tensorSpecifications where tensor.isTrainable {
        let expected = try #require(reference.gradients[tensor.name])
        let actual = try #require(executor.state.values(of: tensor.name, .gradient))
        let scale = expected.reduce(0) { $0 + $1 * $1 }.squareRoot()
        guard scale > 1e-6 else { continue }
        let error = relativeError(actual.map(Double.init), expected)
        #expect(error < 1e-4, "\(tensor.name): \(error)")
      }
      let logits = executor.predict(count: c.batch, mode: .training)
      let error = relativeError(
        logits.map(Double.init), reference.values[graph.output].values)
      #expect(error < 1e-5, "logits: \(error)")
    }
    let bits = results.map { $0.map(\.bitPattern) }
    #expect(bits[0] == bits[1])
  }
}
