// The header of a safetensors file: read and checked before any tensor is believed.
import Specs
import Text

/// What the header says, as far as it is true.
struct SafetensorsHeader {
  /// Longer headers are refused, as the format's own library does.
  static let maximumBytes = 100_000_000
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
    if let other = ForeignFile(
      start: try read(0, min(size, ForeignFile.startCount)), path: path)
    {
      throw refuse(other.reason)
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
      root = try JSONReader.read(bytes, maximumBytes: Self.maximumBytes, rules: .lenient)
    } catch {
      throw refuse("its header, \(error.position): \(error.message)")
    }
    var tensors: [SafetensorsFile.Tensor] = []
    var metadata: [String: String] = [:]
    if let key = Self.repeatedKey(of: root) {
      throw refuse("its header has the key \"\(printable(key))\" for the second time")
    }
    for member in root.members {
      if member.key == Self.metadataKey {
        if case .null = member.value.content { continue }
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

  /// A key that stands twice in an object, by its bytes: two forms of one text are two names.
  private static func repeatedKey(
    of node: JSONNode, where counts: (String) -> Bool = { _ in true }
  ) -> String? {
    var seen: Set<[UInt8]> = []
    return node.members.map(\.key).first { counts($0) && !seen.insert(Array($0.utf8)).inserted }
  }

  private struct Fault: Error {
    var reason: String
  }

  private static func tensor(
    _ name: String, _ node: JSONNode, dataCount: Int
  ) throws(Fault) -> Tensor {
    // Other keys are somebody's own; the format's library passes over them too.
    if let key = repeatedKey(of: node, where: ["dtype", "shape", "data_offsets"].contains) {
      throw Fault(reason: "it has the key \(key) for the second time")
    }
    guard let word = node["dtype"]?.text else { throw Fault(reason: "its dtype is missing") }
    guard let type = SafetensorsFile.ElementType(rawValue: word) else {
      throw Fault(reason: "its dtype \(printable(word)) is not known here")
    }
    guard case .list(let dimensions) = node["shape"]?.content else {
      throw Fault(reason: "its shape is not a list of numbers")
    }
    var shape: [Int] = []
    var bits = type.bits
    var overflows = false
    for dimension in dimensions {
      guard let value = dimension.integer, value >= 0 else {
        throw Fault(reason: "its shape has \(dimension.summary); sizes are whole numbers")
      }
      shape.append(value)
      let (product, overflow) = bits.multipliedReportingOverflow(by: value)
      overflows = overflows || overflow
      bits = product
    }
    guard !overflows || shape.contains(0) else {
      throw Fault(reason: "its shape \(shape) is beyond every file")
    }
    if shape.contains(0) { bits = 0 }
    guard bits.isMultiple(of: 8) else {
      throw Fault(reason: "\(word) \(shape) has \(bits) bits, which are not whole bytes")
    }
    let needed = bits / 8
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
