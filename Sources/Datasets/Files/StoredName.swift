// Names of files as the system has them: bytes of any encoding, and how they are shown.
import Foundation

/// The name or the path of a file or a folder. Two names are the same where their bytes are, whatever
/// characters these may stand for.
public struct StoredName: Hashable, Sendable {
  /// Without the zero at the end.
  public let bytes: [UInt8]

  public init(_ bytes: [UInt8]) { self.bytes = bytes }

  /// The name that a text has in UTF-8.
  public init(_ text: String) { bytes = Array(text.utf8) }

  /// The name as it is shown and stored: as it is where it is UTF-8, with `\xE9` for each byte that is
  /// none. A backslash before such an `x` is shown as `\x5C`, so that no two names look alike.
  public var text: String {
    if let text = String(validating: bytes, as: UTF8.self), !text.utf8.contains(Self.backslash) {
      return text
    }
    var text = ""
    for piece in pieces {
      switch piece {
      case .scalar(let scalar): text.unicodeScalars.append(scalar)
      case .byte(let byte): text += Self.escape(byte)
      }
    }
    return text
  }

  /// The text with every byte that is not ASCII shown as `\xE9`.
  var textOfBytes: String {
    bytes.reduce(into: "") {
      $0 += $1 < 0x80 ? String(UnicodeScalar($1)) : Self.escape($1)
    }
  }

  private static let backslash = UInt8(ascii: "\\")

  private static func escape(_ byte: UInt8) -> String {
    let digits = String(byte, radix: 16, uppercase: true)
    return "\\x" + (digits.count < 2 ? "0" : "") + digits
  }

  /// The name that is shown so: `\xE9` is one byte.
  /// - Returns: nil where the text has none of these.
  init?(shown text: String) {
    let shown = Array(text.utf8)
    var bytes: [UInt8] = []
    var (place, isEscaped) = (0, false)
    while place < shown.count {
      if let byte = Self.escaped(shown, at: place) {
        bytes.append(byte)
        isEscaped = true
        place += 4
      } else {
        bytes.append(shown[place])
        place += 1
      }
    }
    guard isEscaped else { return nil }
    self.bytes = bytes
  }

  /// The byte that `\xE9` at a place stands for.
  private static func escaped(_ text: [UInt8], at place: Int) -> UInt8? {
    guard place + 3 < text.count, text[place] == backslash, text[place + 1] == UInt8(ascii: "x")
    else { return nil }
    let digits = text[place + 2..<place + 4]
    guard digits.allSatisfy({ Character(UnicodeScalar($0)).isHexDigit }) else { return nil }
    return UInt8(String(decoding: digits, as: UTF8.self), radix: 16)
  }

  private enum Piece {
    case scalar(UnicodeScalar)
    case byte(UInt8)
  }

  /// The characters, and the bytes that belong to none.
  private var pieces: [Piece] {
    var pieces: [Piece] = []
    var place = 0
    while place < bytes.count {
      if bytes[place] == Self.backslash, Self.escaped(bytes, at: place) != nil {
        pieces.append(.byte(bytes[place]))
        place += 1
        continue
      }
      let lead = bytes[place]
      let length = lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4
      if place + length <= bytes.count,
        let text = String(validating: bytes[place..<place + length], as: UTF8.self),
        let scalar = text.unicodeScalars.first
      {
        pieces.append(.scalar(scalar))
        place += length
      } else {
        pieces.append(.byte(lead))
        place += 1
      }
    }
    return pieces
  }

  /// Whether torchvision has this name before the other: Python's order of texts, in which a byte
  /// that belongs to no character stands for U+DC00 and itself.
  func precedes(_ other: StoredName) -> Bool {
    // UTF-8 has the order of the characters.
    if Self.isText(bytes), Self.isText(other.bytes) {
      return bytes.lexicographicallyPrecedes(other.bytes)
    }
    func numbers(_ name: StoredName) -> [UInt32] {
      name.pieces.map { piece in
        switch piece {
        case .scalar(let scalar): scalar.value
        case .byte(let byte): byte < 0x80 ? UInt32(byte) : 0xDC00 + UInt32(byte)
        }
      }
    }
    return numbers(self).lexicographicallyPrecedes(numbers(other))
  }

  private static func isText(_ bytes: [UInt8]) -> Bool {
    bytes.allSatisfy { $0 < 0x80 } || String(validating: bytes, as: UTF8.self) != nil
  }

  /// The path of what has a name in this folder.
  func appending(_ name: StoredName) -> StoredName {
    StoredName(bytes.isEmpty ? name.bytes : bytes + [UInt8(ascii: "/")] + name.bytes)
  }

  func appending(_ name: String) -> StoredName { appending(StoredName(name)) }

  /// The last part of a path.
  var lastComponent: StoredName {
    StoredName(Array(bytes.suffix(from: (bytes.lastIndex(of: UInt8(ascii: "/")) ?? -1) + 1)))
  }

  /// Whether the name ends in one of these, in lower or upper case.
  func ends(inOneOf endings: [String]) -> Bool {
    endings.contains { ending in
      bytes.count >= ending.utf8.count
        && zip(bytes.suffix(ending.utf8.count), ending.utf8).allSatisfy {
          (0x41...0x5A).contains($0) ? $0 + 0x20 == $1 : $0 == $1
        }
    }
  }

  var isHidden: Bool { bytes.first == UInt8(ascii: ".") }

  /// The path for calls of the system, with a zero at its end.
  func withPath<Result>(_ body: (UnsafePointer<CChar>) -> Result) -> Result {
    let path = bytes.map { CChar(bitPattern: $0) } + [0]
    return path.withUnsafeBufferPointer { buffer in
      // Never empty, so there is always an address.
      withUnsafePointer(to: 0 as CChar) { body(buffer.baseAddress ?? $0) }
    }
  }

  /// What there is at the path; links are followed, and a loop leads nowhere.
  var status: stat? {
    var status = stat()
    return withPath { stat($0, &status) } == 0 ? status : nil
  }

  var isFolder: Bool { status.map { $0.st_mode & S_IFMT == S_IFDIR } ?? false }

  var isRegularFile: Bool { status.map { $0.st_mode & S_IFMT == S_IFREG } ?? false }
}

/// Texts for the classes of one data set, of which no two are the same text.
enum ClassTexts {
  /// Names that are one text in two Unicode forms are told apart: of these, the ones that are not in
  /// the composed form (NFC) are shown by their bytes.
  static func of(_ names: [StoredName]) -> [String] {
    var texts = names.map(\.text)
    // Swift's texts are equal where only their Unicode form differs.
    let places = Dictionary(grouping: texts.indices) { texts[$0] }
    for (text, same) in places where same.count > 1 {
      let composed = Array(text.precomposedStringWithCanonicalMapping.utf8)
      for place in same where names[place].bytes != composed {
        texts[place] = names[place].textOfBytes
      }
    }
    return texts
  }
}
