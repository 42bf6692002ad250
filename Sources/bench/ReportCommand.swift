// bench report: the table of an experiment, and its figure.
import ArgumentParser
import Experiments
import Foundation
import Reports
import Results
import Training

struct ReportCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "report",
    abstract: "Print an experiment's tables and verdicts, and draw its figures.",
    discussion: """
      Without --format the report is printed and also written as Markdown; with --plot only what it \
      comes to is printed: the first curves, and each claim's answer. With --format, only the report \
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
    case nil where isDrawn: try printName(report, among: reader)
    case nil: try printReport(report, files, among: reader)
    case .text: print(report.text, terminator: "")
    case .markdown: print(report.markdown, terminator: "")
    case .latex: print(report.latex, terminator: "")
    case .csv: print(report.csv, terminator: "")
    case .claimsCSV: print(report.claimsCSV, terminator: "")
    case .json: print(report.json, terminator: "")
    case .html: try await interruptible { try await writePage(report, files) }
    }
    if isDrawn { try await interruptible { try await draw(report, files) } }
  }

  private var isDrawn: Bool { plot || figures != nil }

  /// Says that there are others, where none was named.
  private func sayWhich(among reader: ResultsReader) throws {
    guard experiment == nil else { return }
    let all = try endingOnBadInput { () throws(ResultsError) in try reader.experiments() }
    if all.count > 1 { print("The most recently run of \(all.count) experiments:") }
  }

  private func printName(_ report: ExperimentReport, among reader: ResultsReader) throws {
    try sayWhich(among: reader)
    print("\(report.experiment.name): \(report.experiment.title)".printable)
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
    try sayWhich(among: reader)
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
    var drawn = DrawnFigure()
    var failure: String?
    do {
      drawn = try await files.draw(
        report, formats: figures ?? [.svg, .png], columns: min(max(terminalWidth() - 1, 40), 160))
    } catch {
      // Ended by the user, who wants nothing more.
      if Task.isCancelled { throw ExitCode(1) }
      failure = error.description
    }
    // What is printed for a program stays for that program alone.
    if format == nil {
      if !drawn.textChart.isEmpty { print("\n\(drawn.textChart)") }
      print(report.overviewText)
      try endingOnBadInput { () throws(ReportsError) in try files.writeMarkdown(report) }
      print(whereNext(report, files, drawn), terminator: "")
    }
    if let failure {
      printError(failure)
      throw ExitCode(1)
    }
    if let obstacle = drawn.obstacle { printError(obstacle) }
    guard drawn.failures.isEmpty else {
      printError(drawn.failures.joined(separator: "\n"))
      throw ExitCode(1)
    }
  }

  /// Where everything else is.
  private func whereNext(
    _ report: ExperimentReport, _ files: ReportFiles, _ drawn: DrawnFigure
  ) -> String {
    let name = ProvenanceCollector.quoted(report.experiment.name)
    let more = database.pathIfNotDefault.map { " --db \(ProvenanceCollector.quoted($0))" } ?? ""
    var lines: [String] = []
    if !report.verdicts.isEmpty { lines.append("Why, and how sure: bench verdict \(name)\(more)") }
    lines.append("All tables: bench report \(name)\(more), or \(files.markdown)")
    if !drawn.files.isEmpty { lines.append("Figures: \(drawn.files.joined(separator: ", "))") }
    lines.append("All as one page: bench report \(name) --format html\(more)")
    return lines.map { $0.printable + "\n" }.joined()
  }
}
