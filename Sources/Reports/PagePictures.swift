// Figures as pieces of a page: SVG without a file, one for each panel.
import Foundation

/// Has gnuplot draw the figures of a page.
enum PagePictures {
  /// The panels of each figure, by the figure's name. Panels stand apart, so that a narrow page can
  /// put one below the other.
  /// - Throws: `ReportsError` if gnuplot is missing, fails or hangs.
  static func all(_ report: ExperimentReport) async throws(ReportsError) -> [String: [String]] {
    let folder = FileManager.default.temporaryDirectory
      .appending(path: "bench-page-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: folder) }
    var pictures: [String: [String]] = [:]
    for (number, figure) in Figure.all(report).enumerated() where figure.hasData {
      for (index, panel) in figure.separatePanels.enumerated() {
        let script = FigureScript(figure: panel)
        try ReportFiles.write(script.script, to: "\(folder.path)/\(panel.name).gp")
        try ReportFiles.write(script.data, to: "\(folder.path)/\(panel.name).dat")
        _ = try await Gnuplot.run(
          ["-e", "formats='svg'", "\(panel.name).gp"], in: folder.path)
        let file = folder.appending(path: "\(panel.name).svg")
        guard let svg = try? String(contentsOf: file, encoding: .utf8) else {
          throw ReportsError("gnuplot did not make \(file.path)")
        }
        pictures[figure.name, default: []].append(
          inline(svg, prefix: "f\(number)p\(index)-", title: figure.title))
      }
    }
    return pictures
  }

  /// An SVG file's text as it may stand inside a page: without prolog, with names of its own.
  static func inline(_ svg: String, prefix: String, title: String) -> String {
    let body = svg.range(of: "<svg").map { String(svg[$0.lowerBound...]) } ?? svg
    // Names are the page's: two figures must not share one.
    return
      body
      .replacing("id=\"", with: "id=\"\(prefix)")
      .replacing("id='", with: "id='\(prefix)")
      .replacing("href=\"#", with: "href=\"#\(prefix)")
      .replacing("href='#", with: "href='#\(prefix)")
      .replacing("url(#", with: "url(#\(prefix)")
      .replacing("<title>Gnuplot</title>", with: "<title>\(HTML.escaped(title))</title>")
      .trimmingCharacters(in: .whitespacesAndNewlines)
  }
}
