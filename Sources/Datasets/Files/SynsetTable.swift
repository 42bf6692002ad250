// ImageNet's numbers of classes, out of the MATLAB file of its development kit.
import CZlib

/// Reads the structure array `synsets` of `meta.mat` (MATLAB's format 5, compressed or not): of each
/// class its number, `ILSVRC2012_ID`, and the name of its folder, `WNID`.
struct SynsetTable {
  private let bytes: [UInt8]
  private var names: [Int: String] = [:]

  /// - Returns: the names of the folders by their numbers.
  /// - Throws: `DatasetError` where the file is not there, or is none of these.
  static func read(_ path: StoredName) throws(DatasetError) -> [Int: String] {
    let file: InputFile
    do throws(DatasetError) { file = try InputFile(path) } catch {
      throw DatasetError(
        "\(error.description); the numbers of the ground truth are explained by meta.mat of "
          + "ImageNet's development kit: put it beside it")
    }
    guard file.size <= 1 << 26 else {
      throw DatasetError("\(path.text) has \(file.size) bytes, which is too much for meta.mat")
    }
    var table = SynsetTable(bytes: try file.bytes(file.size, of: file.path))
    // The header says little that is needed; elements follow.
    var place = 128
    while let element = table.element(at: place, in: table.bytes) {
      if element.type == 15, let inner = Self.inflated(table.bytes[element.content]) {
        table.readMatrix(inner)
      } else if element.type == 14 {
        table.readMatrix(Array(table.bytes[place..<element.content.upperBound]))
      }
      place = element.end
    }
    guard !table.names.isEmpty else {
      throw DatasetError(
        "\(path.text) has no table of synsets; get ILSVRC2012_devkit_t12 again")
    }
    return table.names
  }

  private init(bytes: [UInt8]) { self.bytes = bytes }

  private struct Element {
    var type: Int
    var content: Range<Int>
    /// Where the next one begins.
    var end: Int
  }

  private func element(at place: Int, in bytes: [UInt8]) -> Element? {
    guard place + 8 <= bytes.count else { return nil }
    func number(_ place: Int) -> Int {
      (0..<4).reduce(0) { $0 | Int(bytes[place + $1]) << (8 * $1) }
    }
    let type = number(place)
    // Up to four bytes stand in the tag itself.
    if type >> 16 != 0 {
      let size = type >> 16
      guard size <= 4 else { return nil }
      return Element(type: type & 0xFFFF, content: place + 4..<place + 4 + size, end: place + 8)
    }
    let size = number(place + 4)
    guard size <= bytes.count - place - 8 else { return nil }
    let padded = type == 15 ? size : (size + 7) / 8 * 8
    return Element(
      type: type, content: place + 8..<place + 8 + size,
      end: min(bytes.count, place + 8 + padded))
  }

  /// A matrix's parts: flags, sizes, name, and what follows.
  private mutating func readMatrix(_ bytes: [UInt8]) {
    guard let matrix = element(at: 0, in: bytes), matrix.type == 14 else { return }
    let parts = parts(of: matrix, in: bytes)
    // Class 2 is a structure array.
    guard parts.count > 5, bytes[parts[0].content].first == 2,
      let length = number(bytes[parts[3].content], type: 5), length > 0
    else { return }
    let text = Array(bytes[parts[4].content])
    let fields = stride(from: 0, to: text.count, by: length).map { start in
      String(
        decoding: text[start..<min(text.count, start + length)].prefix { $0 != 0 }, as: UTF8.self)
    }
    guard let id = fields.firstIndex(of: "ILSVRC2012_ID"), let name = fields.firstIndex(of: "WNID")
    else { return }
    let values = parts.dropFirst(5).map { $0 }
    for first in stride(from: 0, to: values.count - fields.count + 1, by: fields.count) {
      guard let key = value(values[first + id], bytes),
        let number = number(key.bytes, type: key.type),
        let text = value(values[first + name], bytes)
      else { continue }
      // Characters of one or of two bytes.
      let characters = text.bytes.filter { $0 != 0 }
      names[number] = String(decoding: characters, as: UTF8.self)
    }
  }

  private func parts(of matrix: Element, in bytes: [UInt8]) -> [Element] {
    var parts: [Element] = []
    var place = matrix.content.lowerBound
    while place < matrix.content.upperBound, let part = element(at: place, in: bytes) {
      parts.append(part)
      place = part.end
    }
    return parts
  }

  /// The numbers or characters of a matrix in a field.
  private func value(
    _ field: Element, _ bytes: [UInt8]
  ) -> (bytes: ArraySlice<UInt8>, type: Int)? {
    guard field.type == 14 else { return nil }
    let parts = parts(of: field, in: bytes)
    guard parts.count > 3 else { return nil }
    return (bytes[parts[3].content], parts[3].type)
  }

  /// The first number of some data, where it is a whole one.
  private func number(_ data: ArraySlice<UInt8>, type: Int) -> Int? {
    let sizes = [1: 1, 2: 1, 3: 2, 4: 2, 5: 4, 6: 4, 7: 4, 9: 8]
    guard let size = sizes[type], data.count >= size else { return nil }
    let pattern = data.prefix(size).reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    switch type {
    case 7: return Int(exactly: Float(bitPattern: UInt32(pattern)))
    case 9: return Int(exactly: Double(bitPattern: pattern))
    default: return Int(exactly: pattern)
    }
  }

  private static func inflated(_ bytes: ArraySlice<UInt8>) -> [UInt8]? {
    var size = 1 << 20
    let source = Array(bytes)
    while size <= 1 << 28 {
      var output = [UInt8](repeating: 0, count: size)
      var got = UInt(size)
      switch uncompress(&output, &got, source, UInt(source.count)) {
      case Z_OK: return Array(output.prefix(Int(got)))
      case Z_BUF_ERROR: size *= 4
      default: return nil
      }
    }
    return nil
  }
}
