// Evaluates a trained network on labelled images: one view of each, ten crops, or whole pictures at several
// scales.
import Datasets
import Engine
import Foundation
import Numerics

/// What a network sees of each picture; the probabilities of all views are averaged.
public enum EvaluationViews: Sendable, Equatable {
  /// The middle.
  case center
  /// The four corners and the middle, each also mirrored (Krizhevsky et al. 2012), as torchvision's
  /// `TenCrop`.
  case tenCrop
  /// The whole picture and its mirror image, the shorter side at each of these lengths: the network is
  /// applied convolutionally, and its classifier to the mean over all places (He et al. 2015, section
  /// 3.4, which follows Simonyan and Zisserman 2014, section 3.2).
  case scales([Int])

  /// How many views a picture has.
  public var count: Int {
    switch self {
    case .center: 1
    case .tenCrop: 10
    case .scales(let sides): 2 * sides.count
    }
  }
}

/// What an evaluation gives.
public struct NetworkEvaluation: Sendable {
  public internal(set) var images = 0
  /// Files that could not be used.
  public internal(set) var broken = 0
  public internal(set) var correct = 0
  public internal(set) var correctInFive = 0
  /// Of all images, in nats.
  public internal(set) var lossSum = 0.0
  public internal(set) var seconds = 0.0

  public var loss: Double { lossSum / Double(images) }
  public var imagesPerSecond: Double { Double(images) / seconds }

  /// Of all images, from 0 to 1.
  func share(_ count: Int) -> Double { Double(count) / Double(images) }

  mutating func add(_ probabilities: [Double], label: Int) {
    images += 1
    let own = probabilities[label]
    // As many classes come before the right one; of equal ones the lower comes first.
    let rank = probabilities.indices.count {
      probabilities[$0] > own || (probabilities[$0] == own && $0 < label)
    }
    if rank == 0 { correct += 1 }
    if rank < 5 { correctInFive += 1 }
    lossSum -= log(max(own, .leastNormalMagnitude))
  }
}

/// Evaluates.
public struct NetworkEvaluator {
  private let network: TrainedNetwork
  private let data: any ImageCollection
  private let threads: Int
  private let batch: Int

  /// - Parameters:
  ///   - data: images of the network's shape and classes.
  ///   - batch: images that go through the network together.
  /// - Throws: `DatasetError` where they do not fit the network.
  public init(
    _ network: TrainedNetwork, _ data: any ImageCollection, threads: Int, batch: Int
  ) throws(DatasetError) {
    guard data.shape == network.shape else {
      throw DatasetError("the images are \(data.shape), the network takes \(network.shape)")
    }
    guard data.classNames.count <= network.classes else {
      throw DatasetError(
        "the images have \(data.classNames.count) classes, the network has \(network.classes)")
    }
    self.network = network
    self.data = data
    self.threads = threads
    self.batch = batch
  }

  /// Evaluates on all images.
  /// - Parameter brokenFiles: takes the names of files that cannot be used.
  /// - Throws: `DatasetError` where none can be used, or views are asked for that the images do not have.
  public func run(
    _ views: EvaluationViews, brokenFiles: BrokenFiles = BrokenFiles()
  ) throws -> NetworkEvaluation {
    let clock = ContinuousClock()
    let start = clock.now
    var result: NetworkEvaluation
    switch views {
    case .center: result = try center(brokenFiles)
    case .tenCrop: result = try tenCrop(brokenFiles)
    case .scales(let sides): result = try scales(sides, brokenFiles)
    }
    guard result.images > 0 else {
      throw DatasetError("none of the \(data.count) images can be used")
    }
    result.seconds = (clock.now - start) / .seconds(1)
    return result
  }

  private var preparers: Int { data.isDecodedOnTheFly ? max(1, threads) : 1 }

  private func center(_ brokenFiles: BrokenFiles) throws -> NetworkEvaluation {
    let executor = try network.executor(network.shape, batch: batch, threads: threads)
    let loader = EvaluationLoader(
      dataset: data, preprocessing: network.preprocessing(network.shape),
      brokenFiles: brokenFiles)
    let batches = EvaluationBatches(loader, batch: batch)
    let prefetcher = Prefetcher(source: batches, steps: 0..<batches.steps, threads: preparers)
    defer { prefetcher.stop() }
    var result = NetworkEvaluation()
    while let prepared = try prefetcher.next() {
      result.broken += prepared.content.broken
      guard prepared.count > 0 else { continue }
      executor.input.update(from: prepared.images, count: prepared.count * network.shape.count)
      let answers = executor.evaluate(labels: prepared.labels, count: prepared.count)
      result.images += prepared.count
      result.correct += answers.correct.count { $0 }
      result.correctInFive += answers.ranks.count { $0 < 5 }
      result.lossSum += answers.lossSum
    }
    return result
  }

