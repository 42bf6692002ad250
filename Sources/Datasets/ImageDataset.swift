// Images of one size with their labels, in memory, never changed.
import Crypto
import Foundation
import Numerics
import Synchronization
import Text

/// One split of a data set: `count` images of one shape, as bytes, and their labels.
public final class ImageDataset: ImageCollection {
  public let name: String
  public let split: DatasetSplit
  public let shape: ImageShape
  /// What each label means; `labels` index into it.
  public let classNames: [String]
  /// One per image, each in `0..<classNames.count`.
  public let labels: [Int32]
  /// `[N, H, W, C]`, 0…255.
  public let pixels: [UInt8]

  public let problems: [String] = []
  public let notes: [String]
  public let isDecodedOnTheFly = false

  private let cachedChecksum = Mutex<String?>(nil)

  /// - Parameters:
  ///   - pixels: `[N, H, W, C]`.
  ///   - labels: `[N]`.
  ///   - notes: what a user should know of the data.
  /// - Throws: `DatasetError` where there is no image, or the sizes or labels do not fit together.
  public init(
    name: String, split: DatasetSplit, shape: ImageShape, classNames: [String], labels: [Int32],
    pixels: [UInt8], notes: [String] = []
  ) throws(DatasetError) {
    let title = "the \(split.rawValue) split of \(name)"
    guard !labels.isEmpty, shape.count > 0 else {
      throw DatasetError("\(title) has no images; check the files it was read from")
    }
    guard pixels.count == labels.count * shape.count else {
      throw DatasetError(
        "\(title) has \(pixels.count) bytes of pixels, but \(labels.count) labels of images "
          + "\(shape) need \(labels.count * shape.count)")
    }
    if let index = labels.firstIndex(where: { $0 < 0 || Int($0) >= classNames.count }) {
      throw DatasetError(
        "\(title) has label \(labels[index]) at example \(index); "
          + "allowed are 0 to \(classNames.count - 1)")
    }
    self.name = name
    self.split = split
    self.shape = shape
    self.classNames = classNames
    self.labels = labels
    self.pixels = pixels
    self.notes = notes
  }

  /// SHA-256, in hexadecimal, over the shape, the count, the labels (little-endian 32 bits) and the
  /// pixels. Names do not count. Computed when first asked for.
  public var checksum: String {
    cachedChecksum.withLock { cached in
      if let cached { return cached }
      var hash = SHA256()
      hash.update(data: Data("\(count)x\(shape) in \(classNames.count) classes\n".utf8))
      var bytes = [UInt8]()
      bytes.reserveCapacity(4 * count)
      for label in labels {
        withUnsafeBytes(of: label.littleEndian) { bytes.append(contentsOf: $0) }
      }
      bytes.withUnsafeBytes { hash.update(bufferPointer: $0) }
      pixels.withUnsafeBytes { hash.update(bufferPointer: $0) }
      let text = hexadecimal(hash.finalize())
      cached = text
      return text
    }
  }

  public func write(
    _ example: Int, seed: UInt64, epoch: Int, augmentation: Augmentation,
    preprocessing: Preprocessing, to output: UnsafeMutablePointer<Float>
  ) {
    precondition(augmentation.scale == nil, "images of one size are not scaled at random")
    let placement = Placement(augmentation, seed: seed, epoch: epoch, example: example)
    pixels.withUnsafeBufferPointer { pixels in
      let image = UnsafeBufferPointer(
        rebasing: pixels[example * shape.count..<(example + 1) * shape.count])
      preprocessing.write(image, placement: placement, to: output)
    }
  }

  public func pixelSums(of examples: [Int32]?, withSquares: Bool) -> PixelSums {
    var sums = PixelSums(shape: shape)
    pixels.withUnsafeBufferPointer { pixels in
      for position in 0..<(examples?.count ?? count) {
        let example = examples.map { Int($0[position]) } ?? position
        sums.add(
          UnsafeBufferPointer(
            rebasing: pixels[example * shape.count..<(example + 1) * shape.count]),
          withSquares: withSquares)
      }
    }
    return sums
  }
}
