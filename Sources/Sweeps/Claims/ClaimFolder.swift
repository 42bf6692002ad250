// Who works on what, where several machines share a folder and neither their clocks nor the times of
// files are trusted.
import Experiments
import Foundation
import Synchronization

/// The claims on named pieces of work, each held by one owner at a time.
///
/// Each piece has a folder, in which the claims on it are numbered: `claim.1`, `claim.2`, … Each is
/// made once, by a call of which one succeeds, and is never changed. The last says how the piece
/// stands: held, given back, or finished; and what its owner wants others to know. Its owner says that
/// it lives by a counter in a file beside it, `claim.2.beat`, which nobody else writes. Whoever has
/// seen a counter stand still for the limit, by a clock of its own, may make the next claim; so an
/// owner has lost the piece as soon as there is a later claim, and cannot finish it any more, since
/// that too takes the next number.
package final class ClaimFolder: Sendable {
  /// What became of the wish for a piece.
  package enum Outcome: Sendable {
    case taken(RunClaim)
    /// Another owner works on it, or was as quick.
    case held
    case finished
    /// Nobody works on it, and the caller does not want it after what its last owner has said.
    case unwanted(note: String)
  }

  /// What this process has seen of a piece.
  private struct Sight {
    var number = 0
    /// Of the claim of that number; nil for none.
    var state: ClaimState?
    /// What its owner says.
    var note = ""
    /// What the counter's file held; nil before the first look at it, "" where there is none.
    var counter: String?
    /// When the counter was first seen so, by this process's clock.
    var since = 0.0
  }

  /// Seconds that a counter must stand still before its piece is taken over.
  package let limit: Double
  private let folder: SharedFolder
  private let clock: @Sendable () -> Double
  private let sights = Mutex<[String: Sight]>([:])

  /// - Parameters:
  ///   - path: the shared folder, which is made where it is missing.
  ///   - limit: in seconds, above 0; more than twice as long as attributes are cached, and than the
  ///     owners' longest time between two heartbeats.
  /// - Throws: `ExperimentError` where the folder cannot hold claims.
  package convenience init(path: String, limit: Double) throws(ExperimentError) {
    // The time since the machine's start, which nobody sets.
    try self.init(
      folder: SharedFolder(path: path), limit: limit,
      clock: { ProcessInfo.processInfo.systemUptime })
  }

  /// To look at claims only: nothing is made or written.
  package convenience init(reading path: String) {
    self.init(folder: SharedFolder(existing: path), limit: .infinity, clock: { 0 })
  }

  /// - Parameter clock: seconds of a clock that never goes back.
  init(folder: SharedFolder, limit: Double, clock: @escaping @Sendable () -> Double) {
    precondition(limit > 0, "a limit of \(limit) s")
    self.folder = folder
    self.limit = limit
    self.clock = clock
  }

  /// Takes a piece that nobody has begun, that was given back, or whose owner gave no sign for the
  /// limit: for the latter this has to be called again and again, since what counts is what this
  /// process has seen itself.
  /// - Parameters:
  ///   - name: letters, digits and `-_=.`, at most 200.
  ///   - note: what the new owner says, from what the one before has said ("" where there was none) and,
  ///     where that one gave no sign, the number of its claim; nil where the piece is not wanted so.
  /// - Throws: `ExperimentError` where the folder cannot be read or written.
  package func take(
    _ name: String, note: (String, _ silent: Int?) -> String? = { note, _ in note }
  ) throws(ExperimentError) -> Outcome {
    precondition(
      (1...200).contains(name.utf8.count) && name.first != "."
        && name.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "-_=.".contains($0)) },
      "no name for a claim: \(name)")
    var sight = try look(name)
    var isFree = false
    switch sight.state {
    case nil, .free: isFree = true
    case .finished: break
    case .held:
      // Before the look and after it: however long this process stood still in between, the counter
      // did so for the time between a look's end and a later look's beginning.
      let before = clock()
      let counter = try folder.read(ClaimState.beatFile(name, sight.number)) ?? ""
      if counter == sight.counter {
        isFree = before - sight.since >= limit
      } else {
        sight.counter = counter
        sight.since = clock()
      }
    }
    sights.withLock { [sight] in $0[name] = sight }
    if sight.state == .finished { return .finished }
    guard isFree else { return .held }
    guard let said = note(sight.note, sight.state == .held ? sight.number : nil) else {
      return .unwanted(note: sight.note)
    }
    try folder.makeFolder(name)
    let file = ClaimState.file(name, sight.number + 1)
    guard try folder.create(file, ClaimState.held.text(UUID(), note: said)) else {
      return .held
    }
    return .taken(
      RunClaim(
        folder, name: name, number: sight.number + 1, note: said,
        isTakeover: sight.state == .held))
  }

  /// The number of the last claim on a piece, 0 for none, and whether it is finished.
  /// - Throws: `ExperimentError` where the folder cannot be read.
  package func state(of name: String) throws(ExperimentError) -> (number: Int, state: ClaimState?) {
    let sight = try look(name)
    return (sight.number, sight.state)
  }

  private func look(_ name: String) throws(ExperimentError) -> Sight {
    var sight = sights.withLock { $0[name] } ?? Sight()
    if sight.state == .finished { return sight }
    while let text = try folder.read(ClaimState.file(name, sight.number + 1)) {
      let (state, note) = ClaimState.read(text)
      sight = Sight(number: sight.number + 1, state: state, note: note)
    }
    return sight
  }
}

/// How a piece of work stands after a claim.
package enum ClaimState: String, Sendable {
  case held
  case free
  case finished

  /// What cannot be read is held by somebody who gives no sign.
  static func read(_ text: String) -> (state: ClaimState, note: String) {
    let parts = text.split(separator: " ", maxSplits: 2)
    let state = parts.first.flatMap { ClaimState(rawValue: String($0)) } ?? .held
    let note = parts.count == 3 ? parts[2].prefix { $0 != "\n" } : ""
    return (state, String(note))
  }

  /// - Parameters:
  ///   - mark: of one attempt to make the claim.
  ///   - note: one line.
  func text(_ mark: UUID, note: String) -> String { "\(rawValue) \(mark.uuidString) \(note)\n" }

  static func file(_ name: String, _ number: Int) -> String { "\(name)/claim.\(number)" }

  static func beatFile(_ name: String, _ number: Int) -> String { "\(name)/claim.\(number).beat" }
}
