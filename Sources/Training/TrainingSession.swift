// One run in work: the loop over steps, what is measured at which of them, and its checkpoints.
import Datasets
import Engine
import Foundation
import Numerics
import Results
import Specs
import Weights

/// Trains one run from where it stands to its end.
final class TrainingSession {
  private let run: RunPlan
  private let network: NetworkExecutor
  private let weights: NetworkWeights
  private let evaluation: SplitEvaluation
  private let files: FileNotes
  /// Whether it was said that classes are not tested.
  private var hasToldUntested = false
  private let keeping: RunKeeping
  private let clock = ContinuousClock()
  private let start: ContinuousClock.Instant
  /// Training time before this session.
  private let secondsBefore: Double
  private var position: TrainingPosition
  /// The step of the last checkpoint, when it was written, and how long that took.
  private var saved: (step: Int, at: ContinuousClock.Instant, seconds: Double)

  /// - Parameters:
  ///   - network: the network as it is at `position`.
  ///   - position: where training stands.
  ///   - evaluation: the images for evaluation.
  ///   - files: what is said of files that cannot be used.
  init(
    _ run: RunPlan, _ network: NetworkExecutor, _ weights: NetworkWeights,
    at position: TrainingPosition, evaluation: SplitEvaluation, files: FileNotes,
    keeping: RunKeeping
  ) {
    self.run = run
    self.network = network
    self.weights = weights
    self.position = position
    self.evaluation = evaluation
    self.files = files
    self.keeping = keeping
    start = clock.now
    secondsBefore = position.seconds
    saved = (position.step, start, 0)
  }

  private var settings: TrainingProtocol { run.variant.trainingProtocol }

  /// Training time so far, earlier sessions included.
  private var seconds: Double { secondsBefore + (clock.now - start).inSeconds }

  /// - Parameters:
  ///   - threads: that prepare batches.
  ///   - optimizer: the protocol's.
  /// - Returns: how the run ended; when complete, the final weights are in the network.
  func train(
    _ loader: BatchLoader, threads: Int, optimizer: any Optimizer,
    report: (RunProgress) throws -> Void, shouldStop: () -> Bool
  ) throws -> RunOutcome {
    let learningRate = settings.learningRate
    if position.pendingGradientNorm != nil {
      guard try makeRecord(learningRate, report, shouldStop) else { return try interrupted() }
    }
    let steps = settings.totalSteps
    let prefetcher = Prefetcher(source: loader, steps: position.step..<steps, threads: threads)
    defer { prefetcher.stop() }
    while position.step < steps {
      let begin = clock.now
      guard let batch = try prefetcher.next() else { return try interrupted() }
      network.input.update(
        from: batch.images, count: settings.batch * network.graph.inputShape.count)
      network.dropoutKey = run.dropoutKey(step: position.step)
      let rate = learningRate(position.step)
      let result: StepResult
      if settings.looksIntoLayers(afterStep: position.step + 1) {
        let (step, layers) = network.diagnosedTrainStep(
          labels: batch.labels, count: settings.batch, optimizer: optimizer, learningRate: rate)
        result = step
        position.pendingLayers = layers.metrics
      } else {
        result = network.trainStep(
          labels: batch.labels, count: settings.batch, optimizer: optimizer, learningRate: rate)
      }
      position.totals.add(result, images: settings.batch, seconds: (clock.now - begin).inSeconds)
      position.totals.brokenFiles += batch.content.broken
      position.step += 1
      guard result.loss.isFinite, result.gradientNorm.isFinite else {
        return .diverged(step: position.step)
      }
      let totals = position.totals
      try report(
        .step(
          position.step, loss: totals.loss, error: totals.error,
          imagesPerSecond: totals.imagesPerSecond))
      if settings.records(afterStep: position.step) || settings.evaluates(afterStep: position.step)
        || !position.pendingLayers.isEmpty
      {
        position.pendingGradientNorm = result.gradientNorm
        guard try makeRecord(learningRate, report, shouldStop) else { return try interrupted() }
      }
      if position.step < steps {
        if shouldStop() { return try interrupted() }
        try saveIfDue()
      }
    }
    return .complete(weightsHash: network.state.weightsHash, seconds: seconds)
  }

