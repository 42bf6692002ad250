// One variant of the network family, as a value.

/// A residual network or its plain counterpart: everything that names a variant, nothing allocated.
///
/// The initializer refuses what cannot exist, so every value of this type can be built. Input size
/// and class count belong to the data and are given when the graph is made (`graph(input:classes:)`).
public struct Architecture: Hashable, Sendable {
  /// Which of the published layouts the net follows.
  public enum Family: String, CaseIterable, ArchitectureFieldType {
    /// Three stages of 16, 32, 64 channels behind a 3×3 stem (He et al. 2015, section 4.2).
    case cifar
    /// Four stages of 64…512 channels behind a 7×7 stem and max pooling (He et al. 2015, Table 1).
    case imagenet
    /// The textbook's ResNet-18: convolutions with bias, shortcut projection without batch norm,
    /// Xavier initialisation (Dive into Deep Learning, section 7.6).
    case textbook
  }

  /// With shortcuts or without.
  public enum Network: String, CaseIterable, ArchitectureFieldType {
    case plain
    case residual
  }

  /// What one residual block is made of.
  public enum Block: String, CaseIterable, ArchitectureFieldType {
    /// Two 3×3 convolutions.
    case basic
    /// 1×1, 3×3, 1×1 with four times as many output channels.
    case bottleneck

    /// Output channels over the stage's width.
    public var expansion: Int { self == .basic ? 1 : 4 }
  }

  /// Where batch norm and ReLU stand (He et al. 2016, Fig. 4).
  public enum ActivationOrder: String, CaseIterable, ArchitectureFieldType {
    /// Convolution, batch norm, ReLU; the last ReLU after the sum (He et al. 2015).
    case original
    /// As the original, with the last batch norm after the sum too.
    case normAfterAddition
    /// As the original, with the last ReLU before the sum.
    case reluBeforeAddition
    /// ReLU, convolution, batch norm; a clean sum.
    case reluOnlyPre
    /// Batch norm, ReLU, convolution; a clean sum.
    case pre

    /// Whether it means anything where nothing is added.
    var appliesToPlain: Bool { self != .normAfterAddition && self != .reluBeforeAddition }
  }

  /// What a shortcut does: how it changes size (He et al. 2015, section 4.1), or with what it is
  /// multiplied in every block (He et al. 2016, Table 1), where the size changes as in A.
  public enum Shortcut: String, CaseIterable, ArchitectureFieldType {
    /// Every second pixel, new channels zero; no parameters.
    case zeroPadding = "A"
    /// A 1×1 projection where the size changes, identity elsewhere.
    case projectionOnChange = "B"
    /// A 1×1 projection in every block.
    case projectionAlways = "C"
    /// Times 0.5.
    case scaling
    /// The shortcut and the residual function times 0.5.
    case scalingBoth
    /// The residual function times g(x), the shortcut times 1 − g(x), with g the sigmoid of a 1×1
    /// convolution of the block's input.
    case exclusiveGating
    /// The shortcut times 1 − g(x).
    case shortcutGating
    /// Dropout at a rate of 0.5, without making up for it.
    case dropout

    /// Whether it has a gate.
    public var isGating: Bool { self == .exclusiveGating || self == .shortcutGating }
  }

  /// How convolutions start.
  public enum WeightInitialization: String, CaseIterable, ArchitectureFieldType {
    /// Normal with variance 2 / fan-in (He et al. 2015b).
    case he
    /// Uniform within ±√(6 / (fan-in + fan-out)) (Glorot & Bengio 2010).
    case xavier
    /// Uniform within ±1/√fan-in.
    case uniform
  }

  /// Which convolution of a bottleneck block has the stride.
  public enum StrideLocation: String, CaseIterable, ArchitectureFieldType {
    /// The first 1×1, as in the paper's Table 1.
    case first1x1 = "1x1"
    /// The 3×3, as in fb.resnet.torch and torchvision ("v1.5").
    case middle3x3 = "3x3"
  }

