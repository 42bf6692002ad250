// Training batches as a pure function of the step.
import Engine
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
  ) throws(DatasetError)
}

/// Batches of a training set: shuffled anew in every epoch, augmented, preprocessed.
///
/// The examples form one endless sequence, epoch after epoch, and step `s` takes the examples
/// `s · batch ..< (s + 1) · batch` of it. So a batch may reach across the end of an epoch, none is
/// short and no example is dropped: each is seen exactly once an epoch. Order and augmentation come
/// from counter-based randomness keyed by the seed, the epoch and the example, so a batch depends on
/// nothing but the seed and the step.
public final class BatchLoader: BatchSource {
  public let dataset: ImageDataset
  public let preprocessing: Preprocessing
  public let augmentation: Augmentation
  public let batch: Int
  public let seed: UInt64
  public let shuffle: Bool

  public var shape: ImageShape { dataset.shape }

  /// The orders of the epochs used last, newest at the end.
  private let recentOrders = Mutex<[(epoch: Int, order: [Int32])]>([])

  /// - Parameters:
  ///   - preprocessing: statistics of the training set, of the same image shape.
  ///   - batch: examples in a batch, at least 1; may exceed the data set.
  ///   - seed: the run's seed.
  ///   - shuffle: false keeps the data set's own order in every epoch.
  public init(
    dataset: ImageDataset, preprocessing: Preprocessing, augmentation: Augmentation, batch: Int,
    seed: UInt64, shuffle: Bool = true
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
  }

  /// Steps that make up one epoch, rounded up.
  public var stepsPerEpoch: Int { (dataset.count + batch - 1) / batch }

  /// The order of one epoch: position to example.
  public func order(epoch: Int) -> [Int32] {
    guard shuffle else { return (0..<Int32(dataset.count)).map { $0 } }
    return recentOrders.withLock { recent in
      if let known = recent.first(where: { $0.epoch == epoch }) { return known.order }
      var random = CounterRandom(seed: seed, purpose: .shuffling, epoch: epoch)
      let order = random.permutation(of: dataset.count)
      if recent.count == 2 { recent.removeFirst() }
      recent.append((epoch, order))
      return order
    }
  }

  public func fill(
    step: Int, images: UnsafeMutablePointer<Float>, labels: UnsafeMutablePointer<Int32>
  ) {
    precondition(step >= 0, "step \(step) is negative")
    var epoch = step * batch / dataset.count
    var position = step * batch % dataset.count
    var order = order(epoch: epoch)
    dataset.pixels.withUnsafeBufferPointer { pixels in
      guard let pixels = pixels.baseAddress else { return }
      for slot in 0..<batch {
        if position == dataset.count {
          epoch += 1
          position = 0
          order = self.order(epoch: epoch)
        }
        let example = Int(order[position])
        let placement = Placement(augmentation, seed: seed, epoch: epoch, example: example)
        preprocessing.write(
          pixels + example * shape.count, placement: placement, to: images + slot * shape.count)
        labels[slot] = dataset.labels[example]
        position += 1
      }
    }
  }
}

/// Images in their own order, without augmentation: for evaluation.
public struct EvaluationLoader: Sendable {
  public let dataset: ImageDataset
  public let preprocessing: Preprocessing

  /// - Parameter preprocessing: statistics of the *training* set, of the same image shape.
  public init(dataset: ImageDataset, preprocessing: Preprocessing) {
    precondition(
      preprocessing.shape == dataset.shape,
      "preprocessing is for images \(preprocessing.shape), the data set has \(dataset.shape)")
    self.dataset = dataset
    self.preprocessing = preprocessing
  }

  public var shape: ImageShape { dataset.shape }
  public var count: Int { dataset.count }

  /// Writes the examples of a range.
  /// - Parameters:
  ///   - images: `[range.count, H, W, C]`.
  ///   - labels: `[range.count]`.
  public func fill(
    _ range: Range<Int>, images: UnsafeMutablePointer<Float>, labels: UnsafeMutablePointer<Int32>
  ) {
    precondition(
      range.lowerBound >= 0 && range.upperBound <= count,
      "examples \(range) are not within 0..<\(count)")
    dataset.pixels.withUnsafeBufferPointer { pixels in
      guard let pixels = pixels.baseAddress else { return }
      for example in range {
        let slot = example - range.lowerBound
        preprocessing.write(
          pixels + example * shape.count, placement: .unchanged, to: images + slot * shape.count)
        labels[slot] = dataset.labels[example]
      }
    }
  }
}
