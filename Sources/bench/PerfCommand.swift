// bench perf: how fast a network trains here, and how near that is to what the machine can do.
import ArgumentParser
import Engine
import Foundation
import Networks
import Numerics
import Text

struct PerfCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "perf",
    abstract: "Measure a network's training (or evaluation) speed against the machine's limits.")

  @Argument(help: "The network's name.")
  var name = "resnet-20"

  @Option(help: "Images per step.")
  var batch = 128

  @Option(help: "Channels, height and width, such as 3x32x32. (default: the family's)")
  var input: String?

  @Option(help: "Number of classes. (default: 10, or 1000 for ImageNet nets)")
  var classes: Int?

  @Option(help: "Threads. (default: all cores)")
  var threads: Int?

  @Option(help: "Steps that are timed, after 3 to warm up.")
  var steps = 15

  @Option(help: "fp32 or bf16: how activations are kept and products made.")
  var precision = Precision.fp32

  @Flag(help: "Time forward passes in evaluation mode.")
  var eval = false

  @Flag(help: "A line for every layer: equal ones are put together otherwise.")
  var all = false

  @Option(
    help: "A result saved with --format json, with which this one is compared.",
    completion: .file(extensions: ["json"]))
  var compare: String?

  @Flag(help: "Time one thread and all of them in turns, and compare with the FMA peak's gain.")
  var scaling = false

  @Option(help: "text or json.")
  var format = Format.text

  enum Format: String, ExpressibleByArgument, CaseIterable {
    case text
    case json
  }

  func validate() throws {
    guard (1...65_536).contains(batch) else {
      throw ValidationError("--batch \(batch): give a number from 1 to 65536")
    }
    guard (1...1000).contains(steps) else {
      throw ValidationError("--steps \(steps): give a number from 1 to 1000")
    }
    if let threads, !(1...1024).contains(threads) {
      throw ValidationError("--threads \(threads): give a number from 1 to 1024")
    }
    if compare != nil && (scaling || format == .json) {
      throw ValidationError("--compare prints a step's text: leave out --scaling and --format json")
    }
    if scaling && (threads ?? MachineCores.usable) == 1 {
      throw ValidationError("--scaling compares with one thread: give --threads 2 or more")
    }
  }

  func run() throws {
    let workers = threads ?? MachineCores.usable
    let graph = try endingOnBadInput { () throws(ArchitectureError) in
      let graph = try Architecture(name: name).graph(inputText: input, classes: classes)
      try graph.checkMemory(
        batch: scaling ? 2 * batch : batch, threads: workers, trains: !eval, precision: precision)
      return graph
    }
    let saved = try endingOnBadInput { () throws(PerfError) in
      try compare.map { path throws(PerfError) in try PerfComparison.load(path) }
    }
    ErrorText.warnOfLesserCore()
    if scaling {
      let result = PerfScaling(
        graph, name: name, batch: batch, threads: workers, steps: steps, isEvaluation: eval,
        precision: precision)
      try show(result) { result.text }
      return
    }
    let measurement = PerfMeasurement(
      graph, batch: batch, threads: workers, isEvaluation: eval, precision: precision)
    let report = measurement.report(name: name, steps: steps)
    try show(report) {
      PerfText.summary(report) + "\n" + PerfText.table(report, all: all)
    }
    if let saved {
      let comparison = PerfComparison(before: saved, after: report)
      for warning in comparison.warnings { printError("warning: \(warning)") }
      print(
        "\nCompared with \(compare?.printable ?? ""):\n\n\(comparison.text(all: all))",
        terminator: "")
    }
  }

  private func show(_ value: some Encodable, text: () -> String) throws {
    switch format {
    case .json:
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
      print(String(decoding: try encoder.encode(value), as: UTF8.self))
    case .text: print(text(), terminator: "")
    }
  }
}

extension Precision: ExpressibleByArgument {}

extension Graph {
  /// - Throws: `ArchitectureError` where a batch does not fit this machine's memory.
  func checkMemory(
    batch: Int, threads: Int, trains: Bool = true, precision: Precision = .fp32
  ) throws(ArchitectureError) {
    if let obstacle = precision.obstacle { throw ArchitectureError(obstacle) }
    let bytes = ExecutorLayout(
      self, batch: batch, threads: threads, trains: trains, arithmetic: .current(precision),
      optimizer: PerfMeasurement.optimizer
    ).bytes
    if let obstacle = MachineMemory.obstacle(bytes: bytes) {
      throw ArchitectureError("the network with a batch of \(batch) images \(obstacle)")
    }
  }
}

extension Architecture {
  /// The graph for an input such as `3x32x32`; by default that of the family's own data.
  /// - Throws: `ArchitectureError` for an input that cannot be read or is too small.
  func graph(inputText: String?, classes: Int?) throws(ArchitectureError) -> Graph {
    let standard: (String, Int) =
      switch family {
      case .cifar: ("3x32x32", 10)
      case .imagenet: ("3x224x224", 1000)
      case .textbook: ("1x96x96", 10)
      }
    let text = inputText ?? standard.0
    guard let shape = ImageShape(text) else {
      throw ArchitectureError(
        "--input \(text): give channels, height and width, such as 3x32x32")
    }
    return try graph(input: shape, classes: classes ?? standard.1)
  }
}
