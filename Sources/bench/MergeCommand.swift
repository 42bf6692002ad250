// bench merge: takes over the runs of another database.
import ArgumentParser
import Experiments
import Foundation
import Results
import Sweeps
import Text

struct MergeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "merge",
    abstract: "Take over the runs of another results database, or of a sweep's folder.",
    discussion: """
      A folder is one that `bench slurm` has made, or one with several of them; it may be in use.

      Runs that are complete here stay as they are; where the other database has other results for \
      them, they are listed as conflicts. Merging twice changes nothing. Logs, weights and \
      checkpoints are files beside the database and are not copied.

      Exit code: 0 merged, 1 merged but for conflicts, 2 bad input.
      """)

  @Argument(help: "The database or folder to read.", completion: .file())
  var other: String

  @OptionGroup var database: DatabaseOptions

  func run() throws {
    let sweeps = (try? SweepFolder.all(at: other)) ?? []
    let summary = try sweeps.isEmpty ? mergeDatabase() : merge(sweeps)
    print("\(database.path.printable): \(Self.text(summary))")
    for conflict in summary.conflicts { printError("conflict: \(conflict)") }
    if !summary.conflicts.isEmpty {
      let count = summary.conflicts.count
      printError("what is here was kept in \(count) conflict\(count == 1 ? "" : "s")")
      throw ExitCode(1)
    }
  }

  private func merge(_ sweeps: [SweepFolder]) throws -> MergeSummary {
    try endingOnBadInput { () throws(ExperimentError) in
      do {
        let store = try ResultsStore(path: database.path)
        var summary = MergeSummary()
        for sweep in sweeps { summary += try SweepDatabase(sweep).merge(into: store) }
        return summary
      } catch let error as ExperimentError {
        throw error
      } catch {
        throw ExperimentError(ErrorText.text(error))
      }
    }
  }

  private func mergeDatabase() throws -> MergeSummary {
    try endingOnBadInput { () throws(ResultsError) in
      // First, so that a mistyped name does not make an empty database.
      let reader = try ResultsReader(path: other)
      return try ResultsStore(path: database.path).merge(reader)
    }
  }

  static func text(_ summary: MergeSummary) -> String {
    let parts = [
      (summary.experiments, "experiment"), (summary.variants, "variant"), (summary.runs, "run"),
      (summary.attempts, "attempt"),
    ].filter { $0.0 > 0 }.map { "\($0.0) \($0.1)\($0.0 == 1 ? "" : "s")" }
    var text = parts.isEmpty ? "nothing new" : parts.joined(separator: ", ") + " added"
    if summary.continued > 0 { text += ", \(summary.continued) attempts continued" }
    if summary.unchanged > 0 {
      text += "; \(summary.unchanged) run\(summary.unchanged == 1 ? "" : "s") as before"
    }
    return text
  }
}
