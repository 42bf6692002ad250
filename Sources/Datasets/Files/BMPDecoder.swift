// BMP, the bitmaps of Windows and OS/2: of 1 to 32 bits, also run-length encoded.
import CPictures

/// Decodes a bitmap as Pillow does; where its fourth channel is alpha, it is laid on white.
struct BMPDecoder {
  private let bytes: [UInt8]
  private var size = Picture.Size(width: 0, height: 0)
  private var bits = 0
  private var compression = 0
  private var isTopDown = false
  /// Where the rows begin.
  private var start = 0
  /// Red, green and blue of each index.
  private var palette: [[UInt8]] = []
  /// Of red, green, blue and alpha, in the pixel's number.
  private var masks: [UInt32] = []

  static func decode(_ bytes: [UInt8], to picture: inout Picture) throws(PictureFault) {
    var decoder = BMPDecoder(bytes: bytes)
    try decoder.readHeader()
    try PictureFault.check(
      decoder.size, bytes: bytes.count,
      // Two bytes of a run stand for up to 255 pixels, four for any number that is left out.
      ratio: decoder.isRunLength ? 1 << 14 : 8)
    picture.makeRoom(decoder.size, .whole(decoder.size))
    if decoder.isRunLength {
      try decoder.readRuns(to: &picture)
    } else {
      try decoder.readRows(to: &picture)
    }
  }

  private init(bytes: [UInt8]) { self.bytes = bytes }

  private var isRunLength: Bool { compression == 1 || compression == 2 }

  /// A little-endian number of 1 to 4 bytes.
  private func number(at place: Int, _ count: Int = 4) throws(PictureFault) -> Int {
    guard place >= 0, place + count <= bytes.count else {
      throw PictureFault(reason: "it ends in its header")
    }
    return (0..<count).reduce(0) { $0 | Int(bytes[place + $1]) << (8 * $1) }
  }

  private mutating func readHeader() throws(PictureFault) {
    start = try number(at: 10)
    let header = try number(at: 14)
    guard [12, 40, 52, 56, 64, 108, 124].contains(header) else {
      throw PictureFault(reason: "its header has \(header) bytes, which is of no known kind")
    }
    let isOld = header == 12
    var height = try number(at: isOld ? 20 : 22, isOld ? 2 : 4)
    if !isOld, height >> 31 == 1 {
      isTopDown = true
      height = 1 << 32 - height
    }
    size = Picture.Size(width: try number(at: 18, isOld ? 2 : 4), height: height)
    bits = try number(at: isOld ? 24 : 28, 2)
    compression = isOld ? 0 : try number(at: 30)
    guard [1, 4, 8, 16, 24, 32].contains(bits) else {
      throw PictureFault(reason: "it has \(bits) bits a pixel; 1, 4, 8, 16, 24 and 32 are read")
    }
    guard
      compression == 0 || compression == 3 && bits >= 16 || compression == 1 && bits == 8
        || compression == 2 && bits == 4
    else {
      throw PictureFault(reason: "its compression \(compression) at \(bits) bits is not read")
    }
    var end = 14 + header
    if compression == 3 {
      let count = header >= 56 && header != 64 ? 4 : 3
      masks = []
      for mask in 0..<count { masks.append(UInt32(try number(at: 54 + 4 * mask))) }
      if header == 40 { end += 12 }
    } else if bits == 16 {
      masks = [0x7C00, 0x3E0, 0x1F]
    } else {
      masks = [0xFF0000, 0xFF00, 0xFF]
    }
    if bits <= 8 {
      let entry = isOld ? 3 : 4
      let said = isOld ? 0 : try number(at: 46)
      let count = said == 0 ? 1 << bits : said
      guard (1...65_536).contains(count) else {
        throw PictureFault(reason: "its palette has \(count) colours")
      }
      for index in 0..<min(count, 256) where end + entry * index + 3 <= bytes.count {
        let place = end + entry * index
        palette.append([bytes[place + 2], bytes[place + 1], bytes[place]])
      }
      end += entry * count
      // A palette that begins where the rows should, as some programs write it.
      if start == 14 + header { start = end }
    }
    if start == 0 { start = end }
  }

  private func row(_ line: Int) -> Int { isTopDown ? line : size.height - 1 - line }

