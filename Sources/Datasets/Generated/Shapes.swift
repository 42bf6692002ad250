// The built-in data set: generated images in ten classes of shape, the same bytes everywhere.
import Dispatch
import Numerics

/// The built-in data set `shapes`.
///
/// Each image shows one of ten shapes at a random place, in random size, tilt and colours, in front
/// of a striped background. The background's hue and the direction of its stripes are correlated
/// with the class, but overlap widely between classes: easy to learn a little from, as colour and
/// texture are in photographs, and not enough to be right; that takes the shape. Gradients, blobs
/// and noise get in the way.
///
/// Image `i` of a split is a pure function of `(seed, split, i, size)`, computed with basic IEEE
/// arithmetic only, so that neither threads nor the machine change a byte. All that makes the scene
/// is drawn in units of the image, so image `i` is the same scene at every size; only the grain of
/// the noise is one pixel.
///
/// The label of image `i` is `i % 10`, so any first `k` examples are balanced to within one example
/// a class. Training shuffles anyway.
public enum Shapes {
  /// What is drawn, in the order of the labels.
  public static let classNames = [
    "disc", "square", "triangle", "cross", "ring", "star", "crescent", "bar", "two dots", "frame",
  ]
  /// The image heights and widths that can be generated, in pixels.
  public static let sizes = 16...224
  /// The size where none is asked for.
  public static let defaultSize = 32
  /// How many examples a split has where no count is asked for; CIFAR-10's numbers.
  public static func defaultCount(_ split: DatasetSplit) -> Int {
    split == .train ? 50_000 : 10_000
  }
  /// The seed of the data that `DatasetRequest` names `shapes`.
  public static let seed: UInt64 = 2015

  /// Generates the first `count` images of a split.
  ///
  /// - Parameters:
  ///   - size: height and width in pixels, within `sizes`.
  ///   - seed: another seed gives another data set of the same kind.
  /// - Throws: `DatasetError` where the size or the count cannot be.
  public static func dataset(
    split: DatasetSplit, count: Int, size: Int = defaultSize, seed: UInt64 = Self.seed
  ) throws(DatasetError) -> ImageDataset {
    try DatasetRequest(name: .shapes, size: size, trainCount: count).validate()
    let shape = ImageShape(height: size, width: size, channels: 3)
    try MachineMemory.check(dataBytes: count * shape.count, purpose: "\(count) images \(shape)")
    let pixels = [UInt8](unsafeUninitializedCapacity: count * shape.count) { buffer, initialized in
      let target = PixelTarget(buffer)
      // Pieces far smaller than a thread's share, so that uneven progress does no harm.
      let piece = 64
      DispatchQueue.concurrentPerform(iterations: (count + piece - 1) / piece) { number in
        let range = number * piece..<min(count, (number + 1) * piece)
        render(range, split: split, size: size, seed: seed, to: target)
      }
      initialized = count * shape.count
    }
    return try ImageDataset(
      name: DatasetName.shapes.rawValue, split: split, shape: shape, classNames: classNames,
      labels: (0..<Int32(count)).map { $0 % Int32(classNames.count) }, pixels: pixels)
  }

  /// Draws a range of images to where they belong in the buffer of all.
  static func render(
    _ range: Range<Int>, split: DatasetSplit, size: Int, seed: UInt64, to target: PixelTarget
  ) {
    for index in range {
      let scene = ShapeScene(
        seed: seed, split: split, index: index, label: index % classNames.count)
      scene.render(size: size, to: target.start + index * size * size * 3)
    }
  }

  /// Memory that several threads write, each to its own images.
  struct PixelTarget: @unchecked Sendable {
    let start: UnsafeMutablePointer<UInt8>

    init(_ buffer: UnsafeMutableBufferPointer<UInt8>) {
      precondition(buffer.baseAddress != nil, "no memory to write images to")
      start = buffer.baseAddress.unsafelyUnwrapped
    }
  }
}
