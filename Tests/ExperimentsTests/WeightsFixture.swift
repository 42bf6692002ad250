// What tests of weights and checkpoints share: a folder of their own, files made byte by byte.
import Engine
import Foundation
import Networks

@testable import Numerics
@testable import Weights

/// A folder that is removed at the end.
final class ScratchFolder {
  let url = FileManager.default.temporaryDirectory.appending(
    path: "bench-files-\(UUID().uuidString)")

  init() throws {
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(at: url) }

  func path(_ name: String) -> String { url.appending(path: name).path }

  /// Writes a file and gives its path.
  func write(_ name: String, _ bytes: [UInt8]) throws -> String {
    try Data(bytes).write(to: url.appending(path: name))
    return path(name)
  }

  var files: [String] {
    get throws { try FileManager.default.contentsOfDirectory(atPath: url.path).sorted() }
  }
}

enum WeightsFixture {
  static let folder = SpecFixture.root.appending(path: "Tests/ExperimentsTests/Fixtures")

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
