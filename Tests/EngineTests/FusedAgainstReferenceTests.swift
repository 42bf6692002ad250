// The fused engine against the plain loops, whole networks at a time.
import Testing

@testable import Engine
@testable import Numerics

@Suite struct FusedAgainstReferenceTests {
  /// Logits, loss, every gradient and every running statistic agree with the reference in Double.
  @Test(arguments: JoinKind.allCases, [1, 2, 3])
  func trainingPassAgrees(kind: JoinKind, variant: Int) throws {
    // The third has odd sizes at a width where 3x3 convolutions are Winograd's.
    let input =
      variant == 1
      ? ImageShape(height: 8, width: 8, channels: 3)
      : ImageShape(height: 11, width: 9, channels: variant == 2 ? 1 : 3)
    let graph = makeGraph(
      kind, input: input, channels: [1: 16, 2: 7, 3: 32][variant] ?? 16, classes: 7,
      withPooling: variant == 2, kernelSize: variant == 2 ? 5 : 3)
    let count = 5
    let executor = NetworkExecutor(graph, batch: 6, pool: WorkerPool(threads: 2))
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
    #expect(abs(result.loss - loss) < 1e-5 * max(1, loss))
    var squares = 0.0
    for tensor in graph.tensorSpecifications {
      if tensor.isTrainable {
        let expected = try #require(reference.gradients[tensor.name])
        let actual = try #require(executor.state.values(of: tensor.name, .gradient))
        // A bias in front of a batch norm has no gradient but rounding.
        let scale = expected.reduce(0) { $0 + $1 * $1 }.squareRoot()
        if scale > 1e-6 {
          let error = relativeError(actual.map(Double.init), expected)
          #expect(error < 2e-4, "\(kind) \(tensor.name): \(error)")
        }
        squares += expected.reduce(0) { $0 + $1 * $1 }
      } else {
        let expected = try #require(reference.parameters[tensor.name])
        let actual = try #require(executor.state.values(of: tensor.name))
        let error = relativeError(actual.map(Double.init), expected)
        #expect(error < 1e-5, "\(kind) \(tensor.name): \(error)")
      }
    }
    #expect(abs(result.gradientNorm - squares.squareRoot()) < 1e-3 * squares.squareRoot())

    let logits = executor.predict(count: count)
    reference.forward(x.map(Double.init), count: count, mode: .evaluation)
    let error = relativeError(logits.map(Double.init), reference.values[graph.output].values)
    #expect(error < 2e-5, "\(kind) evaluation: \(error)")
  }

  /// The reference's own gradients agree with central differences, for every kind of join.
  @Test(arguments: JoinKind.allCases)
  func referenceGradientsAgreeWithDifferences(kind: JoinKind) throws {
    let input = ImageShape(height: 6, width: 6, channels: 2)
    let graph = makeGraph(kind, input: input, channels: 4, classes: 3, withPooling: true)
    let count = 3
    let state = NetworkState(graph)
    state.initialize(seed: 5)
    let x = randomNumbers(count * input.count, seed: 21).map(Double.init)
    let labels = randomLabels(count, classes: 3, seed: 22)
    var reference = ReferenceNetwork(graph, state: state)
    let start = reference.parameters
    reference.forward(x, count: count, mode: .training)
    reference.backward(reference.crossEntropy(labels: labels).gradient)
    let gradients = reference.gradients
    func loss(_ parameters: [String: [Double]]) -> Double {
      reference.parameters = parameters
      reference.forward(x, count: count, mode: .training)
      return reference.crossEntropy(labels: labels).loss
    }
    let h = 1e-6
    var checked = 0
    for tensor in graph.tensorSpecifications where tensor.isTrainable {
      let gradient = try #require(gradients[tensor.name])
      for i in stride(from: 0, to: tensor.count, by: max(1, tensor.count / 5)) {
        var up = start
        up[tensor.name]?[i] += h
        var down = start
        down[tensor.name]?[i] -= h
        let difference = (loss(up) - loss(down)) / (2 * h)
        #expect(
          abs(difference - gradient[i]) < 1e-5 + 1e-4 * abs(gradient[i]),
          "\(kind) \(tensor.name)[\(i)]: \(gradient[i]), by differences \(difference)")
        checked += 1
      }
    }
    #expect(checked > 50)
  }

  /// Activations that share memory give the same bits, batch after batch.
  @Test(arguments: JoinKind.allCases)
  func evaluationAloneAgrees(kind: JoinKind) {
    let input = ImageShape(height: 10, width: 8, channels: 3)
    let graph = makeGraph(kind, input: input, channels: 16, classes: 7, withPooling: true)
    let pool = WorkerPool(threads: 2)
    let whole = NetworkExecutor(graph, batch: 5, pool: pool)
    whole.state.initialize(seed: 8)
    let lean = NetworkExecutor(graph, batch: 5, pool: pool, state: whole.state, trains: false)
    for count in [5, 2] {
      let x = randomNumbers(count * input.count, seed: UInt64(40 + count))
      for (i, value) in x.enumerated() {
        whole.input[i] = value
        lean.input[i] = value
      }
      for mode in [ExecutionMode.evaluation, .training] {
        let expected = whole.predict(count: count, mode: mode).map(\.bitPattern)
        let actual = lean.predict(count: count, mode: mode).map(\.bitPattern)
        #expect(actual == expected)
        // The input is left alone, so a second pass gives the same.
        let again = lean.predict(count: count, mode: mode).map(\.bitPattern)
        #expect(mode == .training || again == expected)
      }
    }
    let plan = EvaluationPlan(FusedPlan(graph))
    #expect(plan.bufferSizes.count < plan.bufferOf.count / 2)
  }

  /// The same bits for any number of threads, also where the batch divides by nothing.
  @Test(arguments: [1, 7, 33], [JoinKind.originalProjection, .dropout])
  func threadsDoNotChangeBits(batch: Int, kind: JoinKind) throws {
    let input = ImageShape(height: 8, width: 8, channels: 3)
    let graph = makeGraph(kind, input: input, channels: 16, classes: 10)
    var all: [[Float]] = []
    for threads in [1, 2, 3, 5, 8] {
      let executor = NetworkExecutor(graph, batch: batch, pool: WorkerPool(threads: threads))
      executor.state.initialize(seed: 1)
      let labels = randomLabels(batch, classes: 10, seed: 2)
      for step in 0..<4 {
        for (i, v) in randomNumbers(batch * input.count, seed: UInt64(step)).enumerated() {
          executor.input[i] = v
        }
        executor.dropoutKey = UInt64(step)
        _ = executor.trainStep(
          labels: labels, count: batch, optimizer: SGD(), learningRate: 0.05)
      }
      all.append(graph.tensorSpecifications.flatMap { executor.state.values(of: $0.name) ?? [] })
    }
    let bits = all.map { $0.map(\.bitPattern) }
    let isFinite = all[0].allSatisfy { $0.isFinite }
    #expect(isFinite)
    for other in bits.dropFirst() { #expect(other == bits[0]) }
  }
}
