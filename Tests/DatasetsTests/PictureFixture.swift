// Pictures for tests: JPEG and PNG files of known pixels, and folders of them.
import CTurboJPEG
import CZlib
import Foundation
import Testing

@testable import Datasets
@testable import Numerics

enum PictureFixture {
  /// `[height, width, 3]`, no two neighbours alike.
  static func pixels(height: Int, width: Int) -> [UInt8] {
    var pixels: [UInt8] = []
    for y in 0..<height {
      for x in 0..<width {
        pixels.append(UInt8((37 * x + 91 * y) % 256))
        pixels.append(UInt8((x * y * 29 + 7) % 256))
        pixels.append(UInt8((200 + 243 * x + 5 * y) % 256))
      }
    }
    return pixels
  }

  static func png(height: Int, width: Int) throws -> [UInt8] {
    try png(pixels(height: height, width: width), height: height, width: width)
  }

  static func png(_ pixels: [UInt8], height: Int, width: Int) throws -> [UInt8] {
    var canvas = Canvas(width: width, height: height)
    for y in 0..<height {
      for x in 0..<width {
        let i = 3 * (y * width + x)
        canvas.set(x: x, y: y, (pixels[i], pixels[i + 1], pixels[i + 2]))
      }
    }
    return try canvas.png()
  }

  /// A smooth picture, which JPEG keeps almost as it is.
  static func smooth(height: Int, width: Int, brightness: Int = 60) -> [UInt8] {
    var pixels: [UInt8] = []
    for y in 0..<height {
      for x in 0..<width {
        pixels += [
          UInt8(brightness + 80 * x / width), UInt8(brightness + 80 * y / height),
          UInt8(brightness),
        ]
      }
    }
    return pixels
  }

  /// - Parameters:
  ///   - format: how many channels the pixels have, and which.
  ///   - subsampling: the colours' resolution.
  static func jpeg(
    _ pixels: [UInt8], height: Int, width: Int, format: TJPF = TJPF_RGB,
    subsampling: TJSAMP = TJSAMP_444, flags: Int32 = 0
  ) throws -> [UInt8] {
    let handle = try #require(tjInitCompress())
    defer { tjDestroy(handle) }
    var buffer: UnsafeMutablePointer<UInt8>?
    var size: UInt = 0
    let status = tjCompress2(
      handle, pixels, Int32(width), 0, Int32(height), Int32(format.rawValue), &buffer, &size,
      Int32(subsampling.rawValue), 95, flags)
    defer { tjFree(buffer) }
    try #require(status == 0)
    return Array(UnsafeBufferPointer(start: buffer, count: Int(size)))
  }

  /// A PNG whose header says another size, its checksum right.
  static func resized(_ png: [UInt8], width: Int, height: Int) -> [UInt8] {
    var bytes = png
    func put(_ value: Int, at offset: Int) {
      for i in 0..<4 { bytes[offset + i] = UInt8(value >> (24 - 8 * i) & 255) }
    }
    put(width, at: 16)
    put(height, at: 20)
    put(Int(crc32(0, Array(bytes[12..<29]), 17)), at: 29)
    return bytes
  }
}

/// Decodes bytes as a file would be.
struct DecodedFile {
  let folder: TemporaryFolder
  let decoder: ImageDecoder

  init(_ folder: TemporaryFolder) throws {
    self.folder = folder
    decoder = try ImageDecoder()
  }

  /// `[size, size, 3]`.
  func callAsFunction(
    _ bytes: [UInt8], size: Int, plan: CropPlan? = nil
  ) throws(DatasetError) -> [UInt8] {
    guard let path = try? folder.write(bytes, "picture") else {
      throw DatasetError("cannot write")
    }
    let shape = ImageShape(height: size, width: size, channels: 3)
    var output = [UInt8](repeating: 77, count: shape.count)
    try decoder.decode(
      path: path, plan: plan ?? CropPlan(middleOf: size), shape: shape, to: &output)
    return output
  }
}
