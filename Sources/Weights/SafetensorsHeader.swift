// The header of a safetensors file: read and checked before any tensor is believed.
import Specs
import Text

/// What the header says, as far as it is true.
struct SafetensorsHeader {
  /// Longer headers are refused: the net of 1202 layers needs 1 MB, and what is read here grows in
  /// memory.
  static let maximumBytes = 16 << 20
  static let maximumDimensions = 16
  static let metadataKey = "__metadata__"

  /// In the order of their data.
  let tensors: [SafetensorsFile.Tensor]
  let metadata: [String: String]
  /// Where the data starts in the file.
  let dataStart: Int

  private typealias Tensor = SafetensorsFile.Tensor

  /// - Parameters:
  ///   - path: the file's name for messages.
  ///   - size: of the file, in bytes.
  ///   - read: gives bytes of the file from an offset on.
  init(
    path: String, size: Int,
    read: (_ offset: Int, _ count: Int) throws(WeightsError) -> [UInt8]
  ) throws(WeightsError) {
    func refuse(_ reason: String) -> WeightsError {
      WeightsError("\(path) is not a sound safetensors file: \(reason)")
    }
    guard size >= 8 else {
      throw refuse("it has \(size) bytes, too few for the length of its header")
    }
    let length = try read(0, 8).reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    guard length <= UInt64(size - 8) else {
      throw refuse(
        "it says that its header has \(length) bytes, and \(size - 8) follow; "
          + "it is truncated or of another format")
    }
    guard length <= UInt64(Self.maximumBytes) else {
      throw refuse("its header has \(length) bytes; at most \(Self.maximumBytes) are read")
    }
    let count = Int(length)
    let bytes = try read(8, count)
    guard bytes.first == UInt8(ascii: "{") else { throw refuse("its header is no JSON object") }
    let root: JSONNode
    do {
      root = try JSONReader.read(bytes, maximumBytes: Self.maximumBytes)
    } catch {
      throw refuse("its header, \(error.position): \(error.message)")
    }
    var tensors: [SafetensorsFile.Tensor] = []
    var metadata: [String: String] = [:]
    for member in root.members {
      if member.key == Self.metadataKey {
        guard case .object(let entries) = member.value.content else {
          throw refuse("\(Self.metadataKey) is \(member.value.summary), not an object")
        }
        for entry in entries {
          guard let text = entry.value.text else {
            throw refuse(
              "\(Self.metadataKey).\(printable(entry.key)) is \(entry.value.summary), not a text")
          }
          metadata[entry.key] = text
        }
      } else {
        do throws(Fault) {
          tensors.append(
            try Self.tensor(member.key, member.value, dataCount: size - 8 - count))
        } catch {
          throw refuse("tensor \(printable(member.key)): \(error.reason)")
        }
      }
    }
    tensors.sort {
      ($0.bytes.lowerBound, $0.bytes.upperBound) < ($1.bytes.lowerBound, $1.bytes.upperBound)
    }
    var end = 0
    for tensor in tensors {
      guard tensor.bytes.lowerBound == end else {
        throw refuse(
          "tensor \(printable(tensor.name)) starts at byte \(tensor.bytes.lowerBound) of the data "
            + "where \(end) is the end of the one before: they overlap or leave a gap")
      }
      end = tensor.bytes.upperBound
    }
    guard end == size - 8 - count else {
      throw refuse("its tensors have \(end) bytes, and \(size - 8 - count) follow the header")
    }
    self.tensors = tensors
    self.metadata = metadata
    dataStart = 8 + count
  }

  private struct Fault: Error {
    var reason: String
  }

  private static func tensor(
    _ name: String, _ node: JSONNode, dataCount: Int
  ) throws(Fault) -> Tensor {
    let keys = ["dtype", "shape", "data_offsets"]
    if let other = node.members.first(where: { !keys.contains($0.key) }) {
      throw Fault(reason: "unknown key \(printable(other.key))")
    }
    guard let word = node["dtype"]?.text else { throw Fault(reason: "its dtype is missing") }
    guard let type = SafetensorsFile.ElementType(rawValue: word) else {
      throw Fault(reason: "its dtype \(printable(word)) is not known here")
    }
    guard case .list(let dimensions) = node["shape"]?.content,
      dimensions.count <= maximumDimensions
    else { throw Fault(reason: "its shape is not a list of at most \(maximumDimensions) numbers") }
    var shape: [Int] = []
    var needed = type.size
    var overflows = false
    for dimension in dimensions {
      guard let value = dimension.integer, value >= 0 else {
        throw Fault(reason: "its shape has \(dimension.summary); sizes are whole numbers")
      }
      shape.append(value)
      let (product, overflow) = needed.multipliedReportingOverflow(by: value)
      overflows = overflows || overflow
      needed = product
    }
    guard !overflows || shape.contains(0) else {
      throw Fault(reason: "its shape \(shape) is beyond every file")
    }
    if shape.contains(0) { needed = 0 }
    let offsets = node["data_offsets"]?.elements.compactMap(\.integer) ?? []
    guard offsets.count == 2, node["data_offsets"]?.elements.count == 2, offsets[0] >= 0,
      offsets[0] <= offsets[1]
    else { throw Fault(reason: "its data_offsets are not two ascending whole numbers") }
    guard offsets[1] <= dataCount else {
      throw Fault(
        reason: "its data ends at byte \(offsets[1]), but the file has \(dataCount) of data; "
          + "it is truncated")
    }
    guard offsets[1] - offsets[0] == needed else {
      throw Fault(
        reason: "\(word) \(shape) needs \(needed) bytes, its data_offsets give "
          + "\(offsets[1] - offsets[0])")
    }
    return Tensor(name: name, type: type, shape: shape, bytes: offsets[0]..<offsets[1])
  }
}
