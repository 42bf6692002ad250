// An ONNX graph under construction: nodes, constants, input and output (onnx/onnx.proto).

/// The graph of a model of one input and one output, for any number of images.
struct ONNXGraph {
  /// An attribute of a node.
  enum Attribute {
    case integer(Int)
    case integers([Int])
    case float(Float)
    case text(String)
  }

  /// Numbers of the types of elements that models have here.
  private enum ElementType: Int {
    case float = 1
    case int64 = 7
  }

  private var nodes = ProtocolBuffer()
  private var constants = ProtocolBuffer()
  private var count = 0

  /// Adds an operation.
  /// - Parameter isOutput: whether the result has the name itself, as the model's output.
  /// - Returns: the name of its result.
  @discardableResult
  mutating func add(
    _ operation: String, _ inputs: [String], name: String, isOutput: Bool = false,
    _ attributes: KeyValuePairs<String, Attribute> = [:]
  ) -> String {
    // Several of the graph's nodes have one name, such as relu.
    count += 1
    let result = isOutput ? name : "\(name)_\(count)"
    nodes.message(Field.node) { node in
      for input in inputs { node.text(1, input) }
      node.text(2, result)
      node.text(3, result)
      node.text(4, operation)
      for (name, value) in attributes {
        node.message(5) { Self.write(value, named: name, to: &$0) }
      }
    }
    return result
  }

  private static func write(
    _ value: Attribute, named name: String, to message: inout ProtocolBuffer
  ) {
    message.text(1, name)
    switch value {
    case .float(let value):
      message.float(2, value)
      message.integer(20, 1)
    case .integer(let value):
      message.integer(3, value)
      message.integer(20, 2)
    case .text(let value):
      message.text(4, value)
      message.integer(20, 3)
    case .integers(let values):
      for value in values { message.integer(8, value) }
      message.integer(20, 7)
    }
  }

  /// Adds numbers that do not change.
  /// - Returns: their name.
  mutating func constant(_ name: String, shape: [Int], _ values: [Float]) -> String {
    let data = values.map(\.bitPattern.littleEndian).withUnsafeBytes { Array($0) }
    return constant(name, shape, .float, data)
  }

  /// A list of whole numbers, such as the sizes of a padding.
  mutating func constant(_ name: String, _ values: [Int]) -> String {
    let data = values.map { Int64($0).littleEndian }.withUnsafeBytes { Array($0) }
    return constant(name, [values.count], .int64, data)
  }

  private mutating func constant(
    _ name: String, _ shape: [Int], _ type: ElementType, _ data: [UInt8]
  ) -> String {
    constants.message(Field.initializer) { tensor in
      for size in shape { tensor.integer(1, size) }
      tensor.integer(2, type.rawValue)
      tensor.text(8, name)
      tensor.data(9, data)
    }
    return name
  }

  private enum Field {
    static let node = 1
    static let name = 2
    static let initializer = 5
    static let input = 11
    static let output = 12
  }

  /// The whole model.
  /// - Parameters:
  ///   - input, output: names, with the sizes behind the number of images.
  ///   - opset: the version of the operations' meaning.
  func model(
    name: String, input: (name: String, shape: [Int]), output: (name: String, shape: [Int]),
    opset: Int, documentation: String, metadata: [String: String]
  ) -> [UInt8] {
    var graph = nodes
    graph.text(Field.name, name)
    graph.append(constants)
    for (field, value) in [(Field.input, input), (Field.output, output)] {
      graph.message(field) { Self.writeValue(value.name, value.shape, to: &$0) }
    }
    var model = ProtocolBuffer()
    model.integer(1, 8)
    model.text(2, "bench")
    model.text(6, documentation)
    model.message(7, graph)
    model.message(8) { $0.integer(2, opset) }
    for (key, value) in metadata.sorted(by: { $0.key < $1.key }) {
      model.message(14) {
        $0.text(1, key)
        $0.text(2, value)
      }
    }
    return model.bytes
  }

  private static func writeValue(
    _ name: String, _ shape: [Int], to message: inout ProtocolBuffer
  ) {
    message.text(1, name)
    message.message(2) { type in
      type.message(1) { tensor in
        tensor.integer(1, ElementType.float.rawValue)
        tensor.message(2) { sizes in
          sizes.message(1) { $0.text(2, "N") }
          for size in shape { sizes.message(1) { $0.integer(1, size) } }
        }
      }
    }
  }
}
