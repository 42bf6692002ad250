// What runs cost on this engine and machine: counted, and measured in a few steps.
import Datasets
import Engine
import Foundation
import Networks
import Numerics
import Specs
import Weights

/// Costs of training on the project's own engine.
public struct EngineCostModel: CostModel {
  public init() {}

  public func cost(of variant: Variant, threads: Int) throws -> VariantCost {
    let graph = try variant.graph()
    let settings = variant.trainingProtocol
    if let obstacle = settings.precision.obstacle { throw ArchitectureError(obstacle) }
    try variant.checkStatistics(of: graph)
    var warnings = settings.data.expectedFacts.assumption.map { [$0] } ?? []
    warnings += try variant.initialWeights?.check(variant.architecture, graph) ?? []
    if case .bf16(let model) = Arithmetic.current(settings.precision) {
      warnings += HalfUnits.note(model).map { [$0] } ?? []
    }
    // The folder may come later, where the spec says what it will have.
    if settings.data.isFolder, let path = settings.data.path,
      let counts = try? FolderCounts.of(
        path, testShare: settings.data.testShare, testSeed: settings.data.testSeed)
    {
      warnings += counts.warnings
    }
    // Batches prepared ahead, for training and for evaluation.
    let ahead = 2 * (TrainingExecutor.prefetchThreads(settings.data, threads: threads) + 2)
    let prepared = ahead * settings.batch * graph.inputShape.count * MemoryLayout<Float>.stride
    let layout = ExecutorLayout(
      graph, batch: settings.batch, threads: threads, arithmetic: .current(settings.precision),
      optimizer: settings.optimizer.settings.optimizer)
    return VariantCost(
      parameters: Int64(graph.parameterCount), macs: Int64(graph.macs),
      memoryBytes: Int64(layout.bytes + prepared + settings.data.memoryBytes),
      warnings: warnings)
  }

  /// Steps of more operations than this are not tried out, but taken to run at half the peak.
  private static let mostTrialOperations = 1e12

  /// The fastest of a few training steps on random images after one to warm up, and a forward pass.
  public func pace(of variant: Variant, threads: Int) throws -> TrainingPace {
    let graph = try variant.graph()
    let batch = variant.trainingProtocol.batch
    let operations = 6 * Double(graph.macs) * Double(batch)
    if operations > Self.mostTrialOperations {
      let step = operations / (0.5e9 * MachineLimits.measure(threads: threads).peakGFLOPS)
      return TrainingPace(secondsPerStep: step, secondsPerTestImage: step / 3 / Double(batch))
    }
    let network = NetworkExecutor(
      graph, batch: batch, pool: WorkerPool(threads: threads),
      arithmetic: .current(variant.trainingProtocol.precision))
    network.state.initialize(seed: 0)
    var random = CounterRandom(seed: 0, purpose: .statistics)
    for i in 0..<batch * graph.inputShape.count { network.input[i] = random.normal() }
    let labels = [Int32](repeating: 0, count: batch)
    let optimizer = variant.trainingProtocol.optimizer.settings.optimizer
    let clock = ContinuousClock()
    var best = Double.infinity
    var total = 0.0
    for step in 0..<4 where step < 2 || total < 2 {
      let start = clock.now
      _ = network.trainStep(labels: labels, count: batch, optimizer: optimizer, learningRate: 0)
      let seconds = (clock.now - start) / .seconds(1)
      total += seconds
      if step > 0 { best = min(best, seconds) }
    }
    var pass = Double.infinity
    for _ in 0..<2 {
      let start = clock.now
      _ = network.evaluate(labels: labels, count: batch)
      pass = min(pass, (clock.now - start) / .seconds(1))
    }
    return TrainingPace(secondsPerStep: best, secondsPerTestImage: pass / Double(batch))
  }
}
