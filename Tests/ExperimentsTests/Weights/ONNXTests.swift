// Networks as ONNX models: their operations, shapes and folded numbers. Whole models are run by
// Fixtures/check_onnx.py (make test-onnx), which compares their logits with the engine's.
import Engine
import Foundation
import Networks
import TestSupport
import Testing

@testable import Numerics
@testable import Specs
@testable import Weights

/// A message of Protocol Buffers, read back field by field.
private struct Message {
  enum Value {
    case integer(UInt64)
    case fixed(UInt32)
    case data([UInt8])
  }

  private(set) var fields: [(number: Int, value: Value)] = []

  init(_ bytes: [UInt8]) throws {
    var place = 0
    func varint() throws -> UInt64 {
      var (value, shift) = (UInt64(0), UInt64(0))
      while true {
        let byte = try #require(place < bytes.count ? bytes[place] : nil)
        place += 1
        value |= UInt64(byte & 0x7F) << shift
        if byte < 0x80 { return value }
        shift += 7
      }
    }
    while place < bytes.count {
      let tag = try varint()
      switch tag & 7 {
      case 0: fields.append((Int(tag >> 3), .integer(try varint())))
      case 2:
        let count = Int(try varint())
        try #require(place + count <= bytes.count)
        fields.append((Int(tag >> 3), .data(Array(bytes[place..<place + count]))))
        place += count
      case 5:
        let bits = bytes[place..<place + 4].reversed().reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
        fields.append((Int(tag >> 3), .fixed(bits)))
        place += 4
      default: Issue.record("wire type \(tag & 7)")
      }
    }
  }

  func all(_ number: Int) -> [[UInt8]] {
    fields.compactMap { field in
      guard field.number == number, case .data(let data) = field.value else { return nil }
      return data
    }
  }

  func messages(_ number: Int) throws -> [Message] { try all(number).map { try Message($0) } }

  func texts(_ number: Int) -> [String] { all(number).map { String(decoding: $0, as: UTF8.self) } }

  func integers(_ number: Int) -> [Int] {
    fields.compactMap { field in
      guard field.number == number, case .integer(let value) = field.value else { return nil }
      return Int(Int64(bitPattern: value))
    }
  }
}

@Suite struct ONNXTests {
  static let shape = ImageShape(height: 9, width: 8, channels: 3)

  private struct Model {
    var graph: Message
    var opset: [Int]
    /// Operation, inputs, output.
    var nodes: [(operation: String, inputs: [String], output: String, attributes: [String: [Int]])]
    var constants: [String: (shape: [Int], data: [UInt8])]
  }

  private func model(_ name: String, isFolded: Bool = false) throws -> Model {
    let network = try ForeignWeightsTests.network(name, shape: Self.shape)
    let bytes = try ONNXExport.model(
      of: network.graph, name: name, isFolded: isFolded, metadata: ["network": name]
    ) { network.state.values(of: $0) ?? [] }
    let model = try Message(bytes)
    let graph = try #require(try model.messages(7).first)
    let nodes = try graph.messages(1).map { node in
      var attributes: [String: [Int]] = [:]
      for attribute in try node.messages(5) {
        attributes[attribute.texts(1)[0]] = attribute.integers(3) + attribute.integers(8)
      }
      return (node.texts(4)[0], node.texts(1), node.texts(2)[0], attributes)
    }
    var constants: [String: (shape: [Int], data: [UInt8])] = [:]
    for constant in try graph.messages(5) {
      let name = constant.texts(8)[0]
      #expect(constants[name] == nil, "\(name) is there twice")
      constants[name] = (constant.integers(1), constant.all(9)[0])
    }
    return Model(
      graph: graph, opset: try model.messages(8).flatMap { $0.integers(2) }, nodes: nodes,
      constants: constants)
  }

  private func floats(_ data: [UInt8]) -> [Float] {
    stride(from: 0, to: data.count, by: 4).map { place in
      Float(
        bitPattern: data[place..<place + 4].reversed().reduce(UInt32(0)) { $0 << 8 | UInt32($1) })
    }
  }

  @Test(arguments: [
    "resnet-8-width=0.125", "plain-8-width=0.125-nonorm", "resnet-8-preact-width=0.125",
    "resnet-11-bottleneck-width=0.125", "resnet-8-shortcut=exclusiveGating-width=0.125",
    "resnet-8-shortcut=dropout-width=0.125", "resnet-8-shortcut=scalingBoth-width=0.125",
  ])
  func everyResultIsMadeBeforeItIsUsed(name: String) throws {
    for isFolded in [false, true] {
      let model = try model(name, isFolded: isFolded)
      #expect(model.opset == [17])
      var known = Set(model.constants.keys).union(["images"])
      for node in model.nodes {
        #expect(node.inputs.allSatisfy(known.contains), "\(node)")
        #expect(known.insert(node.output).inserted, "\(node)")
      }
      #expect(model.nodes.last?.output == "logits" && model.nodes.last?.operation == "Gemm")
      let used = Set(model.nodes.flatMap(\.inputs))
      #expect(model.constants.keys.allSatisfy(used.contains))
    }
  }