  /// The data as pictures of their own sizes.
  private func folder(_ what: String) throws(DatasetError) -> ImageFolder {
    guard let folder = data as? ImageFolder else {
      throw DatasetError("\(what) are for folders of pictures; these images have one size")
    }
    return folder
  }

  private func tenCrop(_ brokenFiles: BrokenFiles) throws -> NetworkEvaluation {
    let crops = TenCropBatches(
      try folder("ten crops"), resize: network.resize,
      preprocessing: network.preprocessing(network.shape), pictures: max(1, batch / 10),
      brokenFiles: brokenFiles)
    let executor = try network.executor(network.shape, batch: crops.batch, threads: threads)
    return try crops.evaluate(executor, classes: network.classes, preparers) { false }
      ?? NetworkEvaluation()
  }

  /// Pictures have sizes of their own, so each thread takes whole pictures.
  private func scales(_ sides: [Int], _ brokenFiles: BrokenFiles) throws -> NetworkEvaluation {
    let folder = try folder("several scales")
    guard network.takesAnySize else {
      throw DatasetError("several scales need a network without a mean image")
    }
    let workers = max(1, min(threads, folder.count))
    let results = UncheckedArray<Result<NetworkEvaluation, any Error>?>(nil, count: workers)
    let reader = PictureReader()
    DispatchQueue.concurrentPerform(iterations: workers) { [network] worker in
      results.values[worker] = Result {
        let scaled = ScaledEvaluation(network, reader)
        var result = NetworkEvaluation()
        for example in stride(from: worker, to: folder.count, by: workers) {
          do throws(DatasetError) {
            let pictures = try sides.map { side throws(DatasetError) in
              try folder.picture(example, reader, shorterSide: side)
            }
            result.add(try scaled.probabilities(pictures), label: Int(folder.labels[example]))
          } catch {
            try brokenFiles.note(error.description)
            result.broken += 1
          }
        }
        return result
      }
    }
    var all = NetworkEvaluation()
    for result in results.values {
      guard let part = try result?.get() else { continue }
      all.images += part.images
      all.broken += part.broken
      all.correct += part.correct
      all.correctInFive += part.correctInFive
      all.lossSum += part.lossSum
    }
    return all
  }
}

/// One thread's networks for pictures of several sizes.
private final class ScaledEvaluation {
  private let network: TrainedNetwork
  private let reader: PictureReader
  /// The last ones used, the newest at the end.
  private var executors: [(shape: ImageShape, executor: NetworkExecutor, Preprocessing)] = []
  private static let mostExecutors = 16

  init(_ network: TrainedNetwork, _ reader: PictureReader) {
    self.network = network
    self.reader = reader
  }

  /// The mean over pictures and their mirror images of the probabilities.
  func probabilities(_ pictures: [ScaledPicture]) throws(DatasetError) -> [Double] {
    var sums = [Double](repeating: 0, count: network.classes)
    for picture in pictures {
      let shape = ImageShape(
        height: picture.height, width: picture.width, channels: network.shape.channels)
      let (executor, preprocessing) = try executor(shape)
      Pixels.fitting(picture.pixels, channels: shape.channels).withUnsafeBufferPointer {
        preprocessing.write($0, to: executor.input)
        preprocessing.write($0, mirrored: true, to: executor.input + shape.count)
      }
      let logits = executor.predict(count: 2)
      for own in [logits.prefix(network.classes), logits.suffix(network.classes)] {
        for (index, p) in Answer.softmax(own).enumerated() {
          sums[index] += p / Double(2 * pictures.count)
        }
      }
    }
    return sums
  }

  private func executor(
    _ shape: ImageShape
  ) throws(DatasetError) -> (NetworkExecutor, Preprocessing) {
    if let index = executors.firstIndex(where: { $0.shape == shape }) {
      let known = executors.remove(at: index)
      executors.append(known)
      return (known.executor, known.2)
    }
    if executors.count == Self.mostExecutors { executors.removeFirst() }
    do {
      let executor = try network.executor(shape, batch: 2, threads: 1)
      let preprocessing = network.preprocessing(shape)
      executors.append((shape, executor, preprocessing))
      return (executor, preprocessing)
    } catch {
      throw DatasetError("a picture of \(shape): \(error)")
    }
  }
}
