// What optimizers keep, in checkpoints: SGD's velocities under the names they always had, and any other's.
import Engine
import Numerics
import TestSupport
import Testing

@testable import Training
@testable import Weights

/// Keeps two tensors, neither of them used.
private struct TwoMoments: Optimizer {
  let stateNames = ["firstMoment", "secondMoment"]
  func update(_ range: ParameterRange, learningRate: Float, step: Int) {}
}

@Suite struct OptimizerStateTests {
  private func network() throws -> (weights: NetworkWeights, graph: Graph, state: NetworkState) {
    try WeightsFixture.network(
      "resnet-8-width=0.125", input: ImageShape(height: 8, width: 8, channels: 3), classes: 10)
  }

  @Test func sgdsEntriesAreItsVelocities() throws {
    let (weights, graph, state) = try network()
    #expect(weights.optimizerEntries(of: state).isEmpty)
    state.prepare(for: SGD())
    let trainable = graph.tensorSpecifications.filter(\.isTrainable)
    let entries = weights.optimizerEntries(of: state)
    #expect(entries.map(\.name) == trainable.map { "velocity.\($0.name)" })
    #expect(entries.map(\.shape) == trainable.map(\.shape))
    #expect(entries.first?.name == "velocity.conv1.weight")
  }

  @Test func everyOptimizersStateComesBack() throws {
    let (weights, graph, state) = try network()
    let optimizer = TwoMoments()
    state.prepare(for: optimizer)
    var next: Float = 0
    var written: [String: [Float]] = [:]
    for tensor in graph.tensorSpecifications where tensor.isTrainable {
      for name in optimizer.stateNames {
        let values = (0..<tensor.count).map { next + Float($0) }
        next += 1000
        state.setValues(values, of: tensor.name, .optimizerState(name))
        written["\(name).\(tensor.name)"] = values
      }
    }
    let scratch = try TemporaryFolder()
    let folder = CheckpointFolder(path: scratch.path("c"))
    try folder.write(
      CheckpointTests.identity, CheckpointTests.position(7),
      weights.entries(of: state, steps: 7) + weights.optimizerEntries(of: state))
    let checkpoint = try #require(folder.latest().checkpoint)
    let resumed = NetworkState(graph)
    try weights.restore(checkpoint.file, into: resumed, for: optimizer, steps: 7)
    #expect(resumed.optimizerSteps == 7)
    #expect(resumed.weightsHash == state.weightsHash)
    for tensor in graph.tensorSpecifications where tensor.isTrainable {
      for name in optimizer.stateNames {
        #expect(
          resumed.values(of: tensor.name, .optimizerState(name))
            == written["\(name).\(tensor.name)"])
      }
    }
    // The checkpoint of another optimizer lacks what this one needs.
    let error = #expect(throws: WeightsError.self) {
      try weights.restore(checkpoint.file, into: NetworkState(graph), for: SGD(), steps: 7)
    }
    #expect(
      error?.description.hasSuffix(": has no velocity.conv1.weight of shape [2, 3, 3, 3]") == true)
  }
}
