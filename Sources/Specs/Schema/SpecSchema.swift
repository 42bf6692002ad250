// The grammar of specs as a JSON Schema, so that editors complete and check a spec.
import Text

extension SpecGrammar {
  /// The text of `experiments/spec.schema.json` (JSON Schema, draft 2020-12).
  public static var schemaText: String {
    guard case .object(var schema) = written.schema else { return "" }
    schema["$schema"] = .text("https://json-schema.org/draft/2020-12/schema")
    schema["title"] = .text("An experiment of bench")
    schema["description"] = .text(
      "Generated from the grammar in Sources/Experiments; the tests keep both equal.")
    // Where a file extends another, that one may have what every spec needs.
    schema["anyOf"] = .list(
      [["protocol", "seeds"], ["extends"]].map { keys in
        .object(["required": .list(keys.map { .text($0) })])
      })
    let levels = allFactors.map { ($0.key, $0.shape.schema) }
    schema["$defs"] = .object(Dictionary(uniqueKeysWithValues: levels))
    let order = [
      "$schema", "title", "description", "type", "required", "anyOf", "additionalProperties",
      "properties", "extends", "name", "protocol", "factors", "zip", "when", "exclude", "ablate",
      "include", "overrides", "seeds", "initialWeights", "newHead", "claims", "figures",
    ]
    return CanonicalJSON.object(schema).indented(order: order) + "\n"
  }
}

extension SpecShape {
  /// This shape as a JSON Schema.
  var schema: CanonicalJSON {
    switch self {
    case .line(let maximum):
      return .object([
        "type": .text("string"), "minLength": .integer(1), "maxLength": .integer(maximum),
      ])
    case .name:
      return .object([
        "type": .text("string"), "pattern": .text("^[a-z0-9](?!.*[.][.])[a-z0-9._-]{0,63}$"),
      ])
    case .choice(let words): return .object(["enum": .list(words.map { .text($0) })])
    case .flag: return .object(["type": .text("boolean")])
    case .integer(let range):
      return .object([
        "type": .text("integer"), "minimum": .integer(range.lowerBound),
        "maximum": .integer(range.upperBound),
      ])
    case .number(let range, let above):
      return .object([
        "type": .text("number"),
        above ? "exclusiveMinimum" : "minimum": .number(range.lowerBound),
        "maximum": .number(range.upperBound),
      ])
    case .list(let element, let count): return Self.array(element.schema, count)
    case .integerOrList(let range, let element, let count):
      return .object([
        "oneOf": .list([SpecShape.integer(range).schema, Self.array(element.schema, count)])
      ])
    case .oneOrMore(let shape):
      return .object(["oneOf": .list([shape.schema, Self.array(shape.schema, 1...1000)])])
    case .either(let shapes): return .object(["oneOf": .list(shapes.map(\.schema))])
    case .level(let factor): return .object(["$ref": .text("#/$defs/\(factor)")])
    case .object(let fields):
      let properties = fields.map { ($0.key, $0.shape.schema.described($0.summary)) }
      var members: [String: CanonicalJSON] = [
        "type": .text("object"), "additionalProperties": .flag(false),
        "properties": .object(Dictionary(uniqueKeysWithValues: properties)),
      ]
      let required = fields.filter(\.isRequired).map { CanonicalJSON.text($0.key) }
      if !required.isEmpty { members["required"] = .list(required) }
      return .object(members)
    }
  }

  private static func array(_ element: CanonicalJSON, _ count: ClosedRange<Int>) -> CanonicalJSON {
    .object([
      "type": .text("array"), "items": element, "minItems": .integer(count.lowerBound),
      "maxItems": .integer(count.upperBound),
    ])
  }
}

extension CanonicalJSON {
  /// A schema with a sentence for people.
  fileprivate func described(_ summary: String) -> CanonicalJSON {
    guard case .object(var members) = self else { return self }
    members["description"] = .text(summary)
    return .object(members)
  }
}
