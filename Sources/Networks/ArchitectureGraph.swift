// From an architecture to its layers, under torchvision's names.
import Engine

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
    var x = 0
    let stem = stageWidths[0]
    let hasImageNetStem = family != .cifar
    x = graph.convolution(
      x, name: "conv1", outputChannels: stem, kernelSize: hasImageNetStem ? 7 : 3,
      stride: hasImageNetStem ? 2 : 1, padding: hasImageNetStem ? 3 : 1, hasBias: hasBias,
      initialization: initialization)
    if activationOrder == .original {
      x = graph.relu(graph.batchNorm(x, name: "bn1"))
    }
    if hasImageNetStem { x = graph.maxPool(x, kernelSize: 3, stride: 2, padding: 1) }
    for (stage, count) in blockCounts.enumerated() {
      for index in 0..<count {
        x = addBlock(
          to: &graph, x, name: "layer\(stage + 1).\(index)", width: stageWidths[stage],
          stride: stage > 0 && index == 0 ? 2 : 1)
      }
    }
    if activationOrder == .pre { x = graph.relu(graph.batchNorm(x, name: "bn1")) }
    x = graph.globalAveragePool(x)
    _ = graph.linear(
      x, name: "fc", outputs: classes,
      initialization: family == .textbook ? .xavier : .uniformFanIn)
    return graph
  }

  private var hasBias: Bool { family == .textbook }

  private var initialization: Initialization { family == .textbook ? .xavier : .he }

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
    let textbook = try Architecture(network: .residual, depth: 18, family: .textbook)
    var graph = Graph(input: input)
    _ = textbook.addBlock(to: &graph, 0, name: "block", width: outputChannels, stride: stride)
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
      case .zeroPadding, nil: false
      }
    var y = x
    var shortcutInput = x
    for (i, layer) in plan.enumerated() {
      if activationOrder == .pre {
        y = graph.batchNorm(y, name: "\(name).bn\(i + 1)")
        y = graph.relu(y, name: "\(name).relu\(i + 1)")
        // A projection reads the activated input, an identity the raw stream (He et al. 2016).
        if i == 0 && isProjected { shortcutInput = y }
      }
      y = graph.convolution(
        y, name: "\(name).conv\(i + 1)", outputChannels: layer.channels, kernelSize: layer.kernel,
        stride: layer.stride, padding: layer.kernel / 2, hasBias: hasBias,
        initialization: initialization)
      if activationOrder == .original {
        y = graph.batchNorm(y, name: "\(name).bn\(i + 1)")
        if i + 1 < plan.count { y = graph.relu(y, name: "\(name).relu\(i + 1)") }
      }
    }
    if network == .residual {
      y = joined(
        y, shortcutInput, in: &graph, name: name, stride: stride, channels: outputChannels,
        isProjected: isProjected, changesSize: changesSize)
    }
    return activationOrder == .original ? graph.relu(y, name: "\(name).relu") : y
  }

  private func joined(
    _ y: ValueID, _ x: ValueID, in graph: inout Graph, name: String, stride: Int, channels: Int,
    isProjected: Bool, changesSize: Bool
  ) -> ValueID {
    guard isProjected else {
      guard changesSize else { return graph.add(y, x, name: "\(name).add") }
      let shortcut = graph.zeroPaddingShortcut(
        x, stride: stride, outputChannels: channels, name: "\(name).shortcut")
      return graph.add(y, shortcut, name: "\(name).add")
    }
    var projection = graph.convolution(
      x, name: "\(name).downsample.0", outputChannels: channels, kernelSize: 1, stride: stride,
      hasBias: hasBias, initialization: initialization)
    // The textbook's projection has no batch norm, nor has a pre-activation block's.
    if family != .textbook && activationOrder == .original {
      projection = graph.batchNorm(projection, name: "\(name).downsample.1")
    }
    return graph.add(y, projection, name: "\(name).add")
  }
}
