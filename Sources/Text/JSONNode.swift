// A JSON value that knows where it stands in its file.

/// A place in a text file; both numbers start at 1, columns count Unicode scalars.
public struct TextPosition: Hashable, Comparable, Sendable, CustomStringConvertible {
  public var line: Int
  public var column: Int
  /// The file, where it is another one than that which the user named.
  public var file: String?

  public init(line: Int, column: Int, file: String? = nil) {
    self.line = line
    self.column = column
    self.file = file
  }

  public var description: String { "\(line):\(column)" }

  public static func < (a: Self, b: Self) -> Bool {
    (a.file ?? "", a.line, a.column) < (b.file ?? "", b.line, b.column)
  }
}

/// One JSON value with its position. Numbers keep the characters of the file.
public struct JSONNode: Sendable {
  /// One key of an object with its value.
  public struct Member: Sendable {
    public let key: String
    public var keyPosition: TextPosition
    public var value: JSONNode

    package init(
      key: String, keyPosition: TextPosition, value: JSONNode
    ) {
      self.key = key
      self.keyPosition = keyPosition
      self.value = value
    }
  }

  /// What the value is.
  public enum Content: Sendable {
    case null
    case flag(Bool)
    /// The number as written.
    case number(String)
    case text(String)
    case list([JSONNode])
    /// Keys in the order of the file, each once.
    case object([Member])
  }

  public var content: Content
  public var position: TextPosition

  public init(_ content: Content, at position: TextPosition) {
    self.content = content
    self.position = position
  }

  /// The value under `key`, nil where there is none or this is no object.
  public subscript(key: String) -> JSONNode? { members.first { $0.key == key }?.value }

  /// The value at a dotted path such as `optimizer.learningRate`.
  public func value(at path: String) -> JSONNode? {
    path.split(separator: ".").reduce(self as JSONNode?) { $0?[String($1)] }
  }

  /// The members of an object, none for anything else.
  public var members: [Member] {
    guard case .object(let members) = content else { return [] }
    return members
  }

  /// The elements of a list, none for anything else.
  public var elements: [JSONNode] {
    guard case .list(let elements) = content else { return [] }
    return elements
  }

  public var text: String? {
    guard case .text(let text) = content else { return nil }
    return text
  }

  public var flag: Bool? {
    guard case .flag(let flag) = content else { return nil }
    return flag
  }

  /// The number as a Double; nil for anything else.
  public var double: Double? {
    guard case .number(let digits) = content else { return nil }
    return Double(digits)
  }

  /// The number as an integer: `600` and `6e2` are, `600.5` and everything beyond 2⁵³ written with
  /// an exponent are not.
  public var integer: Int? {
    guard case .number(let digits) = content else { return nil }
    if let integer = Int(digits) { return integer }
    guard let double = Double(digits), double.magnitude <= 0x1p53 else { return nil }
    return Int(exactly: double)
  }

  /// Replaces or adds one member.
  /// - Parameter keyPosition: where its key stands; where the value does if nil.
  package mutating func set(_ key: String, to value: JSONNode, at keyPosition: TextPosition? = nil)
  {
    var members = members
    let member = Member(key: key, keyPosition: keyPosition ?? value.position, value: value)
    if let index = members.firstIndex(where: { $0.key == key }) {
      members[index] = member
    } else {
      members.append(member)
    }
    content = .object(members)
  }

  /// Removes one member, if it is there.
  package mutating func remove(_ key: String) {
    content = .object(members.filter { $0.key != key })
  }

  /// What the value is, for a message: `the text "abc"`, `the number 3`, `a list`.
  package var summary: String {
    switch content {
    case .null: return "null"
    case .flag(let flag): return flag ? "true" : "false"
    case .number(let digits): return "the number \(digits)"
    case .text(let text): return "the text \"\(printable(text))\""
    case .list: return "a list"
    case .object: return "an object"
    }
  }
}
