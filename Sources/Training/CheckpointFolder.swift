// The checkpoints of one attempt: written whole, the last two kept, damaged ones passed over.
import Foundation
import Specs
import Weights

/// A folder with one attempt's checkpoints. Only the process that has taken the run writes.
public struct CheckpointFolder: Sendable {
  /// How many are kept: should the last be damaged, there is the one before.
  static let kept = 2

  public let path: String

  public init(path: String) { self.path = path }

  /// The latest whole checkpoint.
  /// - Parameter objection: why a whole one cannot be used either; nil where it can.
  /// - Returns: with it, a sentence for each later one that is damaged or objected to.
  public func latest(
    unless objection: (Checkpoint) -> String? = { _ in nil }
  ) -> (checkpoint: Checkpoint?, damaged: [String]) {
    var damaged: [String] = []
    for name in manifests.reversed() {
      do {
        let checkpoint = try Checkpoint(manifest: "\(path)/\(name)")
        guard let reason = objection(checkpoint) else { return (checkpoint, damaged) }
        damaged.append("checkpoint \(name) \(reason) (in \(path))")
      } catch {
        damaged.append("checkpoint \(error) (in \(path))")
      }
    }
    return (nil, damaged)
  }

  /// Writes a checkpoint durably, the tensors first, then the manifest that makes them count.
  /// Then all but the last two go.
  func write(
    _ identity: CheckpointIdentity, _ position: TrainingPosition, _ entries: [SafetensorsEntry]
  ) throws(WeightsError) {
    let digits = String(position.step)
    let number = String(repeating: "0", count: max(0, 10 - digits.count)) + digits
    let file = "step-\(number).safetensors"
    // Its manifest goes first, lest it stand beside tensors that it does not mean.
    unlink("\(path)/step-\(number).json")
    let digest = try SafetensorsWriter.write(entries, metadata: [:], to: "\(path)/\(file)")
    let manifest = Checkpoint.manifest(identity, position, file: file, digest: digest)
    try DurableFile.write("\(path)/step-\(number).json") { output throws(WeightsError) in
      try output.append(Array(manifest.utf8))
    }
    prune()
  }

  /// Removes the folder with all checkpoints.
  package func remove() { try? FileManager.default.removeItem(atPath: path) }

  /// Names of the manifests, the oldest first.
  private var manifests: [String] { files.filter { $0.hasSuffix(".json") } }

  private var files: [String] {
    ((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []).sorted()
  }

  /// Removes all files but those of the last checkpoints. What cannot be removed stays: it does no
  /// harm but take room.
  private func prune() {
    let last = Set(manifests.suffix(Self.kept).map { String($0.dropLast(".json".count)) })
    for name in files where !last.contains(String(name.prefix { $0 != "." })) {
      unlink("\(path)/\(name)")
    }
  }
}
