// bench models: what networks there are, how large they are, and what they do to shapes.
import ArgumentParser
import Engine
import Foundation
import Networks
import Numerics
import Papers
import Reports

struct ModelsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "models",
    abstract: "Show networks: parameters and MACs beside the papers', structure and shapes.",
    discussion: """
      A name is (plain|resnet)-DEPTH, then what differs from the default, such as
      resnet-110-preact, resnet-34-shortcut=C, resnet-50-stride=1x1, resnet-56-bottleneck,
      resnet-20-width=2, resnet-18-textbook. Without a name, the papers' nets are listed.
      """)

  @Argument(help: "The network's name.")
  var name: String?

  @Option(help: "Channels, height and width of the input, such as 3x32x32.")
  var input: String?

  @Option(help: "Number of classes. (default: 10, or 1000 for ImageNet nets)")
  var classes: Int?

  @Flag(help: "Run a forward pass and print the shape after each layer.")
  var trace = false

  @Flag(help: "Print the nested tree of stages, blocks and layers.")
  var structure = false

  @Option(
    help: "One textbook residual block: INPUT,OUTPUT[,stride=S] channels, such as 3,6,stride=2.")
  var block: String?

  @Option(help: "Images in the forward pass.")
  var batch = 1

  @Option(help: "table or json.")
  var format = TableFormat.table

  enum TableFormat: String, ExpressibleByArgument, CaseIterable {
    case table
    case json
  }

  func validate() throws {
    guard (1...4096).contains(batch) else {
      throw ValidationError("--batch \(batch): give a number from 1 to 4096")
    }
    if block != nil && (name != nil || trace || structure) {
      throw ValidationError("--block stands alone: give it without a name, --trace or --structure")
    }
    if (trace || structure) && name == nil {
      throw ValidationError("--trace and --structure need a network's name")
    }
  }

  func run() throws {
    try endingOnBadInput { () throws(ArchitectureError) in
      if let block {
        try printBlock(block)
      } else if let name {
        let graph = try Architecture(name: name).graph(inputText: input, classes: classes)
        if structure { print(([name] + graph.structure).joined(separator: "\n")) }
        if trace { try printTrace(graph) }
        if !structure && !trace { try printTable([name]) }
      } else {
        try printTable(Self.published)
      }
    }
  }

  /// The papers' nets, in their order.
  private static let published =
    [20, 32, 44, 56].map { "plain-\($0)" } + [20, 32, 44, 56, 110, 1202].map { "resnet-\($0)" }
    + ["resnet-110-preact", "resnet-164", "resnet-164-preact", "resnet-1001-preact"]
    + ["plain-18", "plain-34", "resnet-18", "resnet-34", "resnet-50", "resnet-50-stride=1x1"]
    + ["resnet-101", "resnet-101-stride=1x1", "resnet-152", "resnet-152-stride=1x1"]
    + ["resnet-18-textbook"]

  // MARK: Table

  /// One network's size, as `--format json` prints it.
  private struct ModelSize: Encodable {
    let name: String
    let parameters: Int
    let macs: Int
  }

  private func printTable(_ names: [String]) throws(ArchitectureError) {
    var sizes: [(ModelSize, ImageShape, PublishedNumbers?)] = []
    for name in names {
      let architecture = try Architecture(name: name)
      let graph = try architecture.graph(inputText: input, classes: classes)
      let size = ModelSize(
        name: architecture.name, parameters: graph.parameterCount, macs: graph.macs)
      sizes.append((size, graph.inputShape, PublishedNumbers.of(architecture)))
    }
    switch format {
    case .json:
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
      if let data = try? encoder.encode(sizes.map(\.0)) {
        print(String(decoding: data, as: UTF8.self))
      }
    case .table:
      let rows = sizes.map { size, shape, published in
        [
          size.name, shape.description, size.parameters.formatted(.number.locale(Self.english)),
          published?.parameters ?? "",
          (Double(size.macs) / 1e6).formatted(
            .number.precision(.fractionLength(2)).locale(Self.english)),
          published?.macs.map { ($0 / 1e6).formatted(.number.locale(Self.english)) } ?? "",
          published?.source ?? "",
        ]
      }
      let table = TextTable(
        header: ["network", "input", "parameters", "paper", "MACs (M)", "paper (M)", "source"],
        rows: rows, rightAligned: [2, 3, 4, 5])
      print(table.text, terminator: "")
    }
  }

  private static let english = Locale(identifier: "en_US")

  // MARK: Shapes

  private func printTrace(_ graph: Graph) throws(ArchitectureError) {
    try forward(graph)
    let trace = graph.trace
    let width = trace.map(\.label.count).max() ?? 0
    for layer in trace {
      let label = layer.label.padding(toLength: width, withPad: " ", startingAt: 0)
      print("\(label)  \(Self.tuple(layer.dimensions(batch: batch)))")
    }
  }

  private func printBlock(_ text: String) throws(ArchitectureError) {
    let parts = text.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
    let stride =
      parts.count == 3 ? parts[2].split(separator: "=").map(String.init) : ["stride", "1"]
    guard (2...3).contains(parts.count), let inputs = Int(parts[0]), let outputs = Int(parts[1]),
      stride.count == 2, stride[0] == "stride", let step = Int(stride[1]),
      (1...65_536).contains(inputs), (1...65_536).contains(outputs), (1...64).contains(step)
    else {
      throw ArchitectureError(
        "--block \(text): give input and output channels, such as 3,3 or 3,6,stride=2")
    }
    let shape = ImageShape(input ?? "\(inputs)x6x6") ?? ImageShape(height: 6, width: 6, channels: 1)
    guard shape.channels == inputs else {
      throw ArchitectureError(
        "--block \(text) reads \(inputs) channels, --input \(shape) has \(shape.channels)")
    }
    let graph = try Architecture.textbookBlock(
      input: shape, outputChannels: outputs, stride: step)
    try forward(graph)
    let layer = TracedLayer(label: "block", shape: graph.shape(of: graph.output))
    print(Self.tuple(layer.dimensions(batch: batch)))
  }

  /// Carries out the network on random images, so that what is printed has been computed.
  private func forward(_ graph: Graph) throws(ArchitectureError) {
    let threads = MachineCores.usable
    try graph.checkMemory(batch: batch, threads: threads)
    let executor = NetworkExecutor(graph, batch: batch, pool: WorkerPool(threads: threads))
    executor.state.initialize(seed: 0)
    var random = CounterRandom(seed: 0, purpose: .statistics)
    for i in 0..<batch * graph.inputShape.count { executor.input[i] = random.normal() }
    let output = executor.predict(count: batch)
    precondition(
      output.count == batch * graph.shape(of: graph.output).count
        && output.allSatisfy { $0.isFinite },
      "the forward pass gave \(output.count) numbers, or some that are not finite")
  }

  private static func tuple(_ dimensions: [Int]) -> String {
    "(\(dimensions.map(String.init).joined(separator: ", ")))"
  }
}
