// bench report: the table of an experiment, and its figure.
import ArgumentParser
import Foundation
import Reports
import Results

struct ReportCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "report",
    abstract: "Print an experiment's table, write it as Markdown, and draw its figure.",
    discussion: "Works on an unfinished experiment too, and says how far it is.")

  @Argument(help: "The experiment; by default the one that ran last.")
  var experiment: String?

  @Flag(help: "Draw the error curves into plots/EXPERIMENT with gnuplot.")
  var plot = false

  @Option(
    help: ArgumentHelp("Draw these formats: svg, png, pdf. Implies --plot.", valueName: "formats"),
    transform: ReportCommand.formats)
  var figures: [FigureFormat]?

  @OptionGroup var database: DatabaseOptions

  @Option(
    name: .customLong("out"),
    help: ArgumentHelp(
      "Folder for all files, instead of results/reports and plots.", valueName: "folder"))
  var folder: String?

  /// Reads `svg,png`.
  static func formats(_ text: String) throws -> [FigureFormat] {
    try text.split(separator: ",").map { word in
      guard let format = FigureFormat(rawValue: word.trimmingCharacters(in: .whitespaces)) else {
        throw ValidationError("'\(word)' is not a figure format; use svg, png or pdf.")
      }
      return format
    }
  }

  func run() async throws {
    let reader = try database.reader()
    let report = try endingOnBadInput { () throws(ResultsError) in
      try ExperimentReport(reader, experiment: experiment)
    }
    if experiment == nil {
      let all = try endingOnBadInput { () throws(ResultsError) in try reader.experiments() }
      if all.count > 1 {
        print("The most recently run of \(all.count) experiments:")
      }
    }
    print(report.text)
    let files = ReportFiles(experiment: report.experiment.name, folder: folder)
    try endingOnBadInput { () throws(ReportsError) in try files.writeMarkdown(report) }
    print("Table: \(files.markdown)")
    guard plot || figures != nil else { return }
    let drawn: DrawnFigure
    do {
      drawn = try await files.draw(report, formats: figures ?? [.svg, .png])
    } catch {
      printError(error.description)
      throw ExitCode(1)
    }
    if !drawn.textChart.isEmpty { print("\n\(drawn.textChart)") }
    if !drawn.files.isEmpty { print("Figure: \(drawn.files.joined(separator: ", "))") }
    if let obstacle = drawn.obstacle { printError(obstacle) }
  }
}
