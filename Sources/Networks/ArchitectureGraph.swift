// From an architecture to its layers, under torchvision's names.
import Numerics

extension Architecture {
  /// The network's layers for images of a shape and a number of classes.
  ///
  /// Names are torchvision's where torchvision has the layer (`conv1`, `bn1`, `layer1.0.conv1`,
  /// `layer1.0.downsample.0`, `fc`); CIFAR nets follow the same pattern with `layer1`…`layer3`. A
  /// pre-activation block's `bn1` stands before its `conv1`, and a final `bn1` before the pooling.
  /// - Throws: `ArchitectureError` where the images are too small for the strides.
  public func graph(input: ImageShape, classes: Int) throws(ArchitectureError) -> Graph {
    guard (1...1_000_000).contains(classes) else {
      throw ArchitectureError("\(classes) classes; at least 1 and at most 1000000 are possible")
    }
    guard input.channels >= 1, min(input.height, input.width) >= 1,
      max(input.height, input.width) <= 4096
    else {
      throw ArchitectureError("images of \(input) are not between 1 and 4096 pixels wide and high")
    }
    var graph = Graph(input: input)
    var x = graph.input
    let stem = stageWidths[0]
    let hasImageNetStem = family != .cifar
    x = graph.convolution(
      x, name: "conv1", outputChannels: stem, kernelSize: hasImageNetStem ? 7 : 3,
      stride: hasImageNetStem ? 2 : 1, padding: hasImageNetStem ? 3 : 1, hasBias: hasBias,
      initialization: convolutionStart)
    if activationOrder != .pre {
      x = normalised(x, name: "bn1", in: &graph)
      if activationOrder != .reluOnlyPre { x = graph.relu(x) }
    }
    if hasImageNetStem { x = graph.maxPool(x, kernelSize: 3, stride: 2, padding: 1) }
    for (stage, count) in blockCounts.enumerated() {
      for index in 0..<count {
        x = addBlock(
          to: &graph, x, name: "layer\(stage + 1).\(index)", width: stageWidths[stage],
          stride: stage > 0 && index == 0 ? 2 : 1)
      }
    }
    if activationOrder == .pre { x = normalised(x, name: "bn1", in: &graph) }
    if startsWithReLU { x = graph.relu(x) }
    x = graph.globalAveragePool(x)
    _ = graph.linear(
      x, name: "fc", outputs: classes,
      initialization: family == .textbook ? .xavier : .uniformFanIn)
    return graph
  }

  private var hasBias: Bool { family == .textbook || !batchNorm }

  private var convolutionStart: Initialization {
    switch initialization {
    case .he: .he
    case .xavier: .xavier
    case .uniform: .uniformFanIn
    }
  }

  /// Whether a residual function starts with a ReLU, and its sum has none.
  private var startsWithReLU: Bool {
    activationOrder == .pre || activationOrder == .reluOnlyPre
  }

  private func normalised(
    _ x: ValueID, name: String, scale: Float = 1, in graph: inout Graph
  ) -> ValueID {
    batchNorm ? graph.batchNorm(x, name: name, scale: scale) : x
  }

  /// The convolutions of one block: output channels, kernel size and stride.
  private func convolutions(width: Int, stride: Int) -> [(channels: Int, kernel: Int, stride: Int)]
  {
    switch block {
    case .basic: return [(width, 3, stride), (width, 3, 1)]
    case .bottleneck:
      let onFirst = strideLocation == .first1x1
      return [
        (width, 1, onFirst ? stride : 1), (width, 3, onFirst ? 1 : stride),
        (width * block.expansion, 1, 1),
      ]
    }
  }

  /// One residual block of the textbook's kind on its own (Dive into Deep Learning, section 7.6).
  ///
  /// The shortcut is projected where the channels or the size change.
  /// - Throws: `ArchitectureError` for numbers that are not positive.
  public static func textbookBlock(
    input: ImageShape, outputChannels: Int, stride: Int
  ) throws(ArchitectureError) -> Graph {
    guard input.count > 0, outputChannels > 0, stride > 0 else {
      throw ArchitectureError("a block needs positive channels, sizes and stride")
    }
    let textbook = try Architecture(Choices(depth: 18, family: .textbook))
    var graph = Graph(input: input)
    _ = textbook.addBlock(
      to: &graph, graph.input, name: "block", width: outputChannels, stride: stride)
    return graph
  }

