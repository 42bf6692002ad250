// Tasks of a sweep: each run is made once, whoever is warned, fails, vanishes or comes too late.
import Experiments
import Foundation
import Results
import Synchronization
import TestSupport
import Testing
import Training

@testable import Sweeps

@Suite struct SweepTaskTests {
  private func states(_ fixture: SweepFixture) throws -> [String: RunStatus] {
    Dictionary(
      uniqueKeysWithValues: try fixture.reader().runs(experiment: "sample").map {
        ("\($0.key.variant) seed \($0.key.seed)", $0.status)
      })
  }

  /// One number for each attempt of a run, the first first.
  private func column(_ name: String, _ label: String, _ fixture: SweepFixture) throws -> [Int] {
    let parts = label.split(separator: " ")
    let result = try fixture.reader().query(
      "SELECT \(name) FROM attempts WHERE variant = '\(parts[0])' AND seed = \(parts[2]) "
        + "ORDER BY attempt")
    return result.rows.compactMap { row in
      if case .integer(let number)? = row.first { Int(number) } else { nil }
    }
  }

  @Test func aTaskMakesEverythingAndTheNextFindsNothing() throws {
    let fixture = try SweepFixture()
    let executor = PretendedTraining()
    let first = try fixture.task(executor).run()
    #expect(first.complete == 4 && first.left == 0 && first.elsewhere == 0 && first.signal == nil)
    #expect(executor.begun == SweepFixture.labels)
    #expect(try states(fixture).values.allSatisfy { $0 == .complete })
    let second = try fixture.task(executor).run()
    #expect(second.complete == 0 && second.left == 0 && executor.begun.count == 4)
    #expect(
      FileManager.default.fileExists(atPath: fixture.folder.completeMark(fixture.description)))
    // Of each run there is its series, and the claims.
    for index in fixture.plans.indices {
      let files = try FileManager.default.subpathsOfDirectory(
        atPath: "\(fixture.folder.runs)/\(fixture.name(index))")
      #expect(Set(files) == ["claim.1", "claim.2", "1", "1/series.sqlite"])
    }
  }

  @Test func tasksAtTheSameTimeMakeEveryRunOnce() throws {
    let fixture = try SweepFixture()
    let executor = PretendedTraining(onStep: { _, _ in usleep(2000) })
    let tasks = try (0..<6).map { _ in try fixture.task(executor) }
    let complete = Mutex(0)
    DispatchQueue.concurrentPerform(iterations: tasks.count) { index in
      let summary = try? tasks[index].run()
      complete.withLock { $0 += summary?.complete ?? -100 }
    }
    #expect(complete.withLock { $0 } == 4)
    #expect(executor.begun.sorted() == SweepFixture.labels.sorted())
    #expect(try states(fixture).values.allSatisfy { $0 == .complete })
  }

  @Test(arguments: [(SIGUSR1, StopReason.preemption), (SIGTERM, .timeLimit)])
  func aWarnedTaskGivesItsRunBack(signal: Int32, reason: StopReason) throws {
    let fixture = try SweepFixture()
    let stop = StopRequest { _ in reason }
    let executor = PretendedTraining(onStep: { plan, step in
      if plan.label == "resnet-8 seed 0", step == 3 { stop.request(signal: signal) }
    })
    let summary = try fixture.task(executor, stop: stop).run()
    #expect(summary.signal == signal && summary.complete == 1 && summary.left == 3)
    let label = "resnet-8 seed 0"
    #expect(try states(fixture)[label] == .interrupted)
    let isTimeout = reason == .timeLimit
    #expect(try column("timeouts", label, fixture) == [isTimeout ? 1 : 0])
    #expect(try column("preemptions", label, fixture) == [isTimeout ? 0 : 1])
    #expect(try column("step", label, fixture) == [3])
    // Another takes it up at once, before what nobody has begun.
    let next = PretendedTraining()
    #expect(try fixture.task(next).run().complete == 3)
    #expect(next.begun.first == label)
    #expect(try states(fixture).values.allSatisfy { $0 == .complete })
  }

  @Test func aRunThatFailsIsGivenUpAndTheOthersAreMade() throws {
    let fixture = try SweepFixture(rules: .init(maximumFailures: 2, staleAfter: 60))
    let label = "plain-8 seed 1"
    let executor = PretendedTraining(failing: [label])
    let summary = try fixture.task(executor).run()
    #expect(summary.complete == 3 && summary.left == 0)
    #expect(summary.givenUp.map(\.reason) == ["it has failed 2 times"])
    #expect(executor.begun.count { $0 == label } == 2)
    #expect(try states(fixture)[label] == .failed)
    // It stays so for every task, until more failures are allowed.
    let second = PretendedTraining()
    #expect(try fixture.task(second).run().givenUp.count == 1 && second.begun.isEmpty)
    let third = try fixture.task(
      second, rules: .init(maximumFailures: 3, staleAfter: 60)
    ).run()
    #expect(third.complete == 1 && third.givenUp.isEmpty && second.begun == [label])
    #expect(try states(fixture)[label] == .complete)
  }

  @Test func timeOutsEndARunAndPreemptionsDoNot() throws {
    let fixture = try SweepFixture(rules: .init(maximumTimeouts: 2, staleAfter: 60))
    func stopped(_ reason: StopReason) throws -> SweepTaskSummary {
      let stop = StopRequest { _ in reason }
      return try fixture.task(
        PretendedTraining(onStep: { plan, _ in
          if plan.label == SweepFixture.labels[0] { stop.request(signal: SIGUSR1) }
        }), stop: stop
      ).run()
    }
    for _ in 0..<4 { #expect(try stopped(.preemption).givenUp.isEmpty) }
    #expect(try stopped(.timeLimit).givenUp.isEmpty)
    #expect(try stopped(.timeLimit).givenUp.map(\.reason) == ["it came to the time limit 2 times"])
    let rest = try fixture.task(PretendedTraining()).run()
    #expect(rest.complete == 3 && rest.givenUp.count == 1)
  }

  /// An owner that was killed before it got anywhere counts as a failure: a want of memory kills again
  /// and again. One that got further does not.
  @Test func ownersThatVanishAreTakenOver() throws {
    let rules = SweepDescription.Rules(maximumFailures: 2, staleAfter: 0.4)
    let fixture = try SweepFixture(rules: rules)
    let watching = try fixture.task(PretendedTraining())
    /// Takes a run as a task would that is killed after so many steps.
    func vanish(_ index: Int, after steps: Int?) throws {
      while true {
        guard case .taken(let claim) = try watching.claim(index) else {
          usleep(50_000)
          continue
        }
        let plan = fixture.plans[index]
        let task = try fixture.task(PretendedTraining())
        let owned = try task.own(plan, claim)
        #expect(owned.publish())
        guard owned.note.obstacle(rules) == nil else {
          _ = try owned.giveBack()
          return
        }
        guard let steps else { return }
        var provenance = SweepFixture.provenance
        provenance.dataChecksum = "data"
        let acquired = try owned.store.acquire(
          plan.key, configurationHash: plan.variant.configurationHash, provenance: provenance)
        let run = try #require(acquired)
        for step in 0..<steps {
          try owned.store.record(run, step: step + 1, metrics: [("trainLoss", 1)])
        }
        #expect(owned.publish())
        return
      }
    }
    try vanish(0, after: 3)
    try vanish(1, after: 0)
    try vanish(1, after: 0)
    // Also where it came to no attempt at all, which no database can tell.
    try vanish(2, after: nil)
    try vanish(2, after: nil)
    let executor = PretendedTraining()
    let summary = try fixture.task(executor).run()
    #expect(summary.complete == 2)
    #expect(summary.givenUp.map(\.run.description) == ["sample/resnet-8/0", "sample/plain-8/1"])
    #expect(try states(fixture)["plain-8 seed 0"] == .complete)
    #expect(try column("failures", "plain-8 seed 0", fixture).reduce(0, +) == 0)
    #expect(try column("failures", "resnet-8 seed 0", fixture).reduce(0, +) == 2)
  }

  @Test func whatIsInOthersHandsIsWatchedAndLeft() throws {
    let fixture = try SweepFixture(rules: .init(staleAfter: 0.4))
    let claims = try ClaimFolder(path: fixture.folder.runs, limit: 0.4)
    guard case .taken(let claim) = try claims.take(fixture.name(0)) else {
      Issue.record("not taken")
      return
    }
    let isOver = Atomic<Bool>(false)
    let beating = Thread {
      while !isOver.load(ordering: .relaxed) {
        _ = try? claim.beat()
        usleep(20_000)
      }
    }
    beating.start()
    let summary = try fixture.task(PretendedTraining()).run()
    isOver.store(true, ordering: .relaxed)
    #expect(summary.complete == 3 && summary.elsewhere == 1 && summary.left == 0)
  }

  @Test func onlyWhatFitsIntoTheTimeThatIsLeftIsBegun() throws {
    let fixture = try SweepFixture()
    // Nothing is known of the runs' length, and ten seconds are kept for the end.
    let late = PretendedTraining()
    let summary = try fixture.task(late, secondsLeft: 20).run()
    #expect(summary.isOutOfTime && late.begun.isEmpty && summary.left == 4)
    let early = try fixture.task(PretendedTraining(), secondsLeft: 600).run()
    #expect(early.complete == 4 && !early.isOutOfTime)
  }

  @Test func theWholeIsPutTogetherAndMergingTwiceChangesNothing() throws {
    let fixture = try SweepFixture()
    let stop = StopRequest()
    _ = try fixture.task(
      PretendedTraining(onStep: { plan, step in
        if plan.label == SweepFixture.labels[2], step == 2 { stop.request(signal: SIGUSR1) }
      }), stop: stop
    ).run()
    let store = try ResultsStore(path: fixture.temporary.path("merged.sqlite"))
    let database = try SweepDatabase(fixture.folder)
    let first = try database.merge(into: store)
    #expect(first.attempts == 3 && first.conflicts.isEmpty)
    #expect(try database.merge(into: store).changesNothing)
    #expect(
      try database.publish(local: fixture.temporary.url, patience: 1, whileTrue: { true }))
    _ = try fixture.task(PretendedTraining()).run()
    let second = try database.merge(into: store)
    #expect(second.conflicts.isEmpty && !second.changesNothing)
    #expect(try database.merge(into: store).changesNothing)
    #expect(
      try database.publish(local: fixture.temporary.url, patience: 1, whileTrue: { true }))
    for reader in [
      try ResultsReader(path: store.path), try ResultsReader(path: fixture.folder.database),
      try fixture.reader(),
    ] {
      let runs = try reader.runs(experiment: "sample")
      #expect(runs.map(\.status) == Array(repeating: .complete, count: 4))
      #expect(runs.compactMap(\.weightsHash).count == 4)
      let curves = try reader.curves(experiment: "sample", metrics: ["trainLoss"])
      #expect(curves.map(\.points.count) == Array(repeating: SweepFixture.steps, count: 4))
    }
  }

  /// A damaged file costs what was in it, and is made again; all else is read.
  @Test func damagedFilesAreSaidAndMadeAgain() throws {
    let fixture = try SweepFixture()
    #expect(try fixture.task(PretendedTraining()).run().complete == 4)
    let runs = (0..<3).map { "\(fixture.folder.runs)/\(fixture.name($0))" }
    try Data("no database".utf8).write(to: URL(filePath: "\(runs[0])/1/series.sqlite"))
    try FileManager.default.removeItem(atPath: "\(runs[1])/1")
    try Data().write(to: URL(filePath: fixture.folder.plan))
    let said = Mutex<[String]>([])
    let reader = try SweepDatabase.reader(of: [fixture.folder]) { text in
      said.withLock { $0.append(text) }
    }
    #expect(try reader.runs(experiment: "sample").count { $0.status == .complete } == 2)
    let sentences = said.withLock { $0 }
    #expect(sentences.count == 3, "\(sentences)")
    #expect(sentences.contains { $0.hasPrefix("sample/plain-8/0: its numbers in") })
    #expect(sentences.contains { $0.hasPrefix("sample/resnet-8/0 was finished, but its numbers") })
    // Submitting again looks for them.
    #expect(fixture.folder.finished(fixture.description).count == 2)
    let again = PretendedTraining()
    #expect(try fixture.task(again).run().complete == 2)
    #expect(again.begun == Array(SweepFixture.labels.prefix(2)))
    #expect(fixture.folder.finished(fixture.description).count == 4)
    #expect(try states(fixture).values.count { $0 == .complete } == 4)
  }

  @Test func aFolderThatIsRemovedEndsItsTasks() throws {
    let fixture = try SweepFixture(rules: .init(staleAfter: 0.3))
    let folder = fixture.folder.path
    let executor = PretendedTraining(onStep: { _, step in
      if step == SweepFixture.steps { try? FileManager.default.removeItem(atPath: folder) }
    })
    #expect(throws: ExperimentError.self) { _ = try fixture.task(executor).run() }
    #expect(executor.begun.count == 1)
  }
}
