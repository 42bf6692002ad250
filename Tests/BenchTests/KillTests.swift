// Killed at random instants and started again until it is done, an experiment ends with the bits of
// one that never was interrupted. BENCH_KILLS sets how often; `make soak` kills 500 times.
import Foundation
import Numerics
import Testing

@Suite struct KillTests {
  static let kills = Int(ProcessInfo.processInfo.environment["BENCH_KILLS"] ?? "") ?? 25

  /// Two nets in either precision with two seeds; long enough for all the kills.
  static var spec: String {
    let steps = 40 * max(25, kills)
    return """
      {"name": "kill", "title": "Kill", "protocol": {"name": "tiny",
        "data": {"name": "shapes", "size": 16, "trainCount": 60, "testCount": 24},
        "batch": 8, "iterations": \(steps), "optimizer": {"learningRate": 0.02},
        "schedule": {"kind": "step", "milestones": [\(steps / 2)], "factor": 0.1},
        "augmentation": {"padding": 2, "flip": true},
        "evaluation": {"every": 20, "recordEvery": 5}},
       "include": [{"network": "plain", "depth": 8, "width": 0.25},
        {"network": "residual", "depth": 8, "width": 0.25, "precision": "bf16"}],
       "seeds": [0, 1]}
      """
  }

  /// Everything that must be the same: hashes, and every number but the speed.
  static func results(_ bench: BuiltBinary, _ database: String) throws -> [String] {
    try [
      "SELECT variant, seed, status, weightsHash FROM runs ORDER BY variant, seed",
      """
      SELECT variant, seed, metric, step, value FROM curves WHERE metric <> 'imagesPerSecond'
      ORDER BY variant, seed, metric, step
      """,
      "SELECT count(*) FROM attempts WHERE status <> 'complete'",
    ].map { try bench("query", $0, "--db", database, "--format", "csv").output }
  }

  static func isTraining(_ folder: URL, since: Date) -> Bool {
    let logs = folder.appending(path: "killed/logs/kill")
    let names = (try? FileManager.default.contentsOfDirectory(atPath: logs.path)) ?? []
    return names.contains { name in
      let attributes = try? FileManager.default.attributesOfItem(
        atPath: logs.appending(path: name).path)
      return (attributes?[.modificationDate] as? Date).map { $0 > since } ?? false
    }
  }

  @Test func killedRunsEndWithTheSameBits() throws {
    let bench = try BuiltBinary()
    let spec = try bench.write("kill.json", Self.spec)
    let whole = try bench(
      "run", spec, "--db", "whole/bench.sqlite", "--quiet", "--threads", "1")
    #expect(whole.status == 0, "\(whole.errors)")
    let expected = try Self.results(bench, "whole/bench.sqlite")
    #expect(expected[1].split(separator: "\n").count > 1000)

    var random = CounterRandom(seed: 25, purpose: .statistics)
    var kills = 0
    var sessions = 0
    while true {
      sessions += 1
      let begin = Date()
      let (process, collect) = try bench.start([
        "run", spec, "--db", "killed/bench.sqlite", "--checkpoint-every", "0.02", "--quiet",
        "--threads", "\(1 + sessions % 3)",
      ])
      if kills < Self.kills {
        // Every fifth time at once, in the middle of starting; otherwise while it trains.
        let early = random.uniform(0, 1) < 0.2
        while process.isRunning, !early, !Self.isTraining(bench.folder, since: begin) {
          usleep(2000)
        }
        usleep(UInt32(random.uniform(0, 60_000)))
        // One in eight may still clean up.
        let signal = random.uniform(0, 1) < 0.125 ? SIGTERM : SIGKILL
        if process.isRunning, kill(process.processIdentifier, signal) == 0 { kills += 1 }
      }
      let result = try collect()
      if process.terminationReason == .exit, result.status == 0 { break }
      let isKilled = process.terminationReason == .uncaughtSignal
      #expect(isKilled || result.status == 143, "\(result.status) \(result.errors)")
      guard sessions < 4 * Self.kills + 20 else {
        Issue.record("it does not come to an end: \(result.errors)")
        break
      }
    }
    #expect(kills >= Self.kills, "the experiment was done after \(kills) kills")
    let found = try Self.results(bench, "killed/bench.sqlite")
    #expect(found[0] == expected[0])
    // Thousands of lines: only whether they are the same.
    let isSameSeries = found[1] == expected[1]
    #expect(isSameSeries)
    for seed in 0...1 {
      let files = try ["whole", "killed"].map { name in
        let file = "\(name)-\(seed).safetensors"
        let export = try bench(
          "weights", "export", "kill/resnet-8-width=0.25-precision=bf16/\(seed)", file, "--db",
          "\(name)/bench.sqlite")
        #expect(export.status == 0, "\(export.errors)")
        return try Data(contentsOf: bench.folder.appending(path: file))
      }
      #expect(files[0] == files[1])
    }
    let left = try FileManager.default.contentsOfDirectory(
      atPath: bench.folder.appending(path: "killed/checkpoints").path)
    #expect(left == [], "checkpoints of complete runs are left")
    print("\(kills) kills, \(sessions) sessions")
  }
}
