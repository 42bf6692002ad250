// The one grammar of variant names: written here, read here.

extension Architecture {
  /// The variant's name: `plain-56`, `resnet-20`, `resnet-110-preact`, `resnet-34-shortcut=C`.
  ///
  /// Grammar: `(plain|resnet)-DEPTH`, then in this order, each left out where it is the default:
  /// `-cifar` | `-textbook`, `-basic` | `-bottleneck`, `-preact` | `-order=ORDER`,
  /// `-shortcut=A|B|C|KIND`, `-gateBias=NUMBER`, `-stride=1x1`, `-width=NUMBER`, `-nonorm`,
  /// `-init=START`, `-zeroinit`; ORDER, KIND and START are raw values of `ActivationOrder`,
  /// `Shortcut` and `WeightInitialization`.
  public var name: String {
    var parts = [network == .plain ? "plain" : "resnet", String(depth)]
    if family != Self.defaultFamily(depth: depth) { parts.append(family.rawValue) }
    if block != Self.defaultBlock(family: family, depth: depth) { parts.append(block.rawValue) }
    switch activationOrder {
    case .original: break
    case .pre: parts.append("preact")
    default: parts.append("order=\(activationOrder.rawValue)")
    }
    if let shortcut, shortcut != Self.defaultShortcut(family: family, block: block) {
      parts.append("shortcut=\(shortcut.rawValue)")
    }
    if let gateBias, gateBias != Self.defaultGateBias {
      parts.append("gateBias=\(Self.text(gateBias))")
    }
    if strideLocation != .middle3x3 { parts.append("stride=\(strideLocation.rawValue)") }
    if width != 1 { parts.append("width=\(Self.text(width))") }
    if !batchNorm { parts.append("nonorm") }
    if initialization != Self.defaultInitialization(family: family) {
      parts.append("init=\(initialization.rawValue)")
    }
    if zeroInitResidual { parts.append("zeroinit") }
    return parts.joined(separator: "-")
  }

  private static func text(_ number: Double) -> String {
    number == number.rounded() ? String(Int(number)) : String(number)
  }

  /// The parts of a name; a minus behind an equals sign is a number's.
  private static func parts(of name: String) -> [String] {
    var parts: [String] = []
    for part in name.split(separator: "-", omittingEmptySubsequences: false).map(String.init) {
      if let last = parts.last, last.hasSuffix("=") {
        parts[parts.count - 1] = "\(last)-\(part)"
      } else {
        parts.append(part)
      }
    }
    return parts
  }

  /// Reads a name of the grammar above; parts may come in any order.
  /// - Throws: `ArchitectureError` naming the part that is not understood.
  public init(name: String) throws(ArchitectureError) {
    let parts = Self.parts(of: name)
    guard parts.count >= 2, let network = ["plain": Network.plain, "resnet": .residual][parts[0]],
      let depth = Int(parts[1])
    else {
      throw ArchitectureError(
        "'\(name)' is not a network name; it starts like plain-56, resnet-20 or resnet-18")
    }
    var family: Family?
    var block: Block?
    var order = ActivationOrder.original
    var shortcut: Shortcut?
    var stride: StrideLocation?
    var width = 1.0
    var gateBias: Double?
    var batchNorm = true
    var initialization: WeightInitialization?
    var zeroInitResidual = false
    for part in parts.dropFirst(2) {
      let pair = part.split(separator: "=", maxSplits: 1).map(String.init)
      switch (pair.first, pair.count == 2 ? pair[1] : nil) {
      case ("cifar", nil): family = .cifar
      case ("imagenet", nil): family = .imagenet
      case ("textbook", nil): family = .textbook
      case ("basic", nil): block = .basic
      case ("bottleneck", nil): block = .bottleneck
      case ("preact", nil): order = .pre
      case ("order", let value?) where ActivationOrder(rawValue: value) != nil:
        order = ActivationOrder(rawValue: value) ?? .original
      case ("gateBias", let value?) where Double(value) != nil: gateBias = Double(value)
      case ("nonorm", nil): batchNorm = false
      case ("init", let value?) where WeightInitialization(rawValue: value) != nil:
        initialization = WeightInitialization(rawValue: value)
      case ("zeroinit", nil): zeroInitResidual = true
      case ("shortcut", let value?) where Shortcut(rawValue: value) != nil:
        shortcut = Shortcut(rawValue: value)
      case ("stride", let value?) where StrideLocation(rawValue: value) != nil:
        stride = StrideLocation(rawValue: value)
      case ("width", let value?) where Double(value) != nil: width = Double(value) ?? 1
      default:
        throw ArchitectureError(
          "'\(part)' in '\(name)' is not understood; allowed are cifar, imagenet, textbook, basic, "
            + "bottleneck, preact, order=\(Self.choices(ActivationOrder.self)), "
            + "shortcut=\(Self.choices(Shortcut.self)), gateBias=NUMBER, stride=1x1|3x3, "
            + "width=NUMBER, nonorm, init=\(Self.choices(WeightInitialization.self)), zeroinit")
      }
    }
    try self.init(
      network: network, depth: depth, family: family, block: block, activationOrder: order,
      shortcut: shortcut, strideLocation: stride, width: width, gateBias: gateBias,
      batchNorm: batchNorm, initialization: initialization, zeroInitResidual: zeroInitResidual)
  }

  private static func choices<Value: CaseIterable & RawRepresentable<String>>(
    _ type: Value.Type
  ) -> String {
    Value.allCases.map(\.rawValue).joined(separator: "|")
  }
}
