// Weights that PyTorch wrote give PyTorch's logits here. Fixtures/make_weights.py made the files.
import Engine
import Foundation
import Networks
import TestSupport
import Testing

@testable import Numerics
@testable import Specs
@testable import Weights

@Suite struct PyTorchWeightsTests {
  /// The fixtures, and the files of a folder named in BENCH_WEIGHTS_FOLDER.
  static func files() throws -> [String] {
    let other = ProcessInfo.processInfo.environment["BENCH_WEIGHTS_FOLDER"].map { [$0] } ?? []
    return try ([WeightsFixture.folder.path] + other).flatMap { folder in
      try FileManager.default.contentsOfDirectory(atPath: folder)
        .filter { $0.hasSuffix(".safetensors") && !$0.hasSuffix(".io.safetensors") }
        .sorted().map { "\(folder)/\($0)" }
    }
  }

  @Test func theLogitsArePyTorchs() throws {
    let files = try Self.files()
    #expect(files.count >= 2)
    for path in files {
      let io = try SafetensorsFile(path: path.replacing(".safetensors", with: ".io.safetensors"))
      let name = try #require(io.metadata["network"])
      let (images, logits) = (try #require(io.tensor("input")), try #require(io.tensor("logits")))
      let size = images.shape
      let shape = ImageShape(height: size[2], width: size[3], channels: size[1])
      let (weights, graph, state) = try WeightsFixture.network(
        name, input: shape, classes: logits.shape[1])
      let initial = try InitialWeights(path: path)
      try initial.load(into: state, weights)
      let network = NetworkExecutor(
        graph, batch: size[0], pool: WorkerPool(threads: 2), state: state)
      let pixels = try io.floats(of: images)
      for n in 0..<size[0] {
        for p in 0..<shape.pixels {
          for c in 0..<shape.channels {
            network.input[(n * shape.pixels + p) * shape.channels + c] =
              pixels[(n * shape.channels + c) * shape.pixels + p]
          }
        }
      }
      let (found, expected) = (network.predict(count: size[0]), try io.floats(of: logits))
      let largest = expected.map(\.magnitude).max() ?? 0
      let error = zip(found, expected).map { ($0 - $1).magnitude }.max() ?? .infinity
      if ProcessInfo.processInfo.environment["BENCH_WEIGHTS_FOLDER"] != nil {
        print("logits of \(path): \(error / largest)")
      }
      #expect(
        found.count == expected.count && error <= 1e-5 * largest, "\(path): \(error / largest)")
    }
  }

  @Test func everyMisfitIsNamedWithBothShapes() throws {
    let path = WeightsFixture.folder.appending(path: "pytorch-bottleneck.safetensors").path
    let shape = ImageShape(height: 9, width: 9, channels: 3)
    func problems(_ name: String, classes: Int = 7) throws -> [String] {
      let network = try WeightsFixture.network(name, input: shape, classes: classes)
      return network.weights.problems(in: try SafetensorsFile(path: path))
    }
    let right = "resnet-11-bottleneck-width=0.125"
    #expect(try problems(right) == [])
    #expect(
      try problems(right, classes: 10) == [
        "fc.weight has shape [7, 32], the network's has [10, 32]",
        "fc.bias has shape [7], the network's has [10]",
      ])
    let plain = try problems("plain-11-bottleneck-width=0.125")
    #expect(
      plain.contains(
        "layer1.0.downsample.0.weight [8, 2, 1, 1] is unknown: the network has no such tensor"))
    #expect(
      plain.contains { $0.hasPrefix("layer1.0.downsample.1.num_batches_tracked [] is unknown") })
    let deeper = try problems("resnet-20-bottleneck-width=0.125")
    #expect(
      deeper.contains("layer1.1.conv1.weight is missing; the network's has shape [2, 8, 1, 1]"))
    let elsewhere = try problems(right + "-stride=1x1")
    #expect(elsewhere.count == 1 && elsewhere[0].contains("stride is on the 3x3 (assumed)"))
  }

  @Test func anUnsaidStrideIsAWarningWhereItMatters() throws {
    let shape = ImageShape(height: 9, width: 9, channels: 3)
    for (kind, name) in [
      ("basic", "resnet-8-shortcut=B-width=0.125"),
      ("bottleneck", "resnet-11-bottleneck-width=0.125"),
    ] {
      let initial = try InitialWeights(
        path: WeightsFixture.folder.appending(path: "pytorch-\(kind).safetensors").path)
      let network = try WeightsFixture.network(name, input: shape, classes: 7)
      let warnings = try initial.check(network.weights.architecture, network.graph)
      #expect(warnings.count == (kind == "basic" ? 0 : 1))
      #expect(warnings.allSatisfy { $0.contains("the 3x3 is assumed") })
    }
  }

  @Test func ourFilesSayWhatTheyAre() throws {
    let folder = try TemporaryFolder()
    let shape = ImageShape(height: 8, width: 8, channels: 3)
    let name = "resnet-11-bottleneck-stride=1x1-width=0.125"
    let (weights, graph, state) = try WeightsFixture.network(name, input: shape, classes: 10)
    let path = folder.path("w.safetensors")
    try SafetensorsWriter.write(
      weights.entries(of: state, steps: 12),
      metadata: weights.metadata(of: ImageFacts(shape: shape, classes: 10)),
      to: path)
    let file = try SafetensorsFile(path: path)
    #expect(file.metadata["strideLocation"] == "1x1")
    #expect(file.metadata["network"] == weights.architecture.name)
    #expect(file.tensor("conv1.weight")?.shape == [2, 3, 3, 3])
    #expect(file.tensor("layer3.0.bn3.num_batches_tracked")?.type == .i64)
    #expect(weights.problems(in: file) == [] && weights.warnings(about: file) == [])
    #expect(try file.weightsHash() == state.weightsHash)
    let other = NetworkState(graph)
    try InitialWeights(path: path).load(into: other, weights)
    #expect(other.weightsHash == state.weightsHash)
    let onMiddle = try WeightsFixture.network(
      "resnet-11-bottleneck-width=0.125", input: shape, classes: 10)
    let problems = onMiddle.weights.problems(in: file)
    #expect(problems.count == 1 && problems[0].contains("on the 1x1, the network's on the 3x3"))
  }

  @Test func numbersThatAreNotFiniteAreRefused() throws {
    let folder = try TemporaryFolder()
    let shape = ImageShape(height: 8, width: 8, channels: 3)
    let (weights, _, state) = try WeightsFixture.network(
      "resnet-8-width=0.125", input: shape, classes: 10)
    state.setValues([1, .nan], of: "bn1.weight")
    let path = folder.path("w.safetensors")
    try SafetensorsWriter.write(weights.entries(of: state, steps: 1), metadata: [:], to: path)
    let refusal = WeightsError("\(path): bn1.weight has a number that is not finite")
    #expect(throws: refusal) { try InitialWeights(path: path) }
    #expect(throws: refusal) { try weights.load(SafetensorsFile(path: path), into: state) }
  }
}
