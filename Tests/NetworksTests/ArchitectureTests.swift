// What can be built, what is refused and why, and how it is called.
import Engine
import Testing

@testable import Networks

@Suite struct ArchitectureTests {
  @Test(arguments: [
    "plain-56", "resnet-20", "resnet-110-preact", "resnet-34-shortcut=C", "resnet-50-stride=1x1",
    "resnet-56-bottleneck", "resnet-20-width=2", "resnet-18-textbook", "resnet-50-cifar",
    "resnet-164-preact-shortcut=A-stride=1x1-width=0.5", "plain-164",
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
    ("resnet-20-width=0", "width 0.0 is not above 0 and at most 64"),
    ("resnet-1000000000", "depth 1000000000 is not between 1 and 100000"),
    ("resnet-34-textbook", "the textbook's net has 18 layers in basic blocks"),
    ("vgg-16", "'vgg-16' is not a network name; it starts like plain-56, resnet-20 or resnet-18"),
    (
      "resnet-20-fast",
      "'fast' in 'resnet-20-fast' is not understood; allowed are cifar, imagenet, textbook, basic, "
        + "bottleneck, preact, shortcut=A|B|C, stride=1x1|3x3, width=NUMBER"
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
