// Where the files of a run are: the one place that knows their names.
import Foundation
import Specs
import Text
import Weights

/// The files of one attempt at a run, beside the database.
public struct RunFiles: Hashable, Sendable {
  private let folder: URL
  private let runId: String
  private let name: String

  /// - Parameters:
  ///   - database: the database's path.
  ///   - runId: the run's UUID.
  ///   - attempt: its number, from 1 on; every attempt keeps its own files.
  public init(database: String, runId: String, attempt: Int) {
    folder = URL(fileURLWithPath: database).deletingLastPathComponent()
    self.runId = runId
    name = "\(runId)-\(attempt)"
  }

  /// The final weights: `weights/RUN-ATTEMPT.safetensors`.
  public var weights: String { folder.appending(path: "weights/\(name).safetensors").path }

  /// The folder of its checkpoints: `checkpoints/RUN-ATTEMPT`.
  public var checkpoints: String { folder.appending(path: "checkpoints/\(name)").path }

  /// Removes the checkpoints of the run's other attempts, with which nobody will go on.
  package func removeOldCheckpoints() {
    let all = folder.appending(path: "checkpoints")
    let names = (try? FileManager.default.contentsOfDirectory(atPath: all.path)) ?? []
    for other in names where other.hasPrefix("\(runId)-") && other != name {
      CheckpointFolder(path: all.appending(path: other).path).remove()
    }
  }
}

extension RunFiles {
  /// A format in which weights are given away.
  public enum WeightsFormat: Hashable, Sendable {
    /// As they are kept.
    case safetensors
    /// A model of opset 17; folded, the batch norms behind convolutions are part of these.
    case onnx(isFolded: Bool)
  }

  /// Writes the final weights to a file of the user's, after making sure that they are those that
  /// the run ended with.
  /// - Parameter hash: the run's `weightsHash`.
  /// - Throws: `WeightsError` where there are none, they are damaged, or the file cannot be written.
  public func exportWeights(
    hash: String, as format: WeightsFormat = .safetensors, to path: String
  ) throws(WeightsError) {
    guard FileManager.default.fileExists(atPath: weights) else {
      throw WeightsError(
        "there is no \(printable(weights, limit: 4096)): the weights of this run were not kept or "
          + "have been removed")
    }
    let file = try SafetensorsFile(path: weights)
    guard try file.weightsHash() == hash else {
      throw WeightsError(
        "\(printable(weights, limit: 4096)) is damaged: its numbers are not those of the run's "
          + "weightsHash", remedy: .runAnew)
    }
    switch format {
    case .safetensors: try file.copy(to: path)
    case .onnx(let isFolded): try ONNXExport.write(file, isFolded: isFolded, to: path)
    }
  }
}
