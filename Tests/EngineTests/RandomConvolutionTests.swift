// Convolutions of random shapes as the executor carries them out, against the plain loops.
import Testing

@testable import Engine
@testable import Numerics

@Suite struct RandomConvolutionTests {
  /// One convolution between a stem and a head, and the images for it.
  private struct Setting {
    let parameters: ConvolutionParameters
    let input: ImageShape
    let images: Int
    /// Whether the convolution reads the images themselves; then nobody needs its data gradient.
    let isFirst: Bool
    let hasNorm: Bool

    init(_ trial: inout Trial) {
      let isWide = trial.size(0...11) == 0
      let kernel = trial.pick(isWide ? [1, 3, 3] : [1, 1, 2, 3, 3, 3, 3, 5, 7])
      func channels(_ trial: inout Trial) -> Int {
        isWide ? trial.pick([128, 144, 160, 192, 256]) : trial.channels()
      }
      isFirst = trial.size(0...4) == 0
      let inputs = isFirst ? trial.pick([1, 2, 3, 3, 4]) : channels(&trial)
      let outputs = channels(&trial)
      let stride = trial.pick([1, 1, 1, 2, 2, 3])
      let padding = trial.pick([kernel / 2, kernel / 2, kernel / 2, 0, (kernel + 1) / 2])
      parameters = ConvolutionParameters(
        inputChannels: inputs, outputChannels: outputs, kernelSize: kernel, stride: stride,
        padding: padding, hasBias: trial.flag())
      images = trial.pick([1, 2, 2, 3, 5])
      // The plain loops are slow: about half a million multiply-adds at most.
      let area = 500_000 * stride * stride / (kernel * kernel * inputs * outputs * images)
      let least = max(1, kernel - 2 * padding)
      let most = max(least + 2, min(17, Int(Double(area).squareRoot())))
      input = ImageShape(
        height: trial.size(least...most), width: trial.size(least...most),
        channels: isFirst ? inputs : 6)
      // Statistics of a few values make rounding errors large.
      hasNorm = trial.flag() && images * input.pixels >= 20
    }

    var what: String {
      let p = parameters
      return
        "\(p.kernelSize)x\(p.kernelSize)/\(p.stride)+\(p.padding), "
        + "\(p.inputChannels) to \(p.outputChannels), \(images) of \(input)"
    }

    /// The convolution alone, and followed by a rectifier and a head.
    var graphs: (bare: Graph, whole: Graph) {
      var graph = Graph(input: input)
      var x = graph.input
      if !isFirst {
        x = graph.convolution(
          graph.input, name: "stem", outputChannels: parameters.inputChannels, kernelSize: 1)
        if hasNorm { x = graph.batchNorm(x, name: "norm") }
      }
      x = graph.convolution(
        x, name: "c", outputChannels: parameters.outputChannels, kernelSize: parameters.kernelSize,
        stride: parameters.stride, padding: parameters.padding, hasBias: parameters.hasBias)
      let bare = graph
      x = graph.globalAveragePool(graph.relu(x))
      _ = graph.linear(x, name: "fc", outputs: 4)
      return (bare, graph)
    }
  }

  /// Forward pass, and the gradients of the convolution and of what stands before it.
  @Test(arguments: 0..<8)
  func agreesWithPlainLoops(part: Int) throws {
    let pool = WorkerPool(threads: 2)
    for i in 0..<40 {
      var trial = Trial(part * 40 + i, of: 51)
      let setting = Setting(&trial)
      let (bare, whole) = setting.graphs
      let executor = NetworkExecutor(whole, batch: setting.images, pool: pool)
      executor.state.initialize(seed: UInt64(i))
      if setting.parameters.hasBias {
        executor.state.setValues(trial.numbers(setting.parameters.outputChannels), of: "c.bias")
      }
      let labels = randomLabels(setting.images, classes: 4, seed: UInt64(i))
      var reference = ReferenceNetwork(whole, state: executor.state)
      var x: [Float] = []
      // Rounding must not carry a value across the rectifier's corner, where its slope jumps.
      repeat {
        x = trial.numbers(setting.images * setting.input.count)
        reference = ReferenceNetwork(whole, state: executor.state)
        reference.forward(x.map(Double.init), count: setting.images, mode: .training)
      } while reference.values[bare.output].values.contains { $0 != 0 && abs($0) < 1e-5 }
      let loss = reference.crossEntropy(labels: labels)
      reference.backward(loss.gradient)

      let forward = NetworkExecutor(bare, batch: setting.images, pool: pool)
      for tensor in bare.tensorSpecifications {
        let values = try #require(executor.state.values(of: tensor.name))
        forward.state.setValues(values, of: tensor.name)
      }
      for (at, value) in x.enumerated() {
        forward.input[at] = value
        executor.input[at] = value
      }
      let y = forward.predict(count: setting.images, mode: .training)
      let error = relativeError(y.map(Double.init), reference.values[bare.output].values)
      #expect(error < 1e-5, "\(setting.what): forward")

      let result = executor.computeGradients(labels: labels, count: setting.images)
      #expect(abs(result.loss - loss.loss) < 1e-5 * loss.loss, "\(setting.what)")
      let scale = try #require(reference.gradients["c.weight"]).reduce(0) { $0 + $1 * $1 }
        .squareRoot()
      for tensor in whole.tensorSpecifications where tensor.isTrainable {
        let expected = try #require(reference.gradients[tensor.name])
        let actual = try #require(executor.state.values(of: tensor.name, .gradient))
        // In front of a batch norm little gradient may be left.
        let size = expected.reduce(0) { $0 + $1 * $1 }.squareRoot()
        guard size > 1e-4 * scale else { continue }
        let error = relativeError(actual.map(Double.init), expected)
        #expect(error < 3e-5, "\(setting.what): \(tensor.name)")
      }
    }
  }
}
