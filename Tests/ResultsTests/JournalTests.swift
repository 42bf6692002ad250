// Numbers while the database cannot be written: kept beside it, entered later, never twice.
import Foundation
import GRDB
import Synchronization
import TestSupport
import Testing

@testable import Results

@Suite struct JournalTests {
  let folder: TemporaryFolder
  let store: ResultsStore
  let said = Sentences()

  final class Sentences: Sendable {
    private let all = Mutex<[String]>([])
    var list: [String] { all.withLock { $0 } }
    func add(_ sentence: String) { all.withLock { $0.append(sentence) } }
  }

  init() throws {
    folder = try TemporaryFolder()
    try ResultsStore(path: folder.database).prepare(
      Fixture.experiment(), variants: Fixture.variants, seeds: [0, 1])
    store = try ResultsStore(path: folder.database, process: .current, busyTimeout: 0.02)
  }

  /// Another program that holds the write lock.
  private func locked<Value>(_ body: () throws -> Value) throws -> Value {
    let other = try DatabaseQueue(path: folder.database)
    return try other.writeWithoutTransaction { db in
      try db.execute(sql: "BEGIN IMMEDIATE")
      defer { try? db.execute(sql: "ROLLBACK") }
      return try body()
    }
  }

  private func recorder(_ run: AcquiredRun, in store: ResultsStore? = nil) -> RunRecorder {
    RunRecorder(store ?? self.store, run, pause: .zero) { [said] in said.add($0) }
  }

  private var journals: [String] {
    (try? FileManager.default.contentsOfDirectory(
      atPath: folder.url.appending(path: "journal").path)) ?? []
  }

  private func points(_ metric: String = "trainLoss") throws -> [Int: Double] {
    let curves = try ResultsReader(path: folder.database).curves(
      experiment: "degradation", metrics: [metric])
    return Dictionary(
      uniqueKeysWithValues: curves.flatMap(\.points).map { ($0.step, $0.value) })
  }

  @Test func aLockedDatabaseDelaysNothingForGood() throws {
    let run = try store.acquired("plain-20", 0)
    let recorder = recorder(run)
    try recorder.record(step: 1, metrics: [("trainLoss", 0.1)])
    try locked {
      try recorder.record(step: 2, metrics: [("trainLoss", 1 / 3)])
      try recorder.heartbeat(step: 2, of: 4)
      try recorder.settle(step: 2, of: 4)
      try recorder.record(step: 3, metrics: [("trainLoss", 1e-308)])
      #expect(journals == ["\(run.runId)-1.jsonl"])
    }
    #expect(try points() == [1: 0.1])
    try recorder.record(step: 4, metrics: [("trainLoss", 4)])
    #expect(try points() == [1: 0.1, 2: 1 / 3, 3: 1e-308, 4: 4])
    #expect(journals == [])
    let news = said.list
    #expect(news.count == 2 && news[0].contains("database is locked"), "\(news)")
    #expect(news[0].contains("numbers are kept in") && news[1].contains("can be written again"))
    try recorder.finish(status: .complete, seconds: 1, weightsHash: "ab", message: nil)
    #expect(try store.status(of: run.key) == .complete)
  }

