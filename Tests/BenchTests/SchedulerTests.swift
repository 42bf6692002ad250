// What a scheduler such as SLURM does to the program: it warns before it takes the machine away, and
// it gives a process fewer cores than there are.
import Foundation
import Testing

@Suite struct SchedulerTests {
  private let bench: BuiltBinary

  init() throws { bench = try BuiltBinary() }

  private func spec(_ name: String, steps: Int, seeds: Int) throws -> String {
    try bench.write(
      "\(name).json",
      """
      {"name": "\(name)", "title": "Scheduled", "protocol": {"name": "tiny",
        "data": {"name": "shapes", "size": 16, "trainCount": 60, "testCount": 24},
        "batch": 8, "iterations": \(steps), "optimizer": {"learningRate": 0.02},
        "augmentation": {"padding": 2, "flip": true},
        "evaluation": {"every": \(steps), "recordEvery": 5}},
       "factors": {"network": ["residual"], "depth": [8], "width": [0.25]}, "seeds": \(seeds)}
      """)
  }

  private func rows(_ sql: String, _ database: String) throws -> [Substring] {
    let result = try bench("query", sql, "--db", database, "--format", "csv")
    #expect(result.status == 0, "\(result.errors)")
    return result.output.split(separator: "\n").dropFirst().map { $0 }
  }

  /// Waits until the run records numbers, in a session that began after so many lines of its log.
  private func waitForNumbers(after lines: Int, while process: Process) {
    while process.isRunning, log().count < lines + 20 { usleep(1000) }
  }

  private func log() -> [Substring] {
    let path = bench.folder.appending(path: "warned/logs/warned/resnet-8-width=0.25-s0.log").path
    let text = (try? String(contentsOfFile: path, encoding: .utf8)) ?? ""
    return text.split(separator: "\n")
  }

  /// The default interval of two minutes never comes, so what a session goes on from is what the
  /// warning had written.
  @Test func warningsPreemptAndTheRunGoesOnToTheSameBits() throws {
    let spec = try spec("warned", steps: 3000, seeds: 1)
    #expect(try bench("run", spec, "--db", "whole/b.sqlite", "--quiet").status == 0)
    let database = "warned/b.sqlite"
    // The last three are sent at once: further warnings do not end the process at once.
    var step = 0
    for signals in [[SIGUSR1], [SIGUSR2], [SIGUSR1, SIGUSR2, SIGUSR1]] {
      let lines = log().count
      let (process, collect) = try bench.start(["run", spec, "--db", database])
      waitForNumbers(after: lines, while: process)
      for signal in signals { kill(process.processIdentifier, signal) }
      let result = try collect()
      #expect(process.terminationReason == .exit, "\(result)")
      #expect(signals.contains { result.status == 128 + $0 }, "\(result)")
      #expect(result.output.contains("Preempted: stopping after the step in work."))
      #expect(result.output.contains("1 preempted in"), "\(result.output)")
      #expect(result.errors.contains("to make the runs that are missing: bench run"))
      let attempts = try rows("SELECT status, step, message FROM attempts", database)
      let parts = try #require(attempts.first).split(separator: ",")
      let reached = try #require(Int(parts[1]))
      #expect(attempts.count == 1 && parts[0] == "interrupted" && reached > step)
      #expect(parts[2] == "preempted after step \(reached)")
      step = reached
    }
    let end = try bench("run", spec, "--db", database)
    #expect(end.status == 0 && end.output.contains("after step \(step)"), "\(end)")
    for sql in [
      "SELECT variant, seed, status, weightsHash FROM runs",
      "SELECT metric, step, value FROM curves WHERE metric <> 'imagesPerSecond' ORDER BY 1, 2",
      "SELECT attempt FROM attempts",
    ] {
      let whole = try rows(sql, "whole/b.sqlite")
      let isSame = try rows(sql, database) == whole
      #expect(isSame && !whole.isEmpty, "\(sql)")
    }
  }

  /// A script that ignores a warning, as `trap '' USR1` does, hands that down.
  @Test func aWarningThatTheParentIgnoresIsIgnored() throws {
    let spec = try spec("warned", steps: 600, seeds: 1)
    let shell = Process()
    shell.executableURL = URL(filePath: "/bin/sh")
    shell.arguments = [
      "-c", "trap '' USR1; exec \"$0\" run \"$1\" --db warned/b.sqlite --quiet",
      bench.program.path, spec,
    ]
    shell.currentDirectoryURL = bench.folder
    try shell.run()
    waitForNumbers(after: 0, while: shell)
    kill(shell.processIdentifier, SIGUSR1)
    shell.waitUntilExit()
    #expect(shell.terminationReason == .exit && shell.terminationStatus == 0)
    #expect(try rows("SELECT status FROM runs", "warned/b.sqlite") == ["complete"])
  }

  // MARK: Cores

  /// Calls the program so that it may use the first of this process's cores only.
  private func onOneCore(
    _ arguments: [String], _ environment: [String: String] = [:]
  ) throws -> ProgramResult {
    let status = try String(contentsOfFile: "/proc/self/status", encoding: .utf8)
    let first = try #require(status.firstMatch(of: /Cpus_allowed_list:\s*(\d+)/)).1
    return try bench.start(
      ["taskset", "-c", "\(first)", bench.program.path] + arguments, environment: environment,
      program: URL(filePath: "/usr/bin/env")
    ).collect()
  }

  @Test func threadsComeFromTheMask() throws {
    let spec = try spec("cores", steps: 10, seeds: 1)
    let plan = ["plan", spec, "--no-calibration"]
    #expect(try onOneCore(["run", spec]).output.contains("1 job of 1 thread\n"))
    #expect(try rows("SELECT threads FROM attempts", "results/bench.sqlite") == ["1"])
    #expect(try onOneCore(plan).output.contains("1 job of 1 thread,"))
    // SLURM may have given more than the mask has.
    let wide = try onOneCore(plan, ["SLURM_CPUS_PER_TASK": "64"])
    #expect(wide.output.contains("1 job of 1 thread,"), "\(wide)")
    let perf = try onOneCore(["perf", "resnet-8", "--batch", "2", "--steps", "1"])
    #expect(perf.output.contains("1 threads"), "\(perf)")
    let scaling = try onOneCore(["perf", "resnet-8", "--scaling"])
    #expect(scaling.status != 0 && scaling.errors.contains("give --threads 2 or more"))
    let evaluation = try onOneCore(["evaluate", "cores/resnet-8-width=0.25/0"])
    #expect(evaluation.output.contains("images/s, 1 threads"), "\(evaluation)")
    // What is asked for is what is done.
    #expect(try onOneCore(plan + ["--threads", "3"]).output.contains("1 job of 3 threads,"))
  }

  @Test func threadsComeFromTheTask() throws {
    let spec = try spec("cores", steps: 10, seeds: 1)
    let environment = ["SLURM_CPUS_PER_TASK": "1"]
    #expect(
      try bench("run", spec, environment: environment).output.contains("1 job of 1 thread\n"))
    #expect(try rows("SELECT threads FROM attempts", "results/bench.sqlite") == ["1"])
    let jobs = try bench("plan", spec, "--jobs", "2", environment: environment)
    #expect(jobs.status == 2 && jobs.errors.contains("need 2 cores, this "), "\(jobs)")
  }
}
