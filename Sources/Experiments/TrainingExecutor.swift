// Trains one run on the engine: the loop over steps, and what is measured at which of them.
import Datasets
import Engine
import Foundation
import Networks

/// Trains runs with the project's own engine.
public final class TrainingExecutor: RunExecutor {
  private let library = DataLibrary()
  private let strictData: Bool

  /// - Parameter strictData: whether a broken file fails the run that meets it; otherwise it is
  ///   named, counted and passed over.
  public init(strictData: Bool = false) { self.strictData = strictData }

  /// Background threads that prepare batches; more than one only where pictures are decoded.
  static func prefetchThreads(_ data: DataRequest, threads: Int) -> Int {
    data.name == DatasetName.imageFolder.rawValue ? max(1, min(16, threads / 2)) : 1
  }

  public func dataChecksum(_ data: DataRequest) throws -> String {
    let opened = try library.opened(data)
    let problems = opened.train.problems + opened.test.problems
    if strictData, !problems.isEmpty { throw DatasetError(problems.joined(separator: "\n")) }
    return sha256("\(opened.train.checksum) \(opened.test.checksum)")
  }

  public func execute(
    _ run: RunPlan, weightsFile: String?, report: (RunProgress) throws -> Void,
    shouldStop: () -> Bool
  ) throws -> RunOutcome {
    let plan = run.variant.trainingProtocol
    let seed = UInt64(bitPattern: run.seed)
    let data = try library.prepared(plan, seed: seed)
    let graph = try run.variant.architecture.graph(
      input: data.train.shape, classes: data.train.classNames.count)
    let network = NetworkExecutor(graph, batch: plan.batch, pool: WorkerPool(threads: run.threads))
    network.state.initialize(seed: seed)
    let weights = NetworkWeights(run.variant.architecture, graph)
    try run.variant.initialWeights?.load(into: network.state, weights)
    let files = FileNotes(isStrict: strictData, datasets: [data.train, data.test])
    let loader = BatchLoader(
      dataset: data.train, examples: data.selection.training, preprocessing: data.preprocessing,
      augmentation: Datasets.Augmentation(
        padding: plan.augmentation.padding, flip: plan.augmentation.flip,
        scale: plan.augmentation.scale), batch: plan.batch, seed: seed, shuffle: plan.shuffle,
      brokenFiles: files.broken)
    let test = EvaluationBatches(
      EvaluationLoader(
        dataset: data.test, preprocessing: data.preprocessing, brokenFiles: files.broken),
      batch: plan.batch)
    let validation = EvaluationBatches(
      EvaluationLoader(
        dataset: data.train, examples: data.selection.validation,
        preprocessing: data.preprocessing, brokenFiles: files.broken), batch: plan.batch)
    let threads = Self.prefetchThreads(plan.data, threads: run.threads)
    let optimizer = SGD(
      momentum: Float(plan.optimizer.momentum), weightDecay: Float(plan.optimizer.weightDecay),
      nesterov: plan.optimizer.nesterov)
    let learningRate = plan.learningRate

    let steps = plan.totalSteps
    let prefetcher = Prefetcher(source: loader, steps: 0..<steps, threads: threads)
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
        for (prefix, split) in [("validation", validation), ("test", test)] where split.steps > 0 {
          let result = try Self.evaluate(network, split, threads: threads, shouldStop: shouldStop)
          guard let result else { return .interrupted(step: done) }
          metrics += result.metrics(prefix: prefix)
        }
      }
      try files.tell(&metrics, report)
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

  /// A whole split with the running statistics; nil if asked to stop.
  private static func evaluate(
    _ network: NetworkExecutor, _ batches: EvaluationBatches, threads: Int,
    shouldStop: () -> Bool
  ) throws -> EvaluationTotals? {
    let prefetcher = Prefetcher(source: batches, steps: 0..<batches.steps, threads: threads)
    defer { prefetcher.stop() }
    var totals = EvaluationTotals(classes: batches.loader.dataset.classNames.count)
    while let batch = try prefetcher.next() {
      if shouldStop() { return nil }
      // Of pictures, all may be broken.
      guard batch.count > 0 else { continue }
      network.input.update(from: batch.images, count: batch.count * batches.shape.count)
      totals.add(network.evaluate(labels: batch.labels, count: batch.count))
    }
    guard totals.images > 0 else {
      throw DatasetError("none of the \(batches.loader.count) pictures to evaluate can be used")
    }
    return totals
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
