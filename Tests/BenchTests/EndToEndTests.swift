// From a spec to the chart and the database, through the built program.
import Foundation
import TestSupport
import Testing

@Suite struct EndToEndTests {
  /// A few tiny runs whose lengths the caller chooses.
  private func tinySpec(steps: Int, seeds: String = "[0]", size: Int = 16) -> String {
    """
    {"name": "tiny", "title": "Tiny", "protocol": {"name": "tiny",
      "data": {"name": "shapes", "size": \(size), "trainCount": 256, "testCount": 40},
      "batch": 30, "iterations": \(steps), "optimizer": {"learningRate": 0.05},
      "evaluation": {"every": \(steps), "recordEvery": 1}},
     "factors": {"network": ["plain", "residual"], "depth": [8]}, "seeds": \(seeds)}
    """
  }

  @Test func theMainJobGoesFromSpecToChart() throws {
    let bench = try BuiltBinary()
    let first = try bench("run", bench.spec)
    #expect(first.status == 0, "\(first.errors)")
    #expect(first.output.contains("resnet-8"))

    let again = try bench("run", bench.spec)
    #expect(again.status == 0)
    #expect(again.output.contains("complete"))
    let attempts = try bench(
      "query", "SELECT count(*) AS n FROM attempts", "--format", "csv")
    let runs = try bench("query", "SELECT count(*) AS n FROM runs", "--format", "csv")
    #expect(attempts.output == runs.output, "a complete run was made again")

    let report = try bench("report", "smoke", "--plot")
    #expect(report.status == 0, "\(report.errors)")
    // What it comes to, the chart first; all tables are in the report without pictures.
    let answer = try #require(report.output.range(of: "Under protocol "), "\(report.output)")
    let next = try #require(report.output.range(of: "All tables: bench report smoke"))
    #expect(answer.lowerBound < next.lowerBound && !report.output.contains("95 % interval"))
    if GnuplotProgram.isInstalled {
      let axis = try #require(report.output.range(of: "training step"))
      #expect(axis.lowerBound < answer.lowerBound)
    }
    #expect(try bench("report", "smoke").output.contains("95 % interval"))
    let files = ["plots/smoke/figure6.gp", "plots/smoke/figure6.dat", "results/reports/smoke.md"]
    let pictures = ["plots/smoke/figure6.png", "plots/smoke/figure6.svg"]
    for file in files + (GnuplotProgram.isInstalled ? pictures : []) {
      let path = bench.folder.appending(path: file).path
      #expect(FileManager.default.fileExists(atPath: path), "\(file)")
    }
    let status = try bench("status")
    #expect(status.status == 0 && status.output.contains("smoke"))
    let show = try bench("show", "smoke/resnet-8/0")
    #expect(show.status == 0 && show.output.contains("weightsHash"), "\(show.output)")
  }

