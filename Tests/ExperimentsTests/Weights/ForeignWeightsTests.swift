// Weights under other programs' names: found, turned, folded, or refused with the reason.
// Fixtures/make_foreign_weights.py compares whole nets' logits with those programs.
import Foundation
import Networks
import TestSupport
import Testing

@testable import Engine
@testable import Numerics
@testable import Specs
@testable import Weights

@Suite struct ForeignWeightsTests {
  static let shape = ImageShape(height: 33, width: 33, channels: 3)
  static let onFirst = "resnet-50-width=0.03125-stride=1x1"

  /// A network with random numbers in every tensor.
  static func network(
    _ name: String, classes: Int = 5, shape: ImageShape = Self.shape
  ) throws -> (weights: NetworkWeights, graph: Graph, state: NetworkState) {
    let network = try WeightsFixture.network(name, input: shape, classes: classes)
    var random = CounterRandom(seed: 5, purpose: .statistics)
    for tensor in network.weights.tensors where tensor.role != .bias {
      let values = network.state.values(of: tensor.name) ?? []
      switch tensor.role {
      case .convolutionWeight, .linearWeight: continue
      default:
        network.state.setValues(values.map { _ in random.uniform(0.5, 2) }, of: tensor.name)
      }
    }
    return network
  }

  /// What a network holds, as another program's file: each tensor renamed and changed.
  static func write(
    _ network: (weights: NetworkWeights, graph: Graph, state: NetworkState),
    _ convention: NamingConvention, prefix: String = "", biases: Bool = false, to path: String,
    change: (String, inout [SafetensorsEntry]) -> Void = { _, _ in }
  ) throws {
    let names = try #require(convention.names(of: network.weights.tensors))
    var entries: [SafetensorsEntry] = []
    for tensor in network.weights.tensors {
      var values = network.state.values(of: tensor.name) ?? []
      var shape = tensor.shape
      let isKernel = shape.count > 1
      if convention.isInputsFirst, isKernel {
        let (outputs, inputs) = (shape[0], shape[1])
        let area = values.count / outputs / inputs
        let source = values
        for place in source.indices {
          let (o, i, a) = (place / area / inputs, place / area % inputs, place % area)
          values[(a * inputs + i) * outputs + o] = source[place]
        }
        shape = Array(shape.dropFirst(2)) + [inputs, outputs]
      }
      if tensor.role == .runningMean, biases {
        let layer = NamingConvention.convolution(
          before: String(tensor.name.dropLast(".running_mean".count)))
        let name = try #require(names["\(layer).bias"])
        let bias = values.indices.map { Float($0 + 1) / 8 }
        values = zip(values, bias).map { $0 + $1 }
        entries.append(
          SafetensorsEntry(name: prefix + name, shape: shape, numbers: .floats { bias }))
      }
      entries.append(
        SafetensorsEntry(
          name: prefix + (names[tensor.name] ?? ""), shape: shape, numbers: .floats { values }))
      change(tensor.name, &entries)
    }
    try SafetensorsWriter.write(entries, metadata: [:], to: path)
  }

