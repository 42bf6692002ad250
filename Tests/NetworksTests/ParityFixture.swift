// The golden numbers of PyTorch, and the generator of weights and images that both sides share.
import Foundation
import Numerics
import Testing

/// One net of `Parity/parity.json`; `Parity/generate.py` says what the fields are.
struct ParityCase: Decodable, CustomTestStringConvertible {
  let name: String
  /// Channels, height, width.
  let input: [Int]
  let batch: Int
  let classes: Int
  let learningRate: Float
  private(set) var seed: Int
  /// How far PyTorch's own single precision is from its double precision.
  let float32: Float32Errors
  let losses: [Double]
  let logits: Data
  let evaluationLogits: Data
  let gradients: [String: Data]
  let firstStatistics: [String: Data]
  let lastStatistics: [String: Data]

  struct Float32Errors: Decodable {
    let logits: Double
    let gradient: Double
    let tenthLoss: Double
  }

  var testDescription: String { name }

  var shape: ImageShape { ImageShape(height: input[1], width: input[2], channels: input[0]) }

  private struct File: Decodable { let cases: [ParityCase] }

  static let all: [ParityCase] = {
    let file = URL(filePath: #filePath).deletingLastPathComponent()
      .appending(path: "Parity/parity.json")
    do {
      return try JSONDecoder().decode(File.self, from: Data(contentsOf: file)).cases
    } catch {
      preconditionFailure("\(file.path): \(error)")
    }
  }()

  /// The same net from another start and on other images.
  func with(seed: Int) -> ParityCase {
    var copy = self
    copy.seed = seed
    return copy
  }

  /// The state in which the net starts.
  func start(of graph: Graph) -> [String: [Float]] {
    Dictionary(
      uniqueKeysWithValues: graph.tensorSpecifications.map { tensor in
        let (name, shape) = (tensor.name, tensor.shape)
        let isBranchEnd =
          name.contains(".bn2.") || name.contains(".bn3.")
        let numbers = SharedNumbers("\(seed)/\(name)").uniform(tensor.count)
        let values = numbers.map { u -> Float in
          if shape.count == 4 {
            return Float(u * (6 / Double(shape[1] * shape[2] * shape[3])).squareRoot())
          }
          if shape.count == 2 { return Float(u * (3 / Double(shape[1])).squareRoot()) }
          let isShift = name.hasSuffix(".bias") || name.hasSuffix(".running_mean")
          let value = isShift ? u / 4 : 1 + u / 2
          return Float(isBranchEnd && tensor.isTrainable ? value / 4 : value)
        }
        return (name, values)
      })
  }

  /// The images of a step, [N, H, W, C], and their classes.
  func batch(step: Int) -> (images: [Float], labels: [Int32]) {
    let images = SharedNumbers("\(seed)/images \(step)").uniform(batch * shape.count)
    let labels = SharedNumbers("\(seed)/labels \(step)")
    return (
      images.map { Float($0 * 3.0.squareRoot()) },
      (0..<batch).map { Int32(labels.bits($0) % UInt64(classes)) }
    )
  }
}

/// SplitMix64 at the counters 1, 2, … from the hash of a name.
struct SharedNumbers {
  private let start: UInt64

  init(_ name: String) {
    start = name.utf8.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
  }

  func bits(_ i: Int) -> UInt64 {
    var z = start &+ UInt64(i + 1) &* 0x9E37_79B9_7F4A_7C15
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }

  /// Odd multiples of 2⁻²⁴ in (-1, 1).
  func uniform(_ count: Int) -> [Double] {
    (0..<count).map { Double(2 * Int(bits($0) >> 40) + 1 - (1 << 24)) * 0x1p-24 }
  }
}

/// What is stored of a tensor: all of it, or norm, projections on random signs, and samples.
struct TensorSummary {
  static let projections = 16
  static let samples = 48
  private let stored: [Double]

  init(_ data: Data) { stored = Self.floats(data) }

  static func floats(_ data: Data) -> [Double] {
    stride(from: 0, to: data.count / 4 * 4, by: 4).map { at in
      let bytes = data[data.startIndex + at..<data.startIndex + at + 4]
      let word = bytes.reversed().reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
      return Double(Float(bitPattern: word))
    }
  }

  /// Euclidean norm of a tensor of `count` numbers.
  func norm(count: Int) -> Double {
    count > Self.samples ? stored[0] : stored.reduce(0) { $0 + $1 * $1 }.squareRoot()
  }

  /// How far a tensor is from the stored one, over the stored one's norm or `floor`; infinite
  /// where the count is another one. For long tensors the larger of two estimates: from the
  /// projections, whose mean square is the square of the distance, and from the samples.
  func error(_ values: [Float], floor: Double = 0) -> Double {
    let isLong = values.count > Self.samples
    guard stored.count == (isLong ? 1 + Self.projections + Self.samples : values.count) else {
      return .infinity
    }
    func distance(_ pairs: [(Double, Double)]) -> Double {
      pairs.reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }.squareRoot()
    }
    let scale = max(norm(count: values.count), floor)
    guard isLong else {
      return distance(values.indices.map { (Double(values[$0]), stored[$0]) }) / scale
    }
    let signs = SharedNumbers("signs")
    var projected = [Double](repeating: 0, count: Self.projections)
    for (i, value) in values.enumerated() {
      let bits = signs.bits(i)
      for j in 0..<Self.projections {
        projected[j] += bits >> UInt64(j) & 1 == 0 ? Double(value) : -Double(value)
      }
    }
    let byProjection =
      distance(projected.indices.map { (projected[$0], stored[1 + $0]) })
      / Double(Self.projections).squareRoot()
    let width = UInt64(values.count / Self.samples)
    let offsets = SharedNumbers("samples")
    let samples = (0..<Self.samples).map { i -> (Double, Double) in
      let at = i * values.count / Self.samples + Int(offsets.bits(i) % width)
      return (Double(values[at]), stored[1 + Self.projections + i])
    }
    let sampleNorm = samples.reduce(0) { $0 + $1.1 * $1.1 }.squareRoot()
    return max(
      byProjection / scale,
      distance(samples)
        / max(sampleNorm, scale * (Double(Self.samples) / Double(values.count)).squareRoot()))
  }
}
