// All that is in a sweep's folder as one database.
import Experiments
import Foundation
import Results
import Specs
import Text

/// Puts the runs' databases together. What is finished once is never read again.
public struct SweepDatabase: Sendable {
  private let folder: SweepFolder
  private let description: SweepDescription

  /// - Throws: `ExperimentError` where the folder has no sweep, or one of another version.
  public init(_ folder: SweepFolder) throws(ExperimentError) {
    self.folder = folder
    description = try folder.description()
  }

  /// Takes over all that is in the folder into a store. Idempotent.
  /// - Throws: `ResultsError` or `ExperimentError` where something cannot be read or written.
  public func merge(into store: ResultsStore) throws -> MergeSummary {
    var summary = MergeSummary()
    if FileManager.default.fileExists(atPath: folder.plan) {
      do {
        summary += try store.merge(ResultsReader(snapshot: folder.plan))
      } catch {
        summary.conflicts.append("\(folder.plan) cannot be read: \(error)")
      }
      // Its runs are counted below.
      (summary.unchanged, summary.runs) = (0, 0)
    }
    let claims = ClaimFolder(reading: folder.runs)
    let begun = SweepFolder.names(folder.runs)
    let done = SweepFolder.names(folder.done)
    let final = try store.finalRuns(experiment: description.experiment)
    let hashes = description.variants
    for run in description.runs {
      let name = description.folderName(run)
      guard begun.contains(name) else { continue }
      let hash = hashes[run.variant]?.configurationHash
      if done.contains(name), final[description.key(run)] == hash {
        summary.unchanged += 1
        continue
      }
      do {
        if let reader = try series(of: name, claims) {
          summary += try store.merge(reader, continuesRunning: true)
        } else if done.contains(name) {
          summary.conflicts.append(
            "\(description.key(run)) was finished, but its numbers are gone from \(folder.runs)/\(name)"
          )
        }
      } catch {
        // What cannot be written here will not be written for the next run either.
        if let error = error as? ResultsError, error.kind != .lasting { throw error }
        summary.conflicts.append(
          "\(description.key(run)): its numbers in \(folder.runs)/\(name) cannot be read: \(error)")
      }
    }
    return summary
  }

  /// The numbers of the owner who finished a run, else of the latest one that has published any; nil
  /// where none has.
  private func series(of run: String, _ claims: ClaimFolder) throws -> ResultsReader? {
    for attempt in 0..<5 {
      let (number, state) = try claims.state(of: run)
      let last = state == .finished ? number : number + 1
      guard let path = folder.latestSeries(run, before: last)?.path else { return nil }
      let result = Result { try ResultsReader(snapshot: path) }
      // Its run may have been finished meanwhile by a later owner, which removed it.
      if case .failure = result, attempt < 4, !SweepFolder.opens(path) { continue }
      return try result.get()
    }
    return nil
  }

  /// Writes all that is in the folder into a new database on this machine's own disk.
  /// - Parameter path: where nothing is.
  @discardableResult
  public func write(to path: String) throws -> MergeSummary {
    // What was put together before is its beginning: of finished runs nothing else is read.
    if FileManager.default.fileExists(atPath: folder.database) {
      try? FileManager.default.copyItem(atPath: folder.database, toPath: path)
    }
    return try merge(into: ResultsStore(path: path))
  }

  /// Reads what is in the folders of sweeps as they are now.
  /// - Parameter say: takes a sentence for each run whose numbers cannot be read.
  /// - Throws: `ExperimentError` where the folders cannot be read.
  public static func reader(
    of folders: [SweepFolder], say: (String) -> Void = { _ in }
  ) throws(ExperimentError) -> ResultsReader {
    let local = FileManager.default.temporaryDirectory
      .appending(path: "bench-\(UUID().uuidString.lowercased())")
    let result = Result { try reader(of: folders, local: local, say) }
    // The file stays readable while it is open.
    try? FileManager.default.removeItem(at: local)
    switch result {
    case .success(let reader): return reader
    case .failure(let error as ExperimentError): throw error
    case .failure(let error): throw ExperimentError("\(error)")
    }
  }

  private static func reader(
    of folders: [SweepFolder], local: URL, _ say: (String) -> Void
  ) throws -> ResultsReader {
    try FileManager.default.createDirectory(at: local, withIntermediateDirectories: true)
    let path = local.appending(path: "whole.sqlite").path
    for folder in folders {
      let database = try SweepDatabase(folder)
      if folders.count == 1 {
        for conflict in try database.write(to: path).conflicts { say(conflict) }
      } else {
        for conflict in try database.merge(into: ResultsStore(path: path)).conflicts {
          say(conflict)
        }
      }
    }
    return try ResultsReader(file: path, standingFor: folders[0].database)
  }

  /// Puts everything together for those who read `bench.sqlite`; one task does it at a time.
  /// - Parameters:
  ///   - local: a folder on this machine's own disk.
  ///   - patience: seconds to wait for another task that does it.
  /// - Returns: whether it is done; false where another is at it all the time.
  public func publish(local: URL, patience: Double, whileTrue goesOn: () -> Bool) throws -> Bool {
    let claims = try ClaimFolder(
      path: "\(folder.path)/merging", limit: description.rules.staleAfter)
    let last = ContinuousClock.now + .seconds(patience)
    while goesOn() {
      if case .taken(let claim) = try claims.take("database") {
        let result = Result { try publish(local: local, as: claim) }
        _ = try claim.giveBack()
        return try result.get()
      }
      if ContinuousClock.now >= last { return false }
      usleep(100_000)
    }
    return false
  }

  private func publish(local: URL, as claim: RunClaim) throws -> Bool {
    let (whole, copy) = (
      local.appending(path: "whole.sqlite").path, local.appending(path: "copy.sqlite").path
    )
    func clear() {
      for path in [whole, "\(whole)-wal", "\(whole)-shm", copy] { unlink(path) }
    }
    clear()
    defer { clear() }
    try write(to: whole)
    try ResultsReader(path: whole).backUp(to: copy)
    guard try claim.beat() else { return false }
    try folder.publish(folder.database, copyOf: copy)
    return true
  }
}
