// Subnormal numbers count as zero in the engine, on every thread, and nowhere else.
import CKernels
import Foundation
import Numerics
import Testing

@testable import Engine

@Suite struct SubnormalTests {
  /// The smallest normal number halved: subnormal, or zero where results are flushed.
  @inline(never)
  private static func half(_ x: Float) -> Float { x * 0.5 }

  /// A subnormal number read as it is, or as zero.
  @inline(never)
  private static func scaled(_ x: Float) -> Float { x * 0x1p100 }

  @Test(arguments: [1, 2, 3, 8])
  func everyTaskFlushesAndTheCallerDoesNot(threads: Int) {
    let pool = WorkerPool(threads: threads)
    let smallest = Float.leastNormalMagnitude
    let subnormal = Float.leastNonzeroMagnitude
    #expect(Self.half(smallest) > 0 && Self.scaled(subnormal) > 0, "the caller's own setting")
    let tasks = 64
    let results = FloatBuffer(count: 2 * tasks)
    results.pointer.update(repeating: 1, count: 2 * tasks)
    for count in [1, tasks] {
      pool.run(tasks: count) { task, _ in
        results.pointer[2 * task] = Self.half(smallest)
        results.pointer[2 * task + 1] = Self.scaled(subnormal)
        // Long enough for every thread to take some.
        usleep(200)
      }
    }
    #expect((0..<2 * tasks).allSatisfy { results.pointer[$0] == 0 })
    #expect(Self.half(smallest) > 0 && Self.scaled(subnormal) > 0, "as it was before")
  }

  /// A convolution's sum of 16 products of 1e-40; the layer behind it makes it a visible number.
  @Test func networksFlushThem() {
    var graph = Graph(input: ImageShape(height: 1, width: 1, channels: 16))
    let x = graph.convolution(graph.input, name: "c", outputChannels: 16, kernelSize: 1)
    _ = graph.linear(graph.globalAveragePool(x), name: "fc", outputs: 4)
    let network = NetworkExecutor(graph, batch: 1, pool: WorkerPool(threads: 1))
    network.state.setValues(.init(repeating: 1e-20, count: 256), of: "c.weight")
    network.state.setValues(.init(repeating: 1e38, count: 64), of: "fc.weight")
    network.input.update(repeating: 1e-20, count: 16)
    #expect(network.predict(count: 1) == [0, 0, 0, 0])
    network.input.update(repeating: 1e-10, count: 16)
    #expect(network.predict(count: 1).allSatisfy { $0 > 0 }, "normal products are kept")
    #expect(Self.half(.leastNormalMagnitude) > 0, "the caller's setting is restored")
  }
}
