// JPEG through libjpeg.
import CPictures

/// Decodes JPEG pictures to RGB. For one thread at a time.
final class JPEGDecoder {
  private let handle: OpaquePointer

  /// One byte of a progressive file can stand for this many pixels at most: a bit for each block.
  private static let pixelsPerByte = 1024

  init() throws(DatasetError) {
    guard let handle = bench_jpeg_create() else {
      throw DatasetError("libjpeg cannot start; there is no memory for it")
    }
    self.handle = handle
  }

  deinit { bench_jpeg_destroy(handle) }

  /// - Parameter part: which part of the picture is wanted, and at which size; called with the size
  ///   that the file says, once that is believable.
  func decode(
    _ bytes: [UInt8], to picture: inout Picture, part: (Picture.Size) -> Picture.Part
  ) throws(PictureFault) {
    // The decoder keeps the address between its calls.
    let problem = bytes.withUnsafeBufferPointer { bytes -> PictureFault? in
      var (width, height): (Int32, Int32) = (0, 0)
      guard bench_jpeg_open(handle, bytes.baseAddress, bytes.count, &width, &height) == 0 else {
        return fault()
      }
      let size = Picture.Size(width: Int(width), height: Int(height))
      do throws(PictureFault) {
        try PictureFault.check(size, bytes: bytes.count, ratio: Self.pixelsPerByte)
      } catch {
        return error
      }
      let part = part(size)
      let wanted = bench_picture_part(
        left: Int32(part.columns.lowerBound), top: Int32(part.rows.lowerBound),
        width: Int32(part.columns.count), height: Int32(part.rows.count))
      var (pitch, offset) = (0, 0)
      guard bench_jpeg_start(handle, Int32(part.divisor), wanted, &pitch, &offset) == 0 else {
        return fault()
      }
      picture.makeRoom(size, part, pitch: pitch, offset: offset)
      return bench_jpeg_read(handle, &picture.pixels) == 0 ? nil : fault()
    }
    if let problem { throw problem }
  }

  private func fault() -> PictureFault {
    PictureFault(reason: String(cString: bench_jpeg_message(handle)))
  }
}
