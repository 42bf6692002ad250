// Networks in bf16: near the truth, and the same bits however they are carried out.
import Testing

@testable import Engine
@testable import Numerics

@Suite(.enabled(if: String(cString: sweeps.name) != "baseline", "products need FMA"))
struct HalfNetworkTests {
  /// Loss, gradients and running statistics against the reference in Double. The bounds are those of
  /// numbers with eight bits, through a few layers.
  @Test(arguments: JoinKind.allCases)
  func trainingPassIsNearTheTruth(kind: JoinKind) throws {
    let input = ImageShape(height: 11, width: 9, channels: 3)
    let graph = makeGraph(kind, input: input, channels: 16, classes: 7, withPooling: true)
    let count = 17
    let executor = NetworkExecutor(
      graph, batch: 20, pool: WorkerPool(threads: 2), arithmetic: .bf16(.pairs))
    executor.state.initialize(seed: 3)
    let x = randomNumbers(count * input.count, seed: 11)
    let labels = randomLabels(count, classes: 7, seed: 12)
    for (i, value) in x.enumerated() { executor.input[i] = value }
    var reference = ReferenceNetwork(graph, state: executor.state)
    executor.dropoutKey = 99
    reference.dropoutKey = 99
    reference.forward(x.map(Double.init), count: count, mode: .training)
    let (loss, gradient) = reference.crossEntropy(labels: labels)
    reference.backward(gradient)

    let result = executor.computeGradients(labels: labels, count: count)
    #expect(abs(result.loss - loss) < 0.02 * max(1, loss), "\(result.loss) for \(loss)")
    var squares = 0.0
    var errors = 0.0
    for tensor in graph.tensorSpecifications {
      if tensor.isTrainable {
        let expected = try #require(reference.gradients[tensor.name])
        let actual = try #require(executor.state.values(of: tensor.name, .gradient))
        squares += expected.reduce(0) { $0 + $1 * $1 }
        errors += zip(actual, expected).reduce(0) {
          $0 + (Double($1.0) - $1.1) * (Double($1.0) - $1.1)
        }
      } else {
        let expected = try #require(reference.parameters[tensor.name])
        let actual = try #require(executor.state.values(of: tensor.name))
        let error = relativeError(actual.map(Double.init), expected)
        #expect(error < 0.02, "\(kind) \(tensor.name): \(error)")
      }
    }
    let error = (errors / squares).squareRoot()
    #expect(error > 1e-4 && error < 0.25, "\(kind): \(error) of the gradient")
    #expect(abs(result.gradientNorm - squares.squareRoot()) < 0.05 * squares.squareRoot())

    let logits = executor.predict(count: count)
    reference.forward(x.map(Double.init), count: count, mode: .evaluation)
    let gap = relativeError(logits.map(Double.init), reference.values[graph.output].values)
    #expect(gap < 0.05, "\(kind) evaluation: \(gap)")
  }

  /// Activations that share memory give the same bits, batch after batch.
  @Test(arguments: JoinKind.allCases)
  func evaluationAloneAgrees(kind: JoinKind) {
    let input = ImageShape(height: 10, width: 8, channels: 3)
    let graph = makeGraph(kind, input: input, channels: 16, classes: 7, withPooling: true)
    let pool = WorkerPool(threads: 2)
    let whole = NetworkExecutor(graph, batch: 5, pool: pool, arithmetic: .bf16(.pairs))
    whole.state.initialize(seed: 8)
    let lean = NetworkExecutor(
      graph, batch: 5, pool: pool, state: whole.state, trains: false, arithmetic: .bf16(.pairs))
    for count in [5, 2] {
      let x = randomNumbers(count * input.count, seed: UInt64(40 + count))
      for (i, value) in x.enumerated() {
        whole.input[i] = value
        lean.input[i] = value
      }
      for mode in [ExecutionMode.evaluation, .training] {
        let expected = whole.predict(count: count, mode: mode).map(\.bitPattern)
        #expect(lean.predict(count: count, mode: mode).map(\.bitPattern) == expected)
      }
    }
  }

  /// The same bits for any number of threads, with layers of many weights too; diagnosed steps have
  /// the same as others.
  @Test(
    arguments: [(1, 16), (7, 16), (129, 16), (1, 144), (7, 144)], HalfModel.allCases)
  func threadsDoNotChangeBits(_ size: (batch: Int, channels: Int), model: HalfModel) {
    let (batch, channels) = size
    let input = ImageShape(height: 7, width: 8, channels: 3)
    let graph = makeGraph(.originalProjection, input: input, channels: channels, classes: 10)
    var all: [[UInt32]] = []
    for threads in [1, 2, 3, 5, 8] {
      let executor = NetworkExecutor(
        graph, batch: batch, pool: WorkerPool(threads: threads), arithmetic: .bf16(model))
      executor.state.initialize(seed: 1)
      let labels = randomLabels(batch, classes: 10, seed: 2)
      for step in 0..<2 {
        for (i, v) in randomNumbers(batch * input.count, seed: UInt64(step)).enumerated() {
          executor.input[i] = v
        }
        if threads == 3 {
          _ = executor.diagnosedTrainStep(
            labels: labels, count: batch, optimizer: SGD(), learningRate: 0.1)
        } else {
          _ = executor.trainStep(labels: labels, count: batch, optimizer: SGD(), learningRate: 0.1)
        }
      }
      let bits = graph.tensorSpecifications.flatMap {
        (executor.state.values(of: $0.name) ?? []).map(\.bitPattern)
      }
      all.append(bits)
    }
    #expect(!all[0].isEmpty && all.allSatisfy { $0 == all[0] })
  }

  /// A stored number takes two bytes; what is fp32 in any precision is the input, the pooled
  /// features and the logits.
  @Test func activationsTakeHalfTheMemory() {
    let graph = makeGraph(
      .original, input: ImageShape(height: 32, width: 32, channels: 3), channels: 64, classes: 10)
    func bytes(_ precision: Precision) -> Int {
      let layout = ExecutorLayout(
        graph, batch: 64, threads: 1, arithmetic: Arithmetic(precision, .pairs))
      return (layout.activations + layout.gradients).reduce(0) { $0 + $1.floats * 4 }
    }
    let (single, half) = (Double(bytes(.fp32)), Double(bytes(.bf16)))
    #expect(half / single > 0.5 && half / single < 0.52)
    let plan = ExecutorLayout(graph, batch: 1, threads: 1, arithmetic: .bf16(.pairs))
    #expect(plan.singleTensors.count == 3)
  }
}
