// What can be built, what is refused and why, and how it is called.
import Engine
import Testing

@testable import Networks
@testable import Numerics

@Suite struct ArchitectureTests {
  @Test(arguments: [
    "plain-56", "resnet-20", "resnet-110-preact", "resnet-34-shortcut=C", "resnet-50-stride=1x1",
    "resnet-56-bottleneck", "resnet-20-width=2", "resnet-18-textbook", "resnet-50-cifar",
    "resnet-164-preact-shortcut=A-stride=1x1-width=0.5", "plain-164",
    "resnet-110-order=normAfterAddition", "resnet-110-order=reluBeforeAddition",
    "resnet-164-order=reluOnlyPre", "resnet-110-shortcut=scaling", "resnet-110-shortcut=dropout",
    "resnet-110-shortcut=exclusiveGating-gateBias=-7", "resnet-20-shortcut=shortcutGating",
    "resnet-20-shortcut=shortcutGating-gateBias=0-nonorm", "plain-20-nonorm-init=xavier",
    "resnet-20-zeroinit", "resnet-18-textbook-init=he", "resnet-56-init=uniform",
  ])
  func namesAreReadBack(name: String) throws {
    #expect(try Architecture(name: name).name == name)
  }

  @Test func defaultsFollowThePapers() throws {
    let small = try Architecture(name: "resnet-20")
    #expect(small.family == .cifar && small.block == .basic && small.shortcut == .zeroPadding)
    let deep = try Architecture(name: "resnet-164")
    #expect(deep.block == .bottleneck && deep.shortcut == .projectionOnChange)
    let large = try Architecture(name: "resnet-50")
    #expect(large.family == .imagenet && large.block == .bottleneck)
    #expect(large.strideLocation == .middle3x3)
    #expect(try Architecture(name: "plain-20").shortcut == nil)
  }

  @Test(arguments: [
    ("resnet-21", "a CIFAR net of basic blocks has 6n+2 layers, not 21; the nearest are 20 and 26"),
    ("resnet-2", "a CIFAR net of basic blocks has 6n+2 layers, not 2; the nearest are 8 and 14"),
    (
      "resnet-57-bottleneck",
      "a CIFAR net of bottleneck blocks has 9n+2 layers, not 57; the nearest are 56 and 65"
    ),
    ("resnet-20-imagenet", "an ImageNet net has 18, 34, 50, 101 or 152 layers, not 20"),
    (
      "resnet-34-bottleneck",
      "the ImageNet net of 34 layers is made of basic blocks, not bottleneck ones"
    ),
    ("plain-20-shortcut=B", "a plain net has no shortcut, so shortcut B does not apply to it"),
    (
      "resnet-20-stride=1x1",
      "a basic block has no 1x1 convolution, so strideLocation 1x1 does not apply to it"
    ),
    ("resnet-20-width=0", "width 0.0 is not between 0.001 and 64.0"),
    ("resnet-20-width=0.0009", "width 0.0009 is not between 0.001 and 64.0"),
    ("resnet-1000000000", "depth 1000000000 is not between 1 and 100000"),
    ("resnet-34-textbook", "the textbook's net has 18 layers in basic blocks"),
    ("vgg-16", "'vgg-16' is not a network name; it starts like plain-56, resnet-20 or resnet-18"),
    (
      "resnet-20-fast",
      "'fast' in 'resnet-20-fast' is not understood; allowed are cifar, imagenet, textbook, basic, "
        + "bottleneck, preact, "
        + "order=original|normAfterAddition|reluBeforeAddition|reluOnlyPre|pre, "
        + "shortcut=A|B|C|scaling|scalingBoth|exclusiveGating|shortcutGating|dropout, "
        + "gateBias=NUMBER, stride=1x1|3x3, width=NUMBER, nonorm, init=he|xavier|uniform, zeroinit"
    ),
    (
      "resnet-20-gateBias=-3",
      "gateBias belongs to the shortcuts exclusiveGating and shortcutGating only"
    ),
    (
      "plain-20-order=normAfterAddition",
      "a plain net has no addition, so activationOrder normAfterAddition does not apply to it"
    ),
    (
      "plain-20-zeroinit",
      "a plain net whose batch norms start at 0 computes nothing; zeroInitResidual is for residual "
        + "nets"
    ),
    (
      "resnet-20-preact-zeroinit",
      "zeroInitResidual needs a batch norm at the end of each residual function; activationOrder "
        + "pre has none there"
    ),
  ])
  func impossibleNetsAreRefusedWithTheReason(name: String, reason: String) {
    #expect(throws: ArchitectureError(reason)) { try Architecture(name: name) }
  }