  @Test func viewsHaveWhatIsPromised() throws {
    let bench = try BuiltBinary()
    #expect(try bench("run", bench.spec, "--only", "depth=8", "--quiet").status == 0)
    for (view, columns) in [
      (
        "runs",
        "runId, experiment, variant, seed, status, startedAt, seconds, threads, weightsHash"
      ),
      ("curves", "runId, experiment, variant, seed, step, metric, value"),
      ("finals", "runId, experiment, variant, seed, metric, value"),
      ("summary", "experiment, variant, metric, n, mean, standardDeviation"),
      ("levels", "experiment, variant, factor, level"),
    ] {
      let result = try bench(
        "query", "SELECT \(columns) FROM \(view) LIMIT 3", "--format", "csv")
      #expect(result.status == 0, "\(view): \(result.errors)")
      #expect(result.output.split(separator: "\n").count >= 2, "\(view) is empty")
    }
    let metrics = try bench(
      "query", "SELECT DISTINCT metric FROM curves ORDER BY metric", "--format", "csv")
    for metric in [
      "gradientNorm", "imagesPerSecond", "learningRate", "testError", "testLoss", "trainError",
      "trainLoss",
    ] { #expect(metrics.output.contains(metric)) }
    let filtered = try bench(
      "query",
      "SELECT count(*) AS n FROM runs JOIN levels USING (experiment, variant) "
        + "WHERE factor = 'depth' AND level = 8 AND status = 'complete'", "--format", "csv")
    #expect(filtered.output.split(separator: "\n").last != "0")

    let wrong = try bench("query", "SELECT nothing FROM runs")
    #expect(wrong.status == 2 && wrong.errors.contains("nothing"))
    let write = try bench("query", "DELETE FROM metric")
    #expect(write.status == 2)
  }

  @Test func threadsDoNotChangeTheWeights() throws {
    let bench = try BuiltBinary()
    let spec = try bench.write("tiny.json", tinySpec(steps: 50))
    var hashes: Set<String> = []
    for threads in 1...3 {
      let result = try bench(
        "run", spec, "--db", "t\(threads).sqlite", "--threads", "\(threads)", "--quiet")
      #expect(result.status == 0, "\(result.errors)")
      let hash = try bench(
        "query", "SELECT weightsHash FROM runs ORDER BY variant", "--db", "t\(threads).sqlite",
        "--format", "csv")
      #expect(hash.output.count > 128, "\(hash.output)\(hash.errors)")
      hashes.insert(hash.output)
    }
    #expect(hashes.count == 1)
  }

  @Test func anInterruptedExperimentGoesOn() throws {
    let bench = try BuiltBinary()
    let spec = try bench.write("tiny.json", tinySpec(steps: 3000, size: 32))
    let (process, collect) = try bench.start(["run", spec])
    let log = bench.folder.appending(path: "results/logs/tiny/plain-8-s0.log")
    for _ in 0..<600 where !FileManager.default.fileExists(atPath: log.path) { usleep(50_000) }
    usleep(200_000)
    process.interrupt()
    let stopped = try collect()
    #expect(stopped.status == 130, "\(stopped.output)\(stopped.errors)")
    let states = try bench(
      "query", "SELECT status, count(*) AS n FROM runs GROUP BY status", "--format", "csv")
    #expect(states.output.contains("interrupted"), "\(states.output)")
    #expect(!states.output.contains("running"))
  }

  @Test(arguments: [
    (#"{"name": "x", "protocol": {"batsh": 3}}"#, "batsh"),
    ("{", "expected a key"),
    (#"{"name": "x"}"#, #"the key "seeds" is missing"#),
  ])
  func aBadSpecIsRefusedWithItsPlace(text: String, mention: String) throws {
    let bench = try BuiltBinary()
    let spec = try bench.write("bad.json", text)
    for command in ["run", "plan"] {
      let result = try bench(command, spec)
      #expect(result.status == 2, "\(command): \(result.output)\(result.errors)")
      #expect(result.errors.contains("bad.json:1:") && result.errors.contains(mention))
    }
    let exists = FileManager.default.fileExists(
      atPath: bench.folder.appending(path: "results/bench.sqlite").path)
    #expect(!exists, "a refused spec left a database")
  }

  @Test func modelsPrintSizesAndShapes() throws {
    let bench = try BuiltBinary()
    let json = try bench("models", "--format", "json")
    struct Size: Decodable { let name: String, parameters: Int, macs: Int }
    let sizes = try JSONDecoder().decode([Size].self, from: Data(json.output.utf8))
    #expect(sizes.first { $0.name == "resnet-56" }?.parameters == 853_018)
    #expect(sizes.first { $0.name == "resnet-50" }?.macs == 4_089_184_256)

    let trace = try bench("models", "resnet-18-textbook", "--input", "1x96x96", "--trace")
    let lines = trace.output.split(separator: "\n")
    #expect(lines.count == 10)
    #expect(lines.last == "linear               (1, 10)")
    #expect(
      try bench("models", "--block", "3,3", "--input", "3x6x6", "--batch", "4").output
        == "(4, 3, 6, 6)\n")
    #expect(
      try bench("models", "--block", "3,6,stride=2", "--input", "3x6x6", "--batch", "4").output
        == "(4, 6, 3, 3)\n")
    let wrong = try bench("models", "resnet-21")
    #expect(wrong.status == 2 && wrong.errors.contains("the nearest are 20 and 26"))
  }

  @Test func plansRunNothing() throws {
    let bench = try BuiltBinary()
    let spec = try bench.write("tiny.json", tinySpec(steps: 5, seeds: "[0, 1, 2]"))
    let plan = try bench("plan", spec)
    #expect(plan.status == 0, "\(plan.errors)")
    #expect(plan.output.contains("resnet-8") && plan.output.contains("6 runs"), "\(plan.output)")
    let exists = FileManager.default.fileExists(
      atPath: bench.folder.appending(path: "results/bench.sqlite").path)
    #expect(!exists)
  }
}
