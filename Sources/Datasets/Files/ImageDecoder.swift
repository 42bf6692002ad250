// From a picture's file to pixels, and from there to an image of the size that a network takes.
import Foundation
import Numerics

/// Decodes one file after the other; keeps its memory between them. For one thread at a time.
final class ImageDecoder {
  /// Raised whenever any pixel that a picture becomes changes. It is part of a folder's checksum, and
  /// so of the identity of checkpoints: no run goes on with other pixels than it began with.
  static let version = 3
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
  /// The result is, to the bit, that of torchvision's `Resize` and crop on Pillow's picture (see
  /// `Resampler`), but where a plan allows a scaled decoding.
  ///
  /// - Parameters:
  ///   - shape: what the network takes; 3 channels, no side larger than the plan's shorter side.
  ///   - output: `[H, W, C]`.
  /// - Throws: `DatasetError` with the path, where the file cannot be read or is no sound picture.
  func decode(
    path: String, plan: CropPlan, shape: ImageShape, to output: UnsafeMutablePointer<UInt8>
  ) throws(DatasetError) {
    try decode(StoredName(path), plan: plan, shape: shape, to: output)
  }

  /// The same of a file whose name may be any bytes.
  func decode(
    _ place: StoredName, plan: CropPlan, shape: ImageShape, to output: UnsafeMutablePointer<UInt8>
  ) throws(DatasetError) {
    precondition(
      plan.shorterSide >= max(shape.height, shape.width),
      "a crop of \(shape) out of a shorter side of \(plan.shorterSide)")
    precondition(shape.channels == 3, "\(shape.channels) channels of a colour picture")
    let file = try InputFile(place)
    guard file.size <= Self.largestFile else {
      throw DatasetError(
        "\(file.path) has \(file.size) bytes; pictures of at most \(Self.largestFile) are read")
    }
    let bytes = try file.bytes(file.size, of: file.path)
    do throws(PictureFault) {
      try decode(bytes) { CropGeometry($0, plan: plan, shape: shape).part }
    } catch {
      throw DatasetError("\(file.path) is not a sound picture: \(error.reason)")
    }
    resampler.cut(picture, CropGeometry(picture.full, plan: plan, shape: shape), to: output)
  }

  /// Decodes a picture whole and scales it so that its shorter side is as asked for.
  /// - Parameters:
  ///   - bytes: the file's.
  ///   - name: the file's, for messages.
  /// - Throws: `DatasetError` where it is no sound picture.
  func scaled(
    _ bytes: [UInt8], name: String, shorterSide: Int
  ) throws(DatasetError) -> ScaledPicture {
    do throws(PictureFault) {
      try decode(bytes) { .whole($0) }
    } catch {
      throw DatasetError("\(name) is not a sound picture: \(error.reason)")
    }
    let full = picture.full
    func side(_ length: Int) -> Int { shorterSide * length / full.shorter }
    let shape = ImageShape(height: side(full.height), width: side(full.width), channels: 3)
    guard shape.pixels <= Self.mostPixels else {
      throw DatasetError("\(name) would have \(shape.width)x\(shape.height) pixels after scaling")
    }
    let geometry = CropGeometry(full, plan: CropPlan(middleOf: shorterSide), shape: shape)
    let pixels = [UInt8](unsafeUninitializedCapacity: shape.count) { output, count in
      if let start = output.baseAddress { resampler.cut(picture, geometry, to: start) }
      count = shape.count
    }
    return ScaledPicture(width: shape.width, height: shape.height, pixels: pixels)
  }

  /// - Parameter part: what is needed of a picture of that size; formats other than JPEG are decoded
  ///   whole.
  private func decode(
    _ bytes: [UInt8], part: (Picture.Size) -> Picture.Part
  ) throws(PictureFault) {
    switch PictureFormat(bytes) {
    case .jpeg: try jpeg.decode(bytes, to: &picture, part: part)
    case .png: try LibraryDecoder.decodePNG(bytes, to: &picture)
    case .tiff: try LibraryDecoder.decodeTIFF(bytes, to: &picture)
    case .webp: try LibraryDecoder.decodeWebP(bytes, to: &picture)
    case .bmp: try BMPDecoder.decode(bytes, to: &picture)
    case .pnm: try PNMDecoder.decode(bytes, to: &picture)
    case nil: throw PictureFault(reason: PictureFormat.complaint(bytes))
    }
  }
}

/// A decoded picture, or the part of it that is needed.
struct Picture {
  struct Size: Equatable {
    var width: Int
    var height: Int

    var shorter: Int { min(width, height) }

    /// The size at one half, quarter or eighth: blocks at the border that are only partly there count.
    func divided(by divisor: Int) -> Size {
      Size(width: (width + divisor - 1) / divisor, height: (height + divisor - 1) / divisor)
    }
  }

  /// Some rows and columns of a picture that is decoded at 1/divisor of its size.
  struct Part: Equatable {
    var divisor: Int
    var columns: Range<Int>
    var rows: Range<Int>

    static func whole(_ size: Size) -> Part {
      Part(divisor: 1, columns: 0..<size.width, rows: 0..<size.height)
    }
  }

  /// The size that the file says.
  private(set) var full = Size(width: 0, height: 0)
  private(set) var part = Part(divisor: 1, columns: 0..<0, rows: 0..<0)
  /// Bytes from one row to the next: there may be columns beside the part.
  private(set) var pitch = 0
  /// Of the part's first byte.
  private(set) var offset = 0
  /// Red, green and blue of the part's rows, and room beyond; the rest is left over from larger
  /// pictures.
  var pixels: [UInt8] = []

  /// Makes room for the pixels of a part.
  /// - Parameter pitch: nil where nothing is beside the part.
  mutating func makeRoom(_ full: Size, _ part: Part, pitch: Int? = nil, offset: Int = 0) {
    (self.full, self.part) = (full, part)
    self.pitch = pitch ?? 3 * part.columns.count
    self.offset = offset
    let count = self.pitch * part.rows.count + 16
    if pixels.count < count { pixels = [UInt8](repeating: 0, count: count) }
  }
}

/// Why a file's bytes are no picture.
struct PictureFault: Error {
  var reason: String

  /// Refuses sizes that cannot be, before anything is allocated for them.
  /// - Parameter ratio: the most pixels to which one byte of the format can unpack.
  static func check(_ size: Picture.Size, bytes: Int, ratio: Int) throws(PictureFault) {
    let (width, height) = (size.width, size.height)
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
