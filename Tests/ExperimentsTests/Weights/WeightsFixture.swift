// What tests of weights and checkpoints share: files made byte by byte, a network's weights.
import Engine
import Foundation
import Networks
import TestSupport

@testable import Numerics
@testable import Weights

enum WeightsFixture {
  static let folder = Repository.root.appending(path: "Tests/ExperimentsTests/Fixtures")

  /// A file of a header's text and so many bytes of data.
  static func bytes(_ header: String, data: Int = 0) -> [UInt8] {
    let text = Array(header.utf8)
    let length = (0..<8).map { UInt8(truncatingIfNeeded: text.count >> (8 * $0)) }
    return length + text + (0..<data).map { UInt8(truncatingIfNeeded: $0) }
  }

  /// A small network with its weights in PyTorch's file and in none.
  static func network(
    _ name: String, input: ImageShape, classes: Int
  ) throws -> (weights: NetworkWeights, graph: Graph, state: NetworkState) {
    let architecture = try Architecture(name: name)
    let graph = try architecture.graph(input: input, classes: classes)
    let state = NetworkState(graph)
    state.initialize(seed: 3)
    return (NetworkWeights(architecture, graph), graph, state)
  }
}
