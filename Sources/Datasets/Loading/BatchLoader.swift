// Training batches as a pure function of the step.
import Numerics
import Synchronization

/// Something that can prepare the batch of any step. Called from any thread.
public protocol BatchSource: Sendable {
  /// The size of one image.
  var shape: ImageShape { get }
  /// Examples in a batch.
  var batch: Int { get }
  /// Writes the batch of one step.
  /// - Parameters:
  ///   - images: `[batch, H, W, C]`.
  ///   - labels: `[batch]`.
  func fill(
    step: Int, images: UnsafeMutablePointer<Float>, labels: UnsafeMutablePointer<Int32>
  ) throws(DatasetError) -> BatchContent
}

/// What a batch was filled with.
public struct BatchContent: Hashable, Sendable {
  /// Examples in the batch.
  public var count: Int
  /// Files that could not be used when it was filled.
  public var broken: Int

  public init(count: Int, broken: Int = 0) {
    self.count = count
    self.broken = broken
  }
}

/// Batches of a training set: shuffled anew in every epoch, augmented, preprocessed.
///
/// The examples form one endless sequence, epoch after epoch, and step `s` takes the examples
/// `s · batch ..< (s + 1) · batch` of it. So a batch may reach across the end of an epoch, none is
/// short and no example is dropped: each is seen exactly once an epoch. Order and augmentation come
/// from counter-based randomness keyed by the seed, the epoch and the example, so a batch depends on
/// nothing but the seed and the step.
///
/// Where an example's file is broken, the next one that is not stands in for it, with its own label.
public final class BatchLoader: BatchSource {
  public let dataset: any ImageCollection
  public let preprocessing: Preprocessing
  public let augmentation: Augmentation
  public let batch: Int
  public let seed: UInt64
  public let shuffle: Bool
  public let brokenFiles: BrokenFiles
  /// The examples that are trained on; nil for all.
  private let examples: [Int32]?

  public var shape: ImageShape { dataset.shape }
  /// How many examples are trained on.
  public var count: Int { examples?.count ?? dataset.count }

  /// The orders of the epochs used last, newest at the end.
  private let recentOrders = Mutex<[(epoch: Int, order: [Int32])]>([])

  /// - Parameters:
  ///   - examples: those that are trained on, at least one; nil for all.
  ///   - preprocessing: statistics of the training set, of the same image shape.
  ///   - batch: examples in a batch, at least 1; may exceed the data set.
  ///   - seed: the run's seed.
  ///   - shuffle: false keeps the data set's own order in every epoch.
  ///   - brokenFiles: where files that cannot be used are remembered.
  public init(
    dataset: any ImageCollection, examples: [Int32]? = nil, preprocessing: Preprocessing,
    augmentation: Augmentation, batch: Int, seed: UInt64, shuffle: Bool = true,
    brokenFiles: BrokenFiles = BrokenFiles()
  ) {
    precondition(batch > 0, "batch \(batch) is not positive")
    precondition(
      preprocessing.shape == dataset.shape,
      "preprocessing is for images \(preprocessing.shape), the data set has \(dataset.shape)")
    precondition(
      (0...Augmentation.maximumPadding).contains(augmentation.padding),
      "padding \(augmentation.padding) is not in 0...\(Augmentation.maximumPadding)")
    self.dataset = dataset
    self.preprocessing = preprocessing
    self.augmentation = augmentation
    self.batch = batch
    self.seed = seed
    self.shuffle = shuffle
    self.brokenFiles = brokenFiles
    self.examples = examples
  }

  /// Steps that make up one epoch, rounded up.
  public var stepsPerEpoch: Int { (count + batch - 1) / batch }

  /// The order of one epoch: position to place among the examples that are trained on.
  public func order(epoch: Int) -> [Int32] {
    guard shuffle else { return (0..<Int32(count)).map { $0 } }
    return recentOrders.withLock { recent in
      if let known = recent.first(where: { $0.epoch == epoch }) { return known.order }
      var random = CounterRandom(seed: seed, purpose: .shuffling, epoch: epoch)
      let order = random.permutation(of: count)
      if recent.count == 2 { recent.removeFirst() }
      recent.append((epoch, order))
      return order
    }
  }

