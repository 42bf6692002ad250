// All fields of an architecture, each described once.

extension ArchitectureField {
  /// In the order in which levels are stored; a new field is the last.
  package static let all = [
    network, depth, block, activationOrder, shortcut, width, strideLocation, family, gateBias,
    batchNorm, initialization, zeroInitResidual,
  ]

  /// In the order of a name's parts.
  static let inNames = leading([
    family, block, activationOrder, shortcut, gateBias, strideLocation,
  ])

  /// In the order of a ledger of departures from the papers.
  package static let inLedgers = leading([
    family, depth, width, batchNorm, initialization, zeroInitResidual,
  ])

  /// These fields, then the others.
  private static func leading(_ first: [ArchitectureField]) -> [ArchitectureField] {
    first + all.filter { field in !first.contains { $0.key == field.key } }
  }

  // MARK: The fields

  private static let network = ArchitectureField(
    "network", \.network, { $0.network }, .choice(of: Architecture.Network.self),
    "Without or with shortcuts; residual where it is left out.", name: nil, storage: .always)

  private static let depth = ArchitectureField(
    "depth", \.depth, { $0.depth }, .integer(Architecture.depths),
    "Weighted layers: 6n+2 or 9n+2 (bottleneck) in the CIFAR family, 18, 34, 50, 101 or 152 in "
      + "ImageNet's.",
    name: nil, storage: .always,
    ledger: .entry("depth") { net, papers in
      papers.depths.isEmpty || papers.depths.contains(net.depth)
        ? .integer(net.depth) : .text(papers.depths.map(String.init).joined(separator: ", "))
    })

  private static let block = ArchitectureField(
    "block", \.block, { $0.block }, .choice(of: Architecture.Block.self),
    "By default what the papers use at the depth.",
    name: .words(of: Architecture.Block.self), storage: .always)

  private static let activationOrder = ArchitectureField(
    "activationOrder", \.activationOrder, { $0.activationOrder },
    .choice(of: Architecture.ActivationOrder.self),
    "Where batch norm and ReLU stand: original of 2015 (default), or the others of 2016's Fig. 4.",
    name: NamePart(
      words: [("preact", Architecture.ActivationOrder.pre.fieldValue)], label: "order"),
    storage: .always)

  private static let shortcut = ArchitectureField(
    "shortcut", \.shortcut, { $0.shortcut }, .choice(of: Architecture.Shortcut.self),
    "By default A in CIFAR nets of basic blocks, B elsewhere; a plain net has none. The kinds "
      + "besides A, B and C multiply every block's shortcut, as in 2016's Table 1.",
    name: .label("shortcut"), storage: .always)

  private static let width = ArchitectureField(
    "width", \.width, { $0.width }, .number(Architecture.widths),
    "Multiplies every channel count; 1.",
    name: .label("width"), storage: .always, ledger: .entry("width", papers: 1.0))

  private static let strideLocation = ArchitectureField(
    "strideLocation", \.strideLocation, { $0.strideLocation },
    .choice(of: Architecture.StrideLocation.self),
    "Which convolution of a bottleneck block has the stride; 3x3.",
    name: .label("stride"), storage: .always,
    ledger: .entry("stride of a bottleneck") { net, papers in
      let isPublished = papers.family == .imagenet && net.block == .bottleneck
      return (isPublished ? .first1x1 : net.strideLocation).fieldValue
    })

  private static let family = ArchitectureField(
    "family", \.family, { $0.family }, .choice(of: Architecture.Family.self),
    "By default imagenet for its five depths, cifar for every other.",
    name: .words(of: Architecture.Family.self), storage: .always,
    ledger: .entry("family") { _, papers in papers.family.fieldValue })

  private static let gateBias = ArchitectureField(
    "gateBias", \.gateBias, { $0.gateBias }, .number(Architecture.gateBiases),
    "Where the bias of gating shortcuts starts; -6.",
    name: .label("gateBias"), storage: .unlessNone)

  private static let batchNorm = ArchitectureField(
    "batchNorm", \.batchNorm, { $0.batchNorm }, .flag,
    "Without, convolutions have biases; true.",
    name: .word("nonorm", for: false), ledger: .entry("batch norm", papers: true))

  private static let initialization = ArchitectureField(
    "initialization", \.initialization, { $0.initialization },
    .choice(of: Architecture.WeightInitialization.self),
    "How convolutions start; he, xavier in the textbook's net.",
    name: .label("init"),
    ledger: .entry("initialisation") { _, papers in
      Architecture.defaultInitialization(family: papers.family).fieldValue
    })

  private static let zeroInitResidual = ArchitectureField(
    "zeroInitResidual", \.zeroInitResidual, { $0.zeroInitResidual }, .flag,
    "Whether the last batch norm of a residual function starts at 0; false.",
    name: .word("zeroinit", for: true),
    ledger: .entry("last norm of a block starts at zero", papers: false))
}