  public let family: Family
  public let network: Network
  /// Weighted layers as the papers count them.
  public let depth: Int
  public let block: Block
  public let activationOrder: ActivationOrder
  /// Nil in a plain net.
  public let shortcut: Shortcut?
  public let strideLocation: StrideLocation
  /// Multiplies every channel count.
  public let width: Double
  /// Where the bias of a gate starts; nil where there is none.
  public let gateBias: Double?
  /// Without, convolutions have biases instead.
  public let batchNorm: Bool
  public let initialization: WeightInitialization
  /// Whether the last batch norm of every residual function starts with a scale of 0, so that
  /// blocks start as identities.
  public let zeroInitResidual: Bool

  /// What is asked of a net; nil is the default, which follows from the other fields.
  package struct Choices: Hashable, Sendable {
    package static let defaults = Choices()

    /// Residual by default.
    var network: Network?
    /// 6n+2 (basic) or 9n+2 (bottleneck) in the CIFAR family, 18/34/50/101/152 in ImageNet's; it has
    /// no default.
    var depth: Int?
    /// By default what the papers use at this depth.
    var block: Block?
    /// By default the original one of 2015.
    var activationOrder: ActivationOrder?
    /// By default A in CIFAR nets of basic blocks, B elsewhere, none in a plain net.
    var shortcut: Shortcut?
    /// Within `widths`, by default 1.
    var width: Double?
    /// By default the 3×3 of a bottleneck block.
    var strideLocation: StrideLocation?
    /// By default ImageNet's for its five depths, CIFAR's for every other.
    var family: Family?
    /// Within `gateBiases`, by default -6 where there are gates.
    var gateBias: Double?
    /// True by default.
    var batchNorm: Bool?
    /// By default He's, Xavier's in the textbook's net.
    var initialization: WeightInitialization?
    /// False by default.
    var zeroInitResidual: Bool?
  }

  /// Fills in the defaults.
  /// - Throws: `ArchitectureError` with the reason, where the combination cannot exist.
  package init(_ choices: Choices) throws(ArchitectureError) {
    let depth = choices.depth ?? 0
    guard Self.depths.contains(depth) else {
      throw ArchitectureError(
        "depth \(depth) is not between \(Self.depths.lowerBound) and \(Self.depths.upperBound)")
    }
    self.depth = depth
    network = choices.network ?? .residual
    family = choices.family ?? Self.defaultFamily(depth: depth)
    block = choices.block ?? Self.defaultBlock(family: family, depth: depth)
    activationOrder = choices.activationOrder ?? .original
    shortcut =
      network == .plain
      ? nil : choices.shortcut ?? Self.defaultShortcut(family: family, block: block)
    strideLocation = choices.strideLocation ?? .middle3x3
    width = choices.width ?? 1
    gateBias = shortcut?.isGating == true ? choices.gateBias ?? Self.defaultGateBias : nil
    batchNorm = choices.batchNorm ?? true
    initialization = choices.initialization ?? Self.defaultInitialization(family: family)
    zeroInitResidual = choices.zeroInitResidual ?? false

    try checkDepth()
    guard Self.widths.contains(width) else {
      throw ArchitectureError(
        "width \(width) is not between \(Self.widths.lowerBound) and \(Self.widths.upperBound)")
    }
    if family == .textbook {
      guard network == .residual, activationOrder == .original, batchNorm,
        shortcut == .projectionOnChange
      else {
        throw ArchitectureError(
          "the textbook's net is a residual one in the original activation order with shortcut B "
            + "and batch norm")
      }
    }
    try checkPlain(shortcut: choices.shortcut)
    if let bias = choices.gateBias {
      guard gateBias != nil else {
        throw ArchitectureError(
          "gateBias belongs to the shortcuts exclusiveGating and shortcutGating only")
      }
      guard Self.gateBiases.contains(bias) else {
        throw ArchitectureError("gateBias \(bias) is not between -100 and 100")
      }
    }
    if zeroInitResidual,
      !batchNorm || activationOrder == .pre || activationOrder == .normAfterAddition
    {
      throw ArchitectureError(
        "zeroInitResidual needs a batch norm at the end of each residual function; "
          + "activationOrder \(activationOrder.rawValue)\(batchNorm ? "" : " without batch norm") "
          + "has none there")
    }
    if block == .basic, strideLocation == .first1x1 {
      throw ArchitectureError(
        "a basic block has no 1x1 convolution, so strideLocation 1x1 does not apply to it")
    }
  }