  @Test func operationsAreThoseOfTheNetwork() throws {
    let model = try model("resnet-8-width=0.125")
    let counts = Dictionary(model.nodes.map { ($0.operation, 1) }, uniquingKeysWith: +)
    #expect(
      counts == [
        "Conv": 7, "BatchNormalization": 7, "Relu": 7, "Add": 3, "Slice": 2, "Pad": 2,
        "GlobalAveragePool": 1, "Flatten": 1, "Gemm": 1,
      ])
    let strided = try #require(model.nodes.first { $0.output.hasPrefix("layer2.0.conv1_") })
    #expect(
      strided.attributes == [
        "kernel_shape": [3, 3], "strides": [2, 2], "pads": [1, 1, 1, 1],
      ])
    #expect(model.constants["layer2.0.conv1.weight"]?.shape == [4, 2, 3, 3])
    #expect(model.constants["fc.weight"]?.shape == [5, 8])
    let input = try #require(try model.graph.messages(11).first)
    #expect(input.texts(1) == ["images"])
  }

  @Test func foldedBatchNormsAreInTheConvolutions() throws {
    let name = "resnet-8-width=0.125"
    let network = try ForeignWeightsTests.network(name, shape: Self.shape)
    let model = try model(name, isFolded: true)
    #expect(!model.nodes.contains { $0.operation == "BatchNormalization" })
    func values(_ name: String) throws -> [Float] { try #require(network.state.values(of: name)) }
    let (weight, scale) = (try values("conv1.weight"), try values("bn1.weight"))
    let (shift, mean) = (try values("bn1.bias"), try values("bn1.running_mean"))
    let variance = try values("bn1.running_var")
    let folded = floats(try #require(model.constants["conv1.weight"]).data)
    let bias = floats(try #require(model.constants["conv1.bias"]).data)
    for i in weight.indices {
      let c = i / 27
      let factor = Double(scale[c]) / (Double(variance[c]) + 1e-5).squareRoot()
      #expect((Double(folded[i]) - Double(weight[i]) * factor).magnitude < 1e-6)
      #expect(
        (Double(bias[c]) - (Double(shift[c]) - Double(mean[c]) * factor)).magnitude < 1e-5)
    }
    // A norm before its convolution stays.
    let preActivation = try self.model("resnet-8-preact-width=0.125", isFolded: true)
    #expect(preActivation.nodes.contains { $0.operation == "BatchNormalization" })
  }

  @Test func aFileThatDoesNotSayItsNetworkIsRefused() throws {
    let folder = try TemporaryFolder()
    let path = WeightsFixture.folder.appending(path: "pytorch-basic.safetensors").path
    let error = #expect(throws: WeightsError.self) {
      try ONNXExport.write(
        SafetensorsFile(path: path), isFolded: false, to: folder.path("a.onnx"))
    }
    #expect(error?.description.contains("does not say which network") == true)
    #expect(try folder.files.isEmpty)
  }

  /// With BENCH_ONNX_FOLDER: models, images and the engine's logits, for check_onnx.py.
  @Test func modelsAreWrittenForOtherRuntimes() throws {
    guard let target = ProcessInfo.processInfo.environment["BENCH_ONNX_FOLDER"] else { return }
    for (name, side) in [
      ("resnet-20", 32), ("plain-20", 32), ("resnet-20-preact", 33), ("plain-8-nonorm", 32),
      ("resnet-29-bottleneck", 32), ("resnet-29-preact-bottleneck", 31),
      ("resnet-20-shortcut=C", 32),
      ("resnet-8-shortcut=exclusiveGating", 32), ("resnet-8-shortcut=shortcutGating", 32),
      ("resnet-8-shortcut=scaling", 32), ("resnet-8-shortcut=scalingBoth", 32),
      ("resnet-8-shortcut=dropout", 32), ("resnet-20-order=normAfterAddition", 32),
      ("resnet-20-order=reluBeforeAddition", 32), ("resnet-20-order=reluOnlyPre", 32),
      ("resnet-18", 96), ("resnet-50", 64), ("resnet-50-stride=1x1", 65), ("resnet-101", 64),
      ("resnet-18-textbook", 96),
    ] {
      let shape = ImageShape(height: side, width: side, channels: 3)
      let network = try ForeignWeightsTests.network(name, classes: 10, shape: shape)
      let executor = NetworkExecutor(
        network.graph, batch: 3, pool: WorkerPool(threads: 2), state: network.state)
      var random = CounterRandom(seed: 9, purpose: .statistics)
      var images = [Float](repeating: 0, count: 3 * shape.count)
      for n in 0..<3 {
        for place in 0..<shape.count {
          let value = random.normal()
          executor.input[n * shape.count + place] = value
          let (pixel, channel) = (place / 3, place % 3)
          images[(n * 3 + channel) * shape.pixels + pixel] = value
        }
      }
      let logits = executor.predict(count: 3)
      let path = "\(target)/\(name)"
      try SafetensorsWriter.write(
        [
          SafetensorsEntry(name: "images", shape: [3, 3, side, side], numbers: .floats { images }),
          SafetensorsEntry(name: "logits", shape: [3, 10], numbers: .floats { logits }),
        ], metadata: ["network": name], to: "\(path).io.safetensors")
      try SafetensorsWriter.write(
        network.weights.entries(of: network.state, steps: 1),
        metadata: network.weights.metadata(of: ImageFacts(shape: shape, classes: 10)),
        to: "\(path).safetensors")
      let file = try SafetensorsFile(path: "\(path).safetensors")
      for isFolded in [false, true] {
        try ONNXExport.write(
          file, isFolded: isFolded, to: "\(path)\(isFolded ? ".folded" : "").onnx")
      }
    }
  }
}
