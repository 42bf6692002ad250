// Which experiment of which paper a reference such as `He et al. 2015, Table 6` means.
import Networks
import Specs
import Text

/// The papers' experiments, each with one protocol.
public enum PaperSetting: CaseIterable, Hashable, Sendable {
  /// He et al. 2015, section 4.2.
  case cifar2015
  /// He et al. 2016, appendix.
  case cifar2016
  /// He et al. 2015, sections 3.4 and 4.1.
  case imageNet2015
  /// Dive into Deep Learning, Residual Networks.
  case textbook

  /// Whose nets were trained there.
  public var family: Architecture.Family {
    switch self {
    case .cifar2015, .cifar2016: .cifar
    case .imageNet2015: .imagenet
    case .textbook: .textbook
    }
  }

  /// Where a net of this kind was published.
  public init(of architecture: Architecture) {
    switch architecture.family {
    case .imagenet: self = .imageNet2015
    case .textbook: self = .textbook
    case .cifar:
      // On CIFAR, 2015 has the original order, basic blocks and the shortcuts that change sizes.
      let isOf2015 =
        architecture.activationOrder == .original && architecture.block == .basic
        && [nil, .zeroPadding, .projectionOnChange].contains(architecture.shortcut)
      self = isOf2015 ? .cifar2015 : .cifar2016
    }
  }
}

/// A place in a paper: its experiment, and the depths that stand there.
public struct PaperCitation: Hashable, Sendable {
  public var setting: PaperSetting
  /// Of the nets of a table or figure; empty of a section.
  public var depths: [Int]

  /// - Parameter source: as claims name it; nil of other sources than the papers.
  public init?(_ source: String) {
    guard let found = Self.known.first(where: { source.hasPrefix($0.prefix) }) else { return nil }
    setting = found.setting
    depths = found.depths
  }

  /// Longer ones before those that they begin with.
  private static let known: [(prefix: String, setting: PaperSetting, depths: [Int])] = [
    ("He et al. 2015, Table 1", .imageNet2015, [18, 34, 50, 101, 152]),
    ("He et al. 2015, Table 2", .imageNet2015, [18, 34]),
    ("He et al. 2015, Table 3", .imageNet2015, [34, 50, 101, 152]),
    ("He et al. 2015, Table 4", .imageNet2015, [34, 50, 101, 152]),
    ("He et al. 2015, section 3", .imageNet2015, []),
    ("He et al. 2015, section 4.1", .imageNet2015, []),
    ("He et al. 2015, Table 6", .cifar2015, [20, 32, 44, 56, 110, 1202]),
    ("He et al. 2015, Figure 6", .cifar2015, [20, 32, 44, 56, 110]),
    ("He et al. 2015, Figure 7", .cifar2015, []),
    ("He et al. 2015, section 4.2", .cifar2015, []),
    ("He et al. 2016, Table 1", .cifar2016, [110]),
    ("He et al. 2016, Table 2", .cifar2016, [110, 164]),
    ("He et al. 2016, Table 3", .cifar2016, [110, 164, 1001]),
    ("He et al. 2016, Table 4", .cifar2016, [164, 1001]),
    ("He et al. 2016, appendix", .cifar2016, []),
    ("Dive into Deep Learning, Residual Networks", .textbook, [18]),
    ("Dive into Deep Learning, Java edition", .textbook, [18]),
  ]
}

/// What each variant of an experiment is compared with: where its claims say that the paper did the
/// same.
public struct PaperComparison: Sendable {
  private let ofVariant: [String: [PaperCitation]]
  private let ofSpec: [PaperCitation]

  public init(_ claims: [Claim]) {
    var ofVariant: [String: [PaperCitation]] = [:]
    var ofSpec: [PaperCitation] = []
    for claim in claims {
      guard let citation = claim.reference.flatMap({ PaperCitation($0.source) }) else { continue }
      ofSpec.append(citation)
      for variant in claim.variants { ofVariant[variant, default: []].append(citation) }
    }
    self.ofVariant = ofVariant
    self.ofSpec = ofSpec
  }

  /// The setting that a variant's claims cite, or else the spec's, where possible one with nets of
  /// this family; where nothing is cited, the one that published such nets.
  public func setting(of variant: Variant) -> PaperSetting {
    let own = ofVariant[variant.name] ?? []
    let candidates = own + ofSpec
    let alike = candidates.first { $0.setting.family == variant.architecture.family }
    return (alike ?? candidates.first)?.setting ?? PaperSetting(of: variant.architecture)
  }

  /// The fields in which a variant differs from what it is compared with, those of the net last.
  public func departures(of variant: Variant) -> [Departure] {
    let setting = setting(of: variant)
    let own = (ofVariant[variant.name] ?? []).filter { $0.setting == setting }
    let cited = own.isEmpty ? ofSpec.filter { $0.setting == setting } : own
    // A section means all of its nets.
    let depths = cited.contains { $0.depths.isEmpty } ? [] : Set(cited.flatMap(\.depths)).sorted()
    return variant.departures(from: PaperProtocol.of(variant, in: setting))
      + variant.architecture.departures(from: setting, depths: depths)
  }
}

extension Architecture {
  /// The fields in which this net differs from those of a paper's experiment. What the papers vary
  /// themselves, such as shortcuts, is no departure.
  /// - Parameter depths: of the paper's nets; empty where every depth counts.
  func departures(from setting: PaperSetting, depths: [Int]) -> [Departure] {
    let nets = PublishedNets(family: setting.family, depths: depths)
    return ArchitectureField.inLedgers.compactMap { field in
      guard let entry = field.ledger else { return nil }
      let (ours, papers) = (field.value(of: self), entry.papers(self, nets))
      return ours == papers
        ? nil
        : Departure(field: entry.label, ours: ours.words, papers: papers.words, isOfNet: true)
    }
  }
}
