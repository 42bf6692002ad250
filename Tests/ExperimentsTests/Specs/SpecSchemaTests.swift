// The schema file says what the parser accepts.
import Foundation
import TestSupport
import Testing

@testable import Specs
@testable import Text

@Suite struct SpecSchemaTests {
  static let file = Repository.root.appending(path: "experiments/spec.schema.json")

  /// `make schema` writes the file anew after a change of the grammar.
  @Test func theFileIsWhatTheGrammarGives() throws {
    try expectStored(SpecGrammar.schemaText, in: Self.file)
  }

  /// Read with another parser, and compared key by key with what the parser of specs accepts.
  @Test func theFileNamesTheKeysThatTheParserAccepts() throws {
    let schema = try #require(
      try JSONSerialization.jsonObject(with: Data(contentsOf: Self.file)) as? [String: Any])
    #expect(schema["$schema"] as? String == "https://json-schema.org/draft/2020-12/schema")
    #expect(try Self.compare(SpecGrammar.written, schema) > 150)
    let definitions = try #require(schema["$defs"] as? [String: Any])
    #expect(Set(definitions.keys) == Set(SpecGrammar.allFactors.map(\.key)))
  }

  /// - Returns: how many keys were compared.
  static func compare(_ shape: SpecShape, _ schema: [String: Any]) throws -> Int {
    switch shape {
    case .object(let fields):
      let properties = try #require(schema["properties"] as? [String: [String: Any]])
      #expect(Set(properties.keys) == Set(fields.map(\.key)))
      #expect(schema["additionalProperties"] as? Bool == false)
      #expect(
        Set(schema["required"] as? [String] ?? [])
          == Set(fields.filter(\.isRequired).map(\.key)))
      return try fields.reduce(fields.count) {
        try $0 + compare($1.shape, #require(properties[$1.key]))
      }
    case .list(let element, _):
      return try compare(element, #require(schema["items"] as? [String: Any]))
    case .either(let shapes):
      let others = try #require(schema["oneOf"] as? [[String: Any]])
      #expect(others.count == shapes.count)
      return try zip(shapes, others).reduce(0) { try $0 + compare($1.0, $1.1) }
    default: return 0
    }
  }

  /// An unknown key at every object of the grammar is refused and answered with the allowed ones.
  @Test func unknownKeysAreRefusedEverywhere() {
    func visit(_ shape: SpecShape) {
      switch shape {
      case .object(let fields):
        let stranger = JSONNode(
          .object([
            .init(
              key: "qqqq", keyPosition: TextPosition(line: 1, column: 2),
              value: JSONNode(.null, at: TextPosition(line: 1, column: 14)))
          ]), at: TextPosition(line: 1, column: 1))
        let messages = shape.problems(in: stranger, path: []).map(\.message)
        #expect(
          messages.contains("unknown key; Allowed: \(fields.map(\.key).joined(separator: ", "))"))
        for field in fields { visit(field.shape) }
      case .list(let element, _): visit(element)
      case .either(let shapes): for shape in shapes { visit(shape) }
      default: break
      }
    }
    visit(SpecGrammar.spec)
  }
}
