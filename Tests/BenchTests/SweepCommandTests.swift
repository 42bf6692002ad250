// Sweeps as a user makes them, without a cluster: the tasks that its batch script would start are
// started here, several at once, and killed and warned at random instants.
import Foundation
import Numerics
import Testing

@Suite struct SweepCommandTests {
  private let bench: BuiltBinary

  init() throws { bench = try BuiltBinary(inMemory: true) }

  private func spec(_ name: String, steps: Int, seeds: Int = 2, rate: Double = 0.02) throws
    -> String
  {
    try bench.write(
      "\(name).json",
      """
      {"name": "\(name)", "title": "Swept", "protocol": {"name": "tiny",
        "data": {"name": "shapes", "size": 16, "trainCount": 60, "testCount": 24},
        "batch": 8, "iterations": \(steps), "optimizer": {"learningRate": \(rate)},
        "augmentation": {"padding": 2, "flip": true},
        "evaluation": {"every": \(steps), "recordEvery": 5}},
       "include": [{"network": "plain", "depth": 8, "width": 0.25},
        {"network": "residual", "depth": 8, "width": 0.25, "precision": "bf16"}],
       "seeds": \(seeds)}
      """)
  }

  private func results(_ database: String) throws -> [String] {
    try [
      "SELECT variant, seed, status, weightsHash FROM runs ORDER BY variant, seed",
      """
      SELECT variant, seed, metric, step, value FROM curves WHERE metric <> 'imagesPerSecond'
      ORDER BY variant, seed, metric, step
      """,
    ].map { sql in
      let result = try bench("query", sql, "--db", database, "--format", "csv")
      #expect(result.status == 0, "\(result.errors)")
      return result.output
    }
  }

  private func plan(_ spec: String, _ more: [String] = []) throws -> ProgramResult {
    try bench.start(["slurm", spec, "--time", "10", "--cpus", "1", "--chunk", "1"] + more).collect()
  }

  @Test func tasksThatAreKilledAndWarnedGiveTheBitsOfAPlainRun() throws {
    let steps = 400
    let spec = try spec("swept", steps: steps)
    #expect(
      try bench("run", spec, "--db", "plain/b.sqlite", "--quiet", "--threads", "1").status == 0)
    let planned = try plan(spec, ["--stale-after", "1s", "--max-failures", "100"])
    #expect(planned.status == 0, "\(planned.errors)")
    #expect(planned.output.contains("4 of 4 runs are to be made, by 4 tasks of 1 CPU."))
    #expect(planned.output.contains("#") == false)
    let folder = "results/slurm/swept"
    #expect(planned.output.contains("sbatch \(bench.folder.path)/\(folder)/job.sh"))
    #expect(try bench("status", "--db", folder).output.contains("4 waiting"))

