// A piece of work in the hands of its owner.
import Experiments
import Foundation
import Synchronization

/// A claim that this process has made. It holds until it is finished or given back, or until another
/// process has seen its counter stand still for the limit.
package final class RunClaim: Sendable {
  package let name: String
  /// 1 for the first claim on the piece.
  package let number: Int
  /// What this owner says.
  package let note: String
  /// Whether the owner before did not give it back.
  package let isTakeover: Bool
  private let folder: SharedFolder
  /// The same at every try to end it, so that what an earlier try has done is known again.
  private let mark = UUID()
  private let counter = Atomic<Int>(0)
  private let isOver = Atomic<Bool>(false)
  private let wasTaken = Atomic<Bool>(false)

  init(_ folder: SharedFolder, name: String, number: Int, note: String, isTakeover: Bool) {
    self.folder = folder
    self.name = name
    self.number = number
    self.note = note
    self.isTakeover = isTakeover
  }

  /// Says that the owner lives; to be called several times in the limit, and after anything that took
  /// longer.
  /// - Returns: whether the piece is still the owner's. If not, it must be left at once: another
  ///   owner works on it, or it is finished.
  /// - Throws: `ExperimentError` where the folder cannot be read or written; the claim may still hold.
  package func beat() throws(ExperimentError) -> Bool {
    guard !isOver.load(ordering: .sequentiallyConsistent) else { return false }
    guard try folder.read(ClaimState.file(name, number + 1)) == nil else {
      isOver.store(true, ordering: .sequentiallyConsistent)
      wasTaken.store(true, ordering: .sequentiallyConsistent)
      return false
    }
    let count = counter.add(1, ordering: .sequentiallyConsistent).newValue
    try folder.replace(ClaimState.beatFile(name, number), "\(count)\n")
    return true
  }

  /// Whether a heartbeat has found that another has taken it over.
  package var isLost: Bool { wasTaken.load(ordering: .sequentiallyConsistent) }

  /// Ends the piece for good. What it gave must be in its place already. What unfinished writes have
  /// left in its folder is removed.
  /// - Returns: whether this owner finished it; if not, another has taken it over.
  /// - Throws: `ExperimentError` where the folder cannot be written; it may be called again.
  package func finish() throws(ExperimentError) -> Bool {
    guard try end(.finished, note: "") else { return false }
    folder.removeRemains(name)
    return true
  }

  /// Gives the piece back, so that anyone may take it at once.
  /// - Parameter note: what others should know before they take it, one line.
  /// - Returns: whether it was still this owner's.
  /// - Throws: `ExperimentError` where the folder cannot be written; it may be called again.
  package func giveBack(note: String = "") throws(ExperimentError) -> Bool {
    try end(.free, note: note)
  }

  private func end(_ state: ClaimState, note: String) throws(ExperimentError) -> Bool {
    guard !isOver.load(ordering: .sequentiallyConsistent) else { return false }
    let isDone = try folder.create(ClaimState.file(name, number + 1), state.text(mark, note: note))
    isOver.store(true, ordering: .sequentiallyConsistent)
    return isDone
  }
}
