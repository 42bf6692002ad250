// A network as people read it: the shapes from layer to layer, and the nested tree of its parts.
import Numerics

/// One line of a shape trace.
public struct TracedLayer: Sendable, Equatable {
  /// Such as `conv 7x7/2` or `stage 1`.
  public let label: String
  /// Of one image; pooled features and logits have one pixel.
  public let shape: ImageShape

  public init(label: String, shape: ImageShape) {
    self.label = label
    self.shape = shape
  }

  /// The shape with the batch in front, channels first, as the textbooks print it.
  public func dimensions(batch: Int) -> [Int] {
    shape.pixels == 1 && (label == "linear" || label == "global average pool")
      ? [batch, shape.channels] : [batch, shape.channels, shape.height, shape.width]
  }
}

extension Graph {
  /// The output of every top-level part: stem layers one by one, stages as a whole, the head.
  public var trace: [TracedLayer] {
    var result: [TracedLayer] = []
    for (id, node) in nodes.identified.dropFirst() {
      let top = node.name.prefix { $0 != "." }
      let next = id < output ? nodes[nodes.index(after: id)].name.prefix { $0 != "." } : ""
      if top == next && node.name.contains(".") { continue }
      result.append(TracedLayer(label: Self.label(of: node, top: top), shape: node.shape))
    }
    return result
  }

  private static func label(of node: Node, top: Substring) -> String {
    if top.hasPrefix("layer") { return "stage \(top.dropFirst(5))" }
    if top == "block" { return "block" }
    return describe(node.operation)
  }

  /// An operation in a few words.
  static func describe(_ operation: Operation) -> String {
    switch operation {
    case .input: return "input"
    case .convolution(let p, _):
      return "conv \(p.kernelSize)x\(p.kernelSize)" + (p.stride > 1 ? "/\(p.stride)" : "")
    case .batchNorm: return "batch norm"
    case .relu: return "relu"
    case .add: return "sum"
    case .zeroPaddingShortcut(let stride, _): return "zero-padding shortcut /\(stride)"
    case .scale(let factor): return "times \(factor)"
    case .gate(let isComplement): return isComplement ? "times 1 - sigmoid" : "times sigmoid"
    case .dropout(let rate): return "dropout \(rate)"
    case .maxPool: return "max pool"
    case .globalAveragePool: return "global average pool"
    case .linear: return "linear"
    }
  }

  /// The nested tree of stages, blocks and layers, one line each, indented by two spaces for each
  /// group around it.
  public var structure: [String] {
    var lines: [String] = []
    var open: [Substring] = []
    for node in nodes.dropFirst() {
      let path = node.name.split(separator: ".")
      let groups = Array(path.dropLast())
      var shared = 0
      while shared < min(open.count, groups.count), open[shared] == groups[shared] { shared += 1 }
      for depth in shared..<max(shared, groups.count) {
        lines.append(String(repeating: "  ", count: depth) + "(\(groups[depth]))")
      }
      open = groups
      let indent = String(repeating: "  ", count: groups.count)
      lines.append("\(indent)(\(path.last ?? "")) \(Self.details(node, in: self))")
    }
    return lines
  }

  private static func details(_ node: Node, in graph: Graph) -> String {
    let shape = "→ \(node.shape)"
    switch node.operation {
    case .convolution(let p, _):
      let bias = p.hasBias ? ", bias" : ""
      return "\(describe(node.operation)), \(p.inputChannels) → \(p.outputChannels)\(bias) \(shape)"
    case .linear(let outputs, _):
      return "linear, \(graph.shape(of: node.inputs[0]).channels) → \(outputs)"
    default: return "\(describe(node.operation)) \(shape)"
    }
  }
}
