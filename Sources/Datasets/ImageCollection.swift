// What training and evaluation need of a data set, whether it lies in memory or in files.
import Numerics
import Synchronization

/// One split of a data set, as a list of examples that can be written as the network sees them.
/// Used from several threads at once.
public protocol ImageCollection: AnyObject, Sendable {
  var name: String { get }
  var split: DatasetSplit { get }
  /// The size of every image, as the network sees it.
  var shape: ImageShape { get }
  /// What each label means; `labels` index into it.
  var classNames: [String] { get }
  /// One per example.
  var labels: [Int32] { get }
  /// SHA-256 over what the examples are, in hexadecimal.
  var checksum: String { get }
  /// What was found beside the examples that cannot be one, a sentence each.
  var problems: [String] { get }
  /// The classes of which there is no example, however many are asked for.
  var missingClasses: [Int] { get }
  /// What a user should know of the data although all of it is used, a sentence each.
  var notes: [String] { get }
  /// Whether each image is decoded from its file when it is used.
  var isDecodedOnTheFly: Bool { get }

  /// Writes one example as the network sees it.
  /// - Parameters:
  ///   - seed: with the epoch and the example, it decides how the image is varied.
  ///   - preprocessing: statistics of the training set, of the same image shape.
  ///   - output: `[H, W, C]`.
  /// - Throws: `DatasetError` where the example's file is broken.
  func write(
    _ example: Int, seed: UInt64, epoch: Int, augmentation: Augmentation,
    preprocessing: Preprocessing, to output: UnsafeMutablePointer<Float>
  ) throws(DatasetError)

  /// Sums over the images, for the statistics that preprocessing needs.
  /// - Parameters:
  ///   - examples: which examples; nil for all.
  ///   - withSquares: whether the sums of the squares are needed too.
  func pixelSums(of examples: [Int32]?, withSquares: Bool) -> PixelSums
}

extension ImageCollection {
  public var notes: [String] { [] }

  public var missingClasses: [Int] { [] }

  /// How many examples there are.
  public var count: Int { labels.count }

  /// How many examples each class has.
  public var classCounts: [Int] {
    labels.reduce(into: [Int](repeating: 0, count: classNames.count)) { $0[Int($1)] += 1 }
  }
}

/// Exact sums over images, so that no order matters.
public struct PixelSums: Sendable {
  public let shape: ImageShape
  /// Images summed.
  public internal(set) var count = 0
  /// Of each of an image's numbers, `[H, W, C]`.
  public internal(set) var values: [UInt64]
  /// Of the squares of each channel's numbers, `[C]`; zeros where they were not wanted.
  public internal(set) var squares: [UInt64]

  public init(shape: ImageShape) {
    self.shape = shape
    values = [UInt64](repeating: 0, count: shape.count)
    squares = [UInt64](repeating: 0, count: shape.channels)
  }

  /// - Parameter image: `[H, W, C]`.
  mutating func add(_ image: UnsafeBufferPointer<UInt8>, withSquares: Bool) {
    count += 1
    values.withUnsafeMutableBufferPointer { values in
      for i in 0..<values.count { values[i] &+= UInt64(image[i]) }
    }
    guard withSquares else { return }
    for channel in squares.indices {
      var sum: UInt64 = 0
      var i = channel
      while i < image.count {
        sum &+= UInt64(image[i]) &* UInt64(image[i])
        i &+= squares.count
      }
      squares[channel] += sum
    }
  }

  mutating func add(_ other: PixelSums) {
    count += other.count
    for i in values.indices { values[i] += other.values[i] }
    for i in squares.indices { squares[i] += other.squares[i] }
  }
}

/// The files that were found broken while a data set was used, each named once.
public final class BrokenFiles: Sendable {
  /// Whether the first broken file is an error.
  public let isStrict: Bool
  private let known = Mutex((all: Set<String>(), untold: [String]()))

  public init(isStrict: Bool = false) { self.isStrict = isStrict }

  /// How many there are.
  public var count: Int { known.withLock { $0.all.count } }

  /// Remembers what is wrong with a file.
  /// - Throws: the same as a `DatasetError` where data must be without fault.
  package func note(_ sentence: String) throws(DatasetError) {
    if isStrict { throw DatasetError(sentence) }
    known.withLock { known in
      if known.all.insert(sentence).inserted { known.untold.append(sentence) }
    }
  }

  /// The first few, for a message.
  var summary: String {
    known.withLock { known in
      let few = known.all.sorted().prefix(3).joined(separator: "; ")
      return known.all.count > 3 ? "\(few); and \(known.all.count - 3) more" : few
    }
  }

  /// What was found since the last call, in no particular order.
  public func takeNew() -> [String] {
    known.withLock { known in
      defer { known.untold = [] }
      return known.untold
    }
  }
}
