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

  @Option(help: "text or json.")
  var format = Format.text

  enum Format: String, ExpressibleByArgument, CaseIterable {
    case text
    case json
  }

  /// What is printed with `--format json`. Speeds are of the median step.
  private struct Report: Encodable {
    let name: String
    let mode: String
    let batch: Int
    let input: String
    let threads: Int
    let milliseconds: Double
    let imagesPerSecond: Double
    let bestImagesPerSecond: Double
    let gflops: Double
    let peakGFLOPS: Double
    let peakShare: Double
    let copyGBPerSecond: Double
    let peakMemoryMB: Double
    let numericIdentity: NumericIdentity
  }

  func validate() throws {
    guard (1...65_536).contains(batch) else {
      throw ValidationError("--batch \(batch): give a number from 1 to 65536")
    }
    guard (1...100_000).contains(steps) else {
      throw ValidationError("--steps \(steps): give a number from 1 to 100000")
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
    let report = measure(graph)
    switch format {
    case .json:
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
      print(String(decoding: try encoder.encode(report), as: UTF8.self))
    case .text:
      func number(_ value: Double, _ digits: Int) -> String {
        String(format: "%.\(digits)f", value)
      }
      print(
        """
        \(report.name), \(report.mode), batch \(report.batch) of \(report.input), \
        \(report.threads) threads, \(report.numericIdentity.backend), \
        \(report.numericIdentity.instructionSet)
        step (median)   \(number(report.milliseconds, 1)) ms, \
        \(number(report.imagesPerSecond, 1)) images/s \
        (best \(number(report.bestImagesPerSecond, 1)))
        arithmetic      \(number(report.gflops, 0)) GFLOP/s, \
        \(number(100 * report.peakShare, 1)) % of the \(number(report.peakGFLOPS, 0)) measured
        memory          \(number(report.peakMemoryMB, 0)) MB peak; \
        copy \(number(report.copyGBPerSecond, 0)) GB/s
        """)
    }
  }

  private func measure(_ graph: Graph) -> Report {
    let threads = threads ?? ProcessInfo.processInfo.activeProcessorCount
    let network = NetworkExecutor(graph, batch: batch, pool: WorkerPool(threads: threads))
    network.state.initialize(seed: 0)
    let classes = graph.shape(of: graph.output).channels
    var random = CounterRandom(seed: 0, purpose: .statistics)
    for i in 0..<batch * graph.inputShape.count { network.input[i] = random.normal() }
    let labels = (0..<batch).map { _ in Int32(random.integer(below: classes)) }
    let clock = ContinuousClock()
    var times: [Double] = []
    for step in 0..<steps + 3 {
      let start = clock.now
      if eval {
        _ = network.evaluate(labels: labels, count: batch)
      } else {
        _ = network.trainStep(
          labels: labels, count: batch, optimizer: SGD(), learningRate: 0.01)
      }
      if step >= 3 { times.append((clock.now - start) / .seconds(1)) }
    }
    // Before the limits are measured, which needs memory of its own.
    let memory = Self.peakMemoryMB()
    let limits = MachineLimits.measure(threads: threads)
    times.sort()
    let median = times[times.count / 2]
    let operations = Double((eval ? 2 : 6) * graph.macs * batch)
    let gflops = operations / median / 1e9
    return Report(
      name: name, mode: eval ? "evaluation" : "training", batch: batch,
      input: graph.inputShape.description, threads: threads, milliseconds: 1000 * median,
      imagesPerSecond: Double(batch) / median, bestImagesPerSecond: Double(batch) / times[0],
      gflops: gflops, peakGFLOPS: limits.peakGFLOPS, peakShare: gflops / limits.peakGFLOPS,
      copyGBPerSecond: limits.copyGBPerSecond, peakMemoryMB: memory,
      numericIdentity: .current)
  }

  /// The most memory that this process has had, in 10⁶ bytes.
  private static func peakMemoryMB() -> Double {
    var usage = rusage()
    getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
    return Double(usage.ru_maxrss) * 1024 / 1e6
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
