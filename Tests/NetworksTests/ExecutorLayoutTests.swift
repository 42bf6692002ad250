// What a network is planned to take of the memory is what it takes.
import Foundation
import Networks
import Numerics
import Testing

@testable import Engine

/// A net, its images and how many there are.
struct LayoutSetting: Sendable, Codable, CustomTestStringConvertible {
  let name: String
  let input: String
  let batch: Int
  var threads = 1
  var testDescription: String { "\(name), \(batch) of \(input)" }

  func graph() throws -> Graph {
    try Architecture(name: name).graph(input: try #require(ImageShape(input)), classes: 10)
  }
}

@Suite struct ExecutorLayoutTests {
  /// Every kind of block, shortcut and convolution, and both stems.
  static let settings = [
    LayoutSetting(name: "plain-8", input: "3x16x16", batch: 5),
    LayoutSetting(name: "resnet-8", input: "3x17x17", batch: 33),
    LayoutSetting(name: "resnet-11-bottleneck", input: "3x16x16", batch: 17),
    LayoutSetting(name: "resnet-8-preact", input: "3x16x16", batch: 70),
    LayoutSetting(name: "resnet-11-bottleneck-preact-width=0.5", input: "3x16x16", batch: 1),
    LayoutSetting(name: "resnet-8-shortcut=exclusiveGating", input: "3x16x16", batch: 4),
    LayoutSetting(name: "resnet-8-width=2", input: "3x16x16", batch: 9),
    LayoutSetting(name: "resnet-8-width=10", input: "3x8x8", batch: 40),
    LayoutSetting(name: "resnet-18-width=0.5", input: "3x64x64", batch: 3),
    LayoutSetting(name: "resnet-18-textbook-width=0.25", input: "1x48x48", batch: 6),
  ]

  /// Byte for byte, in a process of its own, where no other test allocates.
  @Test func everyByteOfTheBuffersIsPlanned() async {
    await #expect(processExitsWith: .success) {
      for setting in Self.settings {
        let graph = try setting.graph()
        for threads in [1, 2, 3, 8] {
          let pool = WorkerPool(threads: threads)
          for trains in [true, false] {
            let layout = ExecutorLayout(
              graph, batch: setting.batch, threads: threads, trains: trains)
            let before = BufferMemory.bytes
            let executor = NetworkExecutor(
              graph, batch: setting.batch, pool: pool, trains: trains)
            if trains { executor.state.prepare(for: SGD()) }
            let grown = BufferMemory.bytes - before
            #expect(
              layout.bytes == grown,
              "\(setting.testDescription), \(threads) threads, trains \(trains): \(layout.bytes), \(grown)"
            )
            // Nothing comes later.
            for i in 0..<setting.batch * graph.inputShape.count { executor.input[i] = 0 }
            let labels = [Int32](repeating: 0, count: setting.batch)
            // Slow for wide nets, and the same for any number of threads.
            if threads == 1 { executor.state.initialize(seed: 0) }
            if trains {
              _ = executor.trainStep(
                labels: labels, count: setting.batch, optimizer: SGD(), learningRate: 0)
            }
            _ = executor.evaluate(labels: labels, count: setting.batch)
            #expect(BufferMemory.bytes - before == grown)
          }
        }
        #expect(BufferMemory.bytes == 0)
      }
    }
  }

  @Test func threadsCostMemoryAndEvaluationSavesIt() throws {
    let graph = try Self.settings[1].graph()
    func bytes(_ threads: Int, trains: Bool = true) -> Int {
      ExecutorLayout(graph, batch: 33, threads: threads, trains: trains).bytes
    }
    let each = bytes(2) - bytes(1)
    #expect(each > 0 && bytes(8) == bytes(1) + 7 * each)
    #expect(bytes(1, trains: false) < bytes(1) / 2)
  }

  static let largeSettings = [
    LayoutSetting(name: "resnet-20", input: "3x32x32", batch: 192, threads: 2),
    LayoutSetting(name: "resnet-29-bottleneck-preact", input: "3x32x32", batch: 48, threads: 1),
    LayoutSetting(name: "resnet-18", input: "3x160x160", batch: 8, threads: 2),
    LayoutSetting(name: "resnet-50", input: "3x128x128", batch: 6, threads: 2),
  ]

  /// What the system gives a process that trains a step, against the plan.
  @Test(.enabled(if: FileManager.default.fileExists(atPath: "/proc/self/status")))
  func theProcessGrowsAsPlanned() async {
    for setting in Self.largeSettings {
      await #expect(processExitsWith: .success) { [setting = setting as LayoutSetting] in
        let graph = try setting.graph()
        let layout = ExecutorLayout(graph, batch: setting.batch, threads: setting.threads)
        let pool = WorkerPool(threads: setting.threads)
        let before = try Self.kilobytes("VmRSS")
        let executor = NetworkExecutor(graph, batch: setting.batch, pool: pool)
        executor.state.initialize(seed: 0)
        for i in 0..<setting.batch * graph.inputShape.count {
          executor.input[i] = Float(i % 7) - 3
        }
        let labels = [Int32](repeating: 1, count: setting.batch)
        _ = executor.trainStep(
          labels: labels, count: setting.batch, optimizer: SGD(), learningRate: 0.01)
        let grown = (try Self.kilobytes("VmHWM") - before) * 1024
        let ratio = Double(grown) / Double(layout.bytes)
        #expect(
          (0.9...1.1).contains(ratio),
          "\(setting.testDescription), \(setting.threads) threads: planned \(layout.bytes), grown \(grown), \(ratio)"
        )
      }
    }
  }

  /// A line of what the system says of this process.
  private static func kilobytes(_ key: String) throws -> Int {
    let status = try String(contentsOfFile: "/proc/self/status", encoding: .utf8)
    let line = try #require(status.split(separator: "\n").first { $0.hasPrefix(key + ":") })
    return try #require(
      line.split(whereSeparator: \.isWhitespace).dropFirst().first.flatMap { Int($0) })
  }
}
