// Which convolution is carried out how: the rules, in the order in which they are asked.
import Foundation
import Numerics

/// The ways of carrying out a convolution.
enum ConvolutionMethod: String, CaseIterable {
  case stagedWinograd
  case stagedPanels
  case winograd
  case panels

  /// One line of the table: the method is taken where it applies and none above it does.
  struct Rule {
    let method: ConvolutionMethod
    let applies: @Sendable (ConvolutionGeometry) -> Bool
  }

  /// Rules by shape alone, never by measurement, so that results stay reproducible.
  static let rules = [
    // Many weights: several images go through a block of them while it is in cache.
    Rule(method: .stagedWinograd) { $0.hasManyWeights && $0.hasTiles },
    Rule(method: .stagedPanels) { $0.hasManyWeights },
    // 2.25 times fewer multiplications. With fewer channels the transforms cost what they save.
    Rule(method: .winograd) { $0.hasTiles && $0.channels { (32...128).contains($0) } },
    // Everything else, such as first layers, few channels, 1×1 and strides.
    Rule(method: .panels) { _ in true },
  ]

  /// The method of the first rule that applies.
  /// - Parameters:
  ///   - precision: Winograd's transforms lose too much of what bf16 has.
  ///   - allowsWinograd: whether Winograd's methods are asked for at all.
  static func chosen(
    for geometry: ConvolutionGeometry, precision: Precision = .fp32,
    allowsWinograd: Bool = Self.allowsWinograd
  ) -> ConvolutionMethod {
    let allowsWinograd = allowsWinograd && precision == .fp32
    let rule = rules.first {
      (allowsWinograd || !$0.method.isWinograd) && $0.applies(geometry)
    }
    return rule?.method ?? .panels
  }

  /// `BENCH_CONV=direct` switches Winograd's methods off.
  static let allowsWinograd = ProcessInfo.processInfo.environment["BENCH_CONV"] != "direct"

  private var isWinograd: Bool { self == .winograd || self == .stagedWinograd }
}

extension ConvolutionGeometry {
  /// From this many weights on, 640 KiB, they crowd an image out of a cache of one mebibyte.
  private static let manyWeights = 160 * 1024

  /// Whether both numbers of channels are multiples of 16 and as the condition says.
  fileprivate func channels(_ condition: (Int) -> Bool) -> Bool {
    [input.channels, output.channels].allSatisfy { $0 % 16 == 0 && condition($0) }
  }

  fileprivate var hasManyWeights: Bool { weightCount >= Self.manyWeights && channels { _ in true } }

  /// Whether Winograd's tiles of 2×2 outputs of a 3×3 kernel cover it.
  fileprivate var hasTiles: Bool { keepsSize && min(input.height, input.width) >= 2 }
}

/// One convolution on images of one size, prepared in the way that the rules say.
enum ConvolutionKernel {
  /// Image by image, each thread with images of its own.
  case perImage(any ConvolutionAlgorithm)
  /// Several images at once, all threads together.
  case staged(any StagedConvolution)

  init(_ parameters: ConvolutionParameters, input: ImageShape, arithmetic: Arithmetic = .fp32) {
    let geometry = ConvolutionGeometry(parameters, input: input)
    switch ConvolutionMethod.chosen(for: geometry, precision: arithmetic.precision) {
    case .stagedPanels: self = .staged(StagedPanels(geometry, arithmetic))
    case .panels: self = .perImage(PanelConvolution(geometry, arithmetic))
    case .stagedWinograd: self = .staged(StagedWinograd(geometry))
    case .winograd: self = .perImage(WinogradConvolution(geometry))
    }
  }

  var staged: (any StagedConvolution)? {
    if case .staged(let staged) = self { staged } else { nil }
  }

  var perImage: (any ConvolutionAlgorithm)? {
    if case .perImage(let algorithm) = self { algorithm } else { nil }
  }

  /// How the input has to be padded.
  var paddedInput: PaddedShape {
    switch self {
    case .perImage(let algorithm): algorithm.paddedInput
    case .staged(let staged): staged.paddedInput
    }
  }

  /// How the output's gradient has to be padded.
  var paddedGradient: PaddedShape {
    switch self {
    case .perImage(let algorithm): algorithm.paddedGradient
    case .staged(let staged): staged.paddedGradient
    }
  }

  /// Numbers of working memory that a thread needs.
  var workspaceCount: Int {
    switch self {
    case .perImage(let algorithm): algorithm.workspaceCount
    case .staged(let staged): staged.workspaceCount
    }
  }
}
