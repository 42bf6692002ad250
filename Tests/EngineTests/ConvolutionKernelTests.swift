// Fast convolutions against the plain loops over random shapes.
import Testing

@testable import Engine
@testable import Numerics

@Suite struct ConvolutionKernelTests {
  /// Every algorithm that takes convolutions of a shape image by image, whether or not the rules
  /// give it that shape.
  private func algorithms(for geometry: ConvolutionGeometry) -> [any ConvolutionAlgorithm] {
    let hasVectors = [geometry.input, geometry.output].allSatisfy { $0.channels % 16 == 0 }
    guard geometry.keepsSize && hasVectors else { return [PanelConvolution(geometry)] }
    return [PanelConvolution(geometry), WinogradConvolution(geometry)]
  }

  /// Convolutions on random shapes: forward, data gradient and weight gradient of two images.
  @Test func randomShapesAgree() throws {
    var random = CounterRandom(seed: 42, purpose: .statistics)
    func pick(_ values: [Int]) -> Int { values[random.integer(below: values.count)] }
    for trial in 0..<150 {
      let p = ConvolutionParameters(
        inputChannels: pick([1, 2, 3, 5, 8, 16, 17, 32, 48, 64]),
        outputChannels: pick([1, 3, 4, 7, 16, 24, 32, 64]),
        kernelSize: pick([1, 1, 2, 3, 3, 5, 7]),
        stride: pick([1, 1, 2, 2, 3]), padding: pick([0, 0, 1, 1, 2, 3]))
      let input = ImageShape(
        height: p.kernelSize + random.integer(below: 14),
        width: p.kernelSize + random.integer(below: 14), channels: p.inputChannels)
      guard p.padding <= p.kernelSize else { continue }
      try check(p, input, seed: UInt64(trial))
    }
  }

  /// The shapes that the networks have.
  @Test(arguments: [
    (16, 32, 3, 1), (32, 16, 3, 2), (64, 8, 3, 1), (64, 8, 1, 2), (32, 7, 3, 2), (32, 17, 3, 1),
    (64, 7, 3, 1), (128, 30, 3, 1), (32, 2, 3, 1), (48, 3, 3, 1), (64, 2, 3, 1), (16, 1, 3, 1),
  ])
  func networkShapesAgree(channels: Int, size: Int, kernel: Int, stride: Int) throws {
    let p = ConvolutionParameters(
      inputChannels: channels, outputChannels: channels, kernelSize: kernel, stride: stride,
      padding: kernel / 2)
    try check(p, ImageShape(height: size, width: size, channels: channels), seed: 1)
  }

  /// One convolution, two images, an output gradient, and what the plain loops make of them.
  private struct Truth {
    let geometry: ConvolutionGeometry
    let state: NetworkState
    let count = 2
    /// [count, H, W, C].
    let x: [Float]
    let dy: [Float]
    let y: [Double]
    let dx: [Double]
    /// In the layout of files.
    let dWeight: [Double]

    init(_ p: ConvolutionParameters, _ input: ImageShape, seed: UInt64) throws {
      geometry = ConvolutionGeometry(p, input: input)
      var graph = Graph(input: input)
      _ = graph.convolution(
        graph.input, name: "c", outputChannels: p.outputChannels, kernelSize: p.kernelSize,
        stride: p.stride, padding: p.padding)
      state = NetworkState(graph)
      state.initialize(seed: seed)
      x = randomNumbers(count * input.count, seed: seed + 1)
      dy = randomNumbers(count * geometry.output.count, seed: seed + 2)
      var reference = ReferenceNetwork(graph, state: state)
      reference.forward(x.map(Double.init), count: count, mode: .training)
      reference.backward(dy.map(Double.init))
      y = reference.values[graph.output].values
      dx = reference.valueGradients[graph.input].values
      dWeight = try #require(reference.gradients["c.weight"])
    }
  }

  private func check(_ p: ConvolutionParameters, _ input: ImageShape, seed: UInt64) throws {
    let truth = try Truth(p, input, seed: seed)
    for algorithm in algorithms(for: truth.geometry) { try check(algorithm, truth) }
  }

  private func check(_ kernel: any ConvolutionAlgorithm, _ truth: Truth) throws {
    let (state, x, dy, count) = (truth.state, truth.x, truth.dy, truth.count)
    let (p, input) = (truth.geometry.parameters, truth.geometry.input)
    let output = truth.geometry.output
    let what = "\(type(of: kernel)) \(p) \(input)"
    let weight = FloatBuffer(
      count: p.kernelSize * p.kernelSize * p.inputChannels * p.outputChannels)
    weight.pointer.update(from: state.weights.pointer, count: weight.count)
    let forwardWeight = FloatBuffer(count: kernel.preparedCount)
    kernel.prepareForward(weight.pointer, into: forwardWeight.pointer)
    let gradientWeight = FloatBuffer(count: kernel.preparedCount)
    let scratch = FloatBuffer(count: weight.count)
    kernel.prepareDataGradient(
      weight.pointer, into: gradientWeight.pointer, scratch: scratch.pointer)
    let workspace = FloatBuffer(count: kernel.workspaceCount)
    let y = FloatBuffer(count: count * output.count)
    let dx = FloatBuffer(count: count * input.count)
    let dWeightSum = FloatBuffer(count: kernel.weightGradientCount)
    for image in 0..<count {
      let padded = pad(x, image, input, kernel.paddedInput)
      let gradient = pad(dy, image, output, kernel.paddedGradient)
      kernel.forward(
        padded.pointer, (kernel.preparesForward ? forwardWeight : weight).pointer,
        into: y[image * output.count], workspace: workspace.pointer)
      kernel.dataGradient(
        gradient.pointer, gradientWeight.pointer, into: dx[image * input.count],
        workspace: workspace.pointer)
      kernel.weightGradient(
        padded.pointer, gradient.pointer, accumulate: image > 0, into: dWeightSum.pointer,
        workspace: workspace.pointer)
    }
    let dWeight = kernel.transformsWeightGradient ? FloatBuffer(count: weight.count) : dWeightSum
    if kernel.transformsWeightGradient {
      kernel.finishWeightGradient(dWeightSum.pointer, into: dWeight.pointer)
    }
    func numbers(_ buffer: FloatBuffer) -> [Double] {
      (0..<buffer.count).map { Double(buffer.pointer[$0]) }
    }
    state.gradients.pointer.update(from: dWeight.pointer, count: dWeight.count)
    let weightGradient = try #require(state.values(of: "c.weight", .gradient)).map(Double.init)
    #expect(relativeError(numbers(y), truth.y) < 1e-5, "\(what) forward")
    #expect(relativeError(numbers(dx), truth.dx) < 1e-5, "\(what) data")
    #expect(relativeError(weightGradient, truth.dWeight) < 1e-5, "\(what) weight")
  }

  private func pad(
    _ values: [Float], _ image: Int, _ shape: ImageShape, _ padded: PaddedShape
  ) -> FloatBuffer {
    let buffer = FloatBuffer(count: padded.count)
    for row in 0..<shape.height {
      for i in 0..<shape.width * shape.channels {
        buffer.pointer[padded.interior + row * padded.pitch + i] =
          values[image * shape.count + row * shape.width * shape.channels + i]
      }
    }
    return buffer
  }
}