  /// Adds one residual (or plain) block.
  /// - Returns: the block's output.
  func addBlock(
    to graph: inout Graph, _ x: ValueID, name: String, width: Int, stride: Int
  ) -> ValueID {
    let plan = convolutions(width: width, stride: stride)
    let outputChannels = width * block.expansion
    let changesSize = stride != 1 || graph.shape(of: x).channels != outputChannels
    let isProjected =
      switch shortcut {
      case .projectionAlways: true
      case .projectionOnChange: changesSize
      default: false
      }
    var y = x
    var shortcutInput = x
    for (i, layer) in plan.enumerated() {
      let isLast = i + 1 == plan.count
      let (norm, relu) = ("\(name).bn\(i + 1)", "\(name).relu\(i + 1)")
      if activationOrder == .pre { y = normalised(y, name: norm, in: &graph) }
      if startsWithReLU {
        y = graph.relu(y, name: relu)
        // A projection reads the activated input, an identity the raw stream (He et al. 2016).
        if i == 0 && isProjected { shortcutInput = y }
      }
      y = graph.convolution(
        y, name: "\(name).conv\(i + 1)", outputChannels: layer.channels, kernelSize: layer.kernel,
        stride: layer.stride, padding: layer.kernel / 2, hasBias: hasBias,
        initialization: convolutionStart)
      let isNormedHere = !isLast || activationOrder != .normAfterAddition
      if activationOrder != .pre && isNormedHere {
        let scale: Float = isLast && zeroInitResidual ? 0 : 1
        y = normalised(y, name: norm, scale: scale, in: &graph)
      }
      if !startsWithReLU && (!isLast || activationOrder == .reluBeforeAddition) {
        y = graph.relu(y, name: relu)
      }
    }
    if network == .residual {
      y = joined(
        y, shortcutInput, in: &graph, name: name, stride: stride, channels: outputChannels,
        isProjected: isProjected, changesSize: changesSize)
    }
    if activationOrder == .normAfterAddition {
      y = normalised(y, name: "\(name).bn\(plan.count)", in: &graph)
    }
    return startsWithReLU || activationOrder == .reluBeforeAddition
      ? y : graph.relu(y, name: "\(name).relu")
  }

  private func joined(
    _ y: ValueID, _ x: ValueID, in graph: inout Graph, name: String, stride: Int, channels: Int,
    isProjected: Bool, changesSize: Bool
  ) -> ValueID {
    guard isProjected else {
      let identity =
        changesSize
        ? graph.zeroPaddingShortcut(
          x, stride: stride, outputChannels: channels, name: "\(name).shortcut") : x
      let (function, way) = multiplied(
        y, identity, input: x, in: &graph, name: name, stride: stride)
      return graph.add(function, way, name: "\(name).add")
    }
    var projection = graph.convolution(
      x, name: "\(name).downsample.0", outputChannels: channels, kernelSize: 1, stride: stride,
      hasBias: hasBias, initialization: convolutionStart)
    // The textbook's projection has no batch norm, nor has one where the stream is not normalised
    // or the sum is.
    let hasNorm =
      switch activationOrder {
      case .original, .reluBeforeAddition, .reluOnlyPre: family != .textbook
      case .normAfterAddition, .pre: false
      }
    if hasNorm {
      projection = normalised(projection, name: "\(name).downsample.1", in: &graph)
    }
    return graph.add(y, projection, name: "\(name).add")
  }

  /// The two ways of a block as He et al. 2016, Table 1, multiply them.
  /// - Parameter input: the block's input, which a gate reads.
  private func multiplied(
    _ function: ValueID, _ identity: ValueID, input: ValueID, in graph: inout Graph, name: String,
    stride: Int
  ) -> (function: ValueID, identity: ValueID) {
    func halved(_ x: ValueID, _ part: String) -> ValueID {
      graph.scale(x, by: 0.5, name: "\(name).\(part)")
    }
    func gated(_ x: ValueID, _ logits: ValueID, isComplement: Bool) -> ValueID {
      graph.gate(x, logits: logits, isComplement: isComplement, name: "\(name).gated")
    }
    switch shortcut {
    case .scaling: return (function, halved(identity, "half"))
    case .scalingBoth: return (halved(function, "half1"), halved(identity, "half2"))
    case .dropout:
      return (function, graph.dropout(identity, rate: 0.5, name: "\(name).dropout"))
    case .exclusiveGating, .shortcutGating:
      let logits = graph.convolution(
        input, name: "\(name).gate", outputChannels: graph.shape(of: function).channels,
        kernelSize: 1, stride: stride, hasBias: true,
        initialization: .gate(bias: Float(gateBias ?? Self.defaultGateBias)))
      return (
        shortcut == .shortcutGating ? function : gated(function, logits, isComplement: false),
        gated(identity, logits, isComplement: true)
      )
    case .zeroPadding, .projectionOnChange, .projectionAlways, nil: return (function, identity)
    }
  }
}
