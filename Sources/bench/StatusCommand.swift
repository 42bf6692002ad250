// bench status: what runs, what waits, what is done.
import ArgumentParser
import Reports
import Results
import Sweeps
import Text

struct StatusCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "status",
    abstract: "Show what runs, waits, is finished or failed, and how long the rest will take.",
    discussion: "A run whose process is gone is shown as interrupted, never as running.")

  @Argument(help: "Show this experiment only.", completion: NameCompletion.experiments)
  var experiment: String?

  @OptionGroup var database: DatabaseOptions

  func run() throws {
    let reader = try database.reader()
    let journals = try endingOnBadInput { () throws(ResultsError) in
      try reader.waitingJournals()
    }
    let texts = try endingOnBadInput { () throws(ResultsError) in
      let all = try reader.experiments()
      var texts: [String] = []
      for stored in all where experiment == nil || stored.name == experiment {
        texts.append(
          StatusText.text(
            stored, runs: try reader.runs(experiment: stored.name), rest: rest(of: stored.name)))
      }
      if texts.isEmpty, let experiment {
        let names = all.map(\.name).sorted().joined(separator: ", ")
        throw ResultsError(
          "there is no experiment '\(experiment)' in \(reader.path); it has: "
            + (names.isEmpty ? "none" : names))
      }
      return texts
    }
    print(
      texts.isEmpty ? "No experiment yet.\n" : texts.joined(separator: "\n"), terminator: "")
    for journal in journals { print("note: \(ErrorText.text(journal).printable)") }
  }

  /// What makes the rest of a sweep.
  private func rest(of experiment: String) -> String? {
    let sweeps = (try? SweepFolder.all(at: database.path)) ?? []
    let sweep = sweeps.first { (try? $0.description())?.experiment == experiment }
    return sweep.map { "`sbatch \($0.script)`" }
  }
}
