// From bytes to the numbers a network sees: statistics of the training set, and their use.
import Numerics

/// What is subtracted from every image.
public enum MeanSubtraction: String, Codable, CaseIterable, Sendable {
  /// The mean image of the training set (He et al. 2015, section 4.2).
  case perPixel
  /// One mean for each colour channel.
  case perChannel
  case none
}

/// Pixels scaled to 0…1, minus the training set's mean, optionally over its standard deviation.
public struct Preprocessing: Sendable {
  public let shape: ImageShape
  /// What is subtracted, `[H, W, C]`, in units of full brightness; zeros for no subtraction.
  public let mean: [Float]
  /// One over the standard deviation of each channel, `[C]`; ones without the division.
  public let inverseDeviation: [Float]

  /// 1 / (255 · deviation) for each number of a row, `[W, C]`.
  let rowScale: [Float]
  /// mean / deviation, `[H, W, C]`.
  let offset: [Float]

  /// Takes the statistics of a training set.
  ///
  /// - Parameters:
  ///   - training: the set whose statistics are used for training *and* test images.
  ///   - examples: those that are trained on; nil for all.
  ///   - mean: what is subtracted.
  ///   - dividesByDeviation: whether each channel is divided by its standard deviation over all
  ///     pixels of the training set (the papers do not; common elsewhere).
  public init(
    training: any ImageCollection, examples: [Int32]? = nil, mean: MeanSubtraction,
    dividesByDeviation: Bool = false
  ) {
    self.init(
      training.pixelSums(of: examples, withSquares: dividesByDeviation), mean: mean,
      dividesByDeviation: dividesByDeviation)
  }

  init(_ sums: PixelSums, mean subtraction: MeanSubtraction, dividesByDeviation: Bool) {
    let shape = sums.shape
    let channels = shape.channels
    let perChannel = (0..<channels).map { channel in
      stride(from: channel, to: shape.count, by: channels).reduce(0) { $0 + sums.values[$1] }
    }
    let count = Double(max(1, sums.count))
    let pixelCount = count * Double(shape.pixels)
    var mean = [Float](repeating: 0, count: shape.count)
    for i in mean.indices {
      switch subtraction {
      case .perPixel: mean[i] = Float(Double(sums.values[i]) / (255 * count))
      case .perChannel: mean[i] = Float(Double(perChannel[i % channels]) / (255 * pixelCount))
      case .none: break
      }
    }
    var inverse = [Float](repeating: 1, count: channels)
    for channel in 0..<channels where dividesByDeviation {
      let average = Double(perChannel[channel]) / pixelCount
      let variance = max(0, Double(sums.squares[channel]) / pixelCount - average * average)
      // A channel of one constant colour stays as it is.
      if variance > 0 { inverse[channel] = Float(255 / variance.squareRoot()) }
    }
    self.init(shape: shape, mean: mean, inverseDeviation: inverse)
  }

  /// - Parameters:
  ///   - mean: `[H, W, C]`, in units of full brightness.
  ///   - inverseDeviation: `[C]`.
  public init(shape: ImageShape, mean: [Float], inverseDeviation: [Float]) {
    precondition(
      mean.count == shape.count, "mean has \(mean.count) numbers, the image \(shape.count)")
    precondition(
      inverseDeviation.count == shape.channels,
      "\(inverseDeviation.count) deviations, \(shape.channels) channels")
    self.shape = shape
    self.mean = mean
    self.inverseDeviation = inverseDeviation
    let channels = shape.channels
    rowScale = (0..<shape.width * channels).map { inverseDeviation[$0 % channels] / 255 }
    offset = mean.indices.map { mean[$0] * inverseDeviation[$0 % channels] }
  }

  /// Writes one image, `[H, W, C]`, as the network sees it, as it is or mirrored.
  public func write(
    _ source: UnsafeBufferPointer<UInt8>, mirrored: Bool = false,
    to destination: UnsafeMutablePointer<Float>
  ) {
    precondition(source.count == shape.count, "\(source.count) bytes of an image \(shape)")
    write(
      source, placement: Placement(row: 0, column: 0, mirrored: mirrored), to: destination)
  }

  /// Writes one image, `[H, W, C]`, as the network sees it.
  ///
  /// The mean is subtracted where the pixel stood in the original image, then the image is placed;
  /// what comes from outside is zero.
  func write(
    _ source: UnsafeBufferPointer<UInt8>, placement: Placement,
    to destination: UnsafeMutablePointer<Float>
  ) {
    let channels = shape.channels
    let rowCount = shape.width * channels
    // Columns of the destination (before mirroring) that lie inside the image.
    let inside =
      max(
        0, -placement.column)..<max(
        max(0, -placement.column), min(shape.width, shape.width - placement.column))
    rowScale.withUnsafeBufferPointer { scale in
      offset.withUnsafeBufferPointer { offset in
        for row in 0..<shape.height {
          let output = UnsafeMutableBufferPointer(
            start: destination + row * rowCount, count: rowCount)
          let sourceRow = row + placement.row
          guard sourceRow >= 0, sourceRow < shape.height, !inside.isEmpty else {
            output.update(repeating: 0)
            continue
          }
          let from = (inside.lowerBound + placement.column) * channels
          let length = inside.count * channels
          let start = sourceRow * rowCount + from
          let input = UnsafeBufferPointer(rebasing: source[start..<(start + length)])
          let mean = UnsafeBufferPointer(
            rebasing: offset[(sourceRow * rowCount + from)..<(sourceRow * rowCount + from + length)]
          )
          let factor = UnsafeBufferPointer(rebasing: scale[from..<(from + length)])
          if placement.mirrored {
            let first = (shape.width - inside.upperBound) * channels
            output[0..<first].update(repeating: 0)
            output[(first + length)...].update(repeating: 0)
            Self.writeMirrored(
              input, mean, factor, channels,
              to: UnsafeMutableBufferPointer(rebasing: output[first..<(first + length)]))
          } else {
            let first = inside.lowerBound * channels
            output[0..<first].update(repeating: 0)
            output[(first + length)...].update(repeating: 0)
            Self.writeStraight(
              input, mean, factor,
              to: UnsafeMutableBufferPointer(rebasing: output[first..<(first + length)]))
          }
        }
      }
    }
  }

  private static func writeStraight(
    _ input: UnsafeBufferPointer<UInt8>, _ mean: UnsafeBufferPointer<Float>,
    _ factor: UnsafeBufferPointer<Float>, to output: UnsafeMutableBufferPointer<Float>
  ) {
    for i in 0..<input.count { output[i] = Float(input[i]) * factor[i] - mean[i] }
  }

  private static func writeMirrored(
    _ input: UnsafeBufferPointer<UInt8>, _ mean: UnsafeBufferPointer<Float>,
    _ factor: UnsafeBufferPointer<Float>, _ channels: Int,
    to output: UnsafeMutableBufferPointer<Float>
  ) {
    var target = input.count - channels
    var i = 0
    while target >= 0 {
      for channel in 0..<channels {
        output[target &+ channel] =
          Float(input[i &+ channel]) * factor[i &+ channel] - mean[i &+ channel]
      }
      i &+= channels
      target &-= channels
    }
  }
}
