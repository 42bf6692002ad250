// bench merge: takes over the runs of another database.
import ArgumentParser
import Foundation
import Results
import Text

struct MergeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "merge",
    abstract: "Take over the runs of another results database.",
    discussion: """
      Runs that are complete here stay as they are; where the other database has other results for \
      them, they are listed as conflicts. Merging twice changes nothing. Logs, weights and \
      checkpoints are files beside the database and are not copied.

      Exit code: 0 merged, 1 merged but for conflicts, 2 bad input.
      """)

  @Argument(help: "The database to read.", completion: .file(extensions: ["sqlite"]))
  var other: String

  @OptionGroup var database: DatabaseOptions

  func run() throws {
    let summary = try endingOnBadInput { () throws(ResultsError) in
      // First, so that a mistyped name does not make an empty database.
      let reader = try ResultsReader(path: other)
      return try ResultsStore(path: database.path).merge(reader)
    }
    print("\(database.path.printable): \(Self.text(summary))")
    for conflict in summary.conflicts { printError("conflict: \(conflict)") }
    if !summary.conflicts.isEmpty {
      let count = summary.conflicts.count
      printError("what is here was kept in \(count) conflict\(count == 1 ? "" : "s")")
      throw ExitCode(1)
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
