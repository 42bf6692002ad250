// What a value of a spec may look like: one description that checks files and writes the JSON Schema.
import Text

/// The shape of a value.
package indirect enum SpecShape: Sendable {
  /// Any text of one line.
  case line(maximumLength: Int)
  /// A name that is also a folder's: lower-case letters, digits and `-`, `_`, `.` inside.
  case name
  /// One of these words.
  case choice([String])
  case flag
  case integer(ClosedRange<Int>)
  /// From the lower bound (exclusive where `above`) to the upper.
  case number(ClosedRange<Double>, above: Bool)
  case list(of: SpecShape, count: ClosedRange<Int>)
  case object([SpecField])
  /// An integer, or a list: the one place where two types are allowed.
  case integerOrList(ClosedRange<Int>, of: SpecShape, count: ClosedRange<Int>)
  /// One value or a list of them.
  case oneOrMore(SpecShape)
  /// A value of the first shape of its kind: a list, an object, or neither.
  case either([SpecShape])
  /// A level of one of the factors, by the factor's key.
  case level(String)
}

/// One key of an object.
package struct SpecField: Sendable {
  let key: String
  let shape: SpecShape
  let isRequired: Bool
  /// One sentence for the schema, with the default.
  let summary: String

  init(_ key: String, _ shape: SpecShape, required: Bool = false, _ summary: String) {
    self.key = key
    self.shape = shape
    self.isRequired = required
    self.summary = summary
  }
}

extension SpecShape {
  /// The smallest magnitude of a number besides 0. Training has single precision, in which
  /// everything below 1.2e-38 loses digits or is 0.
  static let smallest = 1e-30

  /// Checks a value and everything inside it.
  /// - Returns: the problems found, none when the value fits.
  func problems(in node: JSONNode, path: [String]) -> [SpecProblem] {
    func expected(_ what: String) -> [SpecProblem] {
      let quotes = node.text.flatMap(Double.init) == nil ? "" : "; a number has no quotes"
      return [problem("expected \(what), found \(node.summary)\(quotes)", at: node, path)]
    }
    switch self {
    case .line(let maximum):
      guard let text = node.text else { return expected("a text") }
      return lineProblems(text, maximum: maximum, at: node, path)
    case .name:
      guard let text = node.text else { return expected("a name in quotes") }
      return Self.isName(text) ? [] : expected(Self.nameRule)
    case .choice(let allowed):
      guard let text = node.text else {
        return expected("one of \(allowed.joined(separator: ", "))")
      }
      guard !allowed.contains(text) else { return [] }
      let word = printable(text)
      return [
        problem("unknown '\(word)'; \(suggestion(for: word, among: allowed))", at: node, path)
      ]
    case .flag:
      return node.flag == nil ? expected("true or false") : []
    case .integer(let range):
      guard let value = node.integer, range.contains(value) else {
        return expected("a whole number from \(range.lowerBound) to \(range.upperBound)")
      }
      return []
    case .number(let range, let above):
      guard let value = node.double, range.contains(value), !above || value > range.lowerBound
      else {
        let (low, high) = (canonical(range.lowerBound), canonical(range.upperBound))
        return expected(
          above ? "a number above \(low), at most \(high)" : "a number from \(low) to \(high)")
      }
      guard value == 0 || value.magnitude >= Self.smallest else {
        return expected("0 or a number of a magnitude of at least \(canonical(Self.smallest))")
      }
      return []
    case .list(let element, let count):
      guard case .list = node.content else { return expected("a list") }
      return listProblems(of: element, count: count, in: node, path)
    case .object(let fields):
      guard case .object = node.content else { return expected("an object") }
      return objectProblems(fields, in: node, path)
    case .integerOrList(let range, let element, let count):
      if case .list = node.content {
        return listProblems(of: element, count: count, in: node, path)
      }
      guard let value = node.integer, range.contains(value) else {
        return expected("a count from \(range.lowerBound) to \(range.upperBound), or a list")
      }
      return []
    case .level(let factor):
      let field = SpecGrammar.allFactors.first { $0.key == factor }
      return field?.shape.problems(in: node, path: path) ?? []
    case .either(let shapes):
      guard let shape = shapes.first(where: { $0.kind == node.kind }) else {
        return expected(shapes.map(\.kind.rawValue).joined(separator: " or "))
      }
      return shape.problems(in: node, path: path)
    case .oneOrMore(let shape):
      guard case .list = node.content else { return shape.problems(in: node, path: path) }
      return listProblems(of: shape, count: 1...1000, in: node, path)
    }
  }

