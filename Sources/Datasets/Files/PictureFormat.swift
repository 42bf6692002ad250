// Which of the formats a file is in, told by its first bytes and never by its name.
import CPictures

/// The formats of pictures that are read.
enum PictureFormat: CaseIterable {
  case jpeg, png, bmp, webp, tiff, pnm

  /// What names of pictures end in, in lower case: torchvision's endings, and `.jfif`.
  static let endings = [
    ".jpg", ".jpeg", ".jfif", ".png", ".bmp", ".webp", ".ppm", ".pgm", ".tif", ".tiff",
  ]

  /// - Returns: nil where the bytes begin as no picture does.
  init?(_ bytes: [UInt8]) {
    func begins(_ text: String, at place: Int = 0) -> Bool {
      bytes.dropFirst(place).starts(with: text.utf8)
    }
    if bytes.starts(with: [0xFF, 0xD8]) {
      self = .jpeg
    } else if bytes.starts(with: [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]) {
      self = .png
    } else if begins("BM") {
      self = .bmp
    } else if begins("RIFF"), begins("WEBP", at: 8) {
      self = .webp
    } else if ["II*\0", "MM\0*", "II+\0", "MM\0+"].contains(where: { begins($0) }) {
      self = .tiff
    } else if bytes.count > 2, begins("P"), (0x31...0x36).contains(bytes[1]),
      PNMDecoder.isSpace(bytes[2]) || bytes[2] == UInt8(ascii: "#")
    {
      self = .pnm
    } else {
      return nil
    }
  }

  /// What bytes are that begin as no picture that is read, and what to do.
  static func complaint(_ bytes: [UInt8]) -> String {
    func begins(_ text: String, at place: Int = 0) -> Bool {
      bytes.dropFirst(place).starts(with: text.utf8)
    }
    if bytes.isEmpty { return "it is empty" }
    if begins("version https://git-lfs") {
      return "it is a pointer of git-lfs; fetch the file itself with 'git lfs pull'"
    }
    if begins("<") { return "it is a page or another text, not a picture; get it again" }
    if begins("GIF8") { return "it is a GIF, which is not read; convert it to PNG" }
    if begins("ftyp", at: 4) { return "it is HEIC or AVIF, which are not read; convert it to PNG" }
    return "it begins as none of JPEG, PNG, BMP, WebP, TIFF, PPM and PGM"
  }
}

/// TIFF through libtiff, and WebP through libwebp.
enum LibraryDecoder {
  /// Strong compressions of empty areas are believed up to this many pixels a byte.
  private static let pixelsPerByte = 1 << 16

  static func decodeTIFF(_ bytes: [UInt8], to picture: inout Picture) throws(PictureFault) {
    guard let handle = bench_tiff_create() else { throw PictureFault(reason: "no memory for it") }
    defer { bench_tiff_close(handle) }
    try decode(
      bytes, to: &picture, open: { bench_tiff_open(handle, $0, $1, $2, $3) == 0 },
      read: { bench_tiff_read(handle, $0) == 0 },
      message: { String(cString: bench_tiff_message(handle)) })
  }

  /// Of an animation the first picture.
  static func decodeWebP(_ bytes: [UInt8], to picture: inout Picture) throws(PictureFault) {
    var handle: OpaquePointer?
    defer { bench_webp_close(handle) }
    try decode(
      bytes, to: &picture,
      open: { bytes, count, width, height in
        handle = bench_webp_open(bytes, count, width, height)
        return handle != nil
      }, read: { bench_webp_read(handle, $0) == 0 },
      message: { "libwebp cannot read it; it is damaged or cut off" })
  }

  static func decodePNG(_ bytes: [UInt8], to picture: inout Picture) throws(PictureFault) {
    guard let handle = bench_png_create() else { throw PictureFault(reason: "no memory for it") }
    defer { bench_png_close(handle) }
    try decode(
      bytes, to: &picture, open: { bench_png_open(handle, $0, $1, $2, $3) == 0 },
      read: { bench_png_read(handle, $0) == 0 },
      message: { String(cString: bench_png_message(handle)) })
  }

  /// The bytes keep their address between the two calls.
  private static func decode(
    _ bytes: [UInt8], to picture: inout Picture,
    open: (
      UnsafePointer<UInt8>?, Int, UnsafeMutablePointer<Int32>, UnsafeMutablePointer<Int32>
    ) -> Bool,
    read: (UnsafeMutablePointer<UInt8>) -> Bool, message: () -> String
  ) throws(PictureFault) {
    let problem = bytes.withUnsafeBufferPointer { buffer -> PictureFault? in
      var (width, height): (Int32, Int32) = (0, 0)
      guard open(buffer.baseAddress, buffer.count, &width, &height) else {
        return PictureFault(reason: message())
      }
      let size = Picture.Size(width: Int(width), height: Int(height))
      do throws(PictureFault) {
        try PictureFault.check(size, bytes: buffer.count, ratio: pixelsPerByte)
      } catch {
        return error
      }
      picture.makeRoom(size, .whole(size))
      return read(&picture.pixels) ? nil : PictureFault(reason: message())
    }
    if let problem { throw problem }
  }
}
