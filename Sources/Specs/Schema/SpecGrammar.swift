// Every key that a spec may have: the parser, the schema file and the error messages all read this.
import Networks
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
        "claims", .list(of: claim, count: 1...1000),
        "What a paper states about the variants; bench verdict answers each."),
      SpecField(
        "figures", .list(of: figure, count: 1...100), "Charts to draw beside the tables."),
    ]
  }

  /// The fields of `Architecture`, in the order in which levels are stored.
  static let architectureFactors = [
    SpecField(
      "network", choice(Architecture.Network.self),
      "Without or with shortcuts; residual where it is left out."),
    SpecField(
      "depth", .integer(1...100_000),
      "Weighted layers: 6n+2 or 9n+2 (bottleneck) in the CIFAR family, 18, 34, 50, 101 or 152 in "
        + "ImageNet's."),
    SpecField(
      "block", choice(Architecture.Block.self), "By default what the papers use at the depth."),
    SpecField(
      "activationOrder", choice(Architecture.ActivationOrder.self),
      "Where batch norm and ReLU stand: original of 2015 (default), or the others of 2016's Fig. 4."
    ),
    SpecField(
      "shortcut", choice(Architecture.Shortcut.self),
      "By default A in CIFAR nets of basic blocks, B elsewhere; a plain net has none. The kinds "
        + "besides A, B and C multiply every block's shortcut, as in 2016's Table 1."),
    SpecField(
      "width", .number(Architecture.widths, above: false), "Multiplies every channel count; 1."),
    SpecField(
      "strideLocation", choice(Architecture.StrideLocation.self),
      "Which convolution of a bottleneck block has the stride; 3x3."),
    SpecField(
      "family", choice(Architecture.Family.self),
      "By default imagenet for its five depths, cifar for every other."),
    SpecField(
      "gateBias", .number(-100...100, above: false),
      "Where the bias of gating shortcuts starts; -6."),
    SpecField("batchNorm", .flag, "Without, convolutions have biases; true."),
    SpecField(
      "initialization", choice(Architecture.WeightInitialization.self),
      "How convolutions start; he, xavier in the textbook's net."),
    SpecField(
      "zeroInitResidual", .flag,
      "Whether the last batch norm of a residual function starts at 0; false."),
  ]

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

  private static func choice<Value: CaseIterable & RawRepresentable>(
    _ type: Value.Type
  ) -> SpecShape where Value.RawValue == String {
    .choice(Value.allCases.map(\.rawValue))
  }

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
