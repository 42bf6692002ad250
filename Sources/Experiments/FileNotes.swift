// Says of a run which files of its data cannot be used.
import Datasets

/// What is said of the files of a run's data: each broken one once, and how many there are.
final class FileNotes {
  let broken: BrokenFiles
  private let isCounted: Bool
  private var told = 0
  private var waiting: [String]

  /// The most files that are named; the others are counted.
  private static let mostNamed = 100

  init(isStrict: Bool, datasets: [any ImageCollection]) {
    broken = BrokenFiles(isStrict: isStrict)
    isCounted = datasets.contains { $0.isDecodedOnTheFly }
    waiting = datasets.flatMap(\.problems)
    fixed = waiting.count
  }

  private let fixed: Int

  /// Reports the files that were found since the last call, and adds the count to a record.
  func tell(
    _ metrics: inout [(name: String, value: Double)], _ report: (RunProgress) throws -> Void
  ) throws {
    waiting += broken.takeNew()
    for sentence in waiting where told <= Self.mostNamed {
      told += 1
      try report(
        .note(
          told <= Self.mostNamed
            ? "not used: \(sentence)" : "more files that cannot be used are only counted"))
    }
    waiting = []
    if isCounted, !metrics.isEmpty {
      metrics.append(("brokenFiles", Double(fixed + broken.count)))
    }
  }
}
