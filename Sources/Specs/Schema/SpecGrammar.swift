// Every key that a spec may have: the parser, the schema file and the error messages all read this.
import Text

/// The grammar of a spec file: each key with its type, range, default and meaning.
public enum SpecGrammar {
  static let iterations = 1...100_000_000
  static let epochs = 1...1_000_000
  static let examples = 1...10_000_000

  /// A spec with everything that it extends put in.
  static let spec = SpecShape.object(specFields(isWritten: false))

  /// A spec as a file has it, where what it extends may have the rest.
  static let written = SpecShape.object(specFields(isWritten: true))

  private static func specFields(isWritten: Bool) -> [SpecField] {
    [
      SpecField(
        "$schema", .line(maximumLength: 1000),
        "Where the schema is, for editors: ./spec.schema.json."),
      SpecField(
        "extends", .line(maximumLength: 4096),
        "Another spec, relative to this one, whose keys this one has but for those it gives itself; "
          + "name and title are its own, null takes a key out, a protocol changes key by key."),
      SpecField(
        "name", .name, required: true, "The experiment's name in the database and in paths."),
      SpecField("title", .line(maximumLength: 200), required: true, "One line for people."),
      SpecField(
        "protocol", .either([.choice(NamedProtocols.names), isWritten ? writtenProto : proto]),
        required: !isWritten,
        "How every variant is trained: a protocol known by its name, or an object in which what is "
          + "left out has the default given at each key."),
    ] + cellFields + [
      SpecField(
        "overrides", .list(of: overrideRule, count: 1...1000),
        "Other training for some variants; a later entry wins over an earlier one."),
      SpecField(
        "seeds",
        .integerOrList(1...10_000, of: .integer(0...9_007_199_254_740_991), count: 1...10_000),
        required: !isWritten,
        "Seeds, or how many: 3 is [0, 1, 2]. A seed is never part of a variant."),
      SpecField(
        "initialWeights", .line(maximumLength: 4096),
        "A safetensors file, relative to the spec, with which every run starts; random weights. Its "
          + "names and shapes must be the network's, as in torchvision."),
      SpecField(
        "newHead", .flag,
        "Whether the classifier (fc) starts anew where that of initialWeights has another number of "
          + "classes; false."),
      SpecField(
        "claims", .list(of: claim, count: 1...1000),
        "What a paper states about the variants; bench verdict answers each."),
      SpecField(
        "figures", .list(of: figure, count: 1...100), "Charts to draw beside the tables."),
    ]
  }

  /// Fields of the protocol that can be factors, under their dotted paths: every single value
  /// except the protocol's name and the place of the files.
  static let protocolFactors = leaves(of: proto, path: []).filter {
    !["name", "extends", "data.path"].contains($0.key)
  }

  static let allFactors = architectureFactors + protocolFactors

  static let factors = SpecShape.object(factorFields { .list(of: $0, count: 1...1000) })

  /// Picks variants by their levels.
  static let match = SpecShape.object(factorFields { .oneOrMore($0) })

  static let overrideRule = SpecShape.object([
    SpecField("match", match, required: true, "Which variants: those that have all these levels."),
    SpecField(
      "protocol", .object(protocolFields(partial: true)), required: true,
      "What differs for them. A schedule with a kind replaces the whole schedule, iterations and "
        + "epochs replace each other, everything else is replaced key by key."),
  ])

  static func factorFields(_ shape: (SpecShape) -> SpecShape) -> [SpecField] {
    allFactors.map { SpecField($0.key, shape(.level($0.key)), $0.summary) }
  }

  private static func leaves(of shape: SpecShape, path: [String]) -> [SpecField] {
    guard case .object(let fields) = shape else { return [] }
    return fields.flatMap { field -> [SpecField] in
      switch field.shape {
      case .object: return leaves(of: field.shape, path: path + [field.key])
      case .list: return []
      default: return [SpecField(joined(path + [field.key]), field.shape, field.summary)]
      }
    }
  }
}
