// bench compare: what differs between two runs or variants, and what came of it.
import ArgumentParser
import Reports
import Results

struct CompareCommand: ParsableCommand {
  enum Format: String, ExpressibleByArgument, CaseIterable {
    case text, json
  }

  static let configuration = CommandConfiguration(
    commandName: "compare",
    abstract: "Compare two runs or two variants: only what differs, then their metrics.",
    discussion: """
      Of two runs on the same test images, the answers are compared example by example: McNemar's \
      exact test and a bootstrap over the examples. Of two variants, the seeds are compared: Welch's \
      and the permutation test.
      """)

  @Argument(
    help: ArgumentHelp(
      "A run (an id, the beginning of one, or EXPERIMENT/VARIANT/SEED) or EXPERIMENT/VARIANT.",
      valueName: "a"),
    completion: NameCompletion.runsAndVariants)
  var first: String

  @Argument(
    help: ArgumentHelp("What it is compared with.", valueName: "b"),
    completion: NameCompletion.runsAndVariants)
  var second: String

  @Option(help: "How to print: \(Format.allCases.map(\.rawValue).joined(separator: ", ")).")
  var format: Format = .text

  @OptionGroup var database: DatabaseOptions

  func run() throws {
    let reader = try database.reader()
    let comparison = try endingOnBadInput { () throws(ResultsError) in
      try Comparison(reader, first, second)
    }
    print(format == .json ? comparison.json : comparison.text, terminator: "")
  }
}
