// How a training image is varied each time it is seen.
import Numerics

/// Random crop out of a zero-padded image, or out of a picture scaled at random; random horizontal
/// flip.
public struct Augmentation: Codable, Hashable, Sendable {
  /// Zeros on each side before a crop of the original size is taken, in pixels. The zeros are those
  /// *after* the mean was subtracted, as in the reference implementations of the papers.
  public var padding: Int
  /// Whether half of the images are mirrored left to right.
  public var flip: Bool
  /// For folders of pictures: the picture is scaled so that its shorter side is anywhere in this
  /// range, in pixels, and the image is cut out at a random place. Nil cuts out the middle.
  public var scale: ClosedRange<Int>?

  public init(padding: Int, flip: Bool, scale: ClosedRange<Int>? = nil) {
    self.padding = padding
    self.flip = flip
    self.scale = scale
  }

  /// The image as it is.
  public static let none = Augmentation(padding: 0, flip: false)
  /// Four pixels of padding and flips (He et al. 2015, section 4.2).
  public static let standard = Augmentation(padding: 4, flip: true)

  /// The largest padding that is of any use.
  public static let maximumPadding = 512
}

/// What augmentation does to one image.
struct Placement: Equatable {
  /// The crop's first row and column in the unpadded image; negative ones are padding.
  var row = 0
  var column = 0
  var mirrored = false

  static let unchanged = Placement()

  /// The placement of one example in one epoch: a pure function of its arguments.
  init(_ augmentation: Augmentation, seed: UInt64, epoch: Int, example: Int) {
    guard augmentation.padding > 0 || augmentation.flip else { return }
    var random = CounterRandom(seed: seed, purpose: .augmentation, epoch: epoch, index: example)
    row = random.integer(below: 2 * augmentation.padding + 1) - augmentation.padding
    column = random.integer(below: 2 * augmentation.padding + 1) - augmentation.padding
    mirrored = augmentation.flip && random.next32() & 1 == 1
  }

  init(row: Int = 0, column: Int = 0, mirrored: Bool = false) {
    self.row = row
    self.column = column
    self.mirrored = mirrored
  }
}

/// Which part of a picture becomes the network's image.
struct CropPlan: Equatable, Sendable {
  /// The picture's shorter side after scaling, in pixels.
  var shorterSide: Int
  /// Where the crop begins between the top (or left) of the scaled picture and the last place where
  /// it still fits, 0…1.
  var row = 0.5
  var column = 0.5
  var mirrored = false
  /// Whether a JPEG may be decoded at 1/2, 1/4 or 1/8 of its size where at least twice the shorter
  /// side is left: that averages blocks of pixels, which is faster and almost the same picture.
  var allowsScaledDecoding = false

  /// The middle of a picture.
  init(middleOf shorterSide: Int) { self.shorterSide = shorterSide }

  /// Scale, place and flip of one example in one epoch (He et al. 2015, section 3.4): a pure
  /// function of its arguments.
  init(scale: ClosedRange<Int>, flip: Bool, seed: UInt64, epoch: Int, example: Int) {
    var random = CounterRandom(seed: seed, purpose: .augmentation, epoch: epoch, index: example)
    shorterSide = scale.lowerBound + random.integer(below: scale.count)
    row = Double(random.uniform())
    column = Double(random.uniform())
    mirrored = flip && random.next32() & 1 == 1
  }
}