  @Test func whatAProcessLeftIsEnteredAtTheNextStart() throws {
    var dead = ProcessIdentity.current
    dead.pid = 1 << 22
    let theirs = try ResultsStore(path: folder.database, process: dead, busyTimeout: 0.02)
    let run = try theirs.acquired("plain-20", 0)
    let other = try theirs.acquired("plain-20", 1)
    try locked {
      let recorder = recorder(run, in: theirs)
      try recorder.record(step: 1, metrics: [("trainLoss", 0.5)])
      try recorder.record(step: 2, metrics: [("trainLoss", 0.25)])
      try recorder.finish(status: .complete, seconds: 7, weightsHash: "cd", message: nil)
      let second = self.recorder(other, in: theirs)
      try second.record(step: 1, metrics: [("testError", 9)])
      try second.record(step: 2, metrics: [("testError", .nan)])
    }
    // A kill in the middle of a line costs that line.
    let path = folder.url.appending(path: "journal/\(other.runId)-1.jsonl")
    let handle = try FileHandle(forWritingTo: path)
    try handle.seekToEnd()
    try handle.write(contentsOf: Data(#"{"step":3,"metr"#.utf8))
    try handle.close()
    #expect(try store.status(of: run.key) == .interrupted)

    try store.mergeJournals(ownToo: false) { said.add($0) }
    #expect(try store.status(of: run.key) == .complete)
    #expect(try store.status(of: other.key) == .diverged)
    #expect(try points() == [1: 0.5, 2: 0.25])
    #expect(try points("testError") == [1: 9])
    #expect(journals == [])
    #expect(said.list.contains { $0.contains("its journal is in the database now (entries: 3)") })
    try store.mergeJournals(ownToo: false) { _ in Issue.record("there is nothing left") }
  }

  /// What cannot be read is said and kept; a line that a kill cut off was never relied on.
  @Test(arguments: [false, true]) func aDamagedJournalIsSaidAndKept(isCutOff: Bool) throws {
    let gone = ProcessIdentity(host: "here", bootId: "gone", pid: 1, startTicks: 1)
    let left = try ResultsStore(path: folder.database, process: gone, busyTimeout: 0.02)
    let run = try left.acquired("plain-20", 0)
    let recorder = recorder(run, in: left)
    try locked {
      for step in 1...4 { try recorder.record(step: step, metrics: [("trainLoss", 0.5)]) }
    }
    let journal = folder.url.appending(path: "journal/\(try #require(journals.first))")
    var lines = String(decoding: try Data(contentsOf: journal), as: UTF8.self)
      .split(separator: "\n", omittingEmptySubsequences: true).map(String.init)
    #expect(lines.count == 5)
    let bad = isCutOff ? 4 : 3
    lines[bad] = String(lines[bad].prefix(9))
    let text = lines.joined(separator: "\n") + (isCutOff ? "" : "\n")
    try Data(text.utf8).write(to: journal)
    let next = try ResultsStore(path: folder.database)
    try next.mergeJournals(ownToo: false) { said.add($0) }
    #expect(try points().keys.sorted() == Array(1..<bad))
    let sentences = said.list.filter { $0.contains("damaged") }
    if isCutOff {
      #expect(sentences.isEmpty && journals.isEmpty)
    } else {
      #expect(sentences.count == 1)
      #expect(sentences.first?.contains("from line 4 on (lines: 2) cannot be read") == true)
      #expect(journals == [journal.lastPathComponent + ".damaged"])
    }
  }

  /// Numbers that wait are not invisible.
  @Test func waitingNumbersAreShown() throws {
    let run = try store.acquired("plain-20", 0)
    let recorder = recorder(run)
    #expect(try ResultsReader(path: folder.database).waitingJournals() == [])
    try locked { try recorder.record(step: 1, metrics: [("trainLoss", 0.5)]) }
    let waiting = try ResultsReader(path: folder.database).waitingJournals()
    #expect(waiting.count == 1)
    #expect(waiting.first?.run == Fixture.key("plain-20", 0) && waiting.first?.entries == 1)
    #expect(waiting.first?.path.hasSuffix(journals.first ?? "?") == true)
    try recorder.record(step: 2, metrics: [("trainLoss", 0.25)])
    #expect(try ResultsReader(path: folder.database).waitingJournals() == [])
  }

  /// A process that is about to end does not wait its full time for others.
  @Test func haste() throws {
    let patient = try ResultsStore(path: folder.database, process: .current, busyTimeout: 600)
    let run = try patient.acquired("plain-20", 1)
    patient.hurry()
    try locked {
      let error = #expect(throws: ResultsError.self) {
        try patient.record(run, step: 1, metrics: [("trainLoss", 0.5)])
      }
      #expect(error?.kind == .locked)
    }
  }

  @Test func aLivingProcessEntersItsOwn() throws {
    let run = try store.acquired("plain-20", 0)
    let recorder = recorder(run)
    try locked {
      try recorder.finish(status: .complete, seconds: 7, weightsHash: "cd", message: nil)
    }
    let another = try ResultsStore(path: folder.database)
    try another.mergeJournals(ownToo: false) { _ in }
    #expect(journals.count == 1 && store.ownJournals.count == 1)
    try store.mergeJournals(ownToo: true) { _ in }
    #expect(journals == [] && store.ownJournals == [])
    #expect(try store.status(of: run.key) == .complete)
  }

  /// Who has taken a run over records its numbers again; those of before are not wanted.
  @Test func numbersOfALostRunAreNotEntered() throws {
    var dead = ProcessIdentity.current
    dead.pid = 1 << 22
    let theirs = try ResultsStore(path: folder.database, process: dead, busyTimeout: 0.02)
    let run = try theirs.acquired("plain-20", 0)
    let recorder = recorder(run, in: theirs)
    try locked { try recorder.record(step: 9, metrics: [("trainLoss", 0.5)]) }
    let point = ResumePoint(attempt: 1, step: 0, lastRecord: 0)
    let taken = try store.resume(
      run.key, at: point, configurationHash: "hash-plain-20", provenance: Fixture.provenance())
    #expect(taken != nil)
    let error = #expect(throws: ResultsError.self) {
      try recorder.record(step: 10, metrics: [("trainLoss", 0.4)])
    }
    #expect(error?.kind == .lost && recorder.isLost)
    try store.mergeJournals(ownToo: false) { _ in }
    #expect(journals == [])
    #expect(try points() == [:])
  }

  @Test func whereNothingCanBeWrittenTheRunFails() throws {
    let recorder = recorder(try store.acquired("plain-20", 0))
    try Data().write(to: folder.url.appending(path: "journal"))
    let error = #expect(throws: ResultsError.self) {
      try locked { try recorder.record(step: 1, metrics: [("trainLoss", 1)]) }
    }
    #expect(error?.description.contains("cannot write the journal") == true)
    #expect(error?.description.contains("database is locked") == true)
  }

  @Test func networkFileSystemsAreKnown() {
    let mounts = """
      22 1 254:0 / / rw,relatime - ext4 /dev/vda rw
      30 22 0:30 / /home rw - nfs4 server:/home rw,vers=4.2
      31 30 0:31 / /home/me/local\\040disk rw - xfs /dev/sdb rw
      32 22 0:32 / /mnt/s rw shared:1 - fuse.sshfs host: rw
      """
    func type(_ path: String) -> String? { NetworkFileSystem.type(of: path, mounts: mounts) }
    #expect(type("/home/me/results") == "nfs4")
    #expect(type("/home") == "nfs4")
    #expect(type("/homely") == nil)
    #expect(type("/home/me/local disk/results") == nil)
    #expect(type("/mnt/s/a") == "fuse.sshfs")
    #expect(type("/tmp") == nil)
  }
}
