// Writes messages in the wire format of Protocol Buffers (protobuf.dev/programming-guides/encoding).

/// A message's bytes, field by field.
struct ProtocolBuffer {
  private(set) var bytes: [UInt8] = []

  private enum WireType: UInt64 {
    case varint = 0
    case lengthDelimited = 2
    case fixed32 = 5
  }

  private mutating func varint(_ value: UInt64) {
    var rest = value
    while rest >= 0x80 {
      bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    bytes.append(UInt8(rest))
  }

  private mutating func tag(_ field: Int, _ type: WireType) {
    varint(UInt64(field) << 3 | type.rawValue)
  }

  mutating func integer(_ field: Int, _ value: Int) {
    tag(field, .varint)
    varint(UInt64(bitPattern: Int64(value)))
  }

  mutating func float(_ field: Int, _ value: Float) {
    tag(field, .fixed32)
    withUnsafeBytes(of: value.bitPattern.littleEndian) { bytes += $0 }
  }

  mutating func data(_ field: Int, _ data: some Collection<UInt8>) {
    tag(field, .lengthDelimited)
    varint(UInt64(data.count))
    bytes += data
  }

  /// Adds the fields of a part of the same message.
  mutating func append(_ part: ProtocolBuffer) { bytes += part.bytes }

  mutating func text(_ field: Int, _ text: String) { data(field, text.utf8) }

  mutating func message(_ field: Int, _ message: ProtocolBuffer) { data(field, message.bytes) }

  /// A message whose fields are written by a closure.
  mutating func message(_ field: Int, _ write: (inout ProtocolBuffer) -> Void) {
    var message = ProtocolBuffer()
    write(&message)
    self.message(field, message)
  }
}
