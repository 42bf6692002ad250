// Behaviour: statistics that survive large means, the optimizer's arithmetic, over-fitting.
import Testing

@testable import Engine
@testable import Numerics

@Suite struct TrainingTests {
  /// Channel statistics where the mean is ten thousand times the deviation.
  @Test(arguments: [16, 19])
  func variancesSurviveLargeMeans(channels: Int) {
    var graph = Graph(input: ImageShape(height: 8, width: 8, channels: channels))
    let x = graph.convolution(graph.input, name: "c", outputChannels: channels, kernelSize: 1)
    _ = graph.globalAveragePool(graph.batchNorm(x, name: "n"))
    let count = 9
    let executor = NetworkExecutor(graph, batch: count, pool: WorkerPool(threads: 2))
    executor.state.initialize(seed: 1)
    var identity = [Float](repeating: 0, count: channels * channels)
    for c in 0..<channels { identity[c * channels + c] = 1 }
    executor.state.setValues(identity, of: "c.weight")
    let noise = randomNumbers(count * 64 * channels, seed: 4)
    for (i, v) in noise.enumerated() { executor.input[i] = 10_000 + v }
    let stored = (0..<noise.count).map { Double(executor.input[$0]) }
    _ = executor.predict(count: count, mode: .training)
    let variance = executor.state.values(of: "n.running_var") ?? []
    for c in 0..<channels {
      let values = stride(from: c, to: stored.count, by: channels).map { stored[$0] }
      let mean = values.reduce(0, +) / Double(values.count)
      let squares = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
      let expected = 0.9 + 0.1 * squares / Double(values.count - 1)
      #expect(abs(Double(variance[c]) - expected) < 1e-5, "channel \(c)")
    }
  }

  /// Two steps of SGD by hand: `v ← μv + g + λw`, `w ← w − ηv`, or Nesterov's form.
  @Test(arguments: [false, true])
  func sgdIsPyTorchs(nesterov: Bool) throws {
    let graph = makeGraph(
      .original, input: ImageShape(height: 6, width: 6, channels: 3), channels: 4, classes: 3)
    let executor = NetworkExecutor(graph, batch: 4, pool: WorkerPool(threads: 1))
    executor.state.initialize(seed: 2)
    for (i, v) in randomNumbers(4 * 108, seed: 3).enumerated() { executor.input[i] = v }
    let optimizer = SGD(momentum: 0.8, weightDecay: 0.01, nesterov: nesterov)
    let name = "block1.conv1.weight"
    var expected = try #require(executor.state.values(of: name))
    var velocity = [Float](repeating: 0, count: expected.count)
    for rate in [Float(0.1), 0.03] {
      _ = executor.trainStep(
        labels: [0, 1, 2, 1], count: 4, optimizer: optimizer, learningRate: rate)
      let gradient = try #require(executor.state.values(of: name, .gradient))
      for i in expected.indices {
        let d = gradient[i] + 0.01 * expected[i]
        velocity[i] = 0.8 * velocity[i] + d
        expected[i] -= rate * (nesterov ? d + 0.8 * velocity[i] : velocity[i])
      }
      let actual = try #require(executor.state.values(of: name))
      let error = relativeError(actual.map(Double.init), expected.map(Double.init))
      #expect(error < 1e-6)
    }
  }

  /// Sixteen images are learned by heart, and evaluation with running statistics agrees.
  @Test(arguments: [JoinKind.original, .pre])
  func sixteenImagesAreOverfitted(kind: JoinKind) {
    let input = ImageShape(height: 8, width: 8, channels: 3)
    let graph = makeGraph(kind, input: input, channels: 16, classes: 10)
    let executor = NetworkExecutor(graph, batch: 16, pool: WorkerPool(threads: 2))
    executor.state.initialize(seed: 1)
    let x = randomNumbers(16 * input.count, seed: 5)
    let labels = randomLabels(16, classes: 10, seed: 6)
    for (i, v) in x.enumerated() { executor.input[i] = v }
    var last: StepResult?
    for _ in 0..<150 {
      last = executor.trainStep(labels: labels, count: 16, optimizer: SGD(), learningRate: 0.05)
    }
    #expect((last?.loss ?? 1) < 0.01)
    #expect(last?.errors == 0)
    let evaluation = executor.evaluate(labels: labels, count: 16)
    #expect(evaluation.correct.count { $0 } == 16)
  }

  /// Evaluation changes nothing, and does not depend on what else is in the batch.
  @Test func evaluationIsPerImage() {
    let input = ImageShape(height: 9, width: 9, channels: 3)
    let graph = makeGraph(.originalProjection, input: input, channels: 16, classes: 10)
    let executor = NetworkExecutor(graph, batch: 20, pool: WorkerPool(threads: 2))
    executor.state.initialize(seed: 1)
    let x = randomNumbers(20 * input.count, seed: 5)
    for (i, v) in x.enumerated() { executor.input[i] = v }
    let before = executor.state.values(of: "stem.bn.running_mean")
    let all = executor.predict(count: 20)
    for (i, v) in x[(7 * input.count)..<(8 * input.count)].enumerated() { executor.input[i] = v }
    let one = executor.predict(count: 1)
    // The linear layer's product may add up in another order for one image than for several.
    let difference = relativeError(one.map(Double.init), all[70..<80].map(Double.init))
    #expect(difference < 1e-6)
    #expect(executor.state.values(of: "stem.bn.running_mean") == before)
  }

  /// Many short phases with more threads than cores: every one ends, and nobody holds on to it.
  @Test func manyShortPhasesEnd() {
    let pool = WorkerPool(threads: 6)
    let counts = DoubleBuffer(count: 8)
    for _ in 0..<200_000 { pool.run(tasks: 8) { task, _ in counts.pointer[task] += 1 } }
    let total = (0..<8).reduce(0) { $0 + counts.pointer[$1] }
    #expect(total == 1_600_000)
  }

  @Test func schedulesOfTasksReachEveryTaskOnce() {
    for threads in [1, 2, 5] {
      let pool = WorkerPool(threads: threads)
      for tasks in [0, 1, 2, 7, 1000] {
        let counts = FloatBuffer(count: max(1, tasks))
        let workers = FloatBuffer(count: max(1, tasks))
        pool.run(tasks: tasks) { task, worker in
          counts.pointer[task] += 1
          workers.pointer[task] = Float(worker)
        }
        let isOnce = (0..<tasks).allSatisfy { counts.pointer[$0] == 1 }
        let isBelow = (0..<tasks).allSatisfy { workers.pointer[$0] < Float(threads) }
        #expect(isOnce && isBelow)
      }
    }
  }
}
