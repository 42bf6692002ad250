// Trains one run on the engine: the loop over steps, and what is measured at which of them.
import Datasets
import Engine
import Foundation
import Networks
import Synchronization

/// Trains runs with the project's own engine.
public final class TrainingExecutor: RunExecutor {
  private let library = DataLibrary()

  public init() {}

  public func dataChecksum(_ data: DataRequest) throws -> String {
    let splits = try library.splits(data)
    return sha256("\(splits.train.checksum) \(splits.test.checksum)")
  }

  public func execute(
    _ run: RunPlan, weightsFile: String?, report: (RunProgress) throws -> Void,
    shouldStop: () -> Bool
  ) throws -> RunOutcome {
    let plan = run.variant.trainingProtocol
    let data = try library.prepared(plan)
    let graph = try run.variant.architecture.graph(
      input: data.train.shape, classes: data.train.classNames.count)
    let network = NetworkExecutor(graph, batch: plan.batch, pool: WorkerPool(threads: run.threads))
    let seed = UInt64(bitPattern: run.seed)
    network.state.initialize(seed: seed)
    let weights = NetworkWeights(run.variant.architecture, graph)
    try run.variant.initialWeights?.load(into: network.state, weights)
    let loader = BatchLoader(
      dataset: data.train, preprocessing: data.preprocessing,
      augmentation: Datasets.Augmentation(
        padding: plan.augmentation.padding, flip: plan.augmentation.flip),
      batch: plan.batch, seed: seed, shuffle: plan.shuffle)
    let test = EvaluationLoader(dataset: data.test, preprocessing: data.preprocessing)
    let optimizer = SGD(
      momentum: Float(plan.optimizer.momentum), weightDecay: Float(plan.optimizer.weightDecay),
      nesterov: plan.optimizer.nesterov)
    let learningRate = plan.learningRate

    let steps = plan.totalSteps
    let prefetcher = Prefetcher(source: loader, steps: 0..<steps)
    defer { prefetcher.stop() }
    let clock = ContinuousClock()
    let start = clock.now
    var sinceRecord = RunningTotals()
    for step in 0..<steps {
      let begin = clock.now
      guard let batch = try prefetcher.next() else { return .interrupted(step: step) }
      network.input.update(from: batch.images, count: plan.batch * data.train.shape.count)
      let rate = learningRate(step)
      let result = network.trainStep(
        labels: batch.labels, count: plan.batch, optimizer: optimizer, learningRate: rate)
      sinceRecord.add(result, images: plan.batch, seconds: (clock.now - begin) / .seconds(1))
      let done = step + 1
      guard result.loss.isFinite, result.gradientNorm.isFinite else {
        return .diverged(step: done)
      }
      try report(
        .step(
          done, loss: sinceRecord.loss, error: sinceRecord.error,
          imagesPerSecond: sinceRecord.imagesPerSecond))
      var metrics: [(name: String, value: Double)] = []
      if plan.records(afterStep: done) {
        metrics = sinceRecord.metrics(learningRate: rate, gradientNorm: result.gradientNorm)
        sinceRecord = RunningTotals()
      }
      if plan.evaluates(afterStep: done) {
        guard let (loss, error) = Self.evaluate(network, test, shouldStop: shouldStop) else {
          return .interrupted(step: done)
        }
        metrics += [("testLoss", loss), ("testError", error)]
      }
      if !metrics.isEmpty { try report(.record(step: done, metrics: metrics)) }
      if done < steps && shouldStop() { return .interrupted(step: done) }
    }
    let seconds = (clock.now - start) / .seconds(1)
    if let weightsFile {
      let identity = NumericIdentity.current
      let metadata = weights.metadata(
        input: data.train.shape, classes: data.train.classNames.count
      ).merging([
        "run": run.key.description, "step": String(steps),
        "configurationHash": run.variant.configurationHash,
        "engine":
          "\(identity.engineVersion) \(identity.backend) \(identity.instructionSet)",
      ]) { first, _ in first }
      try SafetensorsWriter.write(
        weights.entries(of: network.state, steps: steps), metadata: metadata, to: weightsFile)
    }
    return .complete(weightsHash: network.state.weightsHash, seconds: seconds)
  }

  /// Mean cross-entropy in nats and error in percent over a whole split; nil if asked to stop.
  private static func evaluate(
    _ network: NetworkExecutor, _ loader: EvaluationLoader, shouldStop: () -> Bool
  ) -> (loss: Double, error: Double)? {
    var labels = [Int32](repeating: 0, count: network.batch)
    var loss = 0.0
    var errors = 0
    var first = 0
    while first < loader.count {
      if shouldStop() { return nil }
      let range = first..<min(first + network.batch, loader.count)
      loader.fill(range, images: network.input, labels: &labels)
      let result = network.evaluate(labels: labels, count: range.count)
      loss += result.lossSum
      errors += result.correct.count { !$0 }
      first = range.upperBound
    }
    return (loss / Double(loader.count), 100 * Double(errors) / Double(loader.count))
  }
}

/// Sums over the steps since the last record.
private struct RunningTotals {
  private var steps = 0
  private var lossSum = 0.0
  private var errors = 0
  private var images = 0
  private var seconds = 0.0

  mutating func add(_ result: StepResult, images count: Int, seconds time: Double) {
    steps += 1
    lossSum += result.loss
    errors += result.errors
    images += count
    seconds += time
  }

  var loss: Double { lossSum / Double(max(1, steps)) }
  /// In percent.
  var error: Double { 100 * Double(errors) / Double(max(1, images)) }
  var imagesPerSecond: Double { seconds > 0 ? Double(images) / seconds : 0 }

  func metrics(learningRate: Float, gradientNorm: Double) -> [(name: String, value: Double)] {
    [
      // The shortest decimal that means this rate: 0.02, not 0.0199999995.
      ("learningRate", Double("\(learningRate)") ?? Double(learningRate)), ("trainLoss", loss),
      ("trainError", error),
      ("imagesPerSecond", imagesPerSecond), ("gradientNorm", gradientNorm),
    ]
  }
}

/// Data sets that are loaded once and shared by all runs.
private final class DataLibrary: Sendable {
  struct Prepared {
    let train: ImageDataset
    let test: ImageDataset
    let preprocessing: Preprocessing
  }

  private let loaded = Mutex<[DataRequest: DataSplits]>([:])
  private let statistics = Mutex<[String: Preprocessing]>([:])

  func splits(_ request: DataRequest) throws -> DataSplits {
    try loaded.withLock { known in
      if let splits = known[request] { return splits }
      let splits = try DatasetLoader.load(request.datasetRequest())
      known[request] = splits
      return splits
    }
  }

  func prepared(_ plan: TrainingProtocol) throws -> Prepared {
    let splits = try splits(plan.data)
    let mean: MeanSubtraction =
      switch plan.mean {
      case .perPixel: .perPixel
      case .perChannel: .perChannel
      case .none: .none
      }
    let key = "\(splits.train.checksum) \(mean.rawValue)"
    let preprocessing = statistics.withLock { known in
      if let done = known[key] { return done }
      let done = Preprocessing(training: splits.train, mean: mean)
      known[key] = done
      return done
    }
    return Prepared(train: splits.train, test: splits.test, preprocessing: preprocessing)
  }
}

private typealias DataSplits = DatasetSplits
