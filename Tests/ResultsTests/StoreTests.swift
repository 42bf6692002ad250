// The life of runs in the store: prepare, claim, record, finish.
import Foundation
import TestSupport
import Testing

@testable import Results

@Suite struct StoreTests {
  let folder: TemporaryFolder
  let store: ResultsStore

  init() throws {
    folder = try TemporaryFolder()
    store = try ResultsStore(path: folder.database)
    try store.prepare(Fixture.experiment(), variants: Fixture.variants, seeds: [0, 1])
  }

  private func reader() throws -> ResultsReader { try ResultsReader(path: folder.database) }

  @Test func preparingTwiceChangesNothing() throws {
    let before = try reader().query("SELECT * FROM runs ORDER BY runId").rows
    #expect(before.count == 8)
    let again = try store.prepare(
      Fixture.experiment(), variants: Fixture.variants, seeds: [0, 1])
    #expect(again == Preparation())
    #expect(try reader().query("SELECT * FROM runs ORDER BY runId").rows == before)
    #expect(try reader().query("SELECT count(*) FROM levels").rows == [[.integer(16)]])
  }

  @Test func newSeedsAndVariantsAreAdded() throws {
    let change = try store.prepare(
      Fixture.experiment(specHash: "new"),
      variants: Fixture.variants + [Fixture.variant("plain", 32)], seeds: [0, 1, 2])
    #expect(change.added.count == 7)
    #expect(change.outdated.isEmpty)
    #expect(try store.status(of: Fixture.key("plain-32", 2)) == .waiting)
  }

  @Test func aAcquiredRunIsNotClaimedFromAnotherConnection() throws {
    let other = try ResultsStore(path: folder.database)
    let key = Fixture.key("plain-20", 0)
    let first = try store.acquire(
      key, configurationHash: "hash-plain-20", provenance: Fixture.provenance())
    #expect(first?.attempt == 1)
    let second = try other.acquire(
      key, configurationHash: "hash-plain-20", provenance: Fixture.provenance(), force: true)
    #expect(second == nil)
    #expect(try other.status(of: key) == .running)
  }

  @Test func manyConnectionsClaimEveryRunOnce() async throws {
    let path = folder.database
    let claims = try await withThrowingTaskGroup(of: [String].self) { group in
      for _ in 0..<4 {
        group.addTask {
          let store = try ResultsStore(path: path)
          var mine: [String] = []
          for variant in Fixture.variants {
            for seed in [Int64(0), 1] {
              let claim = try store.acquire(
                Fixture.key(variant.name, seed), configurationHash: variant.configurationHash,
                provenance: Fixture.provenance())
              if let claim { mine.append(claim.key.description) }
            }
          }
          return mine
        }
      }
      return try await group.reduce(into: []) { $0 += $1 }
    }
    #expect(claims.count == 8)
    #expect(Set(claims).count == 8)
  }

