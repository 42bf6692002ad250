// A full disk, a folder that cannot be written, a locked database, a stubborn step: what the user
// reads, and that the same command goes on when the cause is gone.
import Foundation
import GRDB
import Testing

@Suite struct DiskTroubleTests {
  private let bench: BuiltBinary

  init() throws { bench = try BuiltBinary() }

  private func spec(steps: Int = 60) throws -> String {
    try bench.write(
      "tiny.json",
      """
      {"name": "tiny", "title": "Tiny", "protocol": {"name": "tiny",
        "data": {"name": "shapes", "size": 16, "trainCount": 20, "testCount": 10},
        "batch": 8, "iterations": \(steps), "optimizer": {"learningRate": 0.02},
        "evaluation": {"every": \(steps), "recordEvery": 1}},
       "factors": {"network": ["plain"], "depth": [8], "width": [0.25]}, "seeds": [0, 1]}
      """)
  }

  /// Runs a spec to its end. One thread, because two would wait for each other at every layer of
  /// nets as small as these.
  private func train(_ spec: String, _ database: String) throws -> ProgramResult {
    try bench("run", spec, "--db", database, "--quiet", "--threads", "1")
  }

  private func results(_ database: String) throws -> [String] {
    try [
      "SELECT variant, seed, status, weightsHash FROM runs ORDER BY 1, 2",
      "SELECT seed, metric, step, value FROM curves WHERE metric <> 'imagesPerSecond' "
        + "ORDER BY 1, 2, 3",
    ].map { try bench("query", $0, "--db", database, "--format", "csv").output }
  }

  /// Mounts a small file system in memory; false where that is not allowed.
  private func mountMemory(_ path: String, _ options: String) throws -> Bool {
    guard getuid() == 0 else { return false }
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    return try call("mount", "-t", "tmpfs", "-o", options, "tmpfs", path) == 0
  }

  private func call(_ words: String...) throws -> Int32 {
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = words
    process.standardError = FileHandle.nullDevice
    try process.run()
    process.waitUntilExit()
    return process.terminationStatus
  }

  @Test(arguments: [100, 300, 900]) func aFullDisk(kilobytes: Int) throws {
    let spec = try spec()
    #expect(try bench("run", spec, "--db", "whole/b.sqlite", "--quiet").status == 0)
    let full = bench.folder.appending(path: "full").path
    let filler = full + "/filler"
    let isMounted = try mountMemory(full, "size=16m")
    defer { if isMounted { _ = try? call("umount", "-l", full) } }
    var environment: [String: String] = [:]
    if isMounted {
      // All but a little is taken by another file.
      let size = (16 << 10) - kilobytes
      #expect(try call("dd", "if=/dev/zero", "of=\(filler)", "bs=1024", "count=\(size)") == 0)
    } else {
      let disk = try FaultyDisk(root: bench.root, into: bench.folder)
      environment = disk.environment(
        folder: URL(filePath: full), at: kilobytes / 5, kind: .enospc)
    }
    let (process, collect) = try bench.start(
      ["run", spec, "--db", "full/b.sqlite", "--checkpoint-every", "0", "--quiet"],
      environment: environment)
    let failed = try collect()
    #expect(process.terminationReason == .exit)
    #expect((1...2).contains(failed.status), "\(failed.status) \(failed.errors)")
    let words = ["disk is full", "No space left"]
    #expect(words.contains { failed.errors.contains($0) }, "\(failed.errors)")
    if isMounted { unlink(filler) }
    let again = try bench(
      "run", spec, "--db", "full/b.sqlite", "--retry", "failed", "--quiet")
    #expect(again.status == 0, "\(again.errors)")
    #expect(try results("full/b.sqlite") == results("whole/b.sqlite"))
    #expect(try bench("db", "check", "--db", "full/b.sqlite").status == 0)
  }

  @Test func foldersThatCannotBeWritten() throws {
    let spec = try spec()
    let file = try bench.write("file", "not a folder")
    var places = ["\(file)/b.sqlite", "/proc/nothing/b.sqlite"]
    let readOnly = bench.folder.appending(path: "readonly").path
    let isMounted = try mountMemory(readOnly, "ro")
    defer { if isMounted { _ = try? call("umount", "-l", readOnly) } }
    if isMounted {
      places.append("\(readOnly)/b.sqlite")
    } else if getuid() != 0 {
      try FileManager.default.createDirectory(
        atPath: readOnly, withIntermediateDirectories: true,
        attributes: [.posixPermissions: 0o555])
      places.append("\(readOnly)/b.sqlite")
    }
    for place in places {
      let result = try bench("run", spec, "--db", place)
      #expect(result.status == 2, "\(place): \(result.output)\(result.errors)")
      #expect(result.errors.hasPrefix("bench: cannot open \(place) for writing: "))
      #expect(!result.errors.contains("NSCocoa"), "\(result.errors)")
    }
    for command in [["run", spec], ["status"], ["query", "SELECT 1"], ["db", "check"]] {
      let result = try bench.start(command + ["--db", ""]).collect()
      #expect(result.status == 2 && result.errors.contains("is empty"), "\(result.errors)")
    }
  }

