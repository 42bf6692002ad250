// What must never change in silence: the configurations of the shipped specs, trained bits, and
// the report of a stored experiment in every format. `make fixtures` writes the files in `Fixtures`.
import Foundation
import Testing

@testable import Specs

@Suite struct PinnedResultsTests {
  private static let folder = URL(filePath: #filePath).deletingLastPathComponent()
    .appending(path: "Fixtures")

  /// Set to write the files in place of comparing with them.
  private static let records =
    ProcessInfo.processInfo.environment["BENCH_RECORD_SNAPSHOTS"] != nil

  private static func read<Value: Decodable>(_ name: String, _ type: Value.Type) throws -> Value {
    try JSONDecoder().decode(type, from: Data(contentsOf: folder.appending(path: name)))
  }

  private static func write(_ name: String, _ value: some Encodable) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    let text = String(decoding: try encoder.encode(value), as: UTF8.self)
    try Data((text + "\n").utf8).write(to: folder.appending(path: name))
    Issue.record("recorded \(name); look at it and commit it")
  }

  // MARK: Configurations

  /// The name and the hash of the canonical JSON of every variant of every shipped spec, in order.
  @Test func shippedSpecsHaveTheirConfigurations() throws {
    let experiments = Self.folder.deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().appending(path: "experiments")
    let files = try FileManager.default.contentsOfDirectory(atPath: experiments.path)
      .filter { $0.hasSuffix(".json") && $0 != "spec.schema.json" }.sorted()
    #expect(files.count >= 27)
    var variants: [String: [String]] = [:]
    for file in files {
      let spec = try ExperimentSpec(path: experiments.appending(path: file).path)
      variants[String(file.dropLast(5))] = try spec.expand()
        .map { "\($0.name) \($0.configurationHash)" }
    }
    if Self.records { return try Self.write("variants.json", variants) }
    let pinned = try Self.read("variants.json", [String: [String]].self)
    for (name, expected) in pinned { #expect(variants[name] == expected, "\(name)") }
    #expect(Set(variants.keys) == Set(pinned.keys), "a new spec is pinned by make fixtures")
  }

  // MARK: Trained bits

  /// What `weights.json` has the hashes under: bits are promised for one engine version, library
  /// and instruction set, on every machine that has it.
  private static func identity(_ row: String) -> String {
    let fields = row.split(separator: ",").map(String.init)
    return "engine \(fields[0]) \(fields[1]) \(fields[2])"
  }

  /// The weights of every net of the smoke spec after 50 steps.
  @Test(arguments: ["avx512", "avx2", "baseline"])
  func fiftyStepsGiveTheirBits(instructionSet: String) throws {
    let bench = try BuiltBinary()
    let environment = ["BENCH_ISA": instructionSet]
    let trial = try bench("models", environment: environment)
    guard !trial.errors.contains("not possible on this CPU") else {
      try Test.cancel("\(instructionSet) is not possible on this CPU")
    }
    let spec = Self.folder.appending(path: "fifty-steps.json").path
    // The bits are the same for any number of threads; one does not wait for another, which
    // counts where the steps are slow.
    let threads = instructionSet == "baseline" ? "1" : "2"
    let run = try bench(
      "run", spec, "--quiet", "--no-weights", "--threads", threads, environment: environment)
    #expect(run.status == 0, "\(run.errors)")
    func query(_ sql: String) throws -> [String] {
      try bench("query", sql, "--format", "csv").output.split(separator: "\n").dropFirst()
        .map(String.init)
    }
    let used = try query("SELECT DISTINCT engineVersion, backend, instructionSet FROM attempts")
    let identity = Self.identity(try #require(used.first))
    #expect(used.count == 1 && identity.hasSuffix(instructionSet), "\(used)")
    let rows = try query("SELECT variant, weightsHash FROM runs")
    let hashes = Dictionary(
      uniqueKeysWithValues: rows.compactMap { row in
        row.lastIndex(of: ",").map { (String(row[..<$0]), String(row[row.index(after: $0)...])) }
      })
    #expect(hashes.count == 23)
    var all = try Self.read("weights.json", [String: [String: String]].self)
    if Self.records {
      all[identity] = hashes
      return try Self.write("weights.json", all)
    }
    guard let expected = all[identity] else {
      // Such as the first run on a CPU with another instruction set, or another library.
      try Test.cancel("\(identity) is not pinned yet; make fixtures on this machine does it")
    }
    #expect(hashes == expected, "\(identity)")
  }

  // MARK: Reports

  /// The report of a database of each schema in every format, and its figures' scripts and data.
  /// That of schema 4 came from `schema-4/spec.json`.
  @Test(arguments: [("schema-3", "degradation", 1), ("schema-4", "pinned", 6)])
  func aStoredExperimentReportsItself(schema: String, experiment: String, figureCount: Int) throws {
    let bench = try BuiltBinary()
    let pins = Self.folder.appending(path: schema)
    let database = bench.folder.appending(path: "pinned.sqlite")
    // The one of schema 3 is that of ResultsTests.
    let stored =
      schema == "schema-3"
      ? bench.root.appending(path: "Tests/ResultsTests/Fixtures/schema-3.sqlite")
      : pins.appending(path: "database.sqlite")
    try FileManager.default.copyItem(at: stored, to: database)
    func output(_ arguments: [String]) throws -> String {
      let result = try bench.start(arguments + ["--db", database.path]).collect()
      #expect(result.status == 0, "\(arguments): \(result.errors)")
      return result.output
    }
    var texts: [String: String] = [:]
    for format in ["text", "markdown", "latex", "csv", "claims-csv", "json"] {
      texts[format] = try output(["report", experiment, "--format", format])
    }
    texts["verdict-json"] = try output(["verdict", experiment, "--format", "json"])
    _ = try output(["report", experiment, "--format", "html", "--out", "o"])
    _ = try output(["report", experiment, "--figures", "svg", "--out", "o"])
    let page = try String(
      contentsOf: bench.folder.appending(path: "o/\(experiment).html"), encoding: .utf8)
    // What gnuplot draws is gnuplot's; its scripts and data are compared below.
    let pieces = page.components(separatedBy: "<svg")
    texts["html"] = pieces.dropFirst().reduce(pieces[0]) { text, piece in
      "\(text)<svg/>\(piece.components(separatedBy: "</svg>").dropFirst().joined(separator: "</svg>"))"
    }
    let figures = bench.folder.appending(path: "o/\(experiment)")
    let names = try FileManager.default.contentsOfDirectory(atPath: figures.path)
    let scripts = names.filter { $0.hasSuffix(".gp") }.sorted()
    #expect(scripts.count == figureCount)
    texts["figures"] = try (scripts + names.filter { $0.hasSuffix(".dat") }.sorted())
      .map { name in
        let text = try String(contentsOf: figures.appending(path: name), encoding: .utf8)
        return "=== \(name)\n\(text)"
      }.joined()
    for (format, text) in texts.sorted(by: { $0.key < $1.key }) {
      let file = pins.appending(path: "report.\(format)")
      if Self.records {
        try Data(text.utf8).write(to: file)
        Issue.record("recorded report.\(format); look at it and commit it")
        continue
      }
      let expected = try String(contentsOf: file, encoding: .utf8)
      #expect(text == expected, "\(schema) as \(format)")
    }
  }
}