  /// Measures and reports what is due after the step just done.
  /// - Returns: false if asked to stop before the evaluation was through; the record is then still
  ///   to be made.
  private func makeRecord(
    _ learningRate: (Int) -> Float, _ report: (RunProgress) throws -> Void, _ shouldStop: () -> Bool
  ) throws -> Bool {
    guard let gradientNorm = position.pendingGradientNorm else { return true }
    let step = position.step
    var metrics: [(name: String, value: Double)] = []
    let records = settings.records(afterStep: step)
    if records {
      metrics = position.totals.metrics(
        learningRate: learningRate(step - 1), gradientNorm: gradientNorm)
    }
    var broken = records ? position.totals.brokenFiles : 0
    if settings.evaluates(afterStep: step) {
      guard let result = try evaluation.run(network, shouldStop: shouldStop) else { return false }
      metrics += result.test.metrics(
        loss: .testLoss, error: .testError, top5Error: .testTop5Error)
      if step == settings.totalSteps {
        guard let crops = try evaluation.tenCropErrors(network, shouldStop: shouldStop) else {
          return false
        }
        metrics += crops
      }
      broken += result.test.broken
      if let untested = evaluation.untested(result.test) {
        metrics.append((Metric.untestedClasses.name, Double(untested.count)))
        if !hasToldUntested { try report(.note(untested.sentence)) }
        hasToldUntested = true
      }
      // Where files are broken, two runs' answers could be to different images.
      if step == settings.totalSteps, result.test.broken == 0 {
        let checksum = evaluation.testChecksum
        try report(
          .answers(
            Correctness(step: step, correct: result.test.correct, testChecksum: checksum)))
      }
      if let validation = result.validation {
        metrics += validation.metrics(
          loss: .validationLoss, error: .validationError, top5Error: .validationTop5Error)
        broken += validation.broken
        let best = SelectedEvaluation.better(
          position.selected,
          SelectedEvaluation(
            step: step, validationError: validation.error, testError: result.test.error))
        metrics += best.metrics
        position.selected = best
      }
    }
    metrics += position.pendingLayers.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    if records, files.isCounted { metrics.append((Metric.brokenFiles.name, Double(broken))) }
    try files.tell(report)
    try report(.record(step: step, metrics: metrics))
    position.pendingLayers = [:]
    if records { position.totals = RunningTotals() }
    position.pendingGradientNorm = nil
    return true
  }

  // MARK: Checkpoints

  /// Saves where training stands, and says that it ended there.
  private func interrupted() throws -> RunOutcome {
    try save()
    return .interrupted(step: position.step)
  }

  /// Saves when the interval is over.
  private func saveIfDue() throws {
    guard let checkpoints = keeping.checkpoints else { return }
    let interval = checkpoints.interval?.inSeconds ?? max(120, 100 * saved.seconds)
    if (clock.now - saved.at).inSeconds >= interval { try save() }
  }

  /// Writes a checkpoint. Where that fails, training goes on: the one before is still there.
  private func save() throws {
    guard let checkpoints = keeping.checkpoints, position.step > saved.step else { return }
    let begin = clock.now
    position.seconds = seconds
    // First the numbers recorded so far must be on the disk, or a checkpoint could outlive them.
    let isSettled = try checkpoints.settle(position.step)
    do throws(WeightsError) {
      if isSettled {
        try checkpoints.folder.write(
          checkpoints.identity, position,
          weights.entries(of: network.state, steps: position.step)
            + weights.optimizerEntries(of: network.state))
      }
    } catch {
      checkpoints.say("no checkpoint after step \(position.step): \(error); training goes on")
    }
    saved = (position.step, clock.now, (clock.now - begin).inSeconds)
  }
}

extension RunPlan {
  /// What the random masks of a step depend on: a resumed run draws the same.
  fileprivate func dropoutKey(step: Int) -> UInt64 {
    var random = CounterRandom(
      seed: UInt64(bitPattern: seed), purpose: .dropout, index: step)
    return random.next()
  }
}

extension [LayerDiagnostics] {
  /// Every number under its name; those that are not finite are left out, for only the loss decides
  /// whether a run has diverged.
  fileprivate var metrics: [String: Double] {
    var metrics: [String: Double] = [:]
    for (index, layer) in enumerated() {
      let values: [(Metric, Double?)] = [
        (.responseDeviation, layer.responseDeviation), (.layerGradientNorm, layer.gradientNorm),
        (.updateRatio, layer.updateRatio), (.deadShare, layer.deadShare),
      ]
      for case (let quantity, let value?) in values where value.isFinite {
        metrics[LayerMetric(quantity, position: index + 1, layer: layer.layer).name] = value
      }
    }
    return metrics
  }
}

extension RunningTotals {
  fileprivate mutating func add(_ result: StepResult, images count: Int, seconds time: Double) {
    steps += 1
    lossSum += result.loss
    errors += result.errors
    images += count
    seconds += time
  }

  fileprivate func metrics(
    learningRate: Float, gradientNorm: Double
  ) -> [(name: String, value: Double)] {
    [
      // The shortest decimal that means this rate: 0.02, not 0.0199999995.
      (Metric.learningRate.name, Double("\(learningRate)") ?? Double(learningRate)),
      (Metric.trainLoss.name, loss), (Metric.trainError.name, error),
      (Metric.imagesPerSecond.name, imagesPerSecond), (Metric.gradientNorm.name, gradientNorm),
    ]
  }
}