  public func fill(
    step: Int, images: UnsafeMutablePointer<Float>, labels: UnsafeMutablePointer<Int32>
  ) throws(DatasetError) -> BatchContent {
    precondition(step >= 0, "step \(step) is negative")
    var epoch = step * batch / count
    var position = step * batch % count
    var order = order(epoch: epoch)
    var content = BatchContent(count: batch)
    for slot in 0..<batch {
      if position == count {
        epoch += 1
        position = 0
        order = self.order(epoch: epoch)
      }
      let example = try write(
        Int(order[position]), epoch: epoch, to: images + slot * shape.count,
        broken: &content.broken)
      labels[slot] = dataset.labels[example]
      position += 1
    }
    return content
  }

  /// The most broken files in a row before something else must be wrong.
  static let mostBrokenInARow = 100

  /// - Parameter place: the wanted example's place among those that are trained on.
  /// - Returns: the example that was written: the one asked for, or the next sound one.
  private func write(
    _ place: Int, epoch: Int, to output: UnsafeMutablePointer<Float>, broken: inout Int
  ) throws(DatasetError) -> Int {
    let most = min(count, Self.mostBrokenInARow)
    var reasons: [String] = []
    for next in place..<place + most {
      let example = examples.map { Int($0[next % count]) } ?? next % count
      do throws(DatasetError) {
        try dataset.write(
          example, seed: seed, epoch: epoch, augmentation: augmentation,
          preprocessing: preprocessing, to: output)
        return example
      } catch {
        try brokenFiles.note(error.description)
        broken += 1
        if reasons.count < 3 { reasons.append(error.description) }
      }
    }
    if most > reasons.count { reasons.append("and \(most - reasons.count) more") }
    throw DatasetError(
      "\(most) training pictures in a row cannot be used; " + reasons.joined(separator: "; "))
  }
}

/// Examples in their own order, without augmentation: for evaluation. Those whose files are broken
/// are left out.
public struct EvaluationLoader: Sendable {
  public let dataset: any ImageCollection
  public let preprocessing: Preprocessing
  public let brokenFiles: BrokenFiles
  /// The examples meant; nil for all.
  private let examples: [Int32]?

  /// - Parameters:
  ///   - examples: the chosen ones; nil for all.
  ///   - preprocessing: statistics of the *training* set, of the same image shape.
  ///   - brokenFiles: where files that cannot be used are remembered.
  public init(
    dataset: any ImageCollection, examples: [Int32]? = nil, preprocessing: Preprocessing,
    brokenFiles: BrokenFiles = BrokenFiles()
  ) {
    precondition(
      preprocessing.shape == dataset.shape,
      "preprocessing is for images \(preprocessing.shape), the data set has \(dataset.shape)")
    self.dataset = dataset
    self.preprocessing = preprocessing
    self.brokenFiles = brokenFiles
    self.examples = examples
  }

  public var shape: ImageShape { dataset.shape }
  public var count: Int { examples?.count ?? dataset.count }

  /// Writes the examples of a range.
  /// - Parameters:
  ///   - images: `[range.count, H, W, C]`.
  ///   - labels: `[range.count]`.
  /// - Returns: how many were written; where files are broken, fewer than the range has.
  @discardableResult
  public func fill(
    _ range: Range<Int>, images: UnsafeMutablePointer<Float>, labels: UnsafeMutablePointer<Int32>
  ) throws(DatasetError) -> BatchContent {
    precondition(
      range.lowerBound >= 0 && range.upperBound <= count,
      "examples \(range) are not within 0..<\(count)")
    var slot = 0
    for place in range {
      let example = examples.map { Int($0[place]) } ?? place
      do throws(DatasetError) {
        try dataset.write(
          example, seed: 0, epoch: 0, augmentation: .none, preprocessing: preprocessing,
          to: images + slot * shape.count)
        labels[slot] = dataset.labels[example]
        slot += 1
      } catch {
        try brokenFiles.note(error.description)
      }
    }
    return BatchContent(count: slot, broken: range.count - slot)
  }
}

/// The examples of an evaluation in batches, the last of which may be short.
public struct EvaluationBatches: BatchSource {
  public let loader: EvaluationLoader
  public let batch: Int

  /// - Parameter batch: examples in a batch, at least 1.
  public init(_ loader: EvaluationLoader, batch: Int) {
    precondition(batch > 0, "batch \(batch) is not positive")
    self.loader = loader
    self.batch = batch
  }

  public var shape: ImageShape { loader.shape }
  /// Batches that make up the whole.
  public var steps: Int { (loader.count + batch - 1) / batch }

  public func fill(
    step: Int, images: UnsafeMutablePointer<Float>, labels: UnsafeMutablePointer<Int32>
  ) throws(DatasetError) -> BatchContent {
    let first = step * batch
    return try loader.fill(
      first..<min(first + batch, loader.count), images: images, labels: labels)
  }
}
