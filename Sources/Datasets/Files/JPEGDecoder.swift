// JPEG through libjpeg-turbo.
import CTurboJPEG

/// Decodes JPEG pictures to RGB. For one thread at a time.
final class JPEGDecoder {
  private var handle: tjhandle
  /// For the four channels of CMYK pictures.
  private var inks: [UInt8] = []

  /// One byte of a progressive file can stand for this many pixels at most: a bit for each block.
  private static let pixelsPerByte = 1024

  init() throws(DatasetError) {
    guard let handle = tjInitDecompress() else {
      throw DatasetError("libjpeg-turbo cannot start: \(String(cString: tjGetErrorStr2(nil)))")
    }
    self.handle = handle
  }

  deinit { tjDestroy(handle) }

  /// - Parameter shorterSide: how small the picture's shorter side may get; a multiple of it is
  ///   decoded at 1/2, 1/4 or 1/8 of its size. (Other eighths take longer than the whole picture.)
  func decode(
    _ bytes: [UInt8], shorterSide: Int, to picture: inout Picture
  ) throws(PictureFault) {
    guard !bytes.isEmpty else { throw PictureFault(reason: "it is empty") }
    var (width, height, subsampling, colours): (Int32, Int32, Int32, Int32) = (0, 0, 0, 0)
    guard
      tjDecompressHeader3(
        handle, bytes, UInt(bytes.count), &width, &height, &subsampling, &colours) == 0
        || isHarmless
    else { throw fault() }
    let (full, fullHeight) = (Int(width), Int(height))
    try PictureFault.check(
      width: full, height: fullHeight, bytes: bytes.count, ratio: Self.pixelsPerByte)
    var divisor = 1
    while divisor < 8, min(full, fullHeight) / (2 * divisor) >= shorterSide { divisor *= 2 }
    picture.resize(
      width: (full + divisor - 1) / divisor, height: (fullHeight + divisor - 1) / divisor)
    (picture.fullWidth, picture.fullHeight) = (full, fullHeight)
    if Int(colours) == Int(TJCS_CMYK.rawValue) || Int(colours) == Int(TJCS_YCCK.rawValue) {
      try decodeInks(bytes, to: &picture)
    } else {
      try decompress(
        bytes, to: &picture.pixels, picture.width, picture.height, Int32(TJPF_RGB.rawValue))
    }
  }

  private func decompress(
    _ bytes: [UInt8], to output: inout [UInt8], _ width: Int, _ height: Int, _ format: Int32
  ) throws(PictureFault) {
    let status = tjDecompress2(
      handle, bytes, UInt(bytes.count), &output, Int32(width), 0, Int32(height), format,
      TJFLAG_LIMITSCANS)
    if status != 0, !isHarmless { throw fault() }
  }

  /// Cyan, magenta, yellow and black, stored inverted as Adobe's programs do.
  private func decodeInks(_ bytes: [UInt8], to picture: inout Picture) throws(PictureFault) {
    let count = picture.width * picture.height
    if inks.count < 4 * count { inks = [UInt8](repeating: 0, count: 4 * count) }
    try decompress(
      bytes, to: &inks, picture.width, picture.height, Int32(TJPF_CMYK.rawValue))
    for pixel in 0..<count {
      let black = Int(inks[4 * pixel + 3])
      for ink in 0..<3 {
        picture.pixels[3 * pixel + ink] = UInt8((Int(inks[4 * pixel + ink]) * black + 127) / 255)
      }
    }
  }

  /// Bytes between two markers are skipped and nothing is lost; every other warning is damage.
  private var isHarmless: Bool {
    tjGetErrorCode(handle) == Int32(TJERR_WARNING.rawValue)
      && message.contains("extraneous bytes before marker")
  }

  private var message: String { String(cString: tjGetErrorStr2(handle)) }

  /// What the library says. It may stand in the middle of a header now, and would read on there with
  /// the next file, so a new one takes its place.
  private func fault() -> PictureFault {
    let fault = PictureFault(reason: message)
    if let fresh = tjInitDecompress() {
      tjDestroy(handle)
      handle = fresh
    }
    return fault
  }
}
