// Which checkpoints beside a database are still of use.
import Foundation
import Results

/// The checkpoint folders beside a database, by their use.
public struct CheckpointInventory: Sendable {
  /// One attempt's folder.
  public struct Entry: Hashable, Sendable {
    public let path: String
    public let bytes: Int
  }

  /// Of final runs, and of attempts that a later one has replaced: nobody will go on from them.
  public let unneeded: [Entry]
  /// Of runs that the database does not know; another database in the folder may.
  public let unknown: [Entry]

  /// - Throws: `ResultsError` where the database cannot be read.
  public init(_ reader: ResultsReader) throws(ResultsError) {
    // The folders come first: a run that begins meanwhile is in the database before its folder is
    // there, so what it writes is not taken for somebody else's.
    let folders = RunFiles.checkpointFolders(besideDatabase: reader.path)
    let runs = Dictionary(
      try reader.runs().map { ($0.runId, $0) }, uniquingKeysWith: { first, _ in first })
    var unneeded: [Entry] = []
    var unknown: [Entry] = []
    for folder in folders {
      guard let run = runs[folder.runId] else {
        unknown.append(Self.entry(folder.path))
        continue
      }
      guard let current = run.attempt else { continue }
      if folder.attempt < current || folder.attempt == current && run.status.isFinal {
        unneeded.append(Self.entry(folder.path))
      }
    }
    self.unneeded = unneeded
    self.unknown = unknown
  }

  /// Removes what is not needed. What cannot be removed stays: it does no harm but take room.
  public func removeUnneeded() {
    for entry in unneeded { CheckpointFolder(path: entry.path).remove() }
  }

  private static func entry(_ path: String) -> Entry {
    let files = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
    let sizes = files.map { file in
      (try? FileManager.default.attributesOfItem(atPath: "\(path)/\(file)"))?[.size] as? Int ?? 0
    }
    return Entry(path: path, bytes: sizes.reduce(0, +))
  }
}

extension RunFiles {
  /// The folders `checkpoints/RUN-ATTEMPT`, sorted; whatever else is there is passed over, links
  /// too.
  static func checkpointFolders(
    besideDatabase database: String
  ) -> [(path: String, runId: String, attempt: Int)] {
    let all = URL(fileURLWithPath: database).deletingLastPathComponent()
      .appending(path: "checkpoints")
    let names = (try? FileManager.default.contentsOfDirectory(atPath: all.path)) ?? []
    return names.sorted().compactMap { name in
      guard let dash = name.lastIndex(of: "-"), let attempt = Int(name[name.index(after: dash)...]),
        UUID(uuidString: String(name[..<dash])) != nil
      else { return nil }
      let path = all.appending(path: name).path
      let type =
        try? FileManager.default.attributesOfItem(atPath: path)[.type] as? FileAttributeType
      return type == .typeDirectory ? (path, String(name[..<dash]), attempt) : nil
    }
  }
}
