// bench report: the table of an experiment, and its figure.
import ArgumentParser
import Foundation
import Reports
import Results
import Training

struct ReportCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "report",
    abstract: "Print an experiment's tables and verdicts, and draw its figures.",
    discussion: """
      Without --format the report is printed and also written as Markdown. With it, only the report \
      in that format is printed; csv has the results, claims-csv the claims; html is written as one page that needs no other file, its figures \
      inside. Works on an unfinished experiment too, and says how far it is.
      """)

  /// What a report can be printed as.
  enum Format: String, ExpressibleByArgument, CaseIterable {
    case text, markdown, latex, csv
    case claimsCSV = "claims-csv"
    case json, html
  }

  @Argument(
    help: "The experiment; by default the one that ran last.",
    completion: NameCompletion.experiments)
  var experiment: String?

  @Option(help: "\(Format.allCases.map(\.rawValue).joined(separator: ", ")).")
  var format: Format?

  @Flag(help: "Draw the spec's figures into plots/EXPERIMENT with gnuplot.")
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
    let files = ReportFiles(experiment: report.experiment.name, folder: folder)
    switch format {
    case nil: try printReport(report, files, among: reader)
    case .text: print(report.text, terminator: "")
    case .markdown: print(report.markdown, terminator: "")
    case .latex: print(report.latex, terminator: "")
    case .csv: print(report.csv, terminator: "")
    case .claimsCSV: print(report.claimsCSV, terminator: "")
    case .json: print(report.json, terminator: "")
    case .html: try await interruptible { try await writePage(report, files) }
    }
    if plot || figures != nil { try await interruptible { try await draw(report, files) } }
  }

  /// Runs what waits for gnuplot, so that a signal ends gnuplot too and nothing half-drawn stays.
  private func interruptible(_ body: @escaping @Sendable () async throws -> Void) async throws {
    let stop = StopRequest()
    let work = Task { try await body() }
    let watch = SignalWatch(stop) { signal in
      work.cancel()
      DispatchQueue.global().asyncAfter(deadline: .now() + 5) { _exit(128 + signal) }
    }
    let result = await work.result
    withExtendedLifetime(watch) {}
    if let signal = stop.signal { throw ExitCode(128 + signal) }
    try result.get()
  }

  private func printReport(
    _ report: ExperimentReport, _ files: ReportFiles, among reader: ResultsReader
  ) throws {
    if experiment == nil {
      let all = try endingOnBadInput { () throws(ResultsError) in try reader.experiments() }
      if all.count > 1 {
        print("The most recently run of \(all.count) experiments:")
      }
    }
    print(report.text)
    try endingOnBadInput { () throws(ReportsError) in try files.writeMarkdown(report) }
    print("Report: \(files.markdown)")
  }

  private func writePage(_ report: ExperimentReport, _ files: ReportFiles) async throws {
    do {
      if let obstacle = try await files.writeHTML(report) { printError(obstacle) }
    } catch {
      if !Task.isCancelled { printError(error.description) }
      throw ExitCode(2)
    }
    print("Page: \(files.html)")
  }

  private func draw(_ report: ExperimentReport, _ files: ReportFiles) async throws {
    let drawn: DrawnFigure
    do {
      drawn = try await files.draw(
        report, formats: figures ?? [.svg, .png], columns: min(max(terminalWidth() - 1, 40), 160))
    } catch {
      if !Task.isCancelled { printError(error.description) }
      throw ExitCode(1)
    }
    // What is printed for a program stays for that program alone.
    if format == nil {
      if !drawn.textChart.isEmpty { print("\n\(drawn.textChart)") }
      if !drawn.files.isEmpty { print("Figures: \(drawn.files.joined(separator: ", "))") }
    }
    if let obstacle = drawn.obstacle { printError(obstacle) }
    guard drawn.failures.isEmpty else {
      printError(drawn.failures.joined(separator: "\n"))
      throw ExitCode(1)
    }
  }
}