  /// Of which kind values are, for `either`.
  fileprivate var kind: JSONNode.Kind {
    switch self {
    case .object: return .object
    case .list: return .list
    default: return .scalar
    }
  }

  private func problem(_ message: String, at node: JSONNode, _ path: [String]) -> SpecProblem {
    SpecProblem(position: node.position, path: joined(path), message: message)
  }

  private func lineProblems(
    _ text: String, maximum: Int, at node: JSONNode, _ path: [String]
  ) -> [SpecProblem] {
    if text.isEmpty { return [problem("the text is empty", at: node, path)] }
    if text.count > maximum {
      return [problem("the text has \(text.count) characters; at most \(maximum)", at: node, path)]
    }
    let control = text.unicodeScalars.first { $0.properties.generalCategory == .control }
    guard let control else { return [] }
    let code = String(control.value, radix: 16)
    return [problem("the text contains the control character U+\(code)", at: node, path)]
  }

  private func listProblems(
    of element: SpecShape, count: ClosedRange<Int>, in node: JSONNode, _ path: [String]
  ) -> [SpecProblem] {
    let elements = node.elements
    guard count.contains(elements.count) else {
      let rule =
        elements.isEmpty ? "the list is empty" : "the list has \(elements.count) elements"
      return [
        problem("\(rule); write \(count.lowerBound) to \(count.upperBound)", at: node, path)
      ]
    }
    return elements.enumerated().flatMap { index, node in
      element.problems(in: node, path: path + ["[\(index)]"])
    }
  }

  private func objectProblems(
    _ fields: [SpecField], in node: JSONNode, _ path: [String]
  ) -> [SpecProblem] {
    var problems: [SpecProblem] = []
    for member in node.members {
      if let field = fields.first(where: { $0.key == member.key }) {
        problems += field.shape.problems(in: member.value, path: path + [member.key])
      } else {
        let key = printable(member.key)
        let message = "unknown key; \(suggestion(for: key, among: fields.map(\.key)))"
        problems.append(
          SpecProblem(
            position: member.keyPosition, path: joined(path + [key]), message: message))
      }
    }
    // Where an "extends" could not be followed, the rest is not known.
    for field in fields
    where field.isRequired && node[field.key] == nil && node["extends"] == nil {
      problems.append(problem("the key \"\(field.key)\" is missing", at: node, path))
    }
    return problems
  }

  static let nameRule =
    "a name of 1 to 64 lower-case letters, digits, '-', '_' or '.', starting with a letter or digit"

  static func isName(_ text: String) -> Bool {
    let bytes = Array(text.utf8)
    guard (1...64).contains(bytes.count), !text.contains("..") else { return false }
    func isLetterOrDigit(_ byte: UInt8) -> Bool {
      (0x61...0x7A).contains(byte) || (0x30...0x39).contains(byte)
    }
    return isLetterOrDigit(bytes[0])
      && bytes.allSatisfy { isLetterOrDigit($0) || "-_.".utf8.contains($0) }
  }
}

extension JSONNode {
  fileprivate enum Kind: String {
    case null
    case scalar = "a word"
    case list = "a list"
    case object = "an object"
  }

  fileprivate var kind: Kind {
    switch content {
    case .object: return .object
    case .list: return .list
    case .null: return .null
    default: return .scalar
    }
  }
}
