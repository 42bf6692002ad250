// Passes over the images that are not trained on.
import Datasets
import Engine
import Numerics
import Specs

/// The images that a network is evaluated on.
struct SplitEvaluation {
  private let validation: EvaluationBatches
  private let test: EvaluationBatches
  /// Ten crops of each test picture; nil where they are not asked for.
  private let crops: TenCropBatches?
  private let threads: Int

  /// - Parameters:
  ///   - tenCrop: whether ten crops of the test pictures will be asked for.
  ///   - threads: that prepare batches.
  ///   - files: where broken files are remembered.
  init(
    _ data: DataLibrary.Prepared, batch: Int, tenCrop: Bool = false, threads: Int, files: FileNotes
  ) {
    crops =
      tenCrop
      ? (data.test as? ImageFolder).map {
        TenCropBatches(
          $0, resize: $0.resize, preprocessing: data.preprocessing, pictures: max(1, batch / 10),
          brokenFiles: files.broken)
      } : nil
    validation = EvaluationBatches(
      EvaluationLoader(
        dataset: data.train, examples: data.selection.validation,
        preprocessing: data.preprocessing, brokenFiles: files.broken), batch: batch)
    test = EvaluationBatches(
      EvaluationLoader(
        dataset: data.test, preprocessing: data.preprocessing, brokenFiles: files.broken),
      batch: batch)
    self.threads = threads
  }

  /// The classes without a picture that was tested with: a sentence, and how many there are; nil
  /// where there is none. What was not asked for does not count.
  func untested(_ totals: EvaluationTotals) -> (count: Int, sentence: String)? {
    let dataset = test.loader.dataset
    let wanted = Set(dataset.labels.map { Int($0) }).union(dataset.missingClasses)
    let missing = wanted.subtracting(totals.tested).sorted()
    guard !missing.isEmpty else { return nil }
    let few = missing.prefix(8).map { dataset.classNames[$0] }.joined(separator: ", ")
    let more = missing.count > 8 ? " and \(missing.count - 8) more" : ""
    return (
      missing.count,
      "the test error leaves out \(missing.count) of \(dataset.classNames.count) classes, of which no "
        + "picture can be used: \(few)\(more)"
    )
  }

  /// SHA-256 of the test examples, hexadecimal.
  var testChecksum: String { test.loader.dataset.checksum }

  /// Evaluates with the running statistics: the images held out, if there are any, and the test
  /// images.
  /// - Returns: nil if asked to stop.
  /// - Throws: `DatasetError` where no image can be used.
  func run(
    _ network: NetworkExecutor, shouldStop: () -> Bool
  ) throws -> (validation: EvaluationTotals?, test: EvaluationTotals)? {
    var held: EvaluationTotals?
    if validation.steps > 0 {
      held = try totals(network, validation, shouldStop)
      if held == nil { return nil }
    }
    return try totals(network, test, shouldStop).map { (held, $0) }
  }

  /// The errors on ten crops of each test picture, whose probabilities are averaged.
  /// - Returns: nil if asked to stop, and nothing where no crops were asked for.
  func tenCropErrors(
    _ network: NetworkExecutor, shouldStop: () -> Bool
  ) throws -> [(name: String, value: Double)]? {
    guard let crops else { return [] }
    let classes = test.loader.dataset.classNames.count
    guard let result = try crops.evaluate(network, classes: classes, threads, shouldStop) else {
      return nil
    }
    guard result.images > 0 else { return [] }
    var errors = [(Metric.tenCropError.name, 100 - 100 * result.share(result.correct))]
    if classes > 5 {
      errors.append((Metric.tenCropTop5Error.name, 100 - 100 * result.share(result.correctInFive)))
    }
    return errors
  }

  private func totals(
    _ network: NetworkExecutor, _ batches: EvaluationBatches, _ shouldStop: () -> Bool
  ) throws -> EvaluationTotals? {
    let prefetcher = Prefetcher(source: batches, steps: 0..<batches.steps, threads: threads)
    defer { prefetcher.stop() }
    var totals = EvaluationTotals(classes: batches.loader.dataset.classNames.count)
    while let batch = try prefetcher.next() {
      if shouldStop() { return nil }
      totals.broken += batch.content.broken
      // Of pictures, all may be broken.
      guard batch.count > 0 else { continue }
      network.input.update(from: batch.images, count: batch.count * batches.shape.count)
      totals.add(network.evaluate(labels: batch.labels, count: batch.count))
      totals.tested.formUnion(
        UnsafeBufferPointer(start: batch.labels, count: batch.count).map { Int($0) })
    }
    guard !totals.correct.isEmpty else {
      throw DatasetError("none of the \(batches.loader.count) pictures to evaluate can be used")
    }
    return totals
  }
}

/// What a pass over a split gives.
struct EvaluationTotals {
  let classes: Int
  /// Whether each image was classified correctly, in their order.
  private(set) var correct: [Bool] = []
  /// Files that could not be used.
  var broken = 0
  /// The classes that had an image.
  var tested: Set<Int> = []
  private var lossSum = 0.0
  private var errorsInFive = 0

  init(classes: Int) { self.classes = classes }

  mutating func add(_ result: EvaluationResult) {
    lossSum += result.lossSum
    correct += result.correct
    errorsInFive += result.ranks.count { $0 >= 5 }
  }

  /// Of the first guess, in percent.
  var error: Double { 100 * Double(correct.count { !$0 }) / Double(correct.count) }

  /// Mean cross-entropy in nats and errors in percent: of the first guess and, where there are more
  /// than five classes, of the first five.
  func metrics(
    loss: Metric, error: Metric, top5Error: Metric
  ) -> [(name: String, value: Double)] {
    let count = Double(correct.count)
    var metrics = [(loss.name, lossSum / count), (error.name, self.error)]
    if classes > 5 { metrics.append((top5Error.name, 100 * Double(errorsInFive) / count)) }
    return metrics
  }
}
