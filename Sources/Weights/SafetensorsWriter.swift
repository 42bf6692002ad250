// Writes safetensors files, whole or not at all.
import Specs
import Text

/// One tensor to be written. Its numbers are made when their turn has come.
package struct SafetensorsEntry {
  enum Numbers {
    /// F32
    case floats(() -> [Float])
    /// I64
    case integers([Int64])
  }

  var name: String
  var shape: [Int]
  var numbers: Numbers

  fileprivate var type: SafetensorsFile.ElementType {
    switch numbers {
    case .floats: .f32
    case .integers: .i64
    }
  }
}

package enum SafetensorsWriter {
  /// Writes a file durably. Numbers of eight bytes come first, so that all are aligned.
  /// - Returns: SHA-256 of the file, hexadecimal.
  @discardableResult
  package static func write(
    _ entries: [SafetensorsEntry], metadata: [String: String], to path: String
  ) throws(WeightsError) -> String {
    let entries =
      entries.filter { $0.type.bits == 64 } + entries.filter { $0.type.bits != 64 }
    var header: [String: CanonicalJSON] = [:]
    if !metadata.isEmpty {
      header[SafetensorsHeader.metadataKey] = .object(metadata.mapValues { .text($0) })
    }
    var end = 0
    for entry in entries {
      let start = end
      end += entry.shape.reduce(entry.type.bits / 8, *)
      header[entry.name] = .object([
        "dtype": .text(entry.type.rawValue), "shape": .list(entry.shape.map { .integer($0) }),
        "data_offsets": .list([.integer(start), .integer(end)]),
      ])
    }
    precondition(
      header.count == entries.count + (metadata.isEmpty ? 0 : 1), "two tensors have one name")
    var text = Array(CanonicalJSON.object(header).text.utf8)
    // Spaces up to a multiple of eight bytes, as the format's own library writes it.
    text += [UInt8](repeating: UInt8(ascii: " "), count: (8 - text.count % 8) % 8)
    return try DurableFile.write(path) { file throws(WeightsError) in
      try file.append([UInt64(text.count).littleEndian])
      try file.append(text)
      for entry in entries {
        let count = entry.shape.reduce(1, *)
        switch entry.numbers {
        case .floats(let make):
          let values = make()
          precondition(values.count == count, "\(entry.name): \(values.count) of \(count) numbers")
          try file.append(values.map { $0.bitPattern.littleEndian })
        case .integers(let values):
          precondition(values.count == count, "\(entry.name): \(values.count) of \(count) numbers")
          try file.append(values.map(\.littleEndian))
        }
      }
    }
  }
}
