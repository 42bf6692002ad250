// From a JPEG or PNG file to pixels, and from there to an image of the size that a network takes.
import Foundation
import Numerics

/// Decodes one file after the other; keeps its memory between them. For one thread at a time.
final class ImageDecoder {
  /// The most pixels that a picture may have; a header that says more is not believed.
  static let mostPixels = 1 << 26
  /// In bytes.
  static let largestFile = 1 << 28

  private let jpeg: JPEGDecoder
  private var picture = Picture()
  private var resampler = Resampler()

  init() throws(DatasetError) { jpeg = try JPEGDecoder() }

  /// Decodes a picture, scales it so that its shorter side is as planned, and cuts the crop out.
  ///
  /// Scaling is bilinear with a triangle filter as wide as the step between source pixels, as PIL's
  /// and torchvision's antialiased resize. A JPEG that is more than twice too large is decoded at
  /// 1/2, 1/4 or 1/8 of its size, which averages blocks of its pixels.
  ///
  /// - Parameters:
  ///   - shape: what the network takes; 3 channels, no side larger than the plan's shorter side.
  ///   - output: `[H, W, C]`.
  /// - Throws: `DatasetError` with the path, where the file cannot be read or is no sound picture.
  func decode(
    path: String, plan: CropPlan, shape: ImageShape, to output: UnsafeMutablePointer<UInt8>
  ) throws(DatasetError) {
    precondition(
      plan.shorterSide >= max(shape.height, shape.width),
      "a crop of \(shape) out of a shorter side of \(plan.shorterSide)")
    let file = try InputFile(path: path)
    guard file.size <= Self.largestFile else {
      throw DatasetError(
        "\(path) has \(file.size) bytes; pictures of at most \(Self.largestFile) are read")
    }
    let bytes = try file.bytes(file.size, of: path)
    do throws(PictureFault) {
      if PNGDecoder.isPNG(bytes) {
        try PNGDecoder.decode(bytes, to: &picture)
      } else {
        try jpeg.decode(bytes, shorterSide: plan.shorterSide, to: &picture)
      }
    } catch {
      throw DatasetError("\(path) is not a sound JPEG or PNG file: \(error.reason)")
    }
    resampler.cut(picture, plan: plan, shape: shape, to: output)
  }
}

/// A decoded picture, `[height, width, 3]`.
struct Picture {
  /// The size it has been decoded at.
  var width = 0
  var height = 0
  /// The size that the file says.
  var fullWidth = 0
  var fullHeight = 0
  /// At least `width · height · 3` bytes; the rest is left over from larger pictures.
  var pixels: [UInt8] = []

  /// Makes room for the pixels of a size.
  mutating func resize(width: Int, height: Int) {
    (self.width, self.height) = (width, height)
    let count = width * height * 3
    if pixels.count < count { pixels = [UInt8](repeating: 0, count: count) }
  }
}

/// Why a file's bytes are no picture.
struct PictureFault: Error {
  var reason: String

  /// Refuses sizes that cannot be, before anything is allocated for them.
  /// - Parameter ratio: the most pixels to which one byte of the format can unpack.
  static func check(width: Int, height: Int, bytes: Int, ratio: Int) throws(PictureFault) {
    guard width > 0, height > 0, width <= ImageDecoder.mostPixels,
      height <= ImageDecoder.mostPixels
    else { throw PictureFault(reason: "its size is \(width)x\(height) pixels") }
    guard width * height <= ImageDecoder.mostPixels else {
      throw PictureFault(
        reason: "it says it has \(width)x\(height) pixels; at most \(ImageDecoder.mostPixels) "
          + "are decoded")
    }
    guard width * height <= bytes * ratio else {
      throw PictureFault(
        reason: "it says it has \(width)x\(height) pixels, which \(bytes) bytes cannot hold")
    }
  }
}
