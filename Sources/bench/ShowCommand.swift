// bench show: everything about one run.
import ArgumentParser
import Reports
import Results

struct ShowCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "show",
    abstract: "Show everything about one run, with the command that runs it again.")

  @Argument(
    help: ArgumentHelp(
      "A run's id, the beginning of one, or EXPERIMENT/VARIANT/SEED.", valueName: "run"),
    completion: NameCompletion.runs)
  var name: String

  @Flag(help: "Print the uncommitted changes the run was made with.")
  var diff = false

  @OptionGroup var database: DatabaseOptions

  func run() throws {
    let reader = try database.reader()
    let details = try endingOnBadInput { () throws(ResultsError) in
      try reader.details(ofRun: name)
    }
    print(
      RunText.text(details, database: database.pathIfNotDefault, diff: diff), terminator: "")
  }
}
