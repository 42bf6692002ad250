// Takes over the runs of another database. What is here stays as it is, unless it is unfinished.
import Foundation
import GRDB

/// What a merge has changed.
public struct MergeSummary: Equatable, Sendable {
  public var experiments = 0
  public var variants = 0
  public var runs = 0
  public var attempts = 0
  /// Attempts that were here unfinished and went on there.
  public var continued = 0
  /// Runs of the other database that needed nothing.
  public var unchanged = 0
  /// Where the two contradict each other; what is here was kept.
  public var conflicts: [String] = []

  public init() {}

  public var changesNothing: Bool {
    experiments + variants + runs + attempts + continued == 0
  }
}

extension ResultsStore {
  /// Takes over experiments, variants, runs and attempts of another database, with their numbers.
  ///
  /// Experiments and variants are the same where their names (and configurations) are; attempts,
  /// where the same process made them at the same time. So merging twice changes nothing. A run
  /// that is final here stays as it is; one that is not takes over the other's attempts. Each run
  /// is one transaction. Logs and checkpoints are files and stay where they are.
  /// - Parameter continuesRunning: whether a run that is in work here is taken over too, where it is
  ///   the other's very attempt: here is only a copy of what others do.
  /// - Throws: `ResultsError` if the other database is this one, newer, or cannot be read.
  public func merge(
    _ other: ResultsReader, continuesRunning: Bool = false
  ) throws(ResultsError) -> MergeSummary {
    let places = [path, other.path].map {
      URL(fileURLWithPath: $0).resolvingSymlinksInPath().standardizedFileURL.path
    }
    guard Set(places).count == 2 else {
      throw ResultsError("\(other.path) is this database itself")
    }
    let age = try other.read(ResultsSchema.age)
    guard age != .newer else {
      throw ResultsError(
        "\(other.path) was written by a newer version of bench, which alone can merge it")
    }
    var summary = MergeSummary()
    guard age != .empty else { return summary }
    let experiments = try other.read { db in
      try Row.fetchAll(db, sql: "SELECT * FROM experiment ORDER BY id")
    }
    for experiment in experiments {
      let merge = try ExperimentMerge(
        store: self, other: other, experiment: experiment, continuesRunning: continuesRunning)
      try merge.run(&summary)
    }
    return summary
  }
}

extension MergeSummary {
  /// Adds what another merge has changed.
  public static func += (sum: inout MergeSummary, other: MergeSummary) {
    sum.experiments += other.experiments
    sum.variants += other.variants
    sum.runs += other.runs
    sum.attempts += other.attempts
    sum.continued += other.continued
    sum.unchanged += other.unchanged
    sum.conflicts += other.conflicts.filter { !sum.conflicts.contains($0) }
  }
}

extension ResultsStore {
  /// The runs of an experiment that are complete or diverged, with the hash of the configuration that
  /// they were made under.
  package func finalRuns(experiment: String) throws(ResultsError) -> [RunKey: String] {
    try ResultsError.wrap("cannot read the runs of \(experiment) (database \(path))") {
      try queue.read { db in
        let rows = try Row.fetchAll(
          db,
          sql: """
            SELECT variant.name AS variant, run.seed, attempt.configurationHash AS hash
            FROM run
              JOIN attempt ON attempt.id = run.currentAttempt
                AND attempt.status IN ('complete', 'diverged')
              JOIN variant ON variant.id = run.variantId
              JOIN experiment ON experiment.id = variant.experimentId
            WHERE experiment.name = ?
            """, arguments: [experiment])
        return try Dictionary(
          rows.map { (try RunKey($0, experiment: experiment), try $0.get("hash") as String) },
          uniquingKeysWith: { first, _ in first })
      }
    }
  }
}
