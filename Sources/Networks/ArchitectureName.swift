// The one grammar of variant names: written here, read here.

extension Architecture {
  /// The variant's name: `plain-56`, `resnet-20`, `resnet-110-preact`, `resnet-34-shortcut=C`.
  ///
  /// Grammar: `(plain|resnet)-DEPTH`, then in this order, each left out where it is the default:
  /// `-cifar` | `-textbook`, `-basic` | `-bottleneck`, `-preact`, `-shortcut=A|B|C`,
  /// `-stride=1x1`, `-width=NUMBER`.
  public var name: String {
    var parts = [network == .plain ? "plain" : "resnet", String(depth)]
    if family != Self.defaultFamily(depth: depth) { parts.append(family.rawValue) }
    if block != Self.defaultBlock(family: family, depth: depth) { parts.append(block.rawValue) }
    if activationOrder == .pre { parts.append("preact") }
    if let shortcut, shortcut != Self.defaultShortcut(family: family, block: block) {
      parts.append("shortcut=\(shortcut.rawValue)")
    }
    if strideLocation != .middle3x3 { parts.append("stride=\(strideLocation.rawValue)") }
    if width != 1 {
      parts.append("width=\(width == width.rounded() ? String(Int(width)) : String(width))")
    }
    return parts.joined(separator: "-")
  }

  /// Reads a name of the grammar above; parts may come in any order.
  /// - Throws: `ArchitectureError` naming the part that is not understood.
  public init(name: String) throws(ArchitectureError) {
    let parts = name.split(separator: "-", omittingEmptySubsequences: false).map(String.init)
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
    for part in parts.dropFirst(2) {
      let pair = part.split(separator: "=", maxSplits: 1).map(String.init)
      switch (pair.first, pair.count == 2 ? pair[1] : nil) {
      case ("cifar", nil): family = .cifar
      case ("imagenet", nil): family = .imagenet
      case ("textbook", nil): family = .textbook
      case ("basic", nil): block = .basic
      case ("bottleneck", nil): block = .bottleneck
      case ("preact", nil): order = .pre
      case ("shortcut", let value?) where Shortcut(rawValue: value) != nil:
        shortcut = Shortcut(rawValue: value)
      case ("stride", let value?) where StrideLocation(rawValue: value) != nil:
        stride = StrideLocation(rawValue: value)
      case ("width", let value?) where Double(value) != nil: width = Double(value) ?? 1
      default:
        throw ArchitectureError(
          "'\(part)' in '\(name)' is not understood; allowed are cifar, imagenet, textbook, basic, "
            + "bottleneck, preact, shortcut=A|B|C, stride=1x1|3x3, width=NUMBER")
      }
    }
    try self.init(
      network: network, depth: depth, family: family, block: block, activationOrder: order,
      shortcut: shortcut, strideLocation: stride, width: width)
  }
}
