// Reads safetensors files (github.com/huggingface/safetensors), trusting nothing that they say.
import Crypto
import Foundation
import Specs
import Text

/// An open safetensors file: its tensors by name, their numbers read when they are asked for.
///
/// The header is believed only where it fits the file exactly: the tensors' data must fill it
/// without gaps or overlaps, and each must have as many bytes as its type and shape need.
public final class SafetensorsFile: Sendable {
  /// A type of numbers, under the format's name for it.
  public enum ElementType: String, CaseIterable, Sendable {
    case bool = "BOOL"
    case f4 = "F4"
    case f6e2m3 = "F6_E2M3"
    case f6e3m2 = "F6_E3M2"
    case u8 = "U8"
    case i8 = "I8"
    case f8e5m2 = "F8_E5M2"
    case f8e4m3 = "F8_E4M3"
    case f8e8m0 = "F8_E8M0"
    case f8e4m3fnuz = "F8_E4M3FNUZ"
    case f8e5m2fnuz = "F8_E5M2FNUZ"
    case i16 = "I16"
    case u16 = "U16"
    case f16 = "F16"
    case bf16 = "BF16"
    case i32 = "I32"
    case u32 = "U32"
    case f32 = "F32"
    case c64 = "C64"
    case i64 = "I64"
    case u64 = "U64"
    case f64 = "F64"

    /// Bits of one number.
    public var bits: Int {
      switch self {
      case .f4: 4
      case .f6e2m3, .f6e3m2: 6
      case .bool, .u8, .i8, .f8e5m2, .f8e4m3, .f8e8m0, .f8e4m3fnuz, .f8e5m2fnuz: 8
      case .i16, .u16, .f16, .bf16: 16
      case .i32, .u32, .f32: 32
      case .c64, .i64, .u64, .f64: 64
      }
    }
  }

  /// One tensor as the header describes it.
  public struct Tensor: Hashable, Sendable {
    public let name: String
    public let type: ElementType
    public let shape: [Int]
    /// Where its bytes are, from the start of the data.
    let bytes: Range<Int>

    /// How many numbers it has.
    public var count: Int { bytes.count * 8 / type.bits }
  }

  public let path: String
  /// In the order of their data.
  public let tensors: [Tensor]
  /// What the file says of itself (`__metadata__`).
  public let metadata: [String: String]
  private let descriptor: Int32
  private let size: Int
  private let dataStart: Int
  private let indexOfName: [String: Int]

  /// Opens a file and reads its header.
  /// - Throws: `WeightsError` with the path and the reason, where it cannot be opened or is not
  ///   exactly what the format asks for.
  public init(path: String) throws(WeightsError) {
    self.path = path
    let shown = printable(path, limit: 4096)
    guard !path.isEmpty else {
      throw WeightsError("the path of the weights is empty; name a .safetensors file")
    }
    // Without O_NONBLOCK opening a pipe would wait for a writer.
    let descriptor = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC)
    guard descriptor >= 0 else {
      throw WeightsError("cannot open \(shown): \(String(cString: strerror(errno)))")
    }
    self.descriptor = descriptor
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
      close(descriptor)
      throw WeightsError("\(shown) is not a regular file; name a .safetensors file")
    }
    size = Int(status.st_size)
    do throws(WeightsError) {
      let header = try SafetensorsHeader(path: shown, size: size) {
        offset, count throws(WeightsError) in
        try Self.read(count, at: offset, from: descriptor, path: path)
      }
      tensors = header.tensors
      metadata = header.metadata
      dataStart = header.dataStart
    } catch {
      close(descriptor)
      throw error
    }
    indexOfName = Dictionary(
      tensors.enumerated().map { ($1.name, $0) }, uniquingKeysWith: { first, _ in first })
  }

  deinit { close(descriptor) }

  public func tensor(_ name: String) -> Tensor? { indexOfName[name].map { tensors[$0] } }

  /// The numbers of a tensor of floating-point type, rounded to single precision where they have
  /// more.
  /// - Throws: `WeightsError` where they are of another type, or cannot be read.
  public func floats(of tensor: Tensor) throws(WeightsError) -> [Float] {
    switch tensor.type {
    case .f32:
      return try numbers(of: tensor, as: UInt32.self).map {
        Float(bitPattern: .init(littleEndian: $0))
      }
    case .f64:
      return try numbers(of: tensor, as: UInt64.self).map {
        Float(Double(bitPattern: .init(littleEndian: $0)))
      }
    case .f16:
      return try numbers(of: tensor, as: UInt16.self).map {
        Float(Float16(bitPattern: .init(littleEndian: $0)))
      }
    case .bf16:
      return try numbers(of: tensor, as: UInt16.self).map {
        Float(bitPattern: UInt32(UInt16(littleEndian: $0)) << 16)
      }
    default:
      throw WeightsError(
        "\(printable(path, limit: 4096)): \(printable(tensor.name)) has numbers of type "
          + "\(tensor.type.rawValue); weights are F32, F64, F16 or BF16")
    }
  }

  /// SHA-256 of the whole file, hexadecimal.
  public func sha256() throws(WeightsError) -> String {
    var hash = SHA256()
    try forEachPart { part in hash.update(data: part) }
    return hexadecimal(hash.finalize())
  }

  /// Writes the same file under another name, durably.
  package func copy(to path: String) throws(WeightsError) {
    try DurableFile.write(path) { copy throws(WeightsError) in
      try forEachPart { part throws(WeightsError) in try copy.append(part) }
    }
  }

  private func forEachPart(
    _ body: ([UInt8]) throws(WeightsError) -> Void
  ) throws(WeightsError) {
    var offset = 0
    while offset < size {
      let part: [UInt8] = try Self.read(
        min(1 << 20, size - offset), at: offset, from: descriptor, path: path)
      try body(part)
      offset += part.count
    }
  }

  private func numbers<Number: BitwiseCopyable>(
    of tensor: Tensor, as type: Number.Type
  ) throws(WeightsError) -> [Number] {
    try Self.read(
      tensor.count, at: dataStart + tensor.bytes.lowerBound, from: descriptor, path: path)
  }

  /// Reads numbers as they are in the file. Callers have checked that the file has so many.
  private static func read<Number: BitwiseCopyable>(
    _ count: Int, at offset: Int, from descriptor: Int32, path: String
  ) throws(WeightsError) -> [Number] {
    var problem: String?
    let numbers = [Number](unsafeUninitializedCapacity: count) { buffer, initialized in
      let bytes = UnsafeMutableRawBufferPointer(buffer)
      var done = 0
      while done < count * MemoryLayout<Number>.stride, let base = bytes.baseAddress {
        let rest = count * MemoryLayout<Number>.stride - done
        let got = pread(descriptor, base + done, rest, off_t(offset + done))
        if got < 0, errno == EINTR { continue }
        guard got > 0 else {
          problem = got < 0 ? String(cString: strerror(errno)) : "it became shorter meanwhile"
          break
        }
        done += got
      }
      initialized = done / MemoryLayout<Number>.stride
    }
    if let problem {
      throw WeightsError("cannot read \(printable(path, limit: 4096)): \(problem)")
    }
    return numbers
  }
}
