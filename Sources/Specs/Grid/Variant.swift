// One allowed combination of levels, resolved: what is trained, but for the seed.
import Crypto
import Networks
import Text

/// A factor with its level, as text and, where it is a number, as one.
public struct FactorLevel: Hashable, Sendable {
  public var factor: String
  public var level: String
  public var numeric: Double?

  public init(factor: String, level: String, numeric: Double? = nil) {
    self.factor = factor
    self.level = level
    self.numeric = numeric
  }

  /// `depth=56`
  public var text: String { "\(factor)=\(level)" }
}

/// One network under one protocol. The seed is never part of it.
public struct Variant: Hashable, Sendable {
  /// `Architecture.name`, then `-key=level` for each factor of the protocol, in the grammar's order.
  public let name: String
  public let architecture: Architecture
  public let trainingProtocol: TrainingProtocol
  /// The weights it starts with in place of random ones; nil for random ones.
  public let initialWeights: InitialWeights?
  /// Every factor of the architecture, also those at their defaults, then the fields of the protocol
  /// that are factors of the experiment.
  public let levels: [FactorLevel]
  /// Those of the protocol that made this variant.
  package let protocolLevels: [FactorLevel]
  /// Architecture and protocol with every field, and the checksum of the initial weights where
  /// there are any; canonical JSON.
  public let configurationJSON: String
  /// SHA-256 of `configurationJSON`, hexadecimal.
  public let configurationHash: String

  /// - Parameters:
  ///   - protocolLevels: the levels of those protocol fields that are factors of this variant.
  ///   - otherFactors: protocol fields that are factors of other variants of the experiment only:
  ///     their levels here are told, but are no part of the name.
  public init(
    architecture: Architecture, trainingProtocol: TrainingProtocol,
    protocolLevels: [FactorLevel] = [], otherFactors: [String] = [],
    initialWeights: InitialWeights? = nil
  ) {
    let order = SpecGrammar.protocolFactors.map(\.key)
    func sort(_ levels: [FactorLevel]) -> [FactorLevel] {
      levels.sorted {
        (order.firstIndex(of: $0.factor) ?? 0) < (order.firstIndex(of: $1.factor) ?? 0)
      }
    }
    name = ([architecture.name] + sort(protocolLevels).map(\.text)).joined(separator: "-")
    self.protocolLevels = sort(protocolLevels)
    self.architecture = architecture
    self.trainingProtocol = trainingProtocol
    self.initialWeights = initialWeights
    let others = otherFactors.filter { factor in !protocolLevels.contains { $0.factor == factor } }
    levels =
      architecture.levels
      + sort(protocolLevels + others.map { trainingProtocol.level(of: $0) })
    var configuration = [
      "architecture": architecture.canonicalJSON, "protocol": trainingProtocol.canonicalJSON,
    ]
    if let initialWeights {
      configuration["initialWeights"] = .text(initialWeights.sha256)
      if initialWeights.newHead { configuration["newHead"] = .flag(true) }
    }
    configurationJSON = CanonicalJSON.object(configuration).text
    configurationHash = sha256(configurationJSON)
  }

  /// The level of one factor; nil where it is no factor of this variant.
  public func level(of factor: String) -> FactorLevel? { levels.first { $0.factor == factor } }
}
