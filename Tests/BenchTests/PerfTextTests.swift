// The tables of `bench perf`: equal layers together, never wider than a terminal, honest comparisons.
import Foundation
import Testing

@testable import bench

@Suite struct PerfTextTests {
  /// A result as it is saved, with these operations.
  private static func report(
    operations: [(name: String, summary: String, pass: String, ms: Double)],
    name: String = "resnet-8", batch: Int = 4, imagesPerSecond: Double = 100, peak: Double = 500
  ) throws -> PerfReport {
    let rows = operations.map {
      """
      {"name": "\($0.name)", "summary": "\($0.summary)", "pass": "\($0.pass)",
       "milliseconds": \($0.ms), "share": 0.25, "gigaOperations": \($0.summary.isEmpty ? 0 : 0.2),
       "megabytes": 2, "gflops": 100, "limitShare": 0.5, "limit": "FMA"}
      """
    }
    let text = """
      {"name": "\(name)", "mode": "training", "batch": \(batch), "input": "3x32x32", "threads": 2,
       "steps": 15, "milliseconds": 40, "imagesPerSecond": \(imagesPerSecond),
       "bestImagesPerSecond": 110, "gflops": 50, "peakGFLOPS": \(peak), "peakShare": 0.1,
       "copyGBPerSecond": 40, "peakMemoryMB": 90, "cpu": "A CPU",
       "numericIdentity": {"engineVersion": 1, "backend": "libxsmm", "instructionSet": "avx512"},
       "operations": [\(rows.joined(separator: ","))]}
      """
    return try JSONDecoder().decode(PerfReport.self, from: Data(text.utf8))
  }

  private static let layers: [(name: String, summary: String, pass: String, ms: Double)] = [
    ("conv1", "3x3 3→16 at 32x32", "forward", 1), ("conv1", "3x3 3→16 at 32x32", "backward", 2),
    ("layer1.0.conv1", "3x3 16→16 at 32x32", "forward", 1.5),
    ("layer1.0.conv1", "3x3 16→16 at 32x32", "backward", 4),
    ("layer1.1.conv2", "3x3 16→16 at 32x32", "forward", 2.5),
    ("layer1.1.conv2", "3x3 16→16 at 32x32", "backward", 5), ("optimizer", "", "", 0.25),
    ("loss", "", "", 0.125),
  ]

  @Test func equalLayersAreOneLine() throws {
    let report = try Self.report(operations: Self.layers)
    let lines = PerfText.table(report, all: false).split(separator: "\n").map(String.init)
    #expect(
      lines.prefix(8) == [
        "operation       n  what                pass        ms  share%  GFLOP/s   MB  limit%  bound  gap ms",
        "--------------  -  ------------------  --------  ----  ------  -------  ---  ------  -----  ------",
        "conv1              3x3 3→16 at 32x32   forward   1.00    25.0      200  2.0      50  FMA       0.5",
        "conv1              3x3 3→16 at 32x32   backward  2.00    25.0      100  2.0      50  FMA       1.0",
        "layer1.*.conv*  2  3x3 16→16 at 32x32  forward   4.00    50.0      100  4.0      50  FMA       2.0",
        "layer1.*.conv*  2  3x3 16→16 at 32x32  backward  9.00    50.0       44  4.0      50  FMA       4.5",
        "optimizer                                        0.25    25.0           2.0      50  FMA       0.1",
        "loss                                             0.12    25.0           2.0      50  FMA       0.1",
      ])
    #expect(PerfText.table(report, all: true).contains("layer1.1.conv2"))
  }

  @Test func namesAreBroughtTogether() {
    #expect(PerfText.pattern(["fc"]) == "fc")
    #expect(PerfText.pattern(["layer1.0.conv1", "layer1.17.conv2"]) == "layer1.*.conv*")
    #expect(PerfText.pattern(["layer3.0.conv2", "layer3.5.conv2"]) == "layer3.*.conv2")
    #expect(PerfText.pattern(["a.b", "a"]) == "a.b")
  }

  @Test func theLargestNetsFitATerminal() throws {
    let report = try Self.report(operations: [
      ("layer3.0.downsample.0", "1x1/2 1024→2048 at 14x14", "backward", 12_345.678),
      ("weight-gradient sums", "", "", 1234.5),
      ("maxpool", "max 3x3/2, 64x112x112", "backward", 1234.5),
    ])
    for all in [true, false] {
      let widest = PerfText.table(report, all: all).split(separator: "\n").map(\.count).max() ?? 0
      #expect(widest <= 120, "\(widest)")
    }
    let comparison = PerfComparison(before: report, after: report).text(all: false)
    #expect((comparison.split(separator: "\n").map(\.count).max() ?? 0) <= 120)
  }

  @Test func aComparisonShowsChanges() throws {
    let before = try Self.report(operations: Self.layers, imagesPerSecond: 80)
    var layers = Self.layers
    layers[2].ms = 0.5
    layers[7].name = "softmax"
    let after = try Self.report(operations: layers)
    let comparison = PerfComparison(before: before, after: after)
    #expect(comparison.warnings.isEmpty)
    let lines = comparison.text(all: false).split(separator: "\n").map {
      $0.split(separator: " ").joined(separator: " ")
    }
    #expect(lines.contains("images/s 80.0 100.0 +25.0"))
    #expect(lines.contains("layer1.*.conv* 2 3x3 16→16 at 32x32 forward 4.00 3.00 -25.0 -1.00"))
    #expect(lines.contains("softmax 0.12 new"))
    #expect(lines.contains("1 operations of the saved result are no more."))
  }

  @Test func whatCannotBeComparedIsSaid() throws {
    let before = try Self.report(operations: Self.layers)
    let other = try Self.report(operations: Self.layers, name: "resnet-14", batch: 8)
    #expect(
      PerfComparison(before: before, after: other).warnings == [
        "the network differs: resnet-8 before, resnet-14 now",
        "the batch differs: 4 before, 8 now",
      ])
    let disturbed = try Self.report(operations: Self.layers, peak: 266)
    let warnings = PerfComparison(before: before, after: disturbed).warnings
    #expect(warnings.count == 1 && warnings[0].contains("was 500 and is 266"))
  }

  @Test func foreignFilesAreRefused() throws {
    let bench = try BuiltBinary()
    for (text, message) in [
      (nil, "there is no such file"), ("not JSON", "not JSON"), ("{\"a\": 1}", "is missing"),
      ("[]", "not a result"), ("{\"name\": 7}", "'name' is of another kind"),
    ] {
      let path =
        try text.map { try bench.write("saved.json", $0) }
        ?? bench.folder.appending(path: "absent.json").path
      let error = #expect(throws: PerfError.self) { try PerfComparison.load(path) }
      #expect(error?.description.contains(message) == true, "\(error?.description ?? "")")
    }
    #expect(throws: PerfError.self) { try PerfComparison.load(bench.folder.path) }
    #expect(throws: PerfError.self) { try PerfComparison.load("/dev/zero") }
  }
}