  /// - Parameter shortcut: what is asked for, in a plain net too.
  private func checkPlain(shortcut: Shortcut?) throws(ArchitectureError) {
    guard network == .plain else { return }
    if let shortcut {
      throw ArchitectureError(
        "a plain net has no shortcut, so shortcut \(shortcut.rawValue) does not apply to it")
    }
    if !activationOrder.appliesToPlain {
      throw ArchitectureError(
        "a plain net has no addition, so activationOrder \(activationOrder.rawValue) does not apply "
          + "to it")
    }
    if zeroInitResidual {
      throw ArchitectureError(
        "a plain net whose batch norms start at 0 computes nothing; zeroInitResidual is for "
          + "residual nets")
    }
  }

  /// Blocks in each stage: three stages in the CIFAR family, four in ImageNet's.
  public var blockCounts: [Int] {
    switch family {
    case .cifar:
      let n = (depth - 2) / (block == .basic ? 6 : 9)
      return [n, n, n]
    case .imagenet, .textbook:
      return Self.imageNetBlockCounts[depth] ?? []
    }
  }

  /// Channels inside each stage's blocks, before the block's expansion.
  public var stageWidths: [Int] {
    let base = family == .cifar ? [16, 32, 64] : [64, 128, 256, 512]
    return base.map { max(1, Int((Double($0) * width).rounded())) }
  }

  static let depths = 1...100_000

  /// Channel multipliers. With the lowest, every stage has a single channel.
  public static let widths = 0.001...64.0

  static let imageNetBlockCounts = [
    18: [2, 2, 2, 2], 34: [3, 4, 6, 3], 50: [3, 4, 6, 3], 101: [3, 4, 23, 3], 152: [3, 8, 36, 3],
  ]

  static let gateBiases = -100.0...100.0

  /// The value of He et al. 2016 with the least error.
  static let defaultGateBias = -6.0

  static func defaultInitialization(family: Family) -> WeightInitialization {
    family == .textbook ? .xavier : .he
  }

  static func defaultFamily(depth: Int) -> Family {
    imageNetBlockCounts[depth] == nil ? .cifar : .imagenet
  }

  static func defaultBlock(family: Family, depth: Int) -> Block {
    switch family {
    case .imagenet, .textbook: return depth < 50 ? .basic : .bottleneck
    case .cifar:
      // 164 is of both kinds; He et al. 2016 use bottleneck blocks there.
      let isBottleneck = (depth - 2) % 9 == 0 && (depth == 164 || (depth - 2) % 6 != 0)
      return isBottleneck ? .bottleneck : .basic
    }
  }

  static func defaultShortcut(family: Family, block: Block) -> Shortcut {
    family == .cifar && block == .basic ? .zeroPadding : .projectionOnChange
  }

  private func checkDepth() throws(ArchitectureError) {
    switch family {
    case .cifar:
      let period = block == .basic ? 6 : 9
      guard depth > 2, (depth - 2) % period == 0 else {
        let below = max(1, (depth - 2) / period) * period + 2
        throw ArchitectureError(
          "a CIFAR net of \(block.rawValue) blocks has \(period)n+2 layers, not \(depth); "
            + "the nearest are \(below) and \(below + period)")
      }
    case .imagenet:
      guard Self.imageNetBlockCounts[depth] != nil else {
        throw ArchitectureError("an ImageNet net has 18, 34, 50, 101 or 152 layers, not \(depth)")
      }
      guard block == (depth < 50 ? .basic : .bottleneck) else {
        throw ArchitectureError(
          "the ImageNet net of \(depth) layers is made of \(depth < 50 ? "basic" : "bottleneck") "
            + "blocks, not \(block.rawValue) ones")
      }
    case .textbook:
      guard depth == 18, block == .basic else {
        throw ArchitectureError("the textbook's net has 18 layers in basic blocks")
      }
    }
  }
}

/// Why a network cannot exist.
public struct ArchitectureError: Error, Equatable, CustomStringConvertible {
  public let description: String
  public init(_ description: String) { self.description = description }
}
