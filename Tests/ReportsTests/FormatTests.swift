// What LaTeX, comma-separated values and the page say besides the numbers.
import Results
import Testing

@testable import Reports
@testable import Specs

@Suite struct FormatTests {
  private static let claim = #"""
    "claims": [{"id": "gains", "kind": "superiority", "a": {"network": "residual", "depth": 56},
      "b": {"network": "residual", "depth": 20}, "direction": "a<b", "reference":
      {"source": "He et al. 2015, Figure 6", "a": 8.3, "b": 8.75, "note": "of a reproduction"}}]
    """#

  /// Three seeds: of plain-20 one diverged and one failed; plain-56 was never started.
  private func unlucky() throws -> ExperimentReport {
    let fake = try FakeExperiment(seeds: [0, 1, 2], more: Self.claim)
    let net = FakeExperiment.quartet[0]
    try fake.run(net, seed: 0)
    try fake.run(net, seed: 1, upTo: 100, status: .diverged)
    try fake.run(net, seed: 2, upTo: 100, status: .failed)
    for name in ["resnet-20", "resnet-56"] {
      for (seed, error) in [30.0, 31, 32].enumerated() {
        let shift = name == "resnet-56" ? -2.0 : 0
        try fake.record(name, seed: Int64(seed), testError: error + shift)
      }
    }
    return try fake.report()
  }

  @Test func latexSaysWhatIsMissing() throws {
    let latex = try unlucky().latex
    for text in [
      "1 diverged, 1 failed", "& 3 waiting", "not the paper's, so compare", "8 of 12 runs are done",
      "Diverged, and left out of the means: plain-20 seed 1", "Provenance}",
      ">{\\raggedright\\arraybackslash}p{0.38\\linewidth}", "\\texttt{bench show RUN}", "$-$2.00",
    ] {
      #expect(latex.contains(text), "\(text)")
    }
    // No hyphen before a number, as a minus.
    #expect(latex.firstMatch(of: /[ &]-[0-9]/) == nil)
    let begun = latex.components(separatedBy: "\\begin{").count
    #expect(begun == latex.components(separatedBy: "\\end{").count)
  }

  @Test func csvCountsWhatIsMissing() throws {
    let lines = try unlucky().csv.split(separator: "\n").map {
      $0.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
    }
    #expect(lines[0].suffix(4) == ["diverged", "failed", "interrupted", "unfinished"])
    #expect(lines[0].prefix(2) == ["experiment", "protocol"])
    let rows = Dictionary(
      lines.dropFirst().map { ($0[3] + " " + $0[6], Array($0.suffix(4))) },
      uniquingKeysWith: { first, _ in first })
    #expect(rows["plain-20 testError"] == ["1", "1", "0", "0"])
    #expect(rows["plain-56 testError"] == ["0", "0", "0", "3"])
    #expect(rows["resnet-20 testError"] == ["0", "0", "0", "0"])
    let json = try unlucky().json.filter { !$0.isWhitespace }
    #expect(json.contains(#""notInN":{"diverged":1,"failed":1}"#))
  }

  @Test func claimsAreCommaSeparatedToo() throws {
    let lines = try unlucky().claimsCSV.split(separator: "\n").map(String.init)
    #expect(lines.count == 2)
    let header = lines[0].split(separator: ",").map(String.init)
    // Neither statement nor source is quoted but for the last field.
    let cells = lines[1].split(separator: ",", maxSplits: 29, omittingEmptySubsequences: false)
    let row = Dictionary(
      zip(header, cells.map(String.init)), uniquingKeysWith: { first, _ in first })
    #expect(header.count == 30 && cells.count == 30)
    #expect(row["claim"] == "gains" && row["a"] == "resnet-56" && row["b"] == "resnet-20")
    #expect(row["nA"] == "3" && row["difference"] == "-2.0" && row["referenceA"] == "8.3")
    #expect(row["referenceSource"] == "\"He et al. 2015, Figure 6\"")
  }

  /// The table has Table 6's number, the claim another one: both say whose they are.
  @Test func twoNumbersForOneNetAreExplained() throws {
    let text = try unlucky().text
    #expect(
      text.contains(
        "resnet-56: published here is 6.97 (He et al. 2015, Table 6), but 8.30 (He et al. 2015, "
          + "Figure 6, of a reproduction) is what is referred to by gains.\n"))
    #expect(!text.contains("resnet-20: published here"))
  }

  /// What is cited of 110 layers is no other number for 56.
  @Test func numbersOfOtherDepthsAreNotExplained() throws {
    let claim = Self.claim.replacing("He et al. 2015, Figure 6", with: "He et al. 2016, Table 1")
    let fake = try FakeExperiment(more: claim)
    try fake.runAll()
    #expect(try !fake.report().text.contains("published here"))
  }

  @Test func theGapStandsWhereAFigureDrawsIt() throws {
    func report(_ metric: String) throws -> ExperimentReport {
      let fake = try FakeExperiment(
        more: #""figures": [{"name": "gap", "kind": "bars", "metrics": ["\#(metric)"]}]"#)
      try fake.record("plain-20", seed: 0, testError: 30, trainError: 28)
      try fake.record("plain-20", seed: 1, testError: 30, trainError: 34)
      return try fake.report()
    }
    let gap = try report("errorGap")
    #expect(gap.text.contains("Test error − training error, as last recorded"))
    #expect(gap.text.contains("−1.00 ± 4.24"))
    let row = try #require(
      gap.csv.split(separator: "\n").first { $0.contains("plain-20") && $0.contains("errorGap") })
    #expect(row.contains(",2,-1.0,"))
    let none = try report("testError")
    #expect(!none.csv.contains("errorGap") && !none.text.contains("−1.00"))
  }

  @Test func thePageSaysTheProtocolOnceAndSetsCode() throws {
    let page = try unlucky().document(.full).html(pictures: [:])
    #expect(page.components(separatedBy: "under protocol quick").count == 2)
    #expect(page.contains("<code>bench show RUN</code>") && !page.contains("`"))
    #expect(page.contains("linear-gradient(90deg, var(--shadow)"))
    #expect(HTML.sentence("a ` b <") == "a ` b &lt;")
    #expect(Markdown.sentence("a `b_c` _") == "a `b_c` \\_")
  }

  @Test func minusSignsAreTrue() {
    #expect(NumberText.value(-22.271) == "−22.27")
    #expect(NumberText.value(-0.001) == "0.00")
    #expect(NumberText.difference(-0.0012) == "−0.0012")
    #expect(NumberText.value(-1.5, metric: Metric(named: "slope")) == "−1.5")
  }
}
