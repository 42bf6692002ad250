// The runner takes up what was interrupted, and does what its options say.
import Foundation
import Numerics
import Results
import Synchronization
import Testing

@testable import Experiments
@testable import Training

@Suite struct ResumingRunnerTests {
  /// Runs one run until this step, then takes it up with other options.
  private static func interrupted(
    _ fixture: RunnerFixture, at stopStep: Int, sessions: Int = 1,
    provenance: Provenance = RunnerFixture.provenance
  ) {
    for session in 1...sessions {
      let stop = StopRequest()
      let executor = MockExecutor { _, step in
        if step == stopStep - sessions + session { stop.request(signal: 2) }
      }
      _ = fixture.runner(executor, stop: stop, provenance: provenance).run(
        [fixture.plans[0]], jobs: 1)
    }
  }

  private static func notes(
    _ fixture: RunnerFixture, _ executor: MockExecutor = MockExecutor(),
    _ change: (inout RunOptions) -> Void = { _ in }, provenance: Provenance? = nil
  ) -> (summary: RunSummary, notes: [String]) {
    var options = RunOptions()
    change(&options)
    let notes = Mutex([String]())
    let runner = ExperimentRunner(
      store: fixture.store, executor: executor,
      provenance: provenance ?? RunnerFixture.provenance, stop: StopRequest(), options: options,
      wording: { error in
        guard
          case .keepConditionsOrAllowNumericChange(let earlier) = (error as? ExperimentError)?
            .remedy
        else { return "\(error)" }
        return "\(error) (with \(earlier.joined(separator: " and ")), or allow the numeric change)"
      },
      observe: { event in
        switch event {
        case .note(_, let text): notes.withLock { $0.append(text) }
        case .outdated(_, let changes): notes.withLock { $0.append("outdated: \(changes)") }
        case .mixed(_, let changes): notes.withLock { $0.append("mixed: \(changes)") }
        case .resumed(_, let step): notes.withLock { $0.append("resumed \(step)") }
        case .started(_, let attempt, _): notes.withLock { $0.append("attempt \(attempt)") }
        default: break
        }
      })
    let summary = runner.run([fixture.plans[0]], jobs: 1)
    return (summary, notes.withLock { $0 })
  }

  private static func checkpoints(_ fixture: RunnerFixture) throws -> [String] {
    let folder = fixture.folder.appending(path: "checkpoints").path
    return try FileManager.default.contentsOfDirectory(atPath: folder)
  }

  @Test func anInterruptedRunGoesOnInItsAttempt() throws {
    let fixture = try RunnerFixture()
    Self.interrupted(fixture, at: 3)
    #expect(try fixture.store.status(of: fixture.plans[0].key) == .interrupted)
    #expect(try Self.checkpoints(fixture).count == 1)
    let (summary, notes) = Self.notes(fixture)
    #expect(notes == ["attempt 1", "resumed 3"])
    #expect(summary.results[0].result == .complete(seconds: 6))
    // Complete: nothing to go on with.
    #expect(try Self.checkpoints(fixture).isEmpty)
    let curve = try ResultsReader(path: fixture.database)
      .curves(experiment: "sample", metrics: ["trainLoss"])
    #expect(curve.first?.points.map(\.step) == [2, 4, 6])
    let rows = try ResultsReader(path: fixture.database).query(
      "SELECT attempt, resumed, numericChanges FROM attempts"
    ).rows
    #expect(rows == [[.integer(1), .integer(1), .text("")]])
    #expect(try fixture.log("plain-20-s0").contains("# resumed: after step 3"))
  }