    var random = CounterRandom(seed: 14, purpose: .statistics)
    let environment = ["SLURM_CPUS_PER_TASK": "1"]
    var (ends, codes): (Int, Set<Int32>) = (0, [])
    while true {
      let tasks = try (0..<2).map { _ in
        try bench.start(["slurm-task", folder, "--seconds-left", "600"], environment: environment)
      }
      if ends < 12 {
        usleep(UInt32(random.uniform(100_000, 900_000)))
        for task in tasks {
          let signals = [SIGKILL, SIGUSR1, SIGTERM, SIGKILL]
          kill(task.process.processIdentifier, signals[random.integer(below: 4)])
          ends += 1
        }
      }
      let results = try tasks.map { try $0.collect() }
      for (task, result) in zip(tasks, results) where task.process.terminationReason == .exit {
        codes.insert(result.status)
        #expect([0, 75].contains(result.status), "\(result.errors)")
      }
      if ends >= 12, results.allSatisfy({ $0.status == 0 }) { break }
    }
    #expect(codes == [0, 75])
    let merged = try bench("merge", folder, "--db", "merged.sqlite")
    #expect(merged.status == 0, "\(merged.errors)")
    #expect(
      try bench("merge", "results/slurm", "--db", "merged.sqlite").output
        .contains("nothing new; 4 runs as before"))
    let expected = try results("plain/b.sqlite")
    #expect(expected[1].split(separator: "\n").count > 4 * steps / 5)
    for database in [folder, "\(folder)/bench.sqlite", "merged.sqlite"] {
      #expect(try results(database) == expected, "\(database)")
    }
    #expect(try plan(spec).output.contains("All 4 runs are finished in"))
    // Nothing is left of the work but what is wanted.
    let files = try FileManager.default.subpathsOfDirectory(
      atPath: bench.folder.appending(path: folder).path)
    for rest in [".new-", ".beat", ".partial-", "checkpoints", "back/"] {
      let found = files.filter { $0.contains(rest) && !$0.hasPrefix("merging") }
      #expect(found.isEmpty, "\(found)")
    }
    #expect(files.count { $0.hasPrefix("weights/") } == 4)
    #expect(files.count { $0.hasSuffix("series.sqlite") } == 4)
    // What the database has is not made again.
    #expect(
      try plan(spec, ["--db", "merged.sqlite"]).output.contains("All 4 runs are finished in"))
  }

  @Test func endsAreCountedApart() throws {
    let spec = try spec("counted", steps: 100_000, seeds: 1)
    #expect(try plan(spec, ["--only", "network=plain"]).status == 0)
    let folder = "results/slurm/counted"
    let log = bench.folder.appending(path: "\(folder)/logs/counted/plain-8-width=0.25-s0.log").path
    // With much time left a warning is a preemption, shortly before the end the time limit.
    for (left, signal) in [("5000", SIGUSR1), ("5000", SIGTERM), ("200", SIGUSR2)] {
      let before = try? Data(contentsOf: URL(filePath: log)).count
      let (process, collect) = try bench.start(["slurm-task", folder, "--seconds-left", left])
      while process.isRunning,
        ((try? Data(contentsOf: URL(filePath: log)).count) ?? 0) < (before ?? 0) + 4000
      { usleep(2000) }
      kill(process.processIdentifier, signal)
      let result = try collect()
      #expect(result.status == 75, "\(result)")
    }
    let counts = try bench(
      "query", "SELECT status, timeouts, preemptions, failures, resumed FROM attempts", "--db",
      folder, "--format", "csv")
    #expect(counts.output.split(separator: "\n").last == "interrupted,1,2,0,2", "\(counts)")
  }

  @Test func badInputIsSaidAndNothingIsMixed() throws {
    let spec = try spec("checked", steps: 20, seeds: 1)
    for (arguments, message) in [
      (["--cpus", "0"], "--cpus 0: give a number from 1 to"),
      (["--chunk", "0"], "--chunk 0"), (["--max-running", "-1"], "--max-running"),
      (["--time", "soon"], "--time"), (["--sbatch-arg", "qos"], "--sbatch-arg qos"),
      (["--sbatch-arg=--time=5"], "the script sets it itself; give --time"),
      (["--sbatch-arg=-c8"], "give --cpus"), (["--sbatch-arg=--comment=a'b"], "quotes"),
      (["--mem", "foo"], "--mem foo"), (["--partition", "a;b"], "--partition 'a;b'"),
      (["--only", "depth=99"], "--only depth=99"), (["--stale-after", "0"], "--stale-after"),
    ] {
      let result = try bench.start(["slurm", spec] + arguments).collect()
      #expect(result.status == 2 && result.errors.contains(message), "\(arguments): \(result)")
    }
    let folder = "results/slurm/checked"
    #expect(!FileManager.default.fileExists(atPath: bench.folder.appending(path: folder).path))
    // Without SLURM there is a sentence, and the script all the same.
    let (_, collect) = try bench.start(
      ["slurm", spec, "--time", "10", "--chunk", "1", "--submit"], environment: ["PATH": "/nowhere"]
    )
    let alone = try collect()
    #expect(alone.status == 2 && alone.errors.contains("there is no sbatch on this machine"))
    #expect(
      FileManager.default.fileExists(atPath: bench.folder.appending(path: "\(folder)/job.sh").path))
    // A spec that would train something else is refused; one with more seeds joins.
    #expect(try plan(self.spec("checked", steps: 20, seeds: 2)).status == 0)
    let changed = try plan(self.spec("checked", steps: 20, seeds: 2, rate: 0.03))
    #expect(changed.status == 2 && changed.errors.contains("the spec has changed since"))
    #expect(changed.errors.contains("--folder"))
    let task = try bench("slurm-task", folder)
    #expect(task.status == 2 && task.errors.contains("the spec has changed since"))
    for arguments in [["slurm-task", "nowhere"], ["merge", "nowhere"]] {
      #expect(try bench.start(arguments).collect().status == 2)
    }
  }
}
