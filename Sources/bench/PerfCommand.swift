// bench perf: how fast a network trains here, and how near that is to what the machine can do.
import ArgumentParser
import Engine
import Foundation
import Networks

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

  @Flag(help: "Time forward passes in evaluation mode.")
  var eval = false

  @Flag(help: "A line for every layer: equal ones are put together otherwise.")
  var all = false

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
  }

  func run() throws {
    let graph = try endingOnBadInput { () throws(ArchitectureError) in
      let graph = try Architecture(name: name).graph(inputText: input, classes: classes)
      try graph.checkMemory(batch: batch, threads: threads ?? 1)
      return graph
    }
    let workers = threads ?? ProcessInfo.processInfo.activeProcessorCount
    let measurement = PerfMeasurement(graph, batch: batch, threads: workers, isEvaluation: eval)
    let report = measurement.report(name: name, steps: steps)
    switch format {
    case .json:
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
      print(String(decoding: try encoder.encode(report), as: UTF8.self))
    case .text:
      print(PerfText.summary(report))
      print(PerfText.table(report, all: all), terminator: "")
    }
  }
}

extension Graph {
  /// - Throws: `ArchitectureError` where a batch does not fit this machine's memory.
  func checkMemory(batch: Int, threads: Int) throws(ArchitectureError) {
    let bytes = NetworkExecutor.memoryEstimate(self, batch: batch, threads: threads)
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
