// Where a step's time goes, and what each operation costs at least.
import Foundation
import Testing

@testable import Engine
@testable import Numerics

@Suite struct StepProfileTests {
  private static let input = ImageShape(height: 8, width: 8, channels: 3)

  private func executor(_ kind: JoinKind = .original, batch: Int = 4) -> NetworkExecutor {
    let graph = makeGraph(kind, input: Self.input, channels: 8, classes: 5, withPooling: true)
    let executor = NetworkExecutor(graph, batch: batch, pool: WorkerPool(threads: 2))
    executor.state.initialize(seed: 1)
    for (i, v) in randomNumbers(batch * Self.input.count, seed: 2).enumerated() {
      executor.input[i] = v
    }
    return executor
  }

  @discardableResult
  private func train(_ executor: NetworkExecutor) -> StepResult {
    executor.trainStep(labels: [0, 1, 2, 3], count: 4, optimizer: SGD(), learningRate: 0.1)
  }

  @Test func everyPhaseOfATrainingStepIsTimedOnce() {
    let executor = executor()
    let profile = StepProfile()
    executor.profile = profile
    for _ in 0..<3 { train(executor) }
    #expect(profile.stepCount == 3)
    let operations = executor.operationCosts(count: 4).indices
    func times(_ phase: StepProfile.Phase) -> [[Double]] {
      operations.map { profile.seconds(phase, operation: $0) }
    }
    for phase in [StepProfile.Phase.forward, .backward, .weightSums] {
      // The linear layer's weight gradient has no parts to add up.
      let timed = phase == .weightSums ? times(phase).dropLast() : times(phase)[...]
      let isTimed = timed.allSatisfy { $0.count == 3 && $0.allSatisfy { $0 > 0 } }
      #expect(isTimed, "\(phase)")
    }
    for phase in [StepProfile.Phase.preparation, .loss, .gradientNorm, .optimizer] {
      let isTimed = profile.seconds(phase).allSatisfy { $0 > 0 }
      #expect(isTimed, "\(phase)")
    }
  }

  @Test func lapsFollowEachOtherWithoutAGap() {
    let executor = executor()
    let clock = ContinuousClock()
    let operations = executor.operationCosts(count: 4).indices
    /// The part of a step's wall time that its laps add up to.
    func share() -> Double {
      let profile = StepProfile()
      executor.profile = profile
      let start = clock.now
      train(executor)
      let seconds = (clock.now - start) / .seconds(1)
      let total = StepProfile.Phase.allCases.reduce(0.0) { sum, phase in
        sum + operations.reduce(0) { $0 + profile.seconds(phase, operation: $1).reduce(0, +) }
      }
      return total / seconds
    }
    // A thread that loses its core around a step makes the share smaller, never larger.
    let shares = (0..<100).map { _ in share() }
    let (best, all) = (shares.max() ?? 0, shares.allSatisfy { $0 <= 1 })
    #expect(best > 0.8 && all, "\(best)")
  }

  @Test func anEvaluationHasNoWayBack() {
    let executor = executor()
    let profile = StepProfile()
    executor.profile = profile
    _ = executor.evaluate(labels: [0, 1, 2, 3], count: 4)
    #expect(profile.stepCount == 1)
    for phase in [StepProfile.Phase.backward, .weightSums, .gradientSums, .optimizer] {
      let times = (0..<20).flatMap { profile.seconds(phase, operation: $0) }
      #expect(times.allSatisfy { $0 == 0 }, "\(phase)")
    }
    #expect(profile.seconds(.loss)[0] > 0)
  }

  @Test func aProfileChangesNoBit() {
    let (plain, profiled) = (executor(.pre), executor(.pre))
    profiled.profile = StepProfile()
    let results = [plain, profiled].map { executor in (0..<3).map { _ in train(executor) } }
    #expect(results[0] == results[1])
  }

  @Test func costsAreThoseOfTheGraph() throws {
    var graph = Graph(input: ImageShape(height: 10, width: 10, channels: 3))
    var x = graph.convolution(graph.input, name: "a", outputChannels: 8, kernelSize: 3, padding: 1)
    x = graph.relu(graph.batchNorm(x, name: "n"))
    x = graph.convolution(x, name: "b", outputChannels: 16, kernelSize: 3, stride: 2, padding: 1)
    x = graph.globalAveragePool(x)
    _ = graph.linear(x, name: "fc", outputs: 5)
    let count = 6
    let costs = NetworkExecutor(graph, batch: count, pool: WorkerPool(threads: 1))
      .operationCosts(count: count)
    #expect(costs.map(\.name) == ["a", "b", "avgpool", "fc"])
    #expect(
      costs.map(\.summary)
        == ["3x3 3→8 at 10x10", "3x3/2 8→16 at 10x10", "mean, 16x5x5", "linear 16→5"])
    #expect(costs.map(\.forwardMACs) == [27 * 800 * 6, 72 * 400 * 6, 0, 80 * 6])
    #expect(costs.reduce(0) { $0 + $1.forwardMACs } == graph.macs * count)
    // Nobody needs the images' gradient.
    #expect(costs.map(\.backwardMACs) == [27 * 800 * 6, 2 * 72 * 400 * 6, 0, 2 * 80 * 6])
    // In, out, weights. Back: both of those and the gradients; a part of dW for each slice.
    let (images, first, second) = (300 * count, 800 * count, 400 * count)
    #expect(costs[0].forwardBytes == 4 * (images + first + 216))
    #expect(costs[1].forwardBytes == 4 * (first + second + 1152))
    #expect(costs[0].backwardBytes == 4 * (images + 2 * first + 216 * count))
    #expect(costs[1].backwardBytes == 4 * (2 * first + second + 1152 * (count + 1)))
  }

  @Test(arguments: JoinKind.allCases)
  func everyKindOfJoinHasCosts(kind: JoinKind) {
    let executor = executor(kind)
    let costs = executor.operationCosts(count: 4)
    #expect(costs.count == executor.plan.steps.count)
    #expect(costs.reduce(0) { $0 + $1.forwardMACs } == executor.graph.macs * 4)
    let moves = costs.map { ($0.forwardBytes, $0.backwardBytes) }
    #expect(moves.allSatisfy { $0.0 > 0 && $0.1 > 0 })
  }

  @Test func theBestBurstCounts() {
    let meter = MachineLimitMeter(pool: WorkerPool(threads: 2))
    #expect(meter.limits.peakGFLOPS == 0)
    var last = 0.0
    for _ in 0..<3 {
      meter.measureArithmetic(bursts: 2)
      #expect(meter.limits.peakGFLOPS >= last && meter.limits.peakGFLOPS > 0)
      last = meter.limits.peakGFLOPS
    }
    meter.measureCopy(bursts: 1)
    #expect(meter.limits.copyGBPerSecond > 0 && meter.limits.peakGFLOPS == last)
  }
}
