// Weights from a file, with which every run of an experiment starts.
import Engine
import Networks
import Numerics
import Specs
import Text

extension InitialWeights {
  /// Looks at a file and takes its checksum.
  /// - Throws: `WeightsError` where the file cannot be read, is no safetensors file, or has a number that
  ///   is not finite.
  public init(path: String) throws(WeightsError) {
    let file = try SafetensorsFile(path: path)
    for tensor in file.tensors where tensor.type.isFloatingPoint {
      _ = try file.finiteFloats(of: tensor)
    }
    self.init(path: path, sha256: try file.sha256())
  }

  /// For a spec whose runs are to be trained.
  public static func opened(_ path: String) throws -> InitialWeights {
    try InitialWeights(path: path)
  }

  /// Checks the file against a network without reading its numbers.
  /// - Returns: what a user should know although the file fits.
  /// - Throws: `WeightsError` with every tensor that is missing, unknown or misshapen, both
  ///   shapes named.
  @discardableResult
  public func check(_ architecture: Architecture, _ graph: Graph) throws(WeightsError)
    -> [String]
  {
    let weights = NetworkWeights(architecture, graph)
    let file = try SafetensorsFile(path: path)
    try refuseUnfit(file, weights)
    return weights.warnings(about: file, newHead: newHead)
  }

  /// Starts a network with the file's numbers.
  /// - Throws: `WeightsError` where the file does not fit or is not the one that was checked.
  package func load(into state: NetworkState, _ weights: NetworkWeights) throws(WeightsError) {
    let file = try SafetensorsFile(path: path)
    guard try file.sha256() == sha256 else {
      throw WeightsError(
        "\(printable(path, limit: 4096)) has changed since the experiment was read; run it again")
    }
    try refuseUnfit(file, weights)
    try weights.load(file, into: state, newHead: newHead)
  }

  private func refuseUnfit(
    _ file: SafetensorsFile, _ weights: NetworkWeights
  ) throws(WeightsError) {
    let problems = weights.problems(in: file, newHead: newHead)
    guard !problems.isEmpty else { return }
    let shown = 8
    let more = problems.count > shown ? "; … and \(problems.count - shown) more" : ""
    throw WeightsError(
      "\(printable(path, limit: 4096)) does not fit: "
        + problems.prefix(shown).joined(separator: "; ") + more)
  }
}