  @Test func damagedCheckpointsAreSaidAndTheOneBeforeIsTaken() throws {
    let fixture = try RunnerFixture()
    Self.interrupted(fixture, at: 4, sessions: 2)
    let name = try #require(try Self.checkpoints(fixture).first)
    let folder = fixture.folder.appending(path: "checkpoints/\(name)")
    let last = folder.appending(path: "step-0000000004.json")
    try Data("nonsense".utf8).write(to: last)
    let (_, notes) = Self.notes(fixture)
    try #require(notes.count == 4)
    #expect(notes[0].hasPrefix("checkpoint step-0000000004.json: is damaged (in "))
    #expect(
      notes[1...] == ["the checkpoint before is whole, after step 3", "attempt 1", "resumed 3"])
  }

  @Test func withoutACheckpointItStartsAtTheBeginning() throws {
    let fixture = try RunnerFixture()
    Self.interrupted(fixture, at: 3)
    try FileManager.default.removeItem(at: fixture.folder.appending(path: "checkpoints"))
    let (summary, notes) = Self.notes(fixture)
    #expect(notes == ["no checkpoint of attempt 1; it starts at its beginning", "attempt 2"])
    #expect(summary.results[0].result == .complete(seconds: 6))
  }

  @Test func changedConditionsNeedTheUsersWord() throws {
    let fixture = try RunnerFixture()
    Self.interrupted(fixture, at: 3)
    var other = RunnerFixture.provenance
    other.numericIdentity.instructionSet = "avx2"
    let (refused, notes) = Self.notes(fixture, provenance: other)
    #expect(notes == [])
    let message = try #require(refused.failures.first?.message)
    #expect(message.contains("instruction set baseline, now avx2"), "\(message)")
    #expect(message.hasSuffix(" (with BENCH_ISA=baseline, or allow the numeric change)"))
    #expect(try fixture.store.status(of: fixture.plans[0].key) == .interrupted)

    let (allowed, said) = Self.notes(
      fixture, MockExecutor(), { $0.allowsNumericChange = true }, provenance: other)
    #expect(allowed.results[0].result == .complete(seconds: 6))
    #expect(
      said == [
        "goes on in spite of a change: instruction set baseline, now avx2", "attempt 1",
        "resumed 3",
      ])
    let reader = try ResultsReader(path: fixture.database)
    #expect(
      try reader.query("SELECT numericChanges FROM attempts").rows
        == [[.text("after step 3: instruction set baseline, now avx2")]])
    let details = try reader.details(ofRun: "sample/plain-20/0")
    #expect(details.provenance?.numericChanges.contains("avx2") == true)
    // What is complete is not whole, under whichever of the two it is looked at.
    let mixed = "mixed: after step 3: instruction set baseline, now avx2"
    #expect(Self.notes(fixture).notes == [mixed])
    #expect(
      Self.notes(fixture, provenance: other).notes
        == [mixed, "outdated: instruction set baseline, now avx2"])
  }

  /// Everything that decides bits, each alone.
  static let changes: [(change: @Sendable (inout NumericIdentity) -> Void, text: String)] = [
    ({ $0.backend = "libxsmm" }, "backend openblas, now libxsmm (with BENCH_GEMM=blas"),
    ({ $0.backendVersion = "0.3.22" }, "OpenBLAS 0.3.21, now 0.3.22 (with OpenBLAS 0.3.21"),
    (
      { $0.codeClass = "Prescott" },
      "OpenBLAS core Zen, now Prescott (with OPENBLAS_CORETYPE=Zen"
    ),
    ({ $0.convolution = "direct" }, "convolution winograd, now direct (with BENCH_CONV=winograd"),
    ({ $0.precision = "bf16 pairs" }, "precision fp32, now bf16 pairs (with "),
  ]

  @Test(arguments: changes.indices) func whatDecidesBitsIsComparedWithTheCheckpoint(
    index: Int
  ) throws {
    let (change, text) = Self.changes[index]
    let fixture = try RunnerFixture()
    var begun = RunnerFixture.provenance
    begun.numericIdentity = NumericIdentity(
      engineVersion: "1", backend: "openblas", backendVersion: "0.3.21", codeClass: "Zen",
      instructionSet: "avx2", convolution: "winograd")
    Self.interrupted(fixture, at: 3, provenance: begun)
    var other = begun
    change(&other.numericIdentity)
    let (refused, _) = Self.notes(fixture, provenance: other)
    let message = try #require(refused.failures.first?.message)
    #expect(message.hasPrefix("it stands after step 3, but going on could change bits: \(text)"))
    #expect(try fixture.store.status(of: fixture.plans[0].key) == .interrupted)
    #expect(Self.notes(fixture, provenance: begun).notes == ["attempt 1", "resumed 3"])
    // The result of then is skipped with the same words.
    let skipped = Self.notes(fixture, provenance: other).notes
    #expect(skipped.count == 1 && text.hasPrefix(skipped[0].dropFirst("outdated: ".count)))
  }

  /// A manifest of a version that knew no more than three fields is completed from the attempt's
  /// record, and what neither knows is no change.
  @Test func anEarlierCheckpointIsJudgedByItsAttemptsRecord() throws {
    for (versions, isRefused) in [(#"{"convolution":"winograd"}"#, true), ("{}", false)] {
      let fixture = try RunnerFixture()
      var begun = RunnerFixture.provenance
      begun.versionsJSON = versions
      Self.interrupted(fixture, at: 3, provenance: begun)
      let name = try #require(try Self.checkpoints(fixture).first)
      let manifest = try String(
        contentsOf: fixture.folder.appending(path: "checkpoints/\(name)/step-0000000003.json"),
        encoding: .utf8)
      #expect(!manifest.contains("convolution") && !manifest.contains("precision"))
      var other = begun
      other.numericIdentity.convolution = "direct"
      let (summary, _) = Self.notes(fixture, provenance: other)
      #expect((summary.failures.count == 1) == isRefused, "\(versions)")
      #expect(
        summary.failures.first?.message.contains("convolution winograd, now direct") != false)
    }
  }

  /// What each going on was made under stands with it.
  @Test func resumptionsHaveTheirIdentity() throws {
    let fixture = try RunnerFixture()
    Self.interrupted(fixture, at: 3)
    var other = RunnerFixture.provenance
    other.numericIdentity.convolution = "direct"
    other.numericIdentity.precision = "bf16 tiles"
    _ = Self.notes(fixture, MockExecutor(), { $0.allowsNumericChange = true }, provenance: other)
    let rows = try ResultsReader(path: fixture.database).query(
      "SELECT json_extract(resumptions, '$[0].numericIdentity'), precision FROM provenance"
    ).rows
    let identity =
      #"{"backend":"blas","convolution":"direct","engineVersion":"1","instructionSet":"baseline","#
      + #""precision":"bf16 tiles"}"#
    #expect(rows == [[.text(identity), .text("fp32")]])
  }

  @Test func aResultOfOtherConditionsIsKeptAndReported() throws {
    let fixture = try RunnerFixture()
    #expect(Self.notes(fixture).notes == ["attempt 1"])
    #expect(Self.notes(fixture).notes == [])
    var other = RunnerFixture.provenance
    other.numericIdentity.engineVersion = "2"
    let (summary, notes) = Self.notes(fixture, provenance: other)
    #expect(summary.results[0].result == .skipped(.complete))
    #expect(notes == ["outdated: engine version 1, now 2"])
    let forced = Self.notes(fixture, MockExecutor(), { $0.forces = true }, provenance: other)
    #expect(forced.notes == ["attempt 2"])
  }

  @Test func checkpointsOfACompleteRunAreRemovedLater() throws {
    let fixture = try RunnerFixture()
    #expect(Self.notes(fixture).notes == ["attempt 1"])
    let run = try #require(
      try ResultsReader(path: fixture.database).runs(experiment: "sample").first)
    let files = RunFiles(database: fixture.database, runId: run.runId, attempt: 1)
    try CheckpointTests.write(CheckpointFolder(path: files.checkpoints), 5)
    #expect(Self.notes(fixture).summary.results[0].result == .skipped(.complete))
    #expect(try Self.checkpoints(fixture).isEmpty)
  }

  @Test func forceStartsAgainEvenWhatWasInterrupted() throws {
    let fixture = try RunnerFixture()
    Self.interrupted(fixture, at: 3)
    let (summary, notes) = Self.notes(fixture, MockExecutor()) { $0.forces = true }
    #expect(notes == ["attempt 2"])
    #expect(summary.results[0].result == .complete(seconds: 6))
    // The old attempt and its numbers are kept, its checkpoints are not.
    let reader = try ResultsReader(path: fixture.database)
    #expect(
      try reader.query("SELECT attempt, status FROM attempts ORDER BY attempt").rows == [
        [.integer(1), .text("interrupted")], [.integer(2), .text("complete")],
      ])
    #expect(try Self.checkpoints(fixture).isEmpty)
  }

  @Test(arguments: [1, 2]) func failFastEndsEverything(jobs: Int) throws {
    let fixture = try RunnerFixture()
    let others = DispatchSemaphore(value: 0)
    let executor = MockExecutor(endings: ["plain-20 seed 0": .fail(step: 2)]) { run, step in
      // The other job's run must be at work when the first fails.
      if run.label == "plain-56 seed 0" {
        if step == 1 { others.signal() }
        Thread.sleep(forTimeInterval: 0.3)
      } else if run.label == "plain-20 seed 0", jobs == 2 {
        _ = others.wait(timeout: .now() + 60)
      }
    }
    var options = RunOptions()
    options.failsFast = true
    let summary = fixture.runner(executor, options: options).run(fixture.plans, jobs: jobs)
    #expect(summary.failures.count == 1)
    #expect(summary.signal == nil)
    #expect(summary.count { $0 == .waiting } == (jobs == 1 ? 7 : 6))
    if jobs == 2 {
      guard case .interrupted = summary.results[1].result else {
        Issue.record("\(summary.results[1].result)")
        return
      }
    }
  }

  @Test func theTimeLimitInterruptsAndTheNextSessionGoesOn() throws {
    let fixture = try RunnerFixture()
    let slow = MockExecutor { _, _ in Thread.sleep(forTimeInterval: 0.02) }
    let (summary, _) = Self.notes(fixture, slow) { $0.timeLimit = .milliseconds(30) }
    guard case .outOfTime(let step) = summary.results[0].result else {
      Issue.record("\(summary.results[0].result)")
      return
    }
    #expect(try fixture.store.status(of: fixture.plans[0].key) == .interrupted)
    #expect(
      try fixture.log("plain-20-s0").last == "interrupted after step \(step) by the time limit")
    #expect(Self.notes(fixture).notes == ["attempt 1", "resumed \(step)"])
  }

  /// Without its database nothing can be made, so the rest is not even tried.
  @Test func aLostDatabaseEndsEverything() throws {
    let fixture = try RunnerFixture()
    let database = fixture.database
    let executor = MockExecutor { _, step in
      if step == 3 { try? FileManager.default.removeItem(atPath: database) }
    }
    let summary = fixture.runner(executor).run(fixture.plans, jobs: 1)
    guard case .failed(let message) = summary.results[0].result else {
      Issue.record("\(summary.results[0].result)")
      return
    }
    #expect(message.contains("was deleted, renamed or replaced"))
    #expect(summary.count { $0 == .waiting } == fixture.plans.count - 1)
    let saved = try ResultsReader(path: "\(database).rescued")
    #expect(try saved.runs(experiment: "sample").contains { $0.step == 2 })
  }

  @Test(arguments: StopRequest.warnings)
  func aWarningPreemptsAndTheNextSessionGoesOn(signal: Int32) throws {
    let fixture = try RunnerFixture()
    let stop = StopRequest()
    let executor = MockExecutor { _, step in
      if step == 3 { stop.request(signal: signal) }
    }
    let summary = fixture.runner(executor, stop: stop).run([fixture.plans[0]], jobs: 1)
    #expect(summary.results[0].result == .preempted(step: 3) && summary.signal == signal)
    let run = try #require(
      try ResultsReader(path: fixture.database).runs(experiment: "sample").first)
    #expect(run.status == .interrupted && run.message == "preempted after step 3")
    #expect(try fixture.log("plain-20-s0").last == "preempted after step 3")
    #expect(Self.notes(fixture).notes == ["attempt 1", "resumed 3"])
  }

  @Test(arguments: [(nil, "interrupted"), (SIGTERM, "interrupted"), (SIGUSR1, "preempted")])
  func abandonedRunsAreInterrupted(signal: Int32?, word: String) throws {
    let fixture = try RunnerFixture()
    let plan = fixture.plans[0]
    let runner = Mutex<ExperimentRunner?>(nil)
    let stop = StopRequest()
    let executor = MockExecutor { _, step in
      guard step == 3 else { return }
      if let signal { stop.request(signal: signal) }
      runner.withLock { $0 }?.abandon()
    }
    let made = fixture.runner(executor, stop: stop)
    runner.withLock { $0 = made }
    _ = made.run([plan], jobs: 1)
    let run = try #require(
      try ResultsReader(path: fixture.database).runs(experiment: "sample").first)
    #expect(run.status == .interrupted && run.message == "\(word) in the middle of a step")
  }
}
