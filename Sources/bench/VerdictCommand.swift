// bench verdict: which of an experiment's claims reproduced.
import ArgumentParser
import Reports
import Results
import Statistics
import Verdicts

struct VerdictCommand: ParsableCommand {
  enum Format: String, ExpressibleByArgument, CaseIterable {
    case text, json
  }

  static let configuration = CommandConfiguration(
    commandName: "verdict",
    abstract:
      "Answer each claim of an experiment: reproduced, not reproduced, undecided, not tested.",
    discussion: """
      A superiority is reproduced where Welch's one-sided test, corrected by Holm's method over the \
      experiment's claims, is significant at \(Statistics.alpha); not reproduced where the 95 % interval of the \
      difference leaves no room for it; undecided otherwise, with the number of seeds that would \
      decide. An equivalence is tested by two one-sided tests at its margin, an order by all its \
      adjacent pairs. One seed decides nothing.

      The answers are about the protocol that was run; how it differs from the paper's is listed by \
      bench report. The exit code is 0 whatever the answers are; with --strict it is 1 unless every \
      claim is reproduced.
      """)

  @Argument(
    help: "The experiment; by default the one that ran last.",
    completion: NameCompletion.experiments)
  var experiment: String?

  @Option(help: "How to print: \(Format.allCases.map(\.rawValue).joined(separator: ", ")).")
  var format: Format = .text

  @Flag(help: "End with 1 unless every claim is reproduced.")
  var strict = false

  @OptionGroup var database: DatabaseOptions

  func run() throws {
    let reader = try database.reader()
    let report = try endingOnBadInput { () throws(ResultsError) in
      try ExperimentReport(reader, experiment: experiment)
    }
    switch format {
    case .text: print(report.verdictText, terminator: "")
    case .json: print(report.verdictJSON, terminator: "")
    }
    let reproduced = report.verdicts.count { $0.outcome == .reproduced }
    if strict, reproduced == 0 || reproduced < report.verdicts.count { throw ExitCode(1) }
  }
}
