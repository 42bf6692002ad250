// How an experiment's protocol and nets differ from the papers', field by field.
import Specs
import Text

/// The departures of all variants of an experiment, equal ones told once, those of a field together.
public struct DepartureLedger: Sendable {
  public struct Row: Equatable, Sendable {
    public var departure: Departure
    /// The variants that have it; empty for all.
    public var variants: [String]
    /// The same in few words: `all`, `depth=110`, `resnet-20, resnet-56 and 4 more`.
    public var scope: String
  }

  public let rows: [Row]
  /// Where the papers describe what they did.
  public let sources: [String]
  private let departing: Set<String>

  /// - Parameters:
  ///   - variants: in the order of the spec.
  ///   - claims: what they refer to is what is compared with.
  public init(_ variants: [Variant], claims: [Claim]) {
    let comparison = PaperComparison(claims)
    var order: [Departure] = []
    var holders: [Departure: [Variant]] = [:]
    for variant in variants {
      for departure in comparison.departures(of: variant) {
        if holders[departure] == nil { order.append(departure) }
        holders[departure, default: []].append(variant)
      }
    }
    sources =
      variants.map { PaperProtocol.of($0, in: comparison.setting(of: $0)).source }.uniqued
    // As a protocol has them, also where a later variant is the first with a field; the net's last.
    let known = PaperProtocol.fieldNames
    let others = order.filter { !$0.isOfNet } + order.filter(\.isOfNet)
    let fields = (known + others.map(\.field)).uniqued
    rows = fields.flatMap { field in order.filter { $0.field == field } }.map { departure in
      let own = holders[departure] ?? []
      return Row(
        departure: departure, variants: own.count == variants.count ? [] : own.map(\.name),
        scope: Self.scope(own, among: variants))
    }
    departing = Set(
      holders.flatMap { departure, own in departure.isOfNet ? [] : own.map(\.name) })
  }

  /// Whether all of these variants are trained as their papers say.
  public func isPapers(_ variants: [String]) -> Bool {
    !variants.contains { departing.contains($0) }
  }

  /// The fields of the training that differ in any variant, or those of the nets.
  public func fields(ofNets: Bool) -> [String] {
    rows.filter { $0.departure.isOfNet == ofNets }.map(\.departure.field).uniqued
  }

  /// The levels of one factor that these variants have and no others, or else their names.
  private static func scope(_ own: [Variant], among all: [Variant]) -> String {
    guard own.count < all.count else { return "all" }
    let names = own.map(\.name)
    guard own.count > 1 else { return names.joined() }
    for factor in (own.first?.levels ?? []).map(\.factor) {
      let levels = own.compactMap { $0.level(of: factor)?.level }.uniqued
      let having = all.filter { $0.level(of: factor).map { levels.contains($0.level) } ?? false }
      if levels.count <= 3, having.map(\.name) == names {
        return "\(factor)=\(levels.joined(separator: ", "))"
      }
    }
    return names.listed()
  }
}
