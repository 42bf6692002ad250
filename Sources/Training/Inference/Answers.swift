// What a trained network says of pictures: class by class, from one view of each.
import Datasets
import Engine
import Foundation
import Numerics

/// A network's answer to one picture.
public struct Answer: Sendable {
  /// One number for each class.
  public let logits: [Float]

  /// One probability for each class.
  public var probabilities: [Double] { Self.softmax(logits[...]) }

  static func softmax(_ logits: ArraySlice<Float>) -> [Double] {
    let most = Double(logits.max() ?? 0)
    let powers = logits.map { exp(Double($0) - most) }
    let sum = powers.reduce(0, +)
    return powers.map { $0 / sum }
  }

  /// The classes with the highest numbers, the highest first; of equal ones the lower class first.
  public func best(_ count: Int) -> [Int] {
    Array(
      logits.indices.sorted { (logits[$0], $1) > (logits[$1], $0) }.prefix(count))
  }
}

/// Answers pictures one after the other.
public final class Predictor {
  private let network: TrainedNetwork
  private let executor: NetworkExecutor
  private let preprocessing: Preprocessing
  private let reader = PictureReader()
  /// Pictures that are decoded together and go through the network together.
  public let batch = 32

  public init(_ network: TrainedNetwork, threads: Int) throws {
    self.network = network
    executor = try network.executor(network.shape, batch: batch, threads: threads)
    preprocessing = network.preprocessing(network.shape)
  }

  /// A picture to be answered.
  public enum Source: Sendable {
    case file(String)
    case bytes([UInt8], name: String)
  }

  /// The answers to at most `batch` pictures, in their order; an error in place of an answer where a
  /// picture cannot be used.
  public func answers(_ sources: [Source]) -> [Result<Answer, DatasetError>] {
    precondition(sources.count <= batch, "\(sources.count) pictures at once")
    let (shape, resize) = (network.shape, network.resize)
    let images = UncheckedArray<Result<[UInt8], DatasetError>?>(nil, count: sources.count)
    DispatchQueue.concurrentPerform(iterations: sources.count) { [reader] index in
      images.values[index] = Result { () throws(DatasetError) in
        let picture: ScaledPicture =
          switch sources[index] {
          case .file(let path): try reader.scaled(path: path, shorterSide: resize)
          case .bytes(let bytes, let name):
            try reader.scaled(bytes, name: name, shorterSide: resize)
          }
        let (row, column) = picture.middle(shape.height)
        return Pixels.fitting(
          picture.crop(row: row, column: column, size: shape.height), channels: shape.channels)
      }
    }
    var count = 0
    for case .success(let image)? in images.values {
      image.withUnsafeBufferPointer {
        preprocessing.write($0, to: executor.input + count * shape.count)
      }
      count += 1
    }
    let logits = count > 0 ? executor.predict(count: count) : []
    var next = 0
    return images.values.map { image in
      switch image {
      case .failure(let error)?: return .failure(error)
      case .success?, nil:
        defer { next += 1 }
        return .success(
          Answer(logits: Array(logits[next * network.classes..<(next + 1) * network.classes])))
      }
    }
  }
}

/// Values that threads write apart from each other.
final class UncheckedArray<Value>: @unchecked Sendable {
  let values: UnsafeMutableBufferPointer<Value>

  init(_ value: Value, count: Int) {
    values = .allocate(capacity: count)
    values.initialize(repeating: value)
  }

  deinit {
    values.deinitialize()
    values.deallocate()
  }
}

/// Colour pictures for networks that take them otherwise.
enum Pixels {
  /// - Parameter image: `[pixels, 3]`.
  /// - Returns: `[pixels, channels]`; of one channel the brightness, as Pillow's mode `L` has it.
  static func fitting(_ image: [UInt8], channels: Int) -> [UInt8] {
    guard channels == 1 else { return image }
    return stride(from: 0, to: image.count, by: 3).map {
      let (r, g, b) = (Int(image[$0]), Int(image[$0 + 1]), Int(image[$0 + 2]))
      return UInt8((r * 19595 + g * 38470 + b * 7471 + 0x8000) >> 16)
    }
  }
}
