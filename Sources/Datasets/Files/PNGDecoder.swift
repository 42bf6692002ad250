// PNG through libpng.
import CPictures

enum PNGDecoder {
  /// Deflate's best ratio is 1032 to 1, and a byte holds eight pixels of two colours.
  private static let pixelsPerByte = 8 * 1032

  static func isPNG(_ bytes: [UInt8]) -> Bool {
    bytes.starts(with: [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A])
  }

  /// Decodes to RGB: samples as stored, of 16 bits the upper 8; what is transparent is laid on white.
  /// Gamma and colour profiles do not count.
  static func decode(_ bytes: [UInt8], to picture: inout Picture) throws(PictureFault) {
    guard let handle = bench_png_create() else { throw PictureFault(reason: "no memory for it") }
    defer { bench_png_close(handle) }
    func fault() -> PictureFault {
      PictureFault(reason: String(cString: bench_png_message(handle)))
    }
    // The decoder keeps the address between its two calls.
    let problem = bytes.withUnsafeBufferPointer { bytes -> PictureFault? in
      var (width, height): (Int32, Int32) = (0, 0)
      guard bench_png_open(handle, bytes.baseAddress, bytes.count, &width, &height) == 0 else {
        return fault()
      }
      let size = Picture.Size(width: Int(width), height: Int(height))
      do throws(PictureFault) {
        try PictureFault.check(size, bytes: bytes.count, ratio: pixelsPerByte)
      } catch {
        return error
      }
      picture.makeRoom(size, .whole(size))
      return bench_png_read(handle, &picture.pixels) == 0 ? nil : fault()
    }
    if let problem { throw problem }
  }
}
