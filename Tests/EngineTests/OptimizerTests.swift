// Any optimizer on the engine: what it keeps, how its steps are counted, what it costs.
import Testing

@testable import Engine
@testable import Numerics

/// Keeps two tensors, and moves the weights by what it is told of the step.
struct CountingOptimizer: Optimizer {
  let stateNames: [String]

  init(_ stateNames: [String] = ["visits", "steps"]) { self.stateNames = stateNames }

  func update(_ range: ParameterRange, learningRate: Float, step: Int) {
    for i in 0..<range.count {
      range.state[0][i] += 1
      range.state[1][i] = Float(step)
      range.weights[i] -= learningRate * (range.gradients[i] + range.state[0][i])
    }
  }
}

@Suite struct OptimizerTests {
  /// More numbers than one range has, some of them in gaps between tensors.
  private func executor(threads: Int = 2) -> NetworkExecutor {
    let graph = makeGraph(
      .originalProjection, input: ImageShape(height: 6, width: 6, channels: 3), channels: 70,
      classes: 3)
    let executor = NetworkExecutor(graph, batch: 4, pool: WorkerPool(threads: threads))
    executor.state.initialize(seed: 2)
    for (i, v) in randomNumbers(4 * 108, seed: 3).enumerated() { executor.input[i] = v }
    return executor
  }

  private func step(_ executor: NetworkExecutor, _ optimizer: any Optimizer) {
    _ = executor.trainStep(
      labels: [0, 1, 2, 1], count: 4, optimizer: optimizer, learningRate: 0.01)
  }

  @Test(arguments: [1, 3])
  func everyTrainableNumberIsChangedOnceAStep(threads: Int) throws {
    let executor = executor(threads: threads)
    let state = executor.state
    #expect(state.trainableCount > 3 << 15)
    #expect(state.optimizerStateNames == [] && state.optimizerSteps == 0)
    for done in 0..<3 {
      let before = state.specifications.map { state.values(of: $0.name) ?? [] }
      step(executor, CountingOptimizer())
      #expect(state.optimizerSteps == done + 1)
      for (tensor, old) in zip(state.specifications, before) {
        let visits = state.values(of: tensor.name, .optimizerState("visits"))
        let steps = state.values(of: tensor.name, .optimizerState("steps"))
        guard tensor.isTrainable else {
          #expect(visits == nil && steps == nil)
          continue
        }
        #expect(visits == [Float](repeating: Float(done + 1), count: tensor.count))
        #expect(steps == [Float](repeating: Float(done), count: tensor.count))
        let gradient = try #require(state.values(of: tensor.name, .gradient))
        let expected = zip(old, gradient).map { $0 - 0.01 * ($1 + Float(done + 1)) }
        #expect(state.values(of: tensor.name) == expected, "\(tensor.name)")
      }
    }
    #expect(state.values(of: "block1.conv1.weight", .optimizerState("velocity")) == nil)
  }

  /// A look into the layers takes the same step, and measures this optimizer's change.
  @Test func diagnosticsAreOfTheOptimizersOwnStep() throws {
    let (watched, other) = (executor(), executor())
    step(other, CountingOptimizer())
    let name = "block1.conv1"
    let before = try #require(watched.state.values(of: "\(name).weight"))
    let (_, layers) = watched.diagnosedTrainStep(
      labels: [0, 1, 2, 1], count: 4, optimizer: CountingOptimizer(), learningRate: 0.01)
    let after = try #require(watched.state.values(of: "\(name).weight"))
    #expect(after == other.state.values(of: "\(name).weight"))
    #expect(watched.state.optimizerSteps == 1)
    func norm(_ values: [Float]) -> Double {
      values.reduce(0) { $0 + Double($1) * Double($1) }.squareRoot()
    }
    let layer = try #require(layers.first { $0.layer == name })
    let expected = norm(zip(after, before).map(-)) / norm(before)
    #expect(abs(layer.updateRatio / expected - 1) < 1e-5)
  }

  /// What another optimizer has kept means nothing to this one; nor what was kept before a new start.
  @Test func anotherOptimizerAndANewStartBeginAtZero() {
    let executor = executor()
    let state = executor.state
    step(executor, SGD())
    step(executor, SGD())
    #expect(state.optimizerStateNames == ["velocity"] && state.optimizerSteps == 2)
    state.prepare(for: SGD(momentum: 0.5))
    #expect(state.optimizerSteps == 2)
    step(executor, CountingOptimizer())
    #expect(state.optimizerStateNames == ["visits", "steps"] && state.optimizerSteps == 1)
    state.initialize(seed: 2)
    #expect(state.optimizerStateNames == [] && state.optimizerSteps == 0)
    step(executor, CountingOptimizer())
    #expect(state.values(of: "fc.bias", .optimizerState("visits")) == [1, 1, 1])
  }

  @Test func costsFollowFromWhatIsKept() {
    #expect(SGD().numbersPerParameter == 3 && SGD().accessesPerParameter == 5)
    let two = CountingOptimizer()
    #expect(two.numbersPerParameter == 4 && two.accessesPerParameter == 7)
    let graph = executor().graph
    func estimate(_ optimizer: any Optimizer) -> Int {
      ExecutorLayout(graph, batch: 4, threads: 1, optimizer: optimizer).bytes
    }
    let layout = ExecutorLayout(graph, batch: 4, threads: 1)
    let kept = FloatBuffer.bytes(count: layout.state.trainableCount)
    #expect(estimate(two) - estimate(SGD()) == kept)
  }
}
