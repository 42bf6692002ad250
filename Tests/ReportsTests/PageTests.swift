// The report as one page: whole, self-contained, and the same bytes each time.
import Foundation
import TestSupport
import Testing

@testable import Reports
@testable import Results

@Suite struct PageTests {
  private static let claims = #"""
    "claims": [
      {"id": "degrades", "kind": "superiority", "metric": "trainError",
       "statement": "Deeper <b>plain</b> nets have the higher training error",
       "a": {"network": "plain", "depth": 56}, "b": {"network": "plain", "depth": 20},
       "direction": "a>b", "reference": {"source": "He et al. 2015, Figure 6", "a": 5.24, "b": 1.23}},
      {"id": "reversed", "kind": "superiority", "a": {"network": "plain", "depth": 56},
       "b": {"network": "plain", "depth": 20}, "direction": "a<b"}]
    """#

  private func fake() throws -> FakeExperiment {
    let fake = try FakeExperiment(seeds: [0, 1, 2], more: Self.claims)
    try fake.runAll(seeds: [0, 1, 2])
    return fake
  }

  @Test func everythingIsOnThePage() throws {
    let fake = try fake()
    let page = try fake.report().document(.full).html(pictures: [:])
    for text in [
      "<tr class=\"reproduced\"><td>degrades</td>",
      "<tr class=\"not-reproduced\"><td>reversed</td>",
      "He et al. 2015, Figure 6", "Deviations from the papers", "Provenance",
      "best on test", "published", "<td class=\"number\">270000</td>",
      "Deeper &lt;b&gt;plain&lt;/b&gt; nets",
    ] {
      #expect(page.contains(text), "\(text)")
    }
    // A string that is not one by type is printed as its parts.
    for text in ["GRDB", "Optional(", "elements:", "<script", "http"] {
      #expect(!page.contains(text), "\(text)")
    }
    let rows = page.components(separatedBy: "<tr").count - 1
    #expect(rows == page.components(separatedBy: "</tr>").count - 1 && rows > 15)
    #expect(try fake.report().document(.full).html(pictures: [:]) == page)
  }

  @Test(.enabled(if: GnuplotProgram.isInstalled)) func picturesAreInsideAndTheBytesTheSame()
    async throws
  {
    let fake = try fake()
    let pages = try await [0, 1].asyncMap { run in
      let folder = fake.folder.appending(path: "page-\(run)").path
      let files = ReportFiles(experiment: "degradation", folder: folder)
      #expect(try await files.writeHTML(try fake.report()) == nil)
      return try String(contentsOfFile: files.html, encoding: .utf8)
    }
    #expect(pages[0] == pages[1])
    let page = pages[0]
    #expect(page.components(separatedBy: "<svg").count == 3)
    #expect(page.contains("<p class=\"note caption\">protocol quick; mean ± standard deviation"))
    // Names inside pictures are the page's, so each is there once.
    let names = page.matches(of: /id=["']([^"']+)["']/).map { String($0.1) }
    #expect(!names.isEmpty && Set(names).count == names.count)
    let addresses = Set(page.matches(of: /https?:\/\/[^"'\s<]+/).map { String($0.0) })
    #expect(addresses.isSubset(of: ["http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"]))
  }
}

extension Sequence {
  fileprivate func asyncMap<Result>(
    _ transform: (Element) async throws -> Result
  ) async rethrows -> [Result] {
    var results: [Result] = []
    for element in self { results.append(try await transform(element)) }
    return results
  }
}
