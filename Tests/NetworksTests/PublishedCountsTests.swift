// Parameters and MACs of every depth against the exact arithmetic in results/paper.json.
import Foundation
import TestSupport
import Testing

@testable import Networks
@testable import Numerics
@testable import Papers

/// The rows of one table of results/paper.json.
func paperTable(_ id: String) throws -> [[String: Any]] {
  let data = try Data(contentsOf: Repository.root.appending(path: "results/paper.json"))
  let json = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
  let tables = try #require(json["tables"] as? [[String: Any]])
  let table = try #require(tables.first { $0["id"] as? String == id })
  return try #require(table["rows"] as? [[String: Any]])
}

@Suite struct PublishedCountsTests {
  private func graph(_ name: String, input: String, classes: Int) throws -> Graph {
    try Architecture(name: name).graph(input: try #require(ImageShape(input)), classes: classes)
  }

  private func check(
    _ name: String, _ row: [String: Any], parameters: String? = nil, macs: String? = nil,
    input: String = "3x32x32", classes: Int = 10,
    at location: SourceLocation = #_sourceLocation
  ) throws {
    let graph = try graph(name, input: input, classes: classes)
    if let parameters {
      let expected = try #require(row[parameters] as? Int, sourceLocation: location)
      #expect(graph.parameterCount == expected, "\(name)", sourceLocation: location)
    }
    if let macs {
      let expected = try #require(row[macs] as? Int, sourceLocation: location)
      #expect(graph.macs == expected, "\(name)", sourceLocation: location)
    }
  }

  @Test func cifarBasicNets() throws {
    let rows = try paperTable("computed.cifar_resnet")
    #expect(rows.count == 6)
    for row in rows {
      let depth = try #require(row["depth"] as? Int)
      let (a, macs) = ("params_plain_or_optionA", "forward_macs_optionA")
      try check("resnet-\(depth)", row, parameters: a, macs: macs)
      try check("plain-\(depth)", row, parameters: a, macs: macs)
      try check("resnet-\(depth)-shortcut=B", row, parameters: "params_optionB")
      try check("resnet-\(depth)-shortcut=C", row, parameters: "params_optionC")
      try check("resnet-\(depth)-preact", row, parameters: "params_preact_optionA")
      try check(
        "resnet-\(depth)", row, parameters: "params_optionA_cifar100", classes: 100)
    }
  }

  @Test func cifarBottleneckNets() throws {
    let rows = try paperTable("computed.cifar_bottleneck")
    #expect(rows.count == 4)
    for row in rows {
      let depth = try #require(row["depth"] as? Int)
      let classes = try #require(row["classes"] as? Int)
      try check(
        "resnet-\(depth)-preact", row, parameters: "params_preact_optionB", macs: "forward_macs",
        classes: classes)
      try check(
        "resnet-\(depth)", row, parameters: "params_original_optionB", macs: "forward_macs",
        classes: classes)
    }
  }

  @Test func imageNetNets() throws {
    let rows = try paperTable("computed.imagenet_resnet")
    #expect(rows.count == 5)
    for row in rows {
      let depth = try #require(row["depth"] as? Int)
      func check(_ suffix: String, _ parameters: String?, _ macs: String?) throws {
        let name = suffix == "plain" ? "plain-\(depth)" : "resnet-\(depth)\(suffix)"
        try self.check(
          name, row, parameters: parameters, macs: macs, input: "3x224x224", classes: 1000)
      }
      try check("", "params_optionB", "macs_stride_on_3x3_v15")
      try check("-shortcut=C", "params_optionC", nil)
      try check("plain", "params_plain", nil)
      if depth < 50 {
        try check("plain", nil, "macs_plain")
        try check("-shortcut=A", "params_optionA", "macs_optionA")
      } else {
        try check("-stride=1x1", "params_optionB", "macs_stride_on_1x1_v1")
        let plain = try Architecture(
          Architecture.Choices(network: .plain, depth: depth, strideLocation: .first1x1))
        let macs = try plain.graph(
          input: ImageShape(height: 224, width: 224, channels: 3), classes: 1000
        ).macs
        #expect(macs == row["macs_plain"] as? Int, "plain-\(depth)")
      }
    }
  }

  @Test func textbookNet() throws {
    let row = try #require(try paperTable("computed.d2l_resnet18").first)
    try check(
      "resnet-18-textbook", row, parameters: "params", macs: "forward_macs", input: "1x96x96")
  }

  @Test func textbookShapes() throws {
    let rows = try paperTable("textbook.shape_trace")
    let graph = try graph("resnet-18-textbook", input: "1x224x224", classes: 10)
    let trace = graph.trace
    #expect(trace.count == rows.count)
    #expect(trace.map(\.label) == rows.map { $0["layer"] as? String })
    #expect(trace.map { $0.dimensions(batch: 1) } == rows.map { $0["shape"] as? [Int] })
  }

  @Test func textbookBlocks() throws {
    for row in try paperTable("textbook.block_shapes") {
      let input = ImageShape(height: 6, width: 6, channels: 3)
      let block = try Architecture.textbookBlock(
        input: input, outputChannels: try #require(row["channels"] as? Int),
        stride: try #require(row["stride"] as? Int))
      let projects = block.nodes.contains { $0.name.contains("downsample") }
      #expect(projects == row["projection"] as? Bool)
      let layer = TracedLayer(label: "block", shape: block.nodes[block.output].shape)
      #expect(layer.dimensions(batch: 4) == row["output"] as? [Int])
    }
  }

  /// The printed sizes are ours, rounded as the source rounds.
  @Test func printedNumbersAreNearTheCounted() throws {
    for name in ["resnet-20", "resnet-110", "resnet-1202", "resnet-164-preact"] {
      let published = try #require(PublishedNumbers.of(try Architecture(name: name)))
      let text = try #require(published.parameters)
      let printed = try #require(Double(text.dropLast())) * 1e6
      let counted = Double(try graph(name, input: "3x32x32", classes: 10).parameterCount)
      #expect(abs(counted - printed) < 0.03 * printed)
    }
    for name in ["resnet-18", "resnet-50-stride=1x1", "resnet-152-stride=1x1"] {
      let published = try #require(PublishedNumbers.of(try Architecture(name: name)))
      let printed = try #require(published.macs)
      let counted = Double(try graph(name, input: "3x224x224", classes: 1000).macs)
      #expect(abs(counted - printed) < 0.02 * printed)
    }
  }
}