  @Test(arguments: [
    ("layer1.0.conv1.weight", "resnet.encoder.stages.0.layers.0.layer.0.convolution.weight", 1),
    (
      "layer4.2.bn3.running_var",
      "resnet.encoder.stages.3.layers.2.layer.2.normalization.running_var", 1
    ),
    (
      "layer2.0.downsample.1.bias", "resnet.encoder.stages.1.layers.0.shortcut.normalization.bias",
      1
    ),
    ("fc.bias", "classifier.1.bias", 1),
    ("conv1.weight", "conv1_conv/kernel", 2), ("bn1.weight", "conv1_bn/gamma", 2),
    ("layer1.0.downsample.0.weight", "conv2_block1_0_conv/kernel", 2),
    ("layer3.5.bn2.running_mean", "conv4_block6_2_bn/moving_mean", 2),
    ("layer3.5.conv2.bias", "conv4_block6_2_conv/bias", 2), ("fc.weight", "predictions/kernel", 2),
    ("conv1.weight", "features.0.weight", 3), ("bn1.bias", "features.1.beta", 3),
    ("layer1.0.conv3.weight", "features.4.0.body.6.weight", 3),
    ("layer4.2.bn2.weight", "features.7.2.body.4.gamma", 3),
    ("layer2.0.downsample.1.running_var", "features.5.0.downsample.1.running_var", 3),
    ("fc.weight", "output.weight", 3), ("conv1.weight", "conv0_weight", 4),
    ("layer1.0.downsample.0.weight", "stage1_conv3_weight", 4),
    ("layer1.1.conv1.weight", "stage1_conv4_weight", 4),
    ("layer2.3.bn3.running_mean", "stage2_batchnorm12_running_mean", 4),
    ("fc.bias", "dense0_bias", 4),
  ])
  func theTableHasTheProgramsNames(own: String, theirs: String, row: Int) throws {
    let network = try Self.network("resnet-50-width=0.03125")
    let names = try #require(NamingConvention.all[row].names(of: network.weights.tensors))
    #expect(names[own] == theirs)
  }

