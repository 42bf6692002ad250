// What the papers print about their nets, to stand beside what we count.
import Networks

/// The size of a published network as its source prints it.
public struct PublishedNumbers: Sendable, Equatable {
  /// As printed, such as `0.27M`; nil where the source prints none.
  public let parameters: String?
  /// Multiply-adds of one image, which the papers call FLOPs; nil where the source prints none.
  public let macs: Double?
  public let source: String

  /// The printed numbers of a net, if a paper or the textbook prints any.
  public static func of(_ architecture: Architecture) -> PublishedNumbers? {
    table[architecture.name]
  }

  private static let table: [String: PublishedNumbers] = {
    var table: [String: PublishedNumbers] = [:]
    for (depth, parameters) in [
      (20, "0.27M"), (32, "0.46M"), (44, "0.66M"), (56, "0.85M"), (110, "1.7M"), (1202, "19.4M"),
    ] {
      table["resnet-\(depth)"] = .init(
        parameters: parameters, macs: nil, source: "He et al. 2015, Table 6")
    }
    for (depth, parameters) in [(164, "1.7M"), (1001, "10.2M")] {
      table["resnet-\(depth)-preact"] = .init(
        parameters: parameters, macs: nil, source: "He et al. 2016, Table 4")
    }
    // Table 1 has the stride on the first 1x1; the basic nets of its time had option A shortcuts.
    for (depth, macs, suffix) in [
      (18, 1.8e9, ""), (34, 3.6e9, ""), (50, 3.8e9, "-stride=1x1"), (101, 7.6e9, "-stride=1x1"),
      (152, 11.3e9, "-stride=1x1"),
    ] {
      table["resnet-\(depth)\(suffix)"] = .init(
        parameters: nil, macs: macs, source: "He et al. 2015, Table 1")
    }
    return table
  }()
}
