// Attempts taken up again: what stays of their numbers, and who may write them.
import Foundation
import GRDB
import TestSupport
import Testing

@testable import Results

@Suite struct ResumeTests {
  let folder: TemporaryFolder
  let store: ResultsStore
  let dead: ResultsStore
  let key = Fixture.key("plain-20", 0)

  init() throws {
    folder = try TemporaryFolder()
    store = try ResultsStore(path: folder.database)
    try store.prepare(Fixture.experiment(), variants: Fixture.variants, seeds: [0, 1])
    var gone = ProcessIdentity.current
    gone.bootId = "an earlier start of this machine"
    dead = try ResultsStore(path: folder.database, process: gone)
  }

  private func resume(_ point: ResumePoint, hash: String = "hash-plain-20") throws -> AcquiredRun? {
    try store.resume(key, at: point, configurationHash: hash, provenance: Fixture.provenance())
  }

  private func steps() throws -> [Int64] {
    try ResultsReader(path: folder.database).query("SELECT step FROM curves ORDER BY step").rows
      .compactMap { if case .integer(let step) = $0[0] { step } else { nil } }
  }

  @Test func numbersBeyondTheCheckpointGoInTheSameTransaction() throws {
    let lost = try dead.acquired("plain-20", 0)
    for step in [10, 20, 30, 40] { try dead.record(lost, step: step, metrics: [("trainLoss", 1)]) }
    let attempt = try #require(try store.currentAttempt(of: key))
    #expect(attempt.number == 1 && attempt.status == .interrupted && attempt.runId == lost.runId)
    let run = try #require(try resume(ResumePoint(attempt: 1, step: 25, lastRecord: 25)))
    #expect(run.attempt == 1 && run.runId == lost.runId)
    #expect(try steps() == [10, 20])
    let stored = try #require(
      try ResultsReader(path: folder.database).runs().first { $0.key == key })
    #expect(stored.status == .running && stored.step == 25 && stored.attempts == 1)
    try store.record(run, step: 30, metrics: [("trainLoss", 2)])
    #expect(try steps() == [10, 20, 30])
    // A record that was still to be made at the checkpoint's own step is made again.
    try store.finish(run, status: .interrupted, seconds: 1, weightsHash: nil, message: "stopped")
    _ = try #require(try resume(ResumePoint(attempt: 1, step: 30, lastRecord: 29)))
    #expect(try steps() == [10, 20])
    let notes = try ResultsReader(path: folder.database).query(
      """
      SELECT json_extract(value, '$.step'), json_extract(value, '$.after')
      FROM provenance, json_each(resumptions)
      """)
    #expect(
      notes.rows == [
        [.integer(25), .text("its process was gone")],
        [.integer(30), .text("interrupted: stopped")],
      ])
  }

  @Test func onlyTheProcessThatTookItUpMayWrite() throws {
    let lost = try dead.acquired("plain-20", 0)
    let run = try #require(try resume(ResumePoint(attempt: 1, step: 0, lastRecord: 0)))
    #expect(throws: ResultsError.self) {
      try dead.record(lost, step: 40, metrics: [("trainLoss", 1)])
    }
    #expect(throws: ResultsError.self) { try dead.heartbeat(lost, step: 40, of: 100) }
    #expect(throws: ResultsError.self) { try dead.settle(lost, step: 40, of: 100) }
    #expect(throws: ResultsError.self) {
      try dead.finish(lost, status: .complete, seconds: 1, weightsHash: "x", message: nil)
    }
    try store.settle(run, step: 1, of: 100)
    #expect(try steps() == [])
    // The writer's own durability is as before.
    #expect(try store.queue.read { try Int.fetchOne($0, sql: "PRAGMA synchronous") } == 1)
  }

  @Test func whatCannotBeTakenUpIsNot() throws {
    let point = ResumePoint(attempt: 1, step: 5, lastRecord: 5)
    #expect(try resume(point) == nil)
    #expect(try store.currentAttempt(of: key) == nil)
    let run = try store.acquired("plain-20", 0)
    #expect(try resume(point) == nil, "it is in work")
    try store.finish(run, status: .failed, seconds: 1, weightsHash: nil, message: "disk full")
    #expect(try store.currentAttempt(of: key)?.message == "disk full")
    #expect(try resume(point, hash: "another") == nil)
    #expect(try resume(ResumePoint(attempt: 2, step: 5, lastRecord: 5)) == nil)
    let again = try #require(try resume(point))
    try store.finish(again, status: .complete, seconds: 1, weightsHash: "x", message: nil)
    #expect(try resume(point) == nil)
    #expect(try store.currentAttempt(of: key)?.status == .complete)
    #expect(try store.currentAttempt(of: key)?.provenance?.commit == "9de7de8")
    #expect(try store.currentAttempt(of: Fixture.key("plain-20", 1)) == nil)
  }

  @Test func numericChangesAddUp() throws {
    for (step, change) in [(1, "a"), (2, ""), (3, "b")] {
      if step == 1 { _ = try dead.acquired("plain-20", 0) }
      let run = try #require(
        try resume(
          ResumePoint(attempt: 1, step: step, lastRecord: step, numericChanges: change)))
      try store.finish(run, status: .interrupted, seconds: 1, weightsHash: nil, message: nil)
    }
    let rows = try ResultsReader(path: folder.database).query(
      "SELECT resumed, numericChanges FROM attempts"
    ).rows
    #expect(rows == [[.integer(3), .text("a; b")]])
  }
}

@Suite struct ZombieTests {
  /// A killed process whose parent never asks for it is dead all the same.
  @Test func aDeadProcessThatNobodyHasBuriedIsDead() throws {
    var pid: pid_t = 0
    var arguments: [UnsafeMutablePointer<CChar>?] = [strdup("sleep"), strdup("60"), nil]
    defer { for argument in arguments { free(argument) } }
    #expect(posix_spawn(&pid, "/bin/sleep", nil, nil, &arguments, nil) == 0)
    let text = try String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8)
    let fields = text.split(separator: " ")
    var process = ProcessIdentity.current
    process.pid = pid
    process.startTicks = try #require(Int64(fields[21]))
    #expect(process.isAlive() == true)
    kill(pid, SIGKILL)
    for _ in 0..<500 where process.isAlive() == true { usleep(10_000) }
    #expect(process.isAlive() == false)
    var status: Int32 = 0
    #expect(waitpid(pid, &status, 0) == pid)
  }
}
