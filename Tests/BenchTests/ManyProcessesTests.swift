// Several processes on one experiment: each cell is made exactly once, also where some of them are
// killed and one is stopped for longer than its heartbeat lasts.
import Foundation
import GRDB
import Testing

@Suite struct ManyProcessesTests {
  private let bench: BuiltBinary

  init() throws { bench = try BuiltBinary() }

  private func spec(steps: Int, seeds: Int) throws -> String {
    try bench.write(
      "many.json",
      """
      {"name": "many", "title": "Many", "protocol": {"name": "tiny",
        "data": {"name": "shapes", "size": 16, "trainCount": 20, "testCount": 10},
        "batch": 8, "iterations": \(steps), "optimizer": {"learningRate": 0.02},
        "evaluation": {"every": \(steps), "recordEvery": 4}},
       "factors": {"network": ["plain", "residual"], "depth": [8], "width": [0.25, 0.5]},
       "seeds": \(seeds)}
      """)
  }

  private func query(_ sql: String) throws -> [Substring] {
    let result = try bench("query", sql, "--format", "csv")
    #expect(result.status == 0, "\(result.errors)")
    return result.output.split(separator: "\n").dropFirst().map { $0 }
  }

  /// Whether nobody holds the lock for writing.
  private func canWrite() throws -> Bool {
    var configuration = Configuration()
    configuration.busyMode = .timeout(0.2)
    let path = bench.folder.appending(path: "results/bench.sqlite").path
    let queue = try DatabaseQueue(path: path, configuration: configuration)
    do {
      try queue.inTransaction(.immediate) { _ in .rollback }
      return true
    } catch let error as DatabaseError where error.resultCode == .SQLITE_BUSY {
      return false
    }
  }

  @Test func fourProcessesShareSixtyCells() throws {
    let spec = try spec(steps: 40, seeds: 15)
    let environment = ["BENCH_HEARTBEAT_LIMIT": "1.5"]
    let arguments = ["run", spec, "--threads", "1", "--checkpoint-every", "0.05"]
    var workers = try (0..<4).map { _ in try bench.start(arguments, environment: environment) }
    let log = bench.folder.appending(path: "results/logs/many").path
    func cellsBegun() -> Int {
      ((try? FileManager.default.contentsOfDirectory(atPath: log)) ?? []).count
    }
    func wait(forCells cells: Int) {
      for _ in 0..<6000 where cellsBegun() < cells { usleep(10_000) }
    }
    // Two are killed on the way, one is stopped.
    for (worker, cells) in [(0, 8), (1, 16)] {
      wait(forCells: cells)
      kill(workers[worker].process.processIdentifier, SIGKILL)
    }
    wait(forCells: 20)
    let stopped = workers[2]
    // In the middle of a cell, not between two, and not in the middle of a write: the others could
    // only wait for that to end.
    let pid = stopped.process.processIdentifier
    for _ in 0..<100 {
      kill(pid, SIGSTOP)
      let inWork = try query(
        "SELECT count(*) FROM attempt WHERE status = 'running' AND processId = \(pid)")
      if inWork == ["1"], try canWrite() { break }
      kill(pid, SIGCONT)
      usleep(20_000)
    }
    let rest = try workers[3].collect()
    #expect(rest.status == 0, "\(rest.errors)\n\(rest.output.suffix(2000))")
    // What the stopped one held was in work when the others came to it; now it has been silent for
    // too long, and is taken over.
    usleep(2_000_000)
    let last = try bench.start(arguments, environment: environment).collect()
    #expect(last.status == 0, "\(last.errors)\n\(last.output.suffix(2000))")
    kill(pid, SIGCONT)
    let woken = try stopped.collect()
    #expect(woken.status == 0, "\(woken.errors)")
    #expect(woken.output.contains("taken over by another process"), "\(woken.output)")
    for worker in workers.prefix(2) {
      let killed = try worker.collect()
      #expect(
        worker.process.terminationReason == .uncaughtSignal,
        "\(killed.status) \(killed.errors)\n\(killed.output.suffix(2000))")
    }
    workers = []

    #expect(
      try query("SELECT status, count(*) AS n, count(DISTINCT seed) FROM runs GROUP BY status")
        == ["complete,60,15"])
    // Exactly once: one attempt for each, every step of it once, and no log ends twice.
    #expect(
      try query("SELECT count(*) FROM attempts WHERE attempt > 1 AND status = 'complete'").count
        == 1)
    #expect(
      try query("SELECT count(*), count(DISTINCT runId) FROM attempts WHERE status = 'complete'")
        == ["60,60"])
    #expect(
      try query(
        "SELECT min(n), max(n) FROM (SELECT count(*) AS n FROM curves WHERE metric = 'trainLoss' "
          + "GROUP BY runId)") == ["10,10"])
    var ends = 0
    for name in try FileManager.default.contentsOfDirectory(atPath: log) {
      let text = try String(contentsOfFile: "\(log)/\(name)", encoding: .utf8)
      ends += text.split(separator: "\n").count { $0.hasPrefix("complete ") }
    }
    // A kill may fall between a run's last transaction and the line that says so.
    #expect((58...60).contains(ends), "\(ends)")
    // The same bits as one process alone.
    #expect(try bench("run", spec, "--db", "alone.sqlite", "--quiet").status == 0)
    let hashes = "SELECT variant, seed, weightsHash FROM runs ORDER BY 1, 2"
    let alone = try bench("query", hashes, "--db", "alone.sqlite", "--format", "csv")
    let together = try bench("query", hashes, "--format", "csv")
    #expect(alone.output == together.output)
    #expect(try bench("db", "check").status == 0)
  }

  /// Nothing to do is said, not left to be guessed.
  @Test func aSecondCommandSaysThatEverythingIsInWork() throws {
    let spec = try spec(steps: 4000, seeds: 1)
    let first = try bench.start(["run", spec, "--only", "network=plain", "--only", "width=0.5"])
    let log = bench.folder.appending(path: "results/logs/many").path
    for _ in 0..<3000 where !FileManager.default.fileExists(atPath: log) { usleep(10_000) }
    let second = try bench("run", spec, "--only", "network=plain", "--only", "width=0.5", "--quiet")
    #expect(second.status == 0)
    #expect(second.errors.contains("1 run is in work in another process"), "\(second.errors)")
    first.process.terminate()
    #expect(try first.collect().status == 143)
  }
}
