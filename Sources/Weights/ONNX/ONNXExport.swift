// A network with its weights as an ONNX model of opset 17, for evaluation.
import Engine
import Networks
import Numerics
import Specs
import Text

/// Translates a network's graph, operation by operation.
package struct ONNXExport {
  /// The version of the operations' meaning.
  static let opset = 17
  static let inputName = "images"
  static let outputName = "logits"

  private let graph: Graph
  private let values: (String) throws(WeightsError) -> [Float]
  /// Whether batch norms right behind a convolution become part of it.
  private let isFolded: Bool
  private var model = ONNXGraph()
  /// The names of the results so far, by the graph's values.
  private var results: [ValueID: String] = [:]

  private init(
    _ graph: Graph, isFolded: Bool, values: @escaping (String) throws(WeightsError) -> [Float]
  ) {
    self.graph = graph
    self.isFolded = isFolded
    self.values = values
  }

  /// The bytes of a model whose input `images` is [N, C, H, W], as the network is given them in
  /// training, and whose output `logits` is [N, classes].
  /// - Parameter values: a tensor's numbers by its name, in the layout of files.
  /// - Throws: what `values` throws.
  static func model(
    of graph: Graph, name: String, isFolded: Bool, metadata: [String: String],
    values: @escaping (String) throws(WeightsError) -> [Float]
  ) throws(WeightsError) -> [UInt8] {
    var export = ONNXExport(graph, isFolded: isFolded, values: values)
    try export.translate()
    let input = graph.inputShape
    return export.model.model(
      name: name, input: (inputName, [input.channels, input.height, input.width]),
      output: (outputName, [graph.shape(of: graph.output).channels]), opset: opset,
      documentation: "\(name). \(inputName): [N, C, H, W], normalised as in training.",
      metadata: metadata)
  }

  /// Writes the model of a file that says which network it is of.
  /// - Throws: `WeightsError` where it does not say so or does not fit it, or cannot be written.
  package static func write(
    _ file: SafetensorsFile, isFolded: Bool, to path: String
  ) throws(WeightsError) {
    let shown = printable(file.path, limit: 4096)
    let words = file.metadata["input"]?.split(separator: "x").compactMap { Int($0) } ?? []
    guard let name = file.metadata[NetworkWeights.networkKey], words.count == 3,
      let classes = file.metadata["classes"].flatMap({ Int($0) })
    else {
      throw WeightsError("\(shown) does not say which network, images and classes it is for")
    }
    let (architecture, graph): (Architecture, Graph)
    do {
      architecture = try Architecture(name: name)
      graph = try architecture.graph(
        input: ImageShape(height: words[1], width: words[2], channels: words[0]), classes: classes)
    } catch {
      throw WeightsError("\(shown): \(error)")
    }
    let problems = NetworkWeights(architecture, graph).problems(in: file)
    guard problems.isEmpty else {
      throw WeightsError("\(shown) does not fit: \(problems.prefix(8).joined(separator: "; "))")
    }
    let model = try model(
      of: graph, name: name, isFolded: isFolded, metadata: file.metadata
    ) { name throws(WeightsError) in
      guard let tensor = file.tensor(name) else { throw WeightsError("\(shown) has no \(name)") }
      return try file.finiteFloats(of: tensor)
    }
    try DurableFile.write(path) { target throws(WeightsError) in try target.append(model) }
  }

  private mutating func translate() throws(WeightsError) {
    let consumers = graph.consumers
    for (id, node) in graph.nodes.identified where results[id] == nil {
      results[id] = try translate(id, node, consumers: consumers[id])
    }
  }

  private mutating func translate(
    _ id: ValueID, _ node: Graph.Node, consumers: [ValueID]
  ) throws(WeightsError) -> String {
    let inputs = node.inputs.map { results[$0] ?? "" }
    let name = node.name
    switch node.operation {
    case .input: return Self.inputName
    case .convolution(let parameters, _):
      return try convolution(parameters, inputs[0], name: name, consumers: consumers)
    case .batchNorm: return try batchNorm(inputs[0], name: name)
    case .relu: return model.add("Relu", inputs, name: name)
    case .add: return model.add("Add", inputs, name: name)
    case .zeroPaddingShortcut(let stride, let channels):
      let more = channels - graph.shape(of: node.inputs[0]).channels
      return zeroPadding(inputs[0], stride: stride, moreChannels: more, name: name)
    case .scale(let factor): return scaled(inputs[0], by: factor, name: name)
    case .dropout(let rate): return scaled(inputs[0], by: 1 - rate, name: name)
    case .gate(let isComplement):
      var gate = model.add("Sigmoid", [inputs[1]], name: "\(name).sigmoid")
      if isComplement {
        let one = model.constant("\(name).one", shape: [], [1])
        gate = model.add("Sub", [one, gate], name: "\(name).complement")
      }
      return model.add("Mul", [inputs[0], gate], name: name)
    case .maxPool(let size, let stride, let padding):
      return model.add(
        "MaxPool", inputs, name: name,
        [
          "kernel_shape": .integers([size, size]), "strides": .integers([stride, stride]),
          "pads": .integers([Int](repeating: padding, count: 4)),
        ])
    case .globalAveragePool: return model.add("GlobalAveragePool", inputs, name: name)
    case .linear(let outputs, _):
      let flat = model.add("Flatten", inputs, name: "\(name).flatten", ["axis": .integer(1)])
      let inputCount = graph.shape(of: node.inputs[0]).channels
      let weight = model.constant(
        "\(name).weight", shape: [outputs, inputCount], try values("\(name).weight"))
      let bias = model.constant("\(name).bias", shape: [outputs], try values("\(name).bias"))
      let isOutput = id == graph.output
      return model.add(
        "Gemm", [flat, weight, bias], name: isOutput ? Self.outputName : name, isOutput: isOutput,
        ["transB": .integer(1)])
    }
  }

  private mutating func convolution(
    _ parameters: ConvolutionParameters, _ input: String, name: String, consumers: [ValueID]
  ) throws(WeightsError) -> String {
    var weight = try values("\(name).weight")
    var bias: [Float]? = parameters.hasBias ? try values("\(name).bias") : nil
    var folded: ValueID?
    if isFolded, consumers.count == 1, case .batchNorm = graph.nodes[consumers[0]].operation {
      let norm = try coefficients(graph.nodes[consumers[0]].name)
      let area = weight.count / parameters.outputChannels
      for i in weight.indices { weight[i] = Float(Double(weight[i]) * norm.scale[i / area]) }
      bias = norm.shift.indices.map { channel in
        Float(norm.shift[channel] + norm.scale[channel] * Double(bias?[channel] ?? 0))
      }
      folded = consumers[0]
    }
    let shape = [
      parameters.outputChannels, parameters.inputChannels, parameters.kernelSize,
      parameters.kernelSize,
    ]
    var inputs = [input, model.constant("\(name).weight", shape: shape, weight)]
    if let bias {
      inputs.append(model.constant("\(name).bias", shape: [parameters.outputChannels], bias))
    }
    let result = model.add(
      "Conv", inputs, name: name,
      [
        "kernel_shape": .integers([parameters.kernelSize, parameters.kernelSize]),
        "strides": .integers([parameters.stride, parameters.stride]),
        "pads": .integers([Int](repeating: parameters.padding, count: 4)),
      ])
    if let folded { results[folded] = result }
    return result
  }

  /// A batch norm in evaluation: x · scale + shift, channel by channel.
  private func coefficients(
    _ name: String
  ) throws(WeightsError) -> (scale: [Double], shift: [Double]) {
    let weight = try values("\(name).weight")
    let bias = try values("\(name).bias")
    let mean = try values("\(name).running_mean")
    let variance = try values("\(name).running_var")
    let scale = zip(weight, variance).map {
      Double($0) / (Double($1) + NetworkState.normalizationEpsilon).squareRoot()
    }
    let shift = bias.indices.map { Double(bias[$0]) - Double(mean[$0]) * scale[$0] }
    return (scale, shift)
  }

  private mutating func batchNorm(
    _ input: String, name: String
  ) throws(WeightsError) -> String {
    var inputs = [input]
    for suffix in ["weight", "bias", "running_mean", "running_var"] {
      let numbers = try values("\(name).\(suffix)")
      inputs.append(model.constant("\(name).\(suffix)", shape: [numbers.count], numbers))
    }
    return model.add(
      "BatchNormalization", inputs, name: name,
      ["epsilon": .float(Float(NetworkState.normalizationEpsilon))])
  }

  private mutating func scaled(_ input: String, by factor: Float, name: String) -> String {
    model.add(
      "Mul", [input, model.constant("\(name).factor", shape: [], [factor])], name: name)
  }

  /// Every `stride`-th pixel, with channels of zeros behind those of the input.
  private mutating func zeroPadding(
    _ input: String, stride: Int, moreChannels: Int, name: String
  ) -> String {
    var result = input
    if stride > 1 {
      result = model.add(
        "Slice",
        [
          result, model.constant("\(name).starts", [0, 0]),
          model.constant("\(name).ends", [Int(Int32.max), Int(Int32.max)]),
          model.constant("\(name).axes", [2, 3]),
          model.constant("\(name).steps", [stride, stride]),
        ], name: "\(name).pixels")
    }
    let pads = model.constant("\(name).pads", [0, 0, 0, 0, 0, moreChannels, 0, 0])
    return model.add("Pad", [result, pads], name: name, ["mode": .text("constant")])
  }
}