  /// Somebody else's transaction that lasts: numbers wait in the journal, also over a kill.
  @Test func aLockedDatabase() throws {
    let spec = try spec(steps: 1000)
    #expect(try train(spec, "whole/b.sqlite").status == 0)
    let start = try bench.start(
      ["run", spec, "--db", "locked/b.sqlite", "--checkpoint-every", "0.1", "--threads", "1"],
      environment: ["BENCH_BUSY_TIMEOUT": "0.05"])
    let journal = bench.folder.appending(path: "locked/journal").path
    try lockingInWork("locked", start.process) {
      wait(for: journal)
      usleep(300_000)
      kill(start.process.processIdentifier, SIGKILL)
      start.process.waitUntilExit()
    }
    let killed = try start.collect()
    #expect(killed.output.contains("numbers are kept in"), "\(killed.output)")
    let again = try train(spec, "locked/b.sqlite")
    #expect(again.status == 0, "\(again.errors)")
    #expect(again.errors.contains("its journal is in the database now"))
    #expect(!FileManager.default.fileExists(atPath: journal))
    let isSame = try results("locked/b.sqlite") == results("whole/b.sqlite")
    #expect(isSame)
    #expect(try bench("db", "check", "--db", "locked/b.sqlite").status == 0)
  }

  private func wait(for path: String) {
    for _ in 0..<60_000 where !FileManager.default.fileExists(atPath: path) { usleep(1000) }
  }

  /// Runs something while the database is locked, as by another program, from the time when the
  /// process works on its first run. The process stands still meanwhile: it would be done before a
  /// busy machine lets this one go on.
  private func lockingInWork(
    _ folder: String, _ process: Process, _ body: () throws -> Void
  ) throws {
    wait(for: bench.folder.appending(path: "\(folder)/logs/tiny/plain-8-width=0.25-s0.log").path)
    let pid = process.processIdentifier
    kill(pid, SIGSTOP)
    defer { kill(pid, SIGCONT) }
    let other = try DatabaseQueue(path: bench.folder.appending(path: "\(folder)/b.sqlite").path)
    try other.writeWithoutTransaction { db in
      // It may have stopped in the middle of a write: then it goes a little further.
      for _ in 0..<1000 {
        do {
          try db.execute(sql: "BEGIN IMMEDIATE")
          break
        } catch let error as DatabaseError where error.resultCode == .SQLITE_BUSY {
          kill(pid, SIGCONT)
          usleep(1000)
          kill(pid, SIGSTOP)
        }
      }
      #expect(db.isInsideTransaction, "the lock could not be had")
      defer { try? db.execute(sql: "ROLLBACK") }
      kill(pid, SIGCONT)
      try body()
    }
    try other.close()
  }

  /// Whether a call that is not over yet has said something.
  private func isSaid(_ text: String) -> Bool {
    let names = try? FileManager.default.contentsOfDirectory(atPath: bench.folder.path)
    return (names ?? []).contains { name in
      guard name.hasSuffix(".out") else { return false }
      let file = bench.folder.appending(path: name)
      return (try? Data(contentsOf: file))?.range(of: Data(text.utf8)) != nil
    }
  }

  /// A lock that lasts longer than a write waits does not end the experiment: the next run is
  /// claimed when it is gone. A signal meanwhile is not made to wait.
  @Test(arguments: [false, true]) func aLockBetweenTwoRuns(isInterrupted: Bool) throws {
    let spec = try spec(steps: 600)
    let (process, collect) = try bench.start(
      ["run", spec, "--db", "locked/b.sqlite", "--threads", "1"],
      environment: ["BENCH_BUSY_TIMEOUT": "0.2"])
    try lockingInWork("locked", process) {
      for _ in 0..<6000 where !isSaid("waiting for it") && process.isRunning { usleep(10_000) }
      if isInterrupted {
        process.interrupt()
        let begin = Date()
        process.waitUntilExit()
        #expect(Date().timeIntervalSince(begin) < 6)
      }
    }
    let result = try collect()
    #expect(result.output.contains("another program holds it"), "\(result.output)")
    #expect(result.status == (isInterrupted ? 130 : 0), "\(result.errors)")
    #expect(!result.errors.contains("takes too long"), "\(result.errors)")
    for database in ["locked/b.sqlite", "whole/b.sqlite"] {
      #expect(try train(spec, database).status == 0)
    }
    let isSame = try results("locked/b.sqlite") == results("whole/b.sqlite")
    #expect(isSame)
  }

  /// A signal ends the process soon also in the middle of a step of many seconds; a second one ends
  /// it at once.
  @Test func aStepThatTakesLong() throws {
    let spec = try bench.write(
      "long.json",
      """
      {"name": "long", "title": "Long", "protocol": {"name": "long",
        "data": {"name": "shapes", "size": 32, "trainCount": 16, "testCount": 10},
        "batch": 16, "iterations": 50, "optimizer": {"learningRate": 0.02}},
       "factors": {"network": ["residual"], "depth": [1202]}, "seeds": [0]}
      """)
    for signals in [1, 2] {
      let (process, collect) = try bench.start([
        "run", spec, "--db", "\(signals).sqlite", "--threads", "1",
      ])
      let log = bench.folder.appending(path: "logs/long/resnet-1202-s0.log").path
      for _ in 0..<3000 where !FileManager.default.fileExists(atPath: log) { usleep(10_000) }
      let begin = ContinuousClock.now
      process.terminate()
      if signals == 2 {
        usleep(300_000)
        process.terminate()
      }
      let result = try collect()
      let seconds = (ContinuousClock.now - begin) / .seconds(1)
      #expect(result.status == 143, "\(result.output)\(result.errors)")
      // The step is given up after 7 seconds; the second signal does not wait for that.
      #expect(seconds < (signals == 1 ? 10 : 4), "\(signals): \(seconds) s")
      unlink(log)
    }
  }
}
