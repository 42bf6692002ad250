// Every write, synchronisation, rename and new file of an experiment fails once, or is where the
// process dies: what is left is sound, and the same command ends with the same bits.
// BENCH_FAULTS=all tries every kind of fault at every place; `make soak` does.
import Foundation
import Testing

@testable import Results
@testable import Training

@Suite struct CrashConsistencyTests {
  static let spec = """
    {"name": "tiny", "title": "Tiny", "protocol": {"name": "tiny",
      "data": {"name": "shapes", "size": 16, "trainCount": 20, "testCount": 10},
      "batch": 8, "iterations": 4, "optimizer": {"learningRate": 0.02},
      "evaluation": {"every": 4, "recordEvery": 1}},
     "factors": {"network": ["plain"], "depth": [8], "width": [0.25]}, "seeds": [0]}
    """

  private func run(
    _ bench: BuiltBinary, _ spec: String, _ database: String, environment: [String: String] = [:]
  ) throws -> (status: Int32, wasKilled: Bool, errors: String) {
    // OpenBLAS starts threads of its own, which nobody here uses and which spin for a while.
    let environment = environment.merging(["OPENBLAS_NUM_THREADS": "1"]) { $1 }
    let (process, collect) = try bench.start(
      [
        "run", spec, "--db", database, "--checkpoint-every", "0", "--quiet", "--threads", "1",
        "--retry", "failed",
      ], environment: environment)
    let result = try collect()
    return (result.status, process.terminationReason == .uncaughtSignal, result.errors)
  }

  /// Every number but the speed, and the hashes.
  private func results(_ reader: ResultsReader) throws -> QueryResult {
    let sql = """
      SELECT metric, step, value FROM curves WHERE metric <> 'imagesPerSecond'
      UNION ALL SELECT variant || status, seed, weightsHash FROM runs ORDER BY 1, 2
      """
    return try reader.query(sql, timeout: .seconds(60))
  }

  /// A share of the places each, so that no processor stands idle at the end. What was left is
  /// looked at as `bench query`, `bench db check` and `bench weights export` do, but without a
  /// process for each.
  @Test(arguments: 0..<4)
  func everyOperationMayFail(share: Int) throws {
    let bench = try BuiltBinary(inMemory: true)
    let disk = try FaultyDisk(root: bench.root, into: bench.folder)
    let spec = try bench.write("tiny.json", Self.spec)
    let count = bench.folder.appending(path: "count")
    let whole = bench.folder.appending(path: "whole")
    let first = try run(
      bench, spec, "whole/bench.sqlite",
      environment: disk.environment(folder: whole, at: 0, count: count))
    #expect(first.status == 0, "\(first.errors)")
    let expected = try results(ResultsReader(path: whole.path + "/bench.sqlite"))
    #expect(expected.rows.count > 10)
    let text = try String(contentsOf: count, encoding: .utf8)
    let operations = try #require(Int(text.dropLast()))
    #expect(operations > 100, "the layer does not see the operations")

    let tries = ProcessInfo.processInfo.environment["BENCH_FAULTS"] == "all"
    let places = Array(stride(from: 1 + share, through: operations, by: 4))
    var faults = 0
    var refused = 0
    for k in places {
      let kinds = FaultyDisk.Kind.allCases
      for kind in tries ? kinds : [kinds[k % 3]] {
        let place = "\(kind.rawValue) at \(k)"
        let folder = bench.folder.appending(path: "f")
        let database = "f/bench.sqlite"
        let faulty = try run(
          bench, spec, database, environment: disk.environment(folder: folder, at: k, kind: kind))
        faults += 1
        if faulty.wasKilled {
          #expect(kind == .kill && faulty.status == 9, "\(place): signal \(faulty.status)")
        } else {
          #expect((0...2).contains(faulty.status), "\(place): \(faulty.status) \(faulty.errors)")
          // What failed is said.
          #expect(faulty.status == 0 || faulty.errors.hasPrefix("bench: "), "\(place)")
          if faulty.status != 0 { refused += 1 }
        }
        let again = try run(bench, spec, database)
        #expect(again.status == 0, "\(place), then \(again.errors)")
        try expectWhole(bench.folder.appending(path: database).path, expected, place)
        let left = FileManager.default.enumerator(atPath: folder.path)?
          .compactMap { $0 as? String }.filter { $0.contains("partial") || $0.contains("journal/") }
        #expect(left == [], "\(place)")
        try FileManager.default.removeItem(at: folder)
      }
    }
    #expect(refused > places.count / 20, "\(refused) of \(faults)")
    print("\(faults) faults in \(operations) operations, \(refused) made the command fail")
  }

  /// The numbers are there, the database is sound, and the weights are those of the run.
  private func expectWhole(_ database: String, _ expected: QueryResult, _ place: String) throws {
    let reader = try ResultsReader(path: database)
    #expect(try results(reader) == expected, "\(place)")
    let problems = try reader.check().filter(\.isProblem).map { "\($0)" }
    #expect(problems == [], "\(place)")
    let run = try reader.details(ofRun: "tiny/plain-8-width=0.25/0").run
    let files = RunFiles(
      database: database, runId: run.runId, attempt: try #require(run.attempt, "\(place)"))
    try files.exportWeights(
      hash: try #require(run.weightsHash, "\(place)"), to: database + ".safetensors")
  }
}
