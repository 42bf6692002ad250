// The one way a configuration is written, so that equal configurations have equal bytes, and JSON
// for a terminal.
import Foundation

/// A JSON value whose text is canonical: keys sorted by their UTF-8 bytes, no white space, numbers
/// in the shortest form that reads back to the same Double.
public indirect enum CanonicalJSON: Hashable, Sendable {
  case null
  case flag(Bool)
  case integer(Int)
  case number(Double)
  case text(String)
  case list([CanonicalJSON])
  case object([String: CanonicalJSON])

  /// The canonical text.
  public var text: String {
    switch self {
    case .null: return "null"
    case .flag(let flag): return flag ? "true" : "false"
    case .integer(let integer): return String(integer)
    case .number(let number): return canonical(number)
    case .text(let text): return Self.quoted(text)
    case .list(let elements): return "[" + elements.map(\.text).joined(separator: ",") + "]"
    case .object(let members):
      let sorted = members.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
      let parts = sorted.map { Self.quoted($0.key) + ":" + $0.value.text }
      return "{" + parts.joined(separator: ",") + "}"
    }
  }

  /// The same value over several lines, keys in the order given by `order` first, the rest sorted.
  public func indented(order: [String], depth: Int = 0) -> String {
    let inner = String(repeating: "  ", count: depth + 1)
    let outer = String(repeating: "  ", count: depth)
    switch self {
    case .object(let members) where !members.isEmpty:
      let rank = { (key: String) in order.firstIndex(of: key) ?? order.count }
      let sorted = members.sorted { (rank($0.key), $0.key) < (rank($1.key), $1.key) }
      let lines = sorted.map {
        "\(inner)\(Self.quoted($0.key)): \($0.value.indented(order: order, depth: depth + 1))"
      }
      return "{\n" + lines.joined(separator: ",\n") + "\n\(outer)}"
    case .list(let elements) where elements.contains(where: \.isStructure):
      let lines = elements.map { inner + $0.indented(order: order, depth: depth + 1) }
      return "[\n" + lines.joined(separator: ",\n") + "\n\(outer)]"
    case .list(let elements):
      return "[" + elements.map(\.text).joined(separator: ", ") + "]"
    default: return text
    }
  }

  private var isStructure: Bool {
    switch self {
    case .list, .object: return true
    default: return false
    }
  }

  package static func quoted(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": result += "\\\""
      case "\\": result += "\\\\"
      case "\n": result += "\\n"
      case "\t": result += "\\t"
      case "\r": result += "\\r"
      case _ where scalar.value < 0x20:
        let digits = String(scalar.value, radix: 16)
        result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result + "\""
  }
}

/// A finite number in its shortest form; whole numbers below 2⁵³ have no decimal point.
package func canonical(_ number: Double) -> String {
  if number.magnitude < 0x1p53, let whole = Int(exactly: number) { return String(whole) }
  return number.description
}

/// Text as JSON writes it, for a terminal.
package enum JSONText {
  /// A JSON text with every character escaped that a terminal would obey; they stand in texts only.
  package static func printable(_ json: String) -> String {
    guard json.unicodeScalars.contains(where: { $0 != "\n" && $0.isUnprintable }) else {
      return json
    }
    var result = ""
    for scalar in json.unicodeScalars {
      if scalar != "\n", scalar.isUnprintable, scalar.value <= 0xFFFF {
        result += String(format: "\\u%04x", scalar.value)
      } else {
        result.unicodeScalars.append(scalar)
      }
    }
    return result
  }

  /// The text in quotation marks; control characters, the delete family included, are escaped.
  package static func quoted(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": result += "\\\""
      case "\\": result += "\\\\"
      case "\n": result += "\\n"
      case "\r": result += "\\r"
      case "\t": result += "\\t"
      case _ where scalar.isUnprintable && scalar.value <= 0xFFFF:
        result += String(format: "\\u%04x", scalar.value)
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result + "\""
  }
}
