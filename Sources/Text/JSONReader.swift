// A strict JSON reader that keeps the line and column of every value (RFC 8259, nothing beyond it).

/// Reads one JSON text into a `JSONNode`.
///
/// Stricter than the standard where the standard leaves room for accidents: no byte-order mark, no
/// number beyond a Double, and what `Rules` say. It stops at the first fault.
package struct JSONReader {
  package static let maximumBytes = 1 << 20

  /// What is refused although JSON allows it.
  package struct Rules: Sendable {
    var maximumDepth: Int
    /// Characters of a number.
    var maximumDigits: Int
    /// Whether a key may stand twice in an object, and a number may be `-0`.
    var isLenient: Bool

    /// For what people write: accidents are named.
    package static let strict = Rules(maximumDepth: 32, maximumDigits: 40, isLenient: false)

    /// For what other programs write: whatever common libraries read. Callers look for repeated keys
    /// where these matter.
    package static let lenient = Rules(maximumDepth: 127, maximumDigits: .max, isLenient: true)
  }

  /// Why a text is not acceptable JSON, and where.
  package struct Fault: Error {
    package var position: TextPosition
    package var path: String
    package var message: String
  }

  private let bytes: [UInt8]
  private let rules: Rules
  private var offset = 0
  private var position = TextPosition(line: 1, column: 1)
  private var path: [String] = []

  private init(_ bytes: [UInt8], _ rules: Rules) {
    self.bytes = bytes
    self.rules = rules
  }

  /// - Parameter file: the file that positions name, where the user named another one.
  /// - Throws: `Fault` at the first byte that does not fit.
  package static func read(
    _ bytes: [UInt8], maximumBytes: Int = Self.maximumBytes, rules: Rules = .strict,
    file: String? = nil
  ) throws(Fault) -> JSONNode {
    var reader = JSONReader(bytes, rules)
    reader.position.file = file
    guard bytes.count <= maximumBytes else {
      throw reader.fault("the file has \(bytes.count) bytes; at most \(maximumBytes) are read")
    }
    if bytes.starts(with: [0xEF, 0xBB, 0xBF]) {
      throw reader.fault("the file starts with a byte-order mark; save it as UTF-8 without one")
    }
    if let encoding = wideEncoding(bytes) {
      throw reader.fault("the file is \(encoding); save it as UTF-8")
    }
    reader.skipSpace()
    guard reader.peek != nil else { throw reader.fault("the file is empty; a spec is an object") }
    let node = try reader.value(depth: 1)
    reader.skipSpace()
    guard reader.peek == nil else {
      throw reader.fault("expected the end of the file, found \(reader.found)")
    }
    return node
  }

  /// The encoding of a text that has more than one byte for `{`: by its byte-order mark, or by where
  /// its first bytes are 0 (RFC 4627, section 3).
  private static func wideEncoding(_ bytes: [UInt8]) -> String? {
    let start = Array(bytes.prefix(4))
    if start == [0xFF, 0xFE, 0, 0] || start == [0, 0, 0xFE, 0xFF] { return "UTF-32" }
    if start.starts(with: [0xFF, 0xFE]) || start.starts(with: [0xFE, 0xFF]) { return "UTF-16" }
    switch start.map({ $0 == 0 }) {
    case [true, true, true, false], [false, true, true, true]: return "UTF-32"
    case [true, false, true, false], [false, true, false, true]: return "UTF-16"
    default: return nil
    }
  }

  private func fault(_ message: String, at place: TextPosition? = nil) -> Fault {
    Fault(position: place ?? position, path: joined(path), message: message)
  }

  private var peek: UInt8? { offset < bytes.count ? bytes[offset] : nil }

  /// What stands at the current offset, for a message.
  private var found: String {
    guard let byte = peek else { return "the end of the file" }
    guard byte > 0x20, byte < 0x7F else { return "byte 0x\(String(byte, radix: 16))" }
    return "'\(Character(Unicode.Scalar(byte)))'"
  }

  private mutating func advance() {
    let byte = bytes[offset]
    offset += 1
    if byte == UInt8(ascii: "\n") {
      position.line += 1
      position.column = 1
    } else if byte & 0xC0 != 0x80 {
      position.column += 1
    }
  }

  private mutating func skipSpace() {
    while let byte = peek, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 {
      advance()
    }
  }

  private mutating func expect(_ character: Character, after what: String) throws(Fault) {
    guard let byte = peek, byte == character.asciiValue else {
      throw fault("expected '\(character)' after \(what), found \(found)")
    }
    advance()
    skipSpace()
  }

  private mutating func value(depth: Int) throws(Fault) -> JSONNode {
    guard depth <= rules.maximumDepth else {
      throw fault("nested deeper than \(rules.maximumDepth) levels")
    }
    let start = position
    switch peek {
    case UInt8(ascii: "{"): return JSONNode(.object(try object(depth: depth)), at: start)
    case UInt8(ascii: "["): return JSONNode(.list(try list(depth: depth)), at: start)
    case UInt8(ascii: "\""): return JSONNode(.text(try string()), at: start)
    case let byte? where byte == UInt8(ascii: "-") || isDigit(byte):
      return JSONNode(.number(try number()), at: start)
    default: return JSONNode(try word(), at: start)
    }
  }

  private mutating func word() throws(Fault) -> JSONNode.Content {
    let (start, first) = (position, offset)
    while let byte = peek, byte | 0x20 >= UInt8(ascii: "a"), byte | 0x20 <= UInt8(ascii: "z") {
      advance()
    }
    switch String(decoding: bytes[first..<offset], as: UTF8.self) {
    case "true": return .flag(true)
    case "false": return .flag(false)
    case "null": return .null
    case "": throw fault("expected a value, found \(found)")
    case let word: throw fault("'\(printable(word))' is not JSON; text stands in quotes", at: start)
    }
  }

  private mutating func object(depth: Int) throws(Fault) -> [JSONNode.Member] {
    var members: [JSONNode.Member] = []
    var seen: [String: TextPosition] = [:]
    advance()
    skipSpace()
    while peek != UInt8(ascii: "}") {
      if !members.isEmpty { try expect(",", after: "a value") }
      guard peek == UInt8(ascii: "\"") else { throw fault("expected a key, found \(found)") }
      let keyPosition = position
      let key = try string()
      if !rules.isLenient, let first = seen.updateValue(keyPosition, forKey: key) {
        throw fault(
          "the key \"\(printable(key))\" stands here for the second time; the first is at \(first)",
          at: keyPosition)
      }
      path.append(key)
      skipSpace()
      try expect(":", after: "a key")
      let node = try value(depth: depth + 1)
      path.removeLast()
      members.append(JSONNode.Member(key: key, keyPosition: keyPosition, value: node))
      skipSpace()
    }
    advance()
    return members
  }

  private mutating func list(depth: Int) throws(Fault) -> [JSONNode] {
    var elements: [JSONNode] = []
    advance()
    skipSpace()
    while peek != UInt8(ascii: "]") {
      if !elements.isEmpty { try expect(",", after: "a list's element") }
      path.append("[\(elements.count)]")
      elements.append(try value(depth: depth + 1))
      path.removeLast()
      skipSpace()
    }
    advance()
    return elements
  }

  private mutating func digits() throws(Fault) {
    guard let byte = peek, isDigit(byte) else { throw fault("expected a digit, found \(found)") }
    while let byte = peek, isDigit(byte) { advance() }
  }

  private func isDigit(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
  }

  private mutating func number() throws(Fault) -> String {
    let (start, first) = (position, offset)
    if peek == UInt8(ascii: "-") { advance() }
    if peek == UInt8(ascii: "0") {
      advance()
      if let byte = peek, isDigit(byte) { throw fault("a number starts with 0", at: start) }
    } else {
      try digits()
    }
    if peek == UInt8(ascii: ".") {
      advance()
      try digits()
    }
    if peek == UInt8(ascii: "e") || peek == UInt8(ascii: "E") {
      advance()
      if peek == UInt8(ascii: "+") || peek == UInt8(ascii: "-") { advance() }
      try digits()
    }
    let text = String(decoding: bytes[first..<offset], as: UTF8.self)
    guard text.utf8.count <= rules.maximumDigits else {
      throw fault(
        "the number has \(text.utf8.count) characters; at most \(rules.maximumDigits) are read",
        at: start)
    }
    guard let double = Double(text), double.isFinite else {
      throw fault("\(text) is beyond every number used here", at: start)
    }
    guard double != 0 || double.sign == .plus || rules.isLenient else {
      throw fault("\(text) is a negative zero; write 0", at: start)
    }
    return text
  }

  private mutating func string() throws(Fault) -> String {
    let start = position
    var content: [UInt8] = []
    advance()
    while true {
      guard let byte = peek else { throw fault("the text is not closed by '\"'", at: start) }
      switch byte {
      case UInt8(ascii: "\""):
        advance()
        guard let text = String(validating: content, as: UTF8.self) else {
          throw fault("the text is not valid UTF-8", at: start)
        }
        return text
      case UInt8(ascii: "\\"): content += try Array(escape().utf8)
      case 0..<0x20: throw fault("a control character stands in a text; write it as an escape")
      default:
        content.append(byte)
        advance()
      }
    }
  }

  private mutating func escape() throws(Fault) -> String {
    let simple: [Character: String] = [
      "\"": "\"", "\\": "\\", "/": "/", "b": "\u{8}", "f": "\u{c}", "n": "\n", "r": "\r",
      "t": "\t",
    ]
    let start = position
    advance()
    guard let byte = peek else { throw fault("the escape is cut off", at: start) }
    advance()
    let character = Character(Unicode.Scalar(byte))
    if let text = simple[character] { return text }
    guard character == "u" else { throw fault("there is no such escape in JSON", at: start) }
    var units = [try hexadecimal(from: start)]
    if 0xD800...0xDBFF ~= units[0], bytes[offset...].starts(with: [0x5C, 0x75]) {
      advance()
      advance()
      units.append(try hexadecimal(from: start))
    }
    guard let text = String(validating: units, as: UTF16.self) else {
      throw fault("the escape is half of a surrogate pair", at: start)
    }
    return text
  }

  private mutating func hexadecimal(from start: TextPosition) throws(Fault) -> UInt16 {
    let digits = String(decoding: bytes[offset...].prefix(4), as: UTF8.self)
    guard digits.count == 4, digits.first != "+", let unit = UInt16(digits, radix: 16) else {
      throw fault("an escape \\u needs four hexadecimal digits", at: start)
    }
    for _ in 0..<4 { advance() }
    return unit
  }
}