  @Test func tensorNamesAreTorchvisions() throws {
    let graph = try Architecture(name: "resnet-50").graph(
      input: ImageShape(height: 64, width: 64, channels: 3), classes: 10)
    let names = Set(graph.tensorSpecifications.map(\.name))
    for name in [
      "conv1.weight", "bn1.running_mean", "layer1.0.conv1.weight", "layer1.0.downsample.0.weight",
      "layer1.0.downsample.1.running_var", "layer4.2.bn3.bias", "fc.weight", "fc.bias",
    ] { #expect(names.contains(name), "\(name)") }
    let preact = try Architecture(name: "resnet-20-preact").graph(
      input: ImageShape(height: 32, width: 32, channels: 3), classes: 10)
    let order = preact.nodes.map(\.name).filter { $0.hasPrefix("layer1.0") }
    #expect(order.firstIndex(of: "layer1.0.bn1") == 0)
    #expect(preact.tensorSpecifications.last { $0.name.hasPrefix("bn1") } != nil)
  }

  /// What He et al. 2016 draw in Fig. 4 and list in Table 1, as operations of one block.
  @Test(arguments: [
    ("resnet-8", ["conv", "norm", "relu", "conv", "norm", "sum", "relu"]),
    (
      "resnet-8-order=normAfterAddition",
      ["conv", "norm", "relu", "conv", "sum", "norm", "relu"]
    ),
    (
      "resnet-8-order=reluBeforeAddition",
      ["conv", "norm", "relu", "conv", "norm", "relu", "sum"]
    ),
    ("resnet-8-order=reluOnlyPre", ["relu", "conv", "norm", "relu", "conv", "norm", "sum"]),
    ("resnet-8-preact", ["norm", "relu", "conv", "norm", "relu", "conv", "sum"]),
    ("resnet-8-nonorm", ["conv", "relu", "conv", "sum", "relu"]),
    ("resnet-8-shortcut=scaling", ["conv", "norm", "relu", "conv", "norm", "x0.5", "sum", "relu"]),
    (
      "resnet-8-shortcut=dropout",
      ["conv", "norm", "relu", "conv", "norm", "dropout 0.5", "sum", "relu"]
    ),
    (
      "resnet-8-shortcut=exclusiveGating",
      ["conv", "norm", "relu", "conv", "norm", "conv", "gate", "1-gate", "sum", "relu"]
    ),
    (
      "resnet-8-shortcut=shortcutGating",
      ["conv", "norm", "relu", "conv", "norm", "conv", "1-gate", "sum", "relu"]
    ),
  ])
  func blocksAreThePapers(name: String, operations: [String]) throws {
    let graph = try Architecture(name: name).graph(
      input: ImageShape(height: 8, width: 8, channels: 3), classes: 3)
    let found = graph.nodes.filter { $0.name.hasPrefix("layer1.0.") }.map { node in
      switch node.operation {
      case .convolution: "conv"
      case .batchNorm: "norm"
      case .relu: "relu"
      case .add: "sum"
      case .scale(let factor): "x\(factor)"
      case .dropout(let rate): "dropout \(rate)"
      case .gate(let isComplement): isComplement ? "1-gate" : "gate"
      default: "\(node.operation)"
      }
    }
    #expect(found == operations)
  }

  /// Biases of gates and the scales of zero-initialised residual functions start where they should.
  @Test func startsAreSet() throws {
    func state(_ name: String) throws -> NetworkState {
      let state = NetworkState(
        try Architecture(name: name).graph(
          input: ImageShape(height: 8, width: 8, channels: 3), classes: 3))
      state.initialize(seed: 1)
      return state
    }
    let gated = try state("resnet-8-shortcut=shortcutGating-gateBias=-7")
    #expect(gated.values(of: "layer2.0.gate.bias") == .init(repeating: -7, count: 32))
    let zero = try state("resnet-8-zeroinit")
    #expect(zero.values(of: "layer1.0.bn2.weight") == .init(repeating: 0, count: 16))
    #expect(zero.values(of: "layer1.0.bn1.weight") == .init(repeating: 1, count: 16))
    let xavier = try state("resnet-8-init=xavier").values(of: "layer1.0.conv1.weight") ?? []
    let bound = (6 / Float(9 * 32)).squareRoot()
    #expect(xavier.allSatisfy { abs($0) <= bound })
    #expect((xavier.max() ?? 0) > 0.95 * bound)
  }

  /// Small images go through any net; sizes that do not halve evenly too.
  @Test(arguments: ["resnet-20", "resnet-18", "plain-164", "resnet-18-textbook"], [1, 5, 20])
  func anyInputSizeWorks(name: String, size: Int) throws {
    let graph = try Architecture(name: name).graph(
      input: ImageShape(height: size, width: size + 1, channels: 2), classes: 3)
    let executor = NetworkExecutor(graph, batch: 2, pool: WorkerPool(threads: 1))
    executor.state.initialize(seed: 1)
    for i in 0..<2 * graph.inputShape.count { executor.input[i] = Float(i % 7) - 3 }
    let result = executor.computeGradients(labels: [0, 2], count: 2)
    #expect(result.loss.isFinite && result.gradientNorm.isFinite)
  }
}
