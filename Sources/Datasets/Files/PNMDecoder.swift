// PPM, PGM and PBM: the formats of netpbm, as text or as bytes.

/// Decodes `P1` to `P6`. Samples of another range than 0 to 255 are scaled as Pillow scales them; of
/// grey ones of more than 8 bits the upper 8 count.
struct PNMDecoder {
  private let bytes: [UInt8]
  private var place = 2

  static func decode(_ bytes: [UInt8], to picture: inout Picture) throws(PictureFault) {
    var decoder = PNMDecoder(bytes: bytes)
    try decoder.decode(to: &picture)
  }

  private init(bytes: [UInt8]) { self.bytes = bytes }

  static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0D).contains(byte) }

  private mutating func decode(to picture: inout Picture) throws(PictureFault) {
    let kind = bytes[1] - UInt8(ascii: "0")
    let (isText, isBits, isColour) = (kind <= 3, kind % 3 == 1, kind % 3 == 0)
    let width = try number("its width")
    let height = try number("its height")
    let most = isBits ? 1 : try number("its largest value")
    guard (1...65_535).contains(most) else {
      throw PictureFault(reason: "its largest value is \(most); allowed are 1 to 65535")
    }
    let size = Picture.Size(width: width, height: height)
    try PictureFault.check(size, bytes: bytes.count, ratio: isBits && !isText ? 8 : 1)
    picture.makeRoom(size, .whole(size))
    let isDeepGrey = !isColour && !isBits && most > 255
    // Halves go to even, as Python's round takes them.
    let scaled = (0...most).map { value -> UInt8 in
      let range = isDeepGrey ? 65_535.0 : 255
      let result = Int((Double(value) / Double(most) * range).rounded(.toNearestOrEven))
      return UInt8(isDeepGrey ? result >> 8 : result)
    }
    let count = width * height * (isColour ? 3 : 1)
    if isText {
      for index in 0..<count {
        let value = isBits ? try bit() : try number("a sample")
        guard value <= most else {
          throw PictureFault(reason: "it has a sample of \(value), but at most \(most) are said")
        }
        put(isBits ? UInt8(255 * (1 - value)) : scaled[value], index, isColour, &picture)
      }
      return
    }
    // One space ends the header.
    guard place < bytes.count, Self.isSpace(bytes[place]) else {
      throw PictureFault(reason: "no space ends its header")
    }
    place += 1
    let rowSize = isBits ? (width + 7) / 8 : width * (isColour ? 3 : 1) * (most > 255 ? 2 : 1)
    guard bytes.count - place >= rowSize * height else {
      throw PictureFault(
        reason: "it ends after \(bytes.count - place) of \(rowSize * height) bytes of samples")
    }
    for index in 0..<count {
      let value: UInt8
      if isBits {
        let (row, column) = (index / width, index % width)
        let byte = bytes[place + row * rowSize + column / 8]
        value = byte >> UInt8(7 - column % 8) & 1 == 1 ? 0 : 255
      } else if most > 255 {
        let sample = Int(bytes[place + 2 * index]) << 8 | Int(bytes[place + 2 * index + 1])
        value = scaled[min(most, sample)]
      } else {
        value = scaled[min(most, Int(bytes[place + index]))]
      }
      put(value, index, isColour, &picture)
    }
  }

  private func put(_ value: UInt8, _ index: Int, _ isColour: Bool, _ picture: inout Picture) {
    if isColour {
      picture.pixels[index] = value
    } else {
      for channel in 0..<3 { picture.pixels[3 * index + channel] = value }
    }
  }

  /// Passes over spaces and comments.
  private mutating func skip() {
    while place < bytes.count {
      if bytes[place] == UInt8(ascii: "#") {
        while place < bytes.count, bytes[place] != 0x0A, bytes[place] != 0x0D { place += 1 }
      } else if Self.isSpace(bytes[place]) {
        place += 1
      } else {
        return
      }
    }
  }

  private mutating func number(_ what: String) throws(PictureFault) -> Int {
    skip()
    var value = 0
    let start = place
    while place < bytes.count, (0x30...0x39).contains(bytes[place]), place - start < 9 {
      value = 10 * value + Int(bytes[place] - 0x30)
      place += 1
    }
    guard place > start else { throw PictureFault(reason: "\(what) is missing") }
    return value
  }

  /// Bits as text need no spaces between them.
  private mutating func bit() throws(PictureFault) -> Int {
    skip()
    guard place < bytes.count, bytes[place] == 0x30 || bytes[place] == 0x31 else {
      throw PictureFault(reason: "a sample is missing")
    }
    defer { place += 1 }
    return Int(bytes[place] - 0x30)
  }
}