  private func colour(_ index: Int) -> [UInt8] {
    index < palette.count ? palette[index] : [0, 0, 0]
  }

  private func readRows(to picture: inout Picture) throws(PictureFault) {
    let width = size.width
    let pitch = (width * bits + 31) / 32 * 4
    guard start + pitch * (size.height - 1) + (width * bits + 7) / 8 <= bytes.count else {
      throw PictureFault(reason: "it ends before its last row")
    }
    // No mask at all is blue, green, red and alpha.
    let masks = masks.allSatisfy { $0 == 0 } ? [0xFF0000, 0xFF00, 0xFF, 0xFF00_0000] : masks
    let channels = masks.map { Channel($0) }
    for line in 0..<size.height {
      let from = start + line * pitch
      let target = 3 * row(line) * width
      for column in 0..<width {
        if bits <= 8 {
          let bit = column * bits
          let index = Int(bytes[from + bit / 8]) >> (8 - bits - bit % 8) & ((1 << bits) - 1)
          let value = colour(index)
          for channel in 0..<3 { picture.pixels[target + 3 * column + channel] = value[channel] }
          continue
        }
        let place = from + column * bits / 8
        var pixel: UInt32 = 0
        for byte in 0..<bits / 8 { pixel |= UInt32(bytes[place + byte]) << UInt32(8 * byte) }
        let alpha = channels.count == 4 && masks[3] != 0 ? Int(channels[3].value(pixel)) : 255
        for channel in 0..<3 {
          let value = Int(channels[channel].value(pixel))
          picture.pixels[target + 3 * column + channel] =
            UInt8((value * alpha + 255 * (255 - alpha) + 127) / 255)
        }
      }
    }
  }

  /// Some neighbouring bits of a pixel's number.
  private struct Channel {
    let shift: UInt32
    let most: UInt32

    init(_ mask: UInt32) {
      shift = mask == 0 ? 0 : UInt32(mask.trailingZeroBitCount)
      most = mask >> shift
    }

    /// As 8 bits, truncated where the channel has fewer.
    func value(_ pixel: UInt32) -> UInt8 {
      guard most > 0 else { return 0 }
      let part = UInt64(pixel >> shift & most)
      return UInt8(min(255, part * 255 / UInt64(most)))
    }
  }

  private func readRuns(to picture: inout Picture) throws(PictureFault) {
    let (width, total) = (size.width, size.width * size.height)
    var indices = [UInt8](repeating: 0, count: total)
    var (place, filled, column) = (start, 0, 0)
    var isEnded = false
    func put(_ index: UInt8) {
      if filled < total {
        indices[filled] = index
        filled += 1
      }
    }
    func next() -> Int? {
      guard place < bytes.count else { return nil }
      defer { place += 1 }
      return Int(bytes[place])
    }
    while filled < total, !isEnded, let count = next(), let value = next() {
      if count > 0 {
        let pixels = max(0, min(count, width - column))
        for pixel in 0..<pixels {
          put(UInt8(bits == 8 ? value : pixel % 2 == 0 ? value >> 4 : value & 15))
        }
        column += pixels
        continue
      }
      switch value {
      case 0:
        while filled % width != 0 { put(0) }
        column = 0
      case 1: isEnded = true
      case 2:
        guard let right = next(), let up = next() else { break }
        filled = min(total, filled + right + up * width)
        column = filled % width
      default:
        let pixels = min(total - filled, value)
        let size = bits == 8 ? pixels : (pixels + 1) / 2
        guard place + size <= bytes.count else {
          isEnded = true
          break
        }
        for pixel in 0..<pixels {
          let byte = bytes[place + (bits == 8 ? pixel : pixel / 2)]
          put(bits == 8 ? byte : pixel % 2 == 0 ? byte >> 4 : byte & 15)
        }
        place += size
        column += value
        // Such runs end at an even place of the file.
        if place % 2 != 0 { place += 1 }
      }
    }
    guard filled == total else {
      throw PictureFault(reason: "its runs end after \(filled) of \(total) pixels")
    }
    for line in 0..<size.height {
      for column in 0..<width {
        let value = colour(Int(indices[line * width + column]))
        let target = 3 * (row(line) * width + column)
        for channel in 0..<3 { picture.pixels[target + channel] = value[channel] }
      }
    }
  }
}
