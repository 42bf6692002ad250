// How an experiment's protocol differs from the papers', field by field.
import Experiments

/// The deviations of all variants of an experiment, equal ones told once.
public struct DeviationLedger: Sendable {
  public struct Row: Equatable, Sendable {
    public var deviation: Deviation
    /// The variants that have it; empty for all.
    public var variants: [String]
  }

  public let rows: [Row]
  /// Where the papers describe what they did.
  public let sources: [String]
  private let deviating: Set<String>

  /// - Parameter variants: in the order of the spec.
  public init(_ variants: [Variant]) {
    var order: [Deviation] = []
    var holders: [Deviation: [String]] = [:]
    var sources: [String] = []
    for variant in variants {
      let source = variant.paperProtocol.source
      if !sources.contains(source) { sources.append(source) }
      for deviation in variant.deviations {
        if holders[deviation] == nil { order.append(deviation) }
        holders[deviation, default: []].append(variant.name)
      }
    }
    rows = order.map { deviation in
      let names = holders[deviation] ?? []
      return Row(deviation: deviation, variants: names.count == variants.count ? [] : names)
    }
    self.sources = sources
    deviating = Set(holders.values.joined())
  }

  /// Whether all of these variants are trained as their papers say.
  public func isPapers(_ variants: [String]) -> Bool {
    !variants.contains { deviating.contains($0) }
  }

  /// Fields that differ in any variant.
  public var fieldCount: Int { Set(rows.map(\.deviation.field)).count }
}
