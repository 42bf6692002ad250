// Figures as pieces of a page: SVG without a file, one for each panel.
import Foundation

/// A figure of a page: its panels stand apart, so that a narrow page can put one below the other.
struct PagePicture {
  var caption: String
  /// As SVG.
  var panels: [String] = []
}

/// Has gnuplot draw the figures of a page.
enum PagePictures {
  /// Narrow, so that letters stay legible on a telephone.
  static let panelWidth = 400

  /// The pictures of a report by the figures' names.
  /// - Throws: `ReportsError` if gnuplot is missing, fails or hangs.
  static func all(_ report: ExperimentReport) async throws(ReportsError) -> [String: PagePicture] {
    let folder = FileManager.default.temporaryDirectory
      .appending(path: "bench-page-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: folder) }
    var pictures: [String: PagePicture] = [:]
    for (number, figure) in Figure.all(report).enumerated() where figure.hasData {
      var picture = PagePicture(caption: figure.caption)
      for (index, panel) in figure.separatePanels.enumerated() {
        let script = FigureScript(figure: panel, panelWidth: panelWidth)
        try ReportFiles.write(script.script, to: "\(folder.path)/\(panel.name).gp")
        try ReportFiles.write(script.data, to: "\(folder.path)/\(panel.name).dat")
        _ = try await Gnuplot.run(
          ["-e", "formats='svg'", "\(panel.name).gp"], in: folder.path)
        let file = folder.appending(path: "\(panel.name).svg")
        guard let svg = try? String(contentsOf: file, encoding: .utf8) else {
          throw ReportsError("gnuplot did not make \(file.path)")
        }
        let title = panel.panels.map(\.title).reduce(figure.title) {
          $1.isEmpty ? $0 : "\($0): \($1)"
        }
        picture.panels.append(inline(svg, prefix: "f\(number)p\(index)-", title: title))
      }
      pictures[figure.name] = picture
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
