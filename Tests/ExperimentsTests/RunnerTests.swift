// The runner with an executor that trains nothing: order, skipping, failures, stopping.
import Foundation
import Results
import Synchronization
import Testing

@testable import Experiments
@testable import Specs
@testable import Training

@Suite struct RunnerTests {
  @Test func runsAreInterleavedBySeed() throws {
    let fixture = try RunnerFixture()
    let executor = MockExecutor()
    let summary = fixture.runner(executor).run(fixture.plans, jobs: 1)
    #expect(executor.order == RunnerFixture.labels)
    #expect(summary.results.map(\.result) == Array(repeating: .complete(seconds: 6), count: 8))
    #expect(summary.results.map(\.plan) == fixture.plans)
    #expect(try fixture.statuses() == Array(repeating: .complete, count: 8))
    #expect(summary.signal == nil)
  }

  @Test func whatIsRecordedCanBeRead() throws {
    let fixture = try RunnerFixture()
    _ = fixture.runner(MockExecutor()).run(Array(fixture.plans.prefix(1)), jobs: 1)
    let reader = try ResultsReader(path: fixture.database)
    let curves = try reader.curves(experiment: "sample", metrics: ["trainLoss"])
    #expect(curves.count == 1)
    #expect(curves.first?.points.map(\.step) == [2, 4, 6])
    #expect(curves.first?.points.map(\.value) == [0.5, 0.25, 1.0 / 6])
    let run = try #require(
      try reader.runs(experiment: "sample").first { $0.key == fixture.plans[0].key })
    #expect(run.weightsHash == "hash of plain-20 seed 0")
    #expect(run.totalSteps == 6)
    let details = try reader.details(ofRun: run.runId)
    #expect(details.provenance?.threads == 1)
    #expect(details.provenance?.dataChecksum == "data of shapes")
    #expect(details.provenance?.logFile.hasSuffix("logs/sample/plain-20-s0.log") == true)
    #expect(details.variant.levels["depth"] == "20")
    #expect(details.variant.levels["shortcut"] == "none")
  }

  @Test func completeRunsAreSkippedAndReportedAndNothingRunsTwice() throws {
    let fixture = try RunnerFixture()
    let executor = MockExecutor()
    _ = fixture.runner(executor).run(Array(fixture.plans.prefix(3)), jobs: 1)
    let skipped = Mutex([String]())
    let summary = fixture.runner(executor) { event in
      if case .skipped(let plan, let status) = event {
        skipped.withLock { $0.append("\(plan.label) \(status.rawValue)") }
      }
    }.run(fixture.plans, jobs: 1)
    #expect(
      skipped.withLock { $0 }
        == RunnerFixture.labels.prefix(3).map { "\($0) complete" })
    #expect(summary.count { $0 == .skipped(.complete) } == 3)
    #expect(executor.order == RunnerFixture.labels)
  }

  @Test func aFailingRunDoesNotStopTheRestAndIsRetriedWhenAsked() throws {
    let fixture = try RunnerFixture()
    let executor = MockExecutor(endings: ["plain-56 seed 0": .fail(step: 3)])
    let summary = fixture.runner(executor).run(fixture.plans, jobs: 1)
    #expect(executor.order.count == 8)
    #expect(summary.failures.map(\.plan.label) == ["plain-56 seed 0"])
    #expect(summary.failures.map(\.message) == ["out of paper"])
    #expect(try fixture.store.status(of: fixture.plans[1].key) == .failed)
    #expect(try fixture.log("plain-56-s0").suffix(2).last == "failed: out of paper")

    executor.heal()
    let notes = Mutex([String]())
    let unasked = fixture.runner(executor) { event in
      if case .note(let plan, let text) = event { notes.withLock { $0.append(plan.label + text) } }
    }.run(fixture.plans, jobs: 1)
    #expect(unasked.results[1].result == .skipped(.failed))
    #expect(notes.withLock { $0 } == ["plain-56 seed 0failed before: out of paper"])
    #expect(executor.order.count == 8)

    var options = RunOptions()
    options.retriesFailed = true
    let resumed = Mutex([Int]())
    let again = fixture.runner(executor, options: options) { event in
      if case .resumed(_, let step) = event { resumed.withLock { $0.append(step) } }
    }.run(fixture.plans, jobs: 1)
    #expect(executor.order.suffix(1) == ["plain-56 seed 0"])
    #expect(executor.order.count == 9)
    #expect(resumed.withLock { $0 } == [2])
    #expect(again.failures.isEmpty)
    #expect(try fixture.statuses() == Array(repeating: .complete, count: 8))
  }

  @Test func divergingIsAResult() throws {
    let fixture = try RunnerFixture()
    let executor = MockExecutor(endings: [
      "plain-20 seed 0": .diverge(step: 5), "plain-56 seed 0": .recordNaN(step: 4),
    ])
    let summary = fixture.runner(executor).run(fixture.plans, jobs: 1)
    #expect(summary.failures.isEmpty)
    guard case .diverged(step: 5, _) = summary.results[0].result,
      case .diverged = summary.results[1].result
    else {
      Issue.record("results are \(summary.results.prefix(2).map(\.result))")
      return
    }
    #expect(try fixture.statuses().prefix(3) == [.diverged, .diverged, .complete])
    #expect(try fixture.log("plain-20-s0").last == "diverged at step 5")
    let count = executor.order.count
    let again = fixture.runner(executor).run(fixture.plans, jobs: 1)
    #expect(executor.order.count == count)
    #expect(again.results[0].result == .skipped(.diverged))
  }

  @Test func aRequestToStopEndsAfterTheStepAndLeavesTheRestWaiting() throws {
    let fixture = try RunnerFixture()
    let stop = fixture.stop
    let executor = MockExecutor { run, step in
      if run.label == "plain-56 seed 0", step == 3 { stop.request(signal: 15) }
    }
    let summary = fixture.runner(executor).run(fixture.plans, jobs: 1)
    #expect(executor.order == ["plain-20 seed 0", "plain-56 seed 0"])
    #expect(summary.signal == 15)
    #expect(summary.results[1].result == .interrupted(step: 3))
    #expect(summary.results[2...].allSatisfy { $0.result == .waiting })
    #expect(
      try fixture.statuses()
        == [.complete, .interrupted] + Array(repeating: .waiting, count: 6))
    #expect(try fixture.log("plain-56-s0").last == "interrupted after step 3")
    // Nothing starts once a stop is requested; another process continues.
    #expect(fixture.runner(executor).run(fixture.plans, jobs: 1).results[1].result == .waiting)
    let next = ExperimentRunner(
      store: fixture.store, executor: executor, provenance: RunnerFixture.provenance,
      stop: StopRequest(), observe: { _ in })
    #expect(next.run(fixture.plans, jobs: 1).count { $0 == .complete(seconds: 6) } == 7)
    #expect(executor.order.filter { $0 == "plain-56 seed 0" }.count == 2)
    #expect(executor.order.filter { $0 == "plain-20 seed 0" }.count == 1)
  }

  @Test func theFirstSignalCounts() {
    let stop = StopRequest()
    #expect(!stop.isRequested)
    #expect(stop.request(signal: 2))
    #expect(!stop.request(signal: 15))
    #expect(stop.signal == 2)
  }

  @Test(arguments: [1, 2, 3])
  func atMostJobsRunAtATimeAndEachOnce(jobs: Int) throws {
    let fixture = try RunnerFixture()
    let begun = Mutex(0)
    let executor = MockExecutor { _, step in
      // The first ones wait for each other.
      if step == 1 { begun.withLock { $0 += 1 } }
      for _ in 0..<20_000 where begun.withLock({ $0 }) < jobs { usleep(3000) }
    }
    let summary = fixture.runner(executor).run(fixture.plans, jobs: jobs)
    #expect(executor.mostInWork == jobs)
    #expect(executor.order.sorted() == RunnerFixture.labels.sorted())
    #expect(summary.results.allSatisfy { $0.result == .complete(seconds: 6) })
  }

  @Test func aRunInWorkElsewhereIsLeftAlone() throws {
    let fixture = try RunnerFixture()
    let plan = fixture.plans[0]
    let claimed = try fixture.store.acquire(
      plan.key, configurationHash: plan.variant.configurationHash,
      provenance: RunnerFixture.provenance)
    #expect(claimed != nil)
    let executor = MockExecutor()
    let summary = fixture.runner(executor).run([plan], jobs: 1)
    #expect(summary.results[0].result == .skipped(.running))
    #expect(executor.order.isEmpty)
  }

  @Test func missingDataFailsTheRunBeforeItIsClaimed() throws {
    let fixture = try RunnerFixture()
    let executor = MockExecutor(checksum: { _ in throw MockExecutor.Failure() })
    let summary = fixture.runner(executor).run(fixture.plans, jobs: 2)
    #expect(summary.failures.count == 8)
    #expect(executor.order.isEmpty)
    #expect(try fixture.statuses() == Array(repeating: .waiting, count: 8))
  }

  @Test func aLogThatCannotBeWrittenFailsItsRun() throws {
    let fixture = try RunnerFixture()
    try Data().write(to: fixture.folder.appending(path: "logs"))
    let summary = fixture.runner(MockExecutor()).run(Array(fixture.plans.prefix(1)), jobs: 1)
    #expect(summary.failures.first?.message.hasPrefix("cannot write the log ") == true)
    #expect(try fixture.store.status(of: fixture.plans[0].key) == .failed)
  }

  @Test func theLogHasItsHeaderAndEveryRecordAndKeepsEarlierAttempts() throws {
    let fixture = try RunnerFixture()
    let executor = MockExecutor(endings: ["plain-20 seed 0": .fail(step: 3)])
    _ = fixture.runner(executor).run(Array(fixture.plans.prefix(1)), jobs: 1)
    executor.heal()
    var options = RunOptions()
    options.forces = true
    _ = fixture.runner(executor, options: options).run(Array(fixture.plans.prefix(1)), jobs: 1)
    let lines = try fixture.log("plain-20-s0")
    #expect(lines.filter { $0.hasPrefix("# run: sample/plain-20/0 attempt ") }.count == 2)
    #expect(lines.contains("# command: bench run sample.json"))
    #expect(lines.contains("# configurationHash: \(fixture.plans[0].variant.configurationHash)"))
    #expect(lines.contains("# commit: c0ffee"))
    #expect(lines.contains("# data: data of shapes"))
    #expect(
      lines.filter { !$0.hasPrefix("#") } == [
        "step 2 trainLoss 0.5 trainError 50.0", "failed: out of paper",
        "step 2 trainLoss 0.5 trainError 50.0", "step 4 trainLoss 0.25 trainError 50.0",
        "step 6 trainLoss \(1.0 / 6) trainError 50.0",
        "complete seconds 6.0 weights hash of plain-20 seed 0",
      ])
  }

  @Test func heartbeatsTellTheStep() throws {
    let fixture = try RunnerFixture()
    let database = fixture.database
    let seen = Mutex([Int]())
    let executor = MockExecutor { _, _ in
      let step = try? ResultsReader(path: database).runs(experiment: "sample").first?.step
      seen.withLock { $0.append(step ?? -1) }
    }
    _ = fixture.runner(executor, heartbeatInterval: .zero)
      .run(Array(fixture.plans.prefix(1)), jobs: 1)
    #expect(seen.withLock { $0 } == [1, 2, 3, 4, 5, 6])
  }
}
