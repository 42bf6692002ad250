// PNG through libpng.
import CPNG

enum PNGDecoder {
  /// Deflate's best ratio is 1032 to 1, and a byte holds eight pixels of two colours.
  private static let pixelsPerByte = 8 * 1032

  static func isPNG(_ bytes: [UInt8]) -> Bool {
    bytes.starts(with: [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A])
  }

  /// Decodes to RGB; what is transparent is laid on white.
  static func decode(_ bytes: [UInt8], to picture: inout Picture) throws(PictureFault) {
    var image = png_image()
    image.version = png_uint_32(PNG_IMAGE_VERSION)
    defer { png_image_free(&image) }
    // The library keeps the address between its two calls.
    let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 16)
    defer { memory.deallocate() }
    memory.copyBytes(from: bytes)
    guard png_image_begin_read_from_memory(&image, memory.baseAddress, memory.count) != 0 else {
      throw fault(image)
    }
    let (width, height) = (Int(image.width), Int(image.height))
    try PictureFault.check(
      width: width, height: height, bytes: bytes.count, ratio: pixelsPerByte)
    image.format = png_uint_32(PNG_FORMAT_FLAG_COLOR)
    picture.resize(width: width, height: height)
    (picture.fullWidth, picture.fullHeight) = (width, height)
    var white = png_color(red: 255, green: 255, blue: 255)
    guard png_image_finish_read(&image, &white, &picture.pixels, 0, nil) != 0 else {
      throw fault(image)
    }
  }

  private static func fault(_ image: png_image) -> PictureFault {
    withUnsafeBytes(of: image.message) {
      PictureFault(reason: String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self))
    }
  }
}
