// Reports in LaTeX: text that compiles under every engine, tables that stay on their pages.
// `make test-latex` compiles what `documentsAreWrittenForLaTeX` writes.
import Foundation
import Results
import TestSupport
import Testing

@testable import Reports

@Suite struct LaTeXTests {
  typealias Net = FakeExperiment.Net

  @Test(arguments: [
    (#"a "b" c"#, #"a \char34{}b\char34{} c"#), ("≥ 5 %", #"$\ge$ 5 \%"#),
    ("β₁ = 10⁻⁴ ± σ", #"$\beta$$_{1}$ = 10$^{-}$$^{4}$ $\pm$ $\sigma$"#), ("--db", "-{}-db"),
    ("''x''", "'{}'x'{}'"), ("Čapek, Müller, Åse", #"\v{C}apek, M\"{u}ller, \r{A}se"#),
    ("Müller", #"M\"{u}ller"#), ("Straße – “so”", #"Stra\ss{}e -- ``so''"#),
    ("ä\u{301}", #"\benchchar{E4}\benchchar{301}"#), ("水", #"\benchchar{6C34}"#),
    ("👩‍🔬", #"\benchchar{1F469}\benchchar{1F52C}"#), ("Ж", #"\benchchar{416}"#),
    (
      #"{x} ~^\ $ # _ & < > |"#,
      ##"\{x\} \textasciitilde{}\textasciicircum{}\textbackslash{} \$ \# \_ \& \textless{} "##
        + #"\textgreater{} \textbar{}"#
    ),
    ("`a`", #"\char96{}a\char96{}"#), ("Ω ≠ Α", #"$\Omega$ $\ne$ $\mathrm{A}$"#),
  ])
  func textIsSetAndNotObeyed(text: String, expected: String) {
    #expect(LaTeX.escaped(text) == expected)
  }

  @Test func nothingButASCIIAndCommandsIsLeft() {
    for value in UInt32(0x20)...0xFFFF {
      guard let scalar = Unicode.Scalar(value) else { continue }
      let text = LaTeX.escaped(String(scalar))
      #expect(text.utf8.allSatisfy { $0 < 0x80 }, "U+\(String(value, radix: 16)): \(text)")
    }
  }

  @Test func longWordsMayBeBroken() {
    #expect(LaTeX.escaped("short words", .column) == "short words")
    #expect(
      LaTeX.escaped("weightDecay=0.1", .column)
        == #"weight\allowbreak{}Decay=\allowbreak{}0.\allowbreak{}1"#)
    #expect(
      LaTeX.escaped("8c237eeae2af", .column) == #"8c23\allowbreak{}7eea\allowbreak{}e2af"#)
    #expect(LaTeX.escaped("weightDecay=0.1", .sentence) == "weightDecay=0.1")
    #expect(LaTeX.escaped("reproduced here", .column) == #"\hspace{0pt}reproduced here"#)
    #expect(LaTeX.escaped("no repository", .column) == "no repository")
    #expect(LaTeX.escaped("123456.789012", .column) == "123456.789012")
    #expect(LaTeX.escaped("weightDecay=0.1") == "weightDecay=0.1")
  }

  /// Many variants of long names, each with some seeds.
  static func many(_ count: Int, seeds: [Int64] = [0, 1]) throws -> ExperimentReport {
    let nets = (0..<count).map { number in
      Net(
        network: "residual", depth: 20, trainError: 20, testError: 30,
        extra: [
          LevelRecord(factor: "optimizer.learningRate", level: "0.1", numeric: 0.1),
          LevelRecord(
            factor: "optimizer.weightDecay", level: "0.0\(2 * number + 101)",
            numeric: Double("0.0\(2 * number + 101)")),
        ])
    }
    let fake = try FakeExperiment(name: "many", nets: nets, seeds: seeds, totalSteps: 30)
    for net in nets {
      for seed in seeds { try fake.record(net.name, seed: seed, testError: 30 + Double(seed)) }
    }
    return try fake.report()
  }

  @Test func aTableHigherThanAPageGoesOnOnTheNext() throws {
    let short = try Self.many(8).latex
    #expect(!short.contains("longtable}{") && short.contains("\\begin{table}"))
    let long = try Self.many(60).latex
    #expect(long.contains("\\begin{longtable}{") && long.contains("\\endlastfoot"))
    for text in [short, long] {
      #expect(
        text.components(separatedBy: "\\begin{").count
          == text.components(separatedBy: "\\end{").count)
    }
    #expect(long.contains("\\usepackage{booktabs,array,graphicx,longtable}"))
  }

  @Test func cellsOfATableWiderThanAPageAreBroken() throws {
    let fake = try FakeExperiment()
    try fake.runAll()
    let narrow = try fake.report().latex
    #expect(narrow.contains("\\resizebox{"))
    let wide = try Self.many(2, seeds: Array(0..<16)).latex
    let shares = wide.matches(of: /p\{([0-9.]+)\\linewidth\}/).compactMap { Double($0.1) }
    #expect(!wide.contains("\\resizebox{\\ifdim") && shares.count > 6)
    let columns = try #require(wide.firstMatch(of: /\\begin\{tabular\}\{(.*)\}\n/)).1
    let sum = columns.matches(of: /p\{([0-9.]+)\\linewidth\}/).compactMap { Double($0.1) }
      .reduce(0, +)
    #expect((0.85...0.9).contains(sum))
  }

  static let hostile =
    "The \"degradation\" of β nets, error ≥ 5 % & more_or_less {x} ~^\\ `--db` 水 👩‍🔬 Ж É [1]"

  /// With BENCH_LATEX_FOLDER: reports to be compiled.
  @Test func documentsAreWrittenForLaTeX() throws {
    guard let folder = ProcessInfo.processInfo.environment["BENCH_LATEX_FOLDER"] else { return }
    func write(_ name: String, _ report: ExperimentReport) throws {
      try report.latex.write(toFile: "\(folder)/\(name).tex", atomically: true, encoding: .utf8)
    }
    let claim = #"""
      "claims": [{"id": "gains", "kind": "superiority", "a": {"network": "residual", "depth": 56},
        "b": {"network": "residual", "depth": 20}, "direction": "a<b", "statement":
        "Averyveryverylongwordwithoutanyspaceinit ≥ \"β\" & /a/path/of/somebody/results.sqlite"}]
      """#
    let plain = try FakeExperiment(seeds: [0, 1, 2], more: claim)
    try plain.runAll(seeds: [0, 1, 2])
    try write("plain", try plain.report())
    let hostile = try FakeExperiment(title: Self.hostile, more: claim)
    try hostile.runAll()
    try write("hostile", try hostile.report())
    let word = String(repeating: "optimizer.weightDecay/", count: 9)
    let long = try FakeExperiment(title: word)
    try long.runAll()
    try write("long-title", try long.report())
    try write("many", try Self.many(60))
    try write("many-seeds", try Self.many(3, seeds: Array(0..<40)))
    try write("many-of-both", try Self.many(80, seeds: Array(0..<12)))
  }
}
