// Says of a run which files of its data cannot be used, and counts them.
import Datasets

/// What is said of the files of a run's data: each that cannot be used once.
final class FileNotes {
  let broken: BrokenFiles
  /// Whether the data has files that may be found broken.
  let isCounted: Bool
  private var told = 0
  private var waiting: [String]
  /// What is said as it is.
  private var notes: [String]

  /// The most files that are named; the others are counted.
  private static let mostNamed = 100

  init(isStrict: Bool, datasets: [any ImageCollection]) {
    broken = BrokenFiles(isStrict: isStrict)
    isCounted = datasets.contains { $0.isDecodedOnTheFly }
    waiting = datasets.flatMap(\.problems)
    notes = datasets.flatMap(\.notes)
  }

  /// Reports the files that were found since the last call.
  func tell(_ report: (RunProgress) throws -> Void) throws {
    for note in notes { try report(.note(note)) }
    notes = []
    waiting += broken.takeNew()
    for sentence in waiting where told <= Self.mostNamed {
      told += 1
      try report(
        .note(
          told <= Self.mostNamed
            ? "not used: \(sentence)" : "more files that cannot be used are only counted"))
    }
    waiting = []
  }
}
