// Weights from a file, with which every run of an experiment starts.
import Engine
import Networks

/// A file of weights, known by its content.
public struct InitialWeights: Hashable, Sendable {
  /// Where the file is.
  public let path: String
  /// SHA-256 of the file, hexadecimal: what counts for the configuration.
  public let sha256: String

  /// - Throws: `ExperimentError` where the file cannot be read, is no safetensors file, or has a number that
  ///   is not finite.
  public init(path: String) throws(ExperimentError) {
    self.path = path
    let file = try SafetensorsFile(path: path)
    for tensor in file.tensors where tensor.type.isFloatingPoint {
      _ = try file.finiteFloats(of: tensor)
    }
    sha256 = try file.sha256()
  }

  /// Stands for a file that is not looked at; nothing can be trained with it.
  init(unread path: String) {
    self.path = path
    sha256 = ""
  }

  /// Checks the file against a network without reading its numbers.
  /// - Returns: what a user should know although the file fits.
  /// - Throws: `ExperimentError` with every tensor that is missing, unknown or misshapen, both
  ///   shapes named.
  @discardableResult
  public func check(_ architecture: Architecture, _ graph: Graph) throws(ExperimentError)
    -> [String]
  {
    let weights = NetworkWeights(architecture, graph)
    let file = try SafetensorsFile(path: path)
    try refuseUnfit(file, weights)
    return weights.warnings(about: file)
  }

  /// Starts a network with the file's numbers.
  /// - Throws: `ExperimentError` where the file does not fit or is not the one that was checked.
  func load(into state: NetworkState, _ weights: NetworkWeights) throws(ExperimentError) {
    let file = try SafetensorsFile(path: path)
    guard try file.sha256() == sha256 else {
      throw ExperimentError(
        "\(printable(path, limit: 4096)) has changed since the experiment was read; run it again")
    }
    try refuseUnfit(file, weights)
    try weights.load(file, into: state)
  }

  private func refuseUnfit(
    _ file: SafetensorsFile, _ weights: NetworkWeights
  ) throws(ExperimentError) {
    let problems = weights.problems(in: file)
    guard !problems.isEmpty else { return }
    let shown = 8
    let more = problems.count > shown ? "; … and \(problems.count - shown) more" : ""
    throw ExperimentError(
      "\(printable(path, limit: 4096)) does not fit: "
        + problems.prefix(shown).joined(separator: "; ") + more)
  }
}
