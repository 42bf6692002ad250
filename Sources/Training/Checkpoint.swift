// One checkpoint: a safetensors file with all numbers, and a manifest that says what they are.
import Foundation
import Numerics
import Specs
import Text
import Weights

/// What must be the same for a checkpoint to be gone on with bit by bit.
public struct CheckpointIdentity: Hashable, Sendable {
  /// UUID of the run.
  public var runId: String
  public var attempt: Int
  public var configurationHash: String
  public var dataChecksum: String
  /// Of the process that wrote it.
  public var numericIdentity: NumericIdentity

  package init(
    runId: String, attempt: Int, configurationHash: String, dataChecksum: String,
    numericIdentity: NumericIdentity
  ) {
    self.runId = runId
    self.attempt = attempt
    self.configurationHash = configurationHash
    self.dataChecksum = dataChecksum
    self.numericIdentity = numericIdentity
  }

  /// What has changed since `earlier` that may change bits.
  package func changes(since earlier: CheckpointIdentity) -> [NumericIdentity.Difference] {
    let (old, new) = (earlier.dataChecksum.prefix(12), dataChecksum.prefix(12))
    return numericIdentity.differences(since: earlier.numericIdentity)
      + (old == new
        ? [] : [NumericIdentity.Difference(name: "data", earlier: String(old), now: String(new))])
  }

  fileprivate var fields: [(name: String, value: String)] {
    [("runId", runId), ("configurationHash", configurationHash), ("dataChecksum", dataChecksum)]
      + numericIdentity.fields
  }
}

/// A state of a run from which it goes on bit by bit, found whole on the disk.
public struct Checkpoint: Sendable {
  public let identity: CheckpointIdentity
  public let position: TrainingPosition
  /// Weights, running statistics and the optimizer's state.
  let file: SafetensorsFile

  /// The manifest's text: one line of canonical JSON, and a second with that line's SHA-256.
  static func manifest(
    _ identity: CheckpointIdentity, _ position: TrainingPosition, file: String, digest: String
  ) -> String {
    var members = Dictionary(
      uniqueKeysWithValues: identity.fields.map { ($0.name, CanonicalJSON.text($0.value)) })
    members["format"] = .integer(1)
    members["attempt"] = .integer(identity.attempt)
    members["position"] = position.canonicalJSON
    members["file"] = .text(file)
    members["sha256"] = .text(digest)
    let line = CanonicalJSON.object(members).text
    return "\(line)\n\(sha256(line))\n"
  }

  /// Reads a checkpoint and checks every byte of it.
  /// - Parameter manifest: the manifest's path; the tensors' file stands beside it.
  /// - Throws: `WeightsError` where either file is missing, damaged or of another format.
  init(manifest path: String) throws(WeightsError) {
    let name = URL(fileURLWithPath: path).lastPathComponent
    func damaged(_ reason: String) -> WeightsError { WeightsError("\(name): \(reason)") }
    // The numbers of a thousand layers can be in it, four of each.
    guard let data = Self.contents(of: path, limit: 1 << 20) else {
      throw damaged("cannot be read")
    }
    let lines = data.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
    guard lines.count == 3, lines[2].isEmpty,
      sha256(String(decoding: lines[0], as: UTF8.self))
        == String(decoding: lines[1], as: UTF8.self),
      let root = try? JSONReader.read(Array(lines[0])), root["format"]?.integer == 1
    else { throw damaged("is damaged") }
    func text(_ key: String) -> String { root[key]?.text ?? "" }
    guard let attempt = root["attempt"]?.integer,
      let position = root["position"].flatMap(TrainingPosition.init)
    else { throw damaged("lacks fields") }
    identity = CheckpointIdentity(
      runId: text("runId"), attempt: attempt, configurationHash: text("configurationHash"),
      dataChecksum: text("dataChecksum"), numericIdentity: NumericIdentity(fields: text))
    self.position = position
    let tensors = URL(fileURLWithPath: path).deletingLastPathComponent()
      .appending(path: URL(fileURLWithPath: text("file")).lastPathComponent).path
    file = try SafetensorsFile(path: tensors)
    guard try file.sha256() == text("sha256") else {
      throw damaged("the tensors of \(text("file")) have another checksum")
    }
  }

  /// A regular file's bytes; nil for anything else, which could be without end, and for more bytes
  /// than `limit`.
  private static func contents(of path: String, limit: Int) -> Data? {
    let descriptor = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC)
    guard descriptor >= 0 else { return nil }
    let handle = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG,
      status.st_size <= limit
    else { return nil }
    return try? handle.read(upToCount: limit)
  }
}
