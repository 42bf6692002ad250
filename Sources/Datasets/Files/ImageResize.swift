// Brings the images of a data set to another size.
import Dispatch
import Numerics

extension ImageDataset {
  /// The same images with another height and width, by bilinear interpolation.
  ///
  /// Pixels are squares with their value in the middle (half-pixel centres), the outermost value
  /// goes on beyond the border, and the result is rounded to the nearest byte, ties to even: what
  /// PyTorch's `interpolate(mode: "bilinear", align_corners: False)` gives. PIL and torchvision's
  /// `Resize` agree to within 1 of 255 where they enlarge. Where an image is made smaller there is
  /// no filter against aliasing, as theirs have.
  ///
  /// - Throws: `DatasetError` where the result would not fit into memory.
  public func resized(height: Int, width: Int) throws(DatasetError) -> ImageDataset {
    guard height != shape.height || width != shape.width else { return self }
    let target = ImageShape(height: height, width: width, channels: shape.channels)
    try MachineMemory.check(
      dataBytes: count * target.count, purpose: "\(count) images of \(name) at \(target)")
    let rows = ResizeTap.taps(from: shape.height, to: height)
    let columns = ResizeTap.taps(from: shape.width, to: width)
    let resized = [UInt8](unsafeUninitializedCapacity: count * target.count) { output, filled in
      let writer = Shapes.PixelTarget(output)
      let piece = 64
      DispatchQueue.concurrentPerform(iterations: (count + piece - 1) / piece) { number in
        for image in number * piece..<min(count, (number + 1) * piece) {
          resize(image, rows: rows, columns: columns, to: writer.start + image * target.count)
        }
      }
      filled = count * target.count
    }
    return try ImageDataset(
      name: name, split: split, shape: target, classNames: classNames, labels: labels,
      pixels: resized, notes: notes)
  }

  private func resize(
    _ image: Int, rows: [ResizeTap], columns: [ResizeTap], to output: UnsafeMutablePointer<UInt8>
  ) {
    let channels = shape.channels
    let rowSize = shape.width * channels
    pixels.withUnsafeBufferPointer { pixels in
      var next = 0
      for row in rows {
        let above = image * shape.count + row.low * rowSize
        let below = image * shape.count + row.high * rowSize
        for column in columns {
          let (left, right) = (column.low * channels, column.high * channels)
          for channel in 0..<channels {
            let a = Float(pixels[above + left + channel])
            let b = Float(pixels[above + right + channel])
            let c = Float(pixels[below + left + channel])
            let d = Float(pixels[below + right + channel])
            let top = a + column.weight * (b - a)
            let bottom = c + column.weight * (d - c)
            let value = top + row.weight * (bottom - top)
            output[next] = UInt8(value.rounded(.toNearestOrEven))
            next += 1
          }
        }
      }
    }
  }
}

/// Which two source lines one target line lies between, and how far along.
struct ResizeTap: Equatable {
  var low: Int
  var high: Int
  /// Of `high`, 0…1.
  var weight: Float

  static func taps(from source: Int, to target: Int) -> [ResizeTap] {
    let ratio = Float(source) / Float(target)
    return (0..<target).map { i in
      let position = max(0, (Float(i) + 0.5) * ratio - 0.5)
      let low = min(Int(position), source - 1)
      return ResizeTap(
        low: low, high: min(low + 1, source - 1), weight: min(1, position - Float(low)))
    }
  }
}
