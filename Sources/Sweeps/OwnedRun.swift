// A run in a task's hands: its database on the machine's own disk, what others may see in the folder.
import Experiments
import Foundation
import Results
import Synchronization
import Text
import Training

/// A run that this process has claimed.
final class OwnedRun: Sendable {
  let plan: RunPlan
  let claim: RunClaim
  let store: ResultsStore
  /// How it stood when it was taken.
  let note: RunNote
  private let folder: SweepFolder
  /// Its folder in the shared one.
  private let place: String
  private let local: URL
  private let say: @Sendable (String) -> Void
  private struct Published {
    var at = ContinuousClock.now
    var changes = -1
  }
  private let published = Mutex(Published())

  /// Takes over what its earlier owners have left, if any, and enters the run.
  /// - Parameters:
  ///   - local: a folder on this machine's own disk, which the run has for itself.
  ///   - enter: prepares the run in the store.
  ///   - say: takes sentences for the user.
  /// - Throws: where the shared folder or the disk cannot be read or written.
  init(
    _ plan: RunPlan, _ claim: RunClaim, in folder: SweepFolder, local: URL,
    enter: (ResultsStore) throws -> Void, say: @escaping @Sendable (String) -> Void
  ) throws {
    self.plan = plan
    self.claim = claim
    self.folder = folder
    self.local = local
    self.say = say
    place = folder.owner(claim.name, claim.number)
    try FileManager.default.createDirectory(at: local, withIntermediateDirectories: true)
    let database = local.appending(path: "bench.sqlite").path
    // Checkpoints first: the series is at least as new, which going on needs.
    var number = claim.number
    while let (owner, series) = folder.latestSeries(claim.name, before: number) {
      number = owner
      try Self.link("\(folder.owner(claim.name, owner))/checkpoints", to: "\(place)/checkpoints")
      try FileManager.default.copyItem(atPath: series, toPath: database)
      if (try? ResultsReader(path: database)) != nil { break }
      say("\(printable(series, limit: 4096)) is damaged; what was there before it counts")
      for end in ["", "-wal", "-shm"] { unlink(database + end) }
      try? FileManager.default.removeItem(atPath: "\(place)/checkpoints")
    }
    try FileManager.default.createDirectory(atPath: place, withIntermediateDirectories: true)
    store = try ResultsStore(path: database)
    try enter(store)
    var note = RunNote(claim.note)
    if let attempt = try store.currentAttempt(of: plan.key) {
      // Its claim says whether the owner before vanished in vain; so must the database.
      let isInVain =
        try claim.isTakeover
        && store.earlyEnds(of: plan.key).failures < note.ends.failures
      try store.disown(
        plan.key, message: "its process gave no sign of life", early: isInVain ? .failure : nil)
      note.step = attempt.step
      note.ends = try note.ends.joined(store.earlyEnds(of: plan.key))
    }
    self.note = note
  }

  /// Whether another has taken it over.
  var isLost: Bool { claim.isLost }

  /// Where the runner keeps the run's files.
  var runPlace: RunPlace {
    RunPlace(
      files: SweepFolder.series(place), log: folder.database,
      settled: { [self] in publish() }, isLost: { [self] in isLost })
  }

  /// Publishes the series if it is longer, and has not been for this time.
  func publish(after interval: Duration) {
    guard published.withLock({ ContinuousClock.now - $0.at >= interval }) else { return }
    publish()
  }

  /// Puts the series into the shared folder.
  /// - Returns: whether it is there now.
  @discardableResult
  func publish() -> Bool {
    published.withLock { published in
      let copy = local.appending(path: "series.sqlite").path
      defer { unlink(copy) }
      do {
        let changes = store.changes
        if changes == published.changes { return true }
        unlink(copy)
        try ResultsReader(path: store.path).backUp(to: copy)
        try folder.publish(SweepFolder.series(place), copyOf: copy)
        published = Published(at: .now, changes: changes)
        return true
      } catch {
        say("its numbers cannot be put into the shared folder: \(error)")
        published.at = .now
        return false
      }
    }
  }

  /// Ends it for good: everything that it gave is in the shared folder when it returns.
  /// - Returns: whether this owner has finished it; if not, another works on it.
  func finish() throws -> Bool {
    guard publish() else {
      throw ExperimentError("its numbers cannot be put into \(printable(place, limit: 4096))")
    }
    let weights = "\(place)/weights"
    for name in SweepFolder.names(weights) where !name.contains(".partial-") {
      try FileManager.default.createDirectory(
        atPath: "\(folder.path)/weights", withIntermediateDirectories: true)
      rename("\(weights)/\(name)", "\(folder.path)/weights/\(name)")
    }
    guard try claim.finish() else { return false }
    folder.mark("\(folder.done)/\(claim.name)")
    folder.mark("\(folder.back)/\(claim.name)", false)
    // What nobody will read any more.
    for owner in 1...claim.number {
      let owned = folder.owner(claim.name, owner)
      if owner == claim.number {
        for part in ["checkpoints", "weights"] {
          try? FileManager.default.removeItem(atPath: "\(owned)/\(part)")
        }
      } else {
        try? FileManager.default.removeItem(atPath: owned)
      }
    }
    for name in SweepFolder.names("\(folder.runs)/\(claim.name)") where name.hasSuffix(".beat") {
      unlink("\(folder.runs)/\(claim.name)/\(name)")
    }
    return true
  }

  /// Gives it back for others to go on with.
  /// - Returns: how it stands.
  func giveBack() throws -> RunNote {
    publish()
    let note = try RunNote(
      step: store.currentAttempt(of: plan.key)?.step ?? note.step,
      ends: self.note.ends.joined(store.earlyEnds(of: plan.key)))
    if try claim.giveBack(note: note.text) { folder.mark("\(folder.back)/\(claim.name)") }
    return note
  }

  /// Removes what is on the machine's own disk.
  func clear() { try? FileManager.default.removeItem(at: local) }

  /// Gives the files of a folder second names; they are never written to. Copies them where that is
  /// not possible.
  private static func link(_ source: String, to target: String) throws {
    guard let files = FileManager.default.subpaths(atPath: source) else { return }
    for file in files.sorted() where !file.contains(".partial-") {
      var isFolder: ObjCBool = false
      let (from, to) = ("\(source)/\(file)", "\(target)/\(file)")
      guard FileManager.default.fileExists(atPath: from, isDirectory: &isFolder) else { continue }
      if isFolder.boolValue {
        try FileManager.default.createDirectory(atPath: to, withIntermediateDirectories: true)
      } else if Foundation.link(from, to) != 0 {
        // The owner before may live, and remove an old one.
        try? FileManager.default.copyItem(atPath: from, toPath: to)
      }
    }
  }
}