  @Test(arguments: [
    (NamingConvention.transformers, false, "resnet-18-width=0.03125", ""),
    (.transformers, false, "resnet-50-width=0.03125", "model."),
    (.keras, true, onFirst, ""), (.keras, true, onFirst, "resnet50/"),
    (.gluon, true, onFirst, ""), (.gluon, false, "resnet-34-width=0.03125", ""),
    (.gluonCounted, true, onFirst, "resnetv10_"),
    (.torchvision, false, "resnet-50-width=0.03125", "module."),
    (.torchvision, false, "resnet-18-width=0.03125", "_orig_mod."),
    (.torchvision, false, "resnet-20-width=0.125", "net.backbone."),
    (.torchvision, false, "plain-8-width=0.125", "model."),
  ])
  func weightsOfOtherNamesAreTheSameNetwork(
    convention: NamingConvention, biases: Bool, name: String, prefix: String
  ) throws {
    let folder = try TemporaryFolder()
    let network = try Self.network(name)
    let path = folder.path("w.safetensors")
    try Self.write(network, convention, prefix: prefix, biases: biases, to: path)
    let initial = try InitialWeights(path: path)
    let notes = try initial.check(network.weights.architecture, network.graph)
    #expect(
      notes.contains { $0.contains("begin with \(prefix), which is left out") } != prefix.isEmpty)
    #expect(
      notes.contains { $0.contains("the names of \(convention.program)") } != convention.isOwn)
    #expect(notes.contains { $0.contains("biases are folded") } == biases)
    let other = NetworkState(network.graph)
    try initial.load(into: other, network.weights)
    for tensor in network.weights.tensors {
      let (found, expected) = (
        try #require(other.values(of: tensor.name)),
        try #require(network.state.values(of: tensor.name))
      )
      let slack: Float =
        switch tensor.role {
        case .runningMean: biases ? 1e-5 : 0
        case .runningVariance: convention.epsilon == nil ? 0 : 1e-6
        default: 0
        }
      #expect(
        zip(found, expected).allSatisfy { ($0 - $1).magnitude <= slack }, "\(tensor.name)")
    }
  }

  @Test func anotherEpsilonIsMadeUpFor() throws {
    let folder = try TemporaryFolder()
    let network = try Self.network(Self.onFirst)
    let variance = network.state.values(of: "bn1.running_var")?.map { _ in Float(1e-7) } ?? []
    network.state.setValues(variance, of: "bn1.running_var")
    let path = folder.path("w.safetensors")
    try Self.write(network, .keras, to: path)
    let other = NetworkState(network.graph)
    try InitialWeights(path: path).load(into: other, network.weights)
    let found = try #require(other.values(of: "bn1.running_var"))
    #expect(found.allSatisfy { ($0 - 1.1e-7).magnitude < 1e-12 })
  }

  static func problems(
    _ path: String, _ name: String, classes: Int = 5, newHead: Bool = false
  ) throws -> [String] {
    let architecture = try Architecture(name: name)
    let weights = NetworkWeights(
      architecture, try architecture.graph(input: shape, classes: classes))
    return weights.problems(in: try SafetensorsFile(path: path), newHead: newHead)
  }

  @Test func whatComputesSomethingElseIsRefusedWithTheReason() throws {
    let folder = try TemporaryFolder()
    let path = folder.path("w.safetensors")
    try Self.write(try Self.network(Self.onFirst), .keras, to: path)
    #expect(
      try Self.problems(path, "resnet-50-width=0.03125") == [
        "its stride is on the 1x1 (Keras' ResNet v1), the network's on the 3x3: the same weights "
          + "compute something else; a network with strideLocation 1x1 takes them"
      ])
    let basic = try Self.network("resnet-18-width=0.03125")
    try Self.write(basic, .transformers, to: path)
    #expect(
      try Self.problems(path, "resnet-18-width=0.03125-order=reluBeforeAddition") == [
        "its tensors are those of transformers' ResNetForImageClassification, which computes "
          + "something else than resnet-18-order=reluBeforeAddition-width=0.03125"
      ])
    for (name, shape, reason) in [
      ("conv2_block1_preact_bn/gamma", [64], "of Keras' ResNet v2"),
      ("resnetv20_batchnorm0_gamma", [3], "of MXNet's ResNet v2"),
      ("conv1.0.weight", [32, 3, 3, 3], "three 3x3 convolutions in place of the first 7x7"),
      ("layer1.0.downsample.1.weight", [256, 64, 1, 1], "pools on its shortcuts"),
      ("layer1.0.se.fc1.weight", [16, 64, 1, 1], "attention over channels"),
      ("layer1.0.conv2.weight", [128, 4, 3, 3], "convolutions in groups"),
      ("stages.0.blocks.0.norm1.weight", [64], "group norm"),
      ("module.linear.weight", [10, 64], "old channels into the middle"),
      ("linear.weight", [10, 512], "a 3x3 convolution before four stages"),
    ] {
      let entry = SafetensorsEntry(
        name: name, shape: shape,
        numbers: .floats { [Float](repeating: 1, count: shape.reduce(1, *)) })
      try SafetensorsWriter.write([entry], metadata: [:], to: path)
      let found = try Self.problems(path, "resnet-50")
      #expect(found.count == 1 && found[0].contains(reason), "\(found)")
      #expect(found.first?.hasSuffix("something else than resnet-50") == true)
    }
  }

  @Test func theConfigurationBesideAModelIsBelieved() throws {
    let folder = try TemporaryFolder()
    let path = folder.path("model.safetensors")
    let name = "resnet-50-width=0.03125"
    try Self.write(try Self.network(name), .torchvision, to: path)
    for (text, reason) in [
      (
        #"{"architecture": "resnetaa50.a1h_in1k", "x": 1, "x": 2}"#, "which blurs before it strides"
      ),
      (#"{"architecture": "resnetblur50"}"#, "says resnetblur50"),
      (#"{"model_type": "resnet", "hidden_act": "gelu"}"#, "its activation is gelu"),
      (#"{"model_type": "resnet", "downsample_in_first_stage": true}"#, "its first stage strides"),
      (
        #"{"model_type": "resnet", "downsample_in_bottleneck": true}"#,
        "its stride is on the 1x1 (config.json), the network's on the 3x3"
      ),
    ] {
      _ = try folder.write("config.json", Array(text.utf8))
      let problems = try Self.problems(path, name)
      #expect(problems.count == 1 && problems[0].contains(reason), "\(problems)")
    }
    // What is said of the stride is not assumed; what is not about the net says nothing.
    let network = try Self.network(name)
    let file = try SafetensorsFile(path: path)
    for (text, warnings) in [
      (#"{"model_type": "resnet", "downsample_in_bottleneck": false}"#, 0),
      (#"{"architecture": "resnet50"}"#, 1), ("no JSON", 1),
    ] {
      _ = try folder.write("config.json", Array(text.utf8))
      #expect(network.weights.problems(in: file) == [])
      #expect(network.weights.warnings(about: file).count == warnings)
    }
    _ = try folder.write(
      "config.json", Array(#"{"model_type": "resnet", "downsample_in_bottleneck": true}"#.utf8))
    #expect(try Self.problems(path, Self.onFirst) == [])
  }

  @Test func filesOfOtherNamesAreShownByTheirNames() throws {
    let folder = try TemporaryFolder()
    let path = folder.path("w.safetensors")
    let names = ["b.q.weight", "a.q.weight", "c.q.weight", "d.q.weight", "e.q.weight"]
    try SafetensorsWriter.write(
      names.map { SafetensorsEntry(name: $0, shape: [2], numbers: .floats { [1, 2] }) },
      metadata: [:], to: path)
    #expect(
      try Self.problems(path, "resnet-18-width=0.03125") == [
        "it has none of the network's 102 tensors by name. In the file are a.q.weight [2], "
          + "b.q.weight [2], c.q.weight [2], d.q.weight [2], … and 1 more; the network has "
          + "conv1.weight [2, 3, 7, 7], bn1.weight [2], bn1.bias [2], bn1.running_mean [2], … and "
          + "98 more"
      ])
    // What does not fit stands under the file's own name.
    let network = try Self.network("resnet-18-width=0.03125")
    try Self.write(network, .torchvision, prefix: "module.", to: path)
    #expect(
      try Self.problems(path, "resnet-18-width=0.03125", classes: 9) == [
        "module.fc.weight has shape [5, 16], the network's has [9, 16]",
        "module.fc.bias has shape [5], the network's has [9]",
      ])
    try Self.write(try Self.network(Self.onFirst), .keras, to: path)
    #expect(
      try Self.problems(path, Self.onFirst, classes: 9).first
        == "predictions/kernel has shape [64, 5], the network's fc.weight has [64, 9]")
  }

  @Test func aNewHeadStartsAnewWhereTheClassesDiffer() throws {
    let folder = try TemporaryFolder()
    let path = folder.path("w.safetensors")
    let source = try Self.network("resnet-18-width=0.03125")
    try Self.write(source, .torchvision, prefix: "module.", to: path)
    let target = try Self.network("resnet-18-width=0.03125", classes: 9)
    var initial = try InitialWeights(path: path)
    #expect(throws: WeightsError.self) {
      try initial.check(target.weights.architecture, target.graph)
    }
    initial.newHead = true
    let notes = try initial.check(target.weights.architecture, target.graph)
    #expect(
      notes.last
        == "module.fc.weight of \(path) has shape [5, 16]: the classifier starts anew, with 9 classes"
    )
    let head = try #require(target.state.values(of: "fc.weight"))
    try initial.load(into: target.state, target.weights)
    #expect(target.state.values(of: "fc.weight") == head)
    #expect(target.state.values(of: "conv1.weight") == source.state.values(of: "conv1.weight"))
    // As many classes: the head is the file's, and that is said.
    let same = try WeightsFixture.network(
      "resnet-18-width=0.03125", input: Self.shape, classes: 5)
    try initial.load(into: same.state, same.weights)
    #expect(same.state.weightsHash == source.state.weightsHash)
    #expect(
      try initial.check(same.weights.architecture, same.graph).last?.contains("is kept in spite of")
        == true)
    // Without a head at all.
    try Self.write(source, .torchvision, to: path) { name, entries in
      if name.hasPrefix("fc") { entries.removeLast() }
    }
    #expect(try Self.problems(path, "resnet-18-width=0.03125", newHead: true) == [])
    #expect(try Self.problems(path, "resnet-18-width=0.03125").count == 2)
  }
}