  @Test func completeRunsAreSkippedUnlessForced() throws {
    try store.run("plain-20", 0, [("trainError", 12)])
    let key = Fixture.key("plain-20", 0)
    let skipped = try store.acquire(
      key, configurationHash: "hash-plain-20", provenance: Fixture.provenance())
    #expect(skipped == nil)
    let forced = try store.acquire(
      key, configurationHash: "hash-plain-20", provenance: Fixture.provenance(), force: true)
    #expect(forced?.attempt == 2)
    let attempts = try reader().query("SELECT attempt, status, isCurrent FROM attempts ORDER BY 1")
    #expect(
      attempts.rows == [
        [.integer(1), .text("complete"), .integer(0)],
        [.integer(2), .text("running"), .integer(1)],
      ])
  }

  @Test func failedRunsNeedRetry() throws {
    let run = try store.acquired("plain-20", 0)
    try store.finish(run, status: .failed, seconds: 1, weightsHash: nil, message: "disk full")
    let key = Fixture.key("plain-20", 0)
    let plain = try store.acquire(
      key, configurationHash: "hash-plain-20", provenance: Fixture.provenance())
    #expect(plain == nil)
    let retried = try store.acquire(
      key, configurationHash: "hash-plain-20", provenance: Fixture.provenance(), retryFailed: true)
    #expect(retried?.attempt == 2)
    #expect(retried?.runId == run.runId)
  }

  @Test func aRunWhoseProcessIsGoneIsInterruptedAndClaimable() throws {
    var gone = ProcessIdentity.current
    gone.bootId = "an earlier start of this machine"
    let dead = try ResultsStore(path: folder.database, process: gone)
    let lost = try dead.acquired("plain-20", 0)
    try dead.heartbeat(lost, step: 30, of: 100)
    #expect(try store.status(of: lost.key) == .interrupted)
    #expect(try reader().runs().first { $0.key == lost.key }?.status == .interrupted)
    let next = try store.acquired("plain-20", 0)
    #expect(next.attempt == 2)
    #expect(throws: ResultsError.self) {
      try dead.record(lost, step: 40, metrics: [("trainLoss", 1)])
    }
  }

  @Test func aRunOfAnotherHostCountsWhileItsHeartbeatIsFresh() throws {
    var elsewhere = ProcessIdentity.current
    elsewhere.host = "elsewhere"
    let far = try ResultsStore(path: folder.database, process: elsewhere)
    let run = try far.acquired("plain-20", 0)
    #expect(try store.status(of: run.key) == .running)
    let old = Date().addingTimeInterval(-ResultsStore.heartbeatLimit - 1)
    try store.queue.write { db in
      try db.execute(
        sql: "UPDATE attempt SET heartbeatAt = ?", arguments: [Timestamp.text(old)])
    }
    #expect(try store.status(of: run.key) == .interrupted)
  }

  /// A stopped process lives, and does nothing.
  @Test func aSilentProcessOfThisHostLosesItsRun() throws {
    let run = try store.acquired("plain-20", 0)
    let old = Date().addingTimeInterval(-ResultsStore.heartbeatLimit - 1)
    try store.queue.write { db in
      try db.execute(
        sql: "UPDATE attempt SET heartbeatAt = ?", arguments: [Timestamp.text(old)])
    }
    #expect(try store.status(of: run.key) == .interrupted)
    // Nobody came meanwhile: it goes on.
    try store.heartbeat(run, step: 1, of: 10)
    #expect(try store.status(of: run.key) == .running)
  }

  @Test func processesAreToldApart() {
    let current = ProcessIdentity.current
    #expect(current.isAlive() == true)
    var recycled = current
    recycled.startTicks -= 1
    #expect(recycled.isAlive() == (current.startTicks == 0))
    var absent = current
    absent.pid = 0x3FFF_FFFE
    #expect(absent.isAlive() == false)
  }

  @Test func aMetricThatIsNotFiniteMakesTheRunDiverged() throws {
    let run = try store.acquired("plain-56", 0)
    try store.record(run, step: 10, metrics: [("trainLoss", 2.5), ("trainError", 80)])
    try store.record(run, step: 20, metrics: [("trainLoss", .nan), ("trainError", 90)])
    try store.finish(run, status: .complete, seconds: 3, weightsHash: nil, message: nil)
    #expect(try store.status(of: run.key) == .diverged)
    let finals = try reader().query("SELECT metric, value FROM finals ORDER BY metric").rows
    #expect(
      finals == [[.text("trainError"), .real(90)], [.text("trainLoss"), .real(2.5)]])
    #expect(try reader().query("SELECT * FROM summary").rows.isEmpty)
    let again = try store.acquire(
      run.key, configurationHash: "hash-plain-56", provenance: Fixture.provenance())
    #expect(again == nil)
  }

  @Test func infinityDivergesAtOnceAndFailureWins() throws {
    let run = try store.acquired("plain-56", 0)
    try store.record(run, step: 10, metrics: [("gradientNorm", .infinity)])
    #expect(try store.status(of: run.key) == .diverged)
    try store.finish(run, status: .failed, seconds: 3, weightsHash: nil, message: "out of memory")
    #expect(try store.status(of: run.key) == .failed)
  }

  @Test func aChangedConfigurationRunsAgainAndTheOldOneComesBack() throws {
    try store.run("plain-20", 0, [("trainError", 12)])
    let changed = [Fixture.variant("plain", 20, hash: "other")] + Fixture.variants.dropFirst()
    let change = try store.prepare(
      Fixture.experiment(specHash: "b"), variants: changed, seeds: [0, 1])
    #expect(change.outdated == [Fixture.key("plain-20", 0)])
    #expect(try store.status(of: Fixture.key("plain-20", 0)) == .waiting)
    #expect(try reader().query("SELECT * FROM finals").rows.isEmpty)
    #expect(throws: ResultsError.self) { try store.acquired("plain-20", 0) }
    try store.prepare(Fixture.experiment(), variants: Fixture.variants, seeds: [0, 1])
    #expect(try store.status(of: Fixture.key("plain-20", 0)) == .complete)
  }

  @Test func aSpecThatDropsRunsKeepsTheirResults() throws {
    try store.run("plain-20", 1, [("trainError", 12)])
    try store.prepare(Fixture.experiment(specHash: "b"), variants: Fixture.variants, seeds: [0])
    let seeds = try reader().query("SELECT variant, seed FROM runs ORDER BY seed, variant").rows
    #expect(seeds.count == 5)
    #expect(seeds.last == [.text("plain-20"), .integer(1)])
  }

  @Test func aSecondAttemptStartsWithAnEmptyCurve() throws {
    let first = try store.acquired("plain-20", 0)
    try store.record(first, step: 1, metrics: [("trainLoss", 2)])
    try store.finish(
      first, status: .interrupted, seconds: 1, weightsHash: nil, message: "interrupted")
    let second = try store.acquired("plain-20", 0)
    try store.record(second, step: 5, metrics: [("trainLoss", 1.5)])
    try store.record(second, step: 5, metrics: [("trainLoss", 1.25)])
    #expect(
      try reader().query("SELECT step, value FROM curves").rows == [[.integer(5), .real(1.25)]])
  }

  @Test func equalDiffsAreStoredOnce() throws {
    for (seed, diff) in [(Int64(0), "+a"), (1, "+a")] {
      _ = try store.acquire(
        Fixture.key("plain-20", seed), configurationHash: "hash-plain-20",
        provenance: Fixture.provenance(diff: diff))
    }
    _ = try store.acquired("plain-56", 0)
    #expect(try reader().query("SELECT count(*) FROM codeDiff").rows == [[.integer(2)]])
    let details = try reader().details(ofRun: "degradation/plain-20/0")
    #expect(details.provenance == Fixture.provenance(diff: "+a"))
  }
}
