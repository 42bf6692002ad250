// Where reports and figures go; nothing half-written ever has a final name.
import Foundation
import Results
import Specs

/// A picture format that gnuplot can write.
public enum FigureFormat: String, CaseIterable, Sendable {
  case svg, png, pdf
}

/// What `ReportFiles.draw` made.
public struct DrawnFigure: Equatable, Sendable {
  /// Paths of pictures, script and data.
  public var files: [String] = []
  /// The first curves as a chart in characters; empty if there are none.
  public var textChart = ""
  /// Why there is no picture, if there is none: nothing recorded yet, or no gnuplot.
  public var obstacle: String?
  /// Why pictures of some formats are missing beside those of others.
  public var failures: [String] = []

  /// Nothing.
  public init(obstacle: String? = nil) { self.obstacle = obstacle }
}

/// The files of one experiment's report.
public struct ReportFiles: Sendable {
  /// Path of the Markdown report.
  public let markdown: String
  /// Path of the page.
  public let html: String
  /// Folder of the figures.
  public let figures: String

  /// - Parameters:
  ///   - experiment: its name; characters that do not belong in a file name become `_`.
  ///   - folder: for everything; by default `results/reports` and `plots`.
  public init(experiment: String, folder: String? = nil) {
    let name = Self.fileName(experiment)
    markdown = "\(folder ?? "results/reports")/\(name).md"
    html = "\(folder ?? "results/reports")/\(name).html"
    figures = "\(folder ?? "plots")/\(name)"
  }

  /// Letters, digits, `.`, `_`, `-` and `=` as they are, all else as `_`; never hidden, never empty.
  static func fileName(_ name: String) -> String {
    let safe = name.unicodeScalars.map { scalar in
      let allowed =
        scalar.properties.isAlphabetic || scalar.properties.numericType != nil
        || "._-=".unicodeScalars.contains(scalar)
      return allowed ? String(scalar) : "_"
    }.joined()
    return safe.isEmpty || safe.hasPrefix(".") ? "_" + safe.dropFirst() : safe
  }

  /// Writes the Markdown report.
  /// - Throws: `ReportsError` if it cannot be written.
  public func writeMarkdown(_ report: ExperimentReport) throws(ReportsError) {
    try Self.write(report.markdown, to: markdown)
  }

  /// Writes the report as one page that needs nothing else, its figures inside.
  /// - Returns: why there are no figures, if there are none.
  /// - Throws: `ReportsError` if it cannot be written, or gnuplot fails or hangs.
  public func writeHTML(_ report: ExperimentReport) async throws(ReportsError) -> String? {
    var pictures: [String: PagePicture] = [:]
    var obstacle: String?
    do {
      pictures = try await PagePictures.all(report)
    } catch  where error == Gnuplot.missing {
      obstacle = error.description
    }
    try Self.write(report.document(.full).html(pictures: pictures), to: html)
    return obstacle
  }

  /// Writes scripts and data, and has gnuplot draw the pictures and the text chart.
  /// - Parameters:
  ///   - formats: pictures to draw.
  ///   - columns: width of the text chart.
  /// - Returns: what was made; script and data alone, with the reason, where gnuplot is missing.
  /// - Throws: `ReportsError` if a file cannot be written, or gnuplot fails or hangs.
  public func draw(
    _ report: ExperimentReport, formats: [FigureFormat], columns: Int = 79
  ) async throws(ReportsError) -> DrawnFigure {
    let all = Figure.all(report).filter(\.hasData)
    guard !all.isEmpty else {
      return DrawnFigure(
        obstacle: "nothing is recorded yet, so there is no figure of \(report.experiment.name)")
    }
    var drawn = DrawnFigure()
    for figure in all {
      let script = FigureScript(figure: figure)
      let files = ["gp", "dat"].map { "\(figures)/\(figure.name).\($0)" }
      try Self.write(script.script, to: files[0])
      try Self.write(script.data, to: files[1])
      do {
        let (pictures, failures) = try await drawPictures(figure.name, formats)
        drawn.files += pictures + files
        drawn.failures += failures
      } catch  where error == Gnuplot.missing {
        drawn.files += files
        drawn.obstacle = error.description
      }
    }
    let curves = report.curveSpecs.first
    if drawn.obstacle == nil, let curves,
      let figure = all.first(where: { $0.name == curves.name }),
      let chart = TextChart(figure, title: curves.metrics[0].label, columns: columns, rows: 22)
    {
      let lines = TextChart.trimmed(
        try await Gnuplot.run(["-"], script: chart.script, in: figures))
      drawn.textChart = "\(lines)\n\(chart.legend)"
    }
    return drawn
  }

  /// Has gnuplot draw a figure's pictures, each format on its own where one fails: a gnuplot may lack
  /// a terminal, and the others' pictures are good without.
  /// - Returns: the pictures, and why others are missing.
  /// - Throws: `ReportsError` where there is no picture at all.
  private func drawPictures(
    _ name: String, _ formats: [FigureFormat]
  ) async throws(ReportsError) -> (pictures: [String], failures: [String]) {
    let failure: ReportsError
    do {
      return (try await drawTogether(name, formats), [])
    } catch {
      guard formats.count > 1, error != Gnuplot.missing, !Task.isCancelled else { throw error }
      failure = error
    }
    var pictures: [String] = []
    var failures: [String] = []
    for format in formats {
      do {
        pictures += try await drawTogether(name, [format])
      } catch {
        if Task.isCancelled { throw error }
        failures.append("\(name).\(format.rawValue) was not drawn: \(error.description)")
      }
    }
    guard !pictures.isEmpty else { throw failure }
    return (pictures, failures)
  }

  /// Has gnuplot draw under temporary names, and renames what is whole.
  private func drawTogether(
    _ name: String, _ formats: [FigureFormat]
  ) async throws(ReportsError) -> [String] {
    let prefix = ".partial-\(ProcessInfo.processInfo.processIdentifier)-"
    let pictures = formats.map { "\(name).\($0.rawValue)" }
    defer {
      for picture in pictures {
        try? FileManager.default.removeItem(atPath: "\(figures)/\(prefix)\(picture)")
      }
    }
    let settings =
      "prefix='\(prefix)'; formats='\(formats.map(\.rawValue).joined(separator: " "))'"
    _ = try await Gnuplot.run(["-e", settings, "\(name).gp"], in: figures)
    for picture in pictures {
      try Self.rename("\(figures)/\(prefix)\(picture)", to: "\(figures)/\(picture)")
    }
    return pictures.map { "\(figures)/\($0)" }
  }

  /// Writes a text file under a temporary name and renames it.
  static func write(_ text: String, to path: String) throws(ReportsError) {
    let url = URL(fileURLWithPath: path)
    let folder = url.deletingLastPathComponent()
    do {
      try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
      try Data(text.utf8).write(to: url, options: .atomic)
    } catch {
      throw ReportsError("cannot write \(path): \(Self.reason(error, folder: folder.path))")
    }
  }

  /// The system's word for why a file cannot be written, which Foundation hides.
  private static func reason(_ error: any Error, folder: String) -> String {
    if access(folder, W_OK) != 0 { return "\(folder): \(String(cString: strerror(errno)))" }
    return error.localizedDescription
  }

  private static func rename(_ source: String, to target: String) throws(ReportsError) {
    guard Foundation.rename(source, target) == 0 else {
      if errno == ENOENT {
        throw ReportsError(
          "gnuplot reported no error, but did not draw \(target); its script and data are beside it"
        )
      }
      throw ReportsError("cannot write \(target): \(String(cString: strerror(errno)))")
    }
  }
}
