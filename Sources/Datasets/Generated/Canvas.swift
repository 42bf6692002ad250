// A picture in memory to draw images and text on, and its way into a PNG file.
import CPNG
import Foundation
import Numerics

/// A colour picture of 8 bits a channel.
struct Canvas {
  let width: Int
  let height: Int
  /// `[height, width, 3]`.
  private(set) var pixels: [UInt8]

  /// A white picture.
  init(width: Int, height: Int) {
    precondition(width > 0 && height > 0, "a picture of \(width)x\(height) pixels")
    self.width = width
    self.height = height
    pixels = [UInt8](repeating: 255, count: width * height * 3)
  }

  /// Sets a pixel; outside the picture nothing happens.
  mutating func set(x: Int, y: Int, _ color: (UInt8, UInt8, UInt8)) {
    guard x >= 0, x < width, y >= 0, y < height else { return }
    let i = (y * width + x) * 3
    (pixels[i], pixels[i + 1], pixels[i + 2]) = color
  }

  /// Draws one image of a data set, each pixel as a square.
  /// - Parameter zoom: the square's side.
  mutating func draw(_ dataset: ImageDataset, example: Int, x: Int, y: Int, zoom: Int) {
    let shape = dataset.shape
    for row in 0..<shape.height * zoom {
      for column in 0..<shape.width * zoom {
        let i =
          example * shape.count + (row / zoom * shape.width + column / zoom) * shape.channels
        // Grey images have one channel for all three; further channels are not shown.
        let green = shape.channels >= 3 ? i + 1 : i
        let blue = shape.channels >= 3 ? i + 2 : i
        set(
          x: x + column, y: y + row,
          (dataset.pixels[i], dataset.pixels[green], dataset.pixels[blue]))
      }
    }
  }

  /// Draws one line of text in dark grey.
  /// - Parameter zoom: pixels to a dot of the font.
  mutating func draw(_ text: String, x: Int, y: Int, zoom: Int) {
    for (position, character) in text.enumerated() {
      let rows = BitmapFont.rows(character)
      for row in 0..<BitmapFont.height * zoom {
        for column in 0..<BitmapFont.width * zoom
        where rows[row / zoom] >> (BitmapFont.width - 1 - column / zoom) & 1 == 1 {
          set(x: x + position * BitmapFont.advance * zoom + column, y: y + row, (40, 40, 40))
        }
      }
    }
  }

  /// The picture as the content of a PNG file.
  /// - Throws: `DatasetError` with libpng's message.
  func png() throws(DatasetError) -> [UInt8] {
    var image = png_image()
    image.version = png_uint_32(PNG_IMAGE_VERSION)
    image.width = png_uint_32(width)
    image.height = png_uint_32(height)
    image.format = png_uint_32(PNG_FORMAT_FLAG_COLOR)
    defer { png_image_free(&image) }
    // Incompressible pictures grow a little: filter bytes, and block headers of deflate.
    var size = pixels.count + pixels.count / 8 + height + 4096
    var file = [UInt8](repeating: 0, count: size)
    guard png_image_write_to_memory(&image, &file, &size, 0, pixels, 0, nil) != 0 else {
      let message = withUnsafeBytes(of: image.message) {
        String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
      }
      throw DatasetError("cannot make a PNG of \(width)x\(height) pixels: \(message)")
    }
    file.removeLast(file.count - size)
    return file
  }

  /// Writes a PNG file under a temporary name and renames it when complete. Of files that are there,
  /// only another picture is replaced.
  /// - Throws: `DatasetError` where the file cannot be written, or is something else.
  func write(to path: String) throws(DatasetError) {
    guard Self.mayBeReplaced(path) else {
      throw DatasetError("\(path) is there and is no PNG picture; name another file")
    }
    let content = Data(try png())
    do {
      try content.write(to: URL(fileURLWithPath: path), options: .atomic)
    } catch {
      throw DatasetError("cannot write \(path): \(error.localizedDescription)")
    }
  }

  private static func mayBeReplaced(_ path: String) -> Bool {
    var status = stat()
    guard stat(path, &status) == 0 else { return true }
    guard let file = try? InputFile(path: path), let start = try? file.bytes(8, of: path) else {
      return false
    }
    return start == [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]
  }
}
