// The same bits whatever else goes on: threads, batch sizes, other runs beside.
import Engine
import Foundation
import Networks
import Numerics
import Testing

@Suite struct DeterminismTests {
  /// The bits of all numbers of a net after some steps of training.
  private static func train(
    _ name: String, size: Int, batch: Int, threads: Int, steps: Int
  ) throws -> [UInt32] {
    let shape = ImageShape(height: size, width: size, channels: 3)
    let graph = try Architecture(name: name).graph(input: shape, classes: 10)
    let executor = NetworkExecutor(graph, batch: batch, pool: WorkerPool(threads: threads))
    executor.state.initialize(seed: 3)
    for step in 0..<steps {
      let numbers = SharedNumbers("images \(step)").uniform(batch * shape.count)
      for (i, value) in numbers.enumerated() { executor.input[i] = Float(value) }
      let labels = SharedNumbers("labels \(step)")
      let result = executor.trainStep(
        labels: (0..<batch).map { Int32(labels.bits($0) % 10) }, count: batch, optimizer: SGD(),
        learningRate: 0.02)
      #expect(result.loss.isFinite)
    }
    return graph.tensorSpecifications.flatMap { tensor in
      (executor.state.values(of: tensor.name) ?? []).map(\.bitPattern)
    }
  }

  /// A net, the size of its images, and how many there are.
  struct Setting: Sendable, CustomTestStringConvertible {
    let name: String
    let size: Int
    let batch: Int
    var testDescription: String { "\(name) at \(size), \(batch) images" }
  }

  // Winograd's widths, products of many images, a max pool; batches that divide by nothing.
  static let settings = [
    Setting(name: "resnet-8", size: 8, batch: 1), Setting(name: "resnet-8", size: 9, batch: 7),
    Setting(name: "resnet-8-preact", size: 8, batch: 129),
    Setting(name: "plain-8-width=2", size: 8, batch: 7),
    Setting(name: "resnet-11-width=0.5", size: 8, batch: 33),
    Setting(name: "resnet-18-width=0.25", size: 33, batch: 7),
  ]

  @Test(arguments: settings)
  func weightsAfterFiftySteps(_ s: Setting) throws {
    func bits(_ threads: Int) throws -> [UInt32] {
      try Self.train(s.name, size: s.size, batch: s.batch, threads: threads, steps: 50)
    }
    let one = try bits(1)
    #expect(one.allSatisfy { Float(bitPattern: $0).isFinite })
    for threads in [2, 3, 5, 8] {
      let isEqual = try bits(threads) == one
      #expect(isEqual, "\(s.testDescription), \(threads) threads")
    }
  }

  /// Runs of other nets on threads of their own, at the same time.
  @Test func otherRunsBesideChangeNothing() async throws {
    func bits(threads: Int) throws -> [UInt32] {
      try Self.train("resnet-8", size: 8, batch: 17, threads: threads, steps: 50)
    }
    let alone = try bits(threads: 2)
    let together = try await withThrowingTaskGroup(of: [UInt32]?.self) { group in
      for threads in [2, 3] {
        group.addTask { try bits(threads: threads) }
        group.addTask {
          _ = try Self.train("plain-8-width=2", size: 10, batch: 5, threads: threads, steps: 50)
          return nil
        }
      }
      var results: [[UInt32]] = []
      for try await result in group { if let result { results.append(result) } }
      return results
    }
    #expect(together.count == 2)
    for result in together { #expect(result == alone) }
  }
}
