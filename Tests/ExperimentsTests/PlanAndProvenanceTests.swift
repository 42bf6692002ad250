// What is known before a run: its cost, and where its numbers will come from.
import Foundation
import Numerics
import Results
import Subprocess
import Testing

@testable import Experiments
@testable import Networks
@testable import Specs
@testable import Training

@Suite struct ExperimentPlanTests {
  struct Costs: CostModel {
    struct Refusal: Error, CustomStringConvertible {
      var description: String { "images of 16 pixels are too small" }
    }
    var refuses = false

    func cost(of variant: Variant, threads: Int) throws -> VariantCost {
      if refuses, variant.architecture.depth == 56 { throw Refusal() }
      return VariantCost(parameters: 1, macs: 2, memoryBytes: Int64(variant.architecture.depth))
    }
    func pace(of variant: Variant, threads: Int) throws -> TrainingPace {
      TrainingPace(
        secondsPerStep: Double(variant.architecture.depth) / Double(threads),
        secondsPerTestImage: 0.001)
    }
  }

  static func plan(jobs: Int, calibrates: Bool = true, refuses: Bool = false) throws
    -> ExperimentPlan
  {
    try ExperimentPlan(
      experiment: "e", variants: SpecFixture.variants(SpecFixture.text()), seeds: [0, 1],
      share: CoreShare(jobs: jobs, threads: 1), costs: Costs(refuses: refuses),
      calibrates: calibrates)
  }

  @Test func totalsFollowTheOrderOfRuns() throws {
    let one = try Self.plan(jobs: 1)
    #expect(one.rows.map(\.run.label) == RunnerFixture.labels)
    #expect(one.rows.map(\.seconds) == [20, 56, 20, 56, 20, 56, 20, 56].map { $0 * 600 + 100 })
    #expect(one.totalSeconds == 183_200)
    #expect(one.peakMemoryBytes == 56)
    // Two jobs, 600 steps: 20+20+56+20+56 on one, 56+20+56 on the other.
    let two = try Self.plan(jobs: 2)
    #expect(two.totalSeconds == 103_700)
    #expect(two.peakMemoryBytes == 112)
    #expect(try Self.plan(jobs: 1, calibrates: false).totalSeconds == nil)
  }

  /// By configuration: what was made under another one is still to be made.
  @Test func whatIsDoneIsNotCounted() throws {
    let variants = try SpecFixture.variants(SpecFixture.text())
    func state(
      _ index: Int, _ seed: Int64, _ status: RunStatus, hash: String? = nil, step: Int = 600
    )
      -> AttemptState
    {
      AttemptState(
        key: RunKey(experiment: "e", variant: variants[index].name, seed: seed),
        configurationHash: hash ?? variants[index].configurationHash, status: status, step: step)
    }
    let states = [
      state(0, 0, .complete), state(0, 1, .diverged, step: 30),
      state(1, 0, .interrupted, step: 300),
      state(2, 0, .complete, hash: "another"), state(3, 1, .failed, step: 0),
    ]
    let plan = try ExperimentPlan(
      experiment: "e", variants: variants, seeds: [0, 1],
      share: CoreShare(jobs: 1, threads: 1), states: states, costs: Costs(),
      calibrates: true)
    #expect(
      plan.rows.map(\.status)
        == [.complete, .interrupted, nil, nil, .diverged, nil, nil, .failed])
    let (short, long) = (20.0 * 600 + 100, 56.0 * 600 + 100)
    #expect(plan.rows.map(\.seconds) == [0, long / 2, short, long, 0, long, short, long])
    #expect(plan.rows.map(\.isDone) == [true, false, false, false, true, false, false, false])
  }

  @Test func evaluationsAreCounted() throws {
    func count(_ length: String, _ more: String) throws -> Int {
      let proto = SpecFixture.proto(length: length, more: more)
      let plan = try SpecFixture.spec(SpecFixture.text(proto: proto)).baseProtocol
      let steps = (1...plan.totalSteps).count { plan.evaluates(afterStep: $0) }
      #expect(plan.evaluationCount == steps)
      return steps
    }
    #expect(try count(#""iterations": 600"#, #""evaluation": {"every": 60}"#) == 10)
    #expect(try count(#""iterations": 601"#, #""evaluation": {"every": 60}"#) == 11)
    #expect(try count(#""epochs": 3"#, #""evaluation": {"every": 1}"#) == 3)
    #expect(try count(#""epochs": 5"#, #""evaluation": {"every": 2}"#) == 3)
  }

  @Test func everyVariantThatCannotBeBuiltIsNamed() {
    #expect(
      throws: ExperimentError([
        "plain-56: images of 16 pixels are too small",
        "resnet-56: images of 16 pixels are too small",
      ])
    ) { try Self.plan(jobs: 1, refuses: true) }
  }
}

@Suite struct ProvenanceTests {
  static let engine = EngineIdentity(
    NumericIdentity(engineVersion: "3", backend: "blas", instructionSet: "avx2"),
    versions: ["swift": "6", "bench": "1"])

  static func folder() throws -> URL {
    let folder = FileManager.default.temporaryDirectory.appending(
      path: "bench-provenance-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    return folder
  }

  @Test func outsideARepositoryTheCodeIsUnknownAndTheMachineIsNot() async throws {
    let folder = try Self.folder()
    defer { try? FileManager.default.removeItem(at: folder) }
    let provenance = await ProvenanceCollector(directory: folder.path).collect(
      engine: Self.engine, threads: 2, arguments: ["bench", "run", "my spec.json", "it's"])
    #expect(provenance.commit == "")
    #expect(provenance.diff == "")
    #expect(provenance.untracked == "[]")
    #expect(provenance.host == ProcessInfo.processInfo.hostName)
    #expect(!provenance.operatingSystem.isEmpty)
    #expect(provenance.threads == 2)
    #expect(provenance.numericIdentity.backend == "blas")
    #expect(provenance.versionsJSON == #"{"bench":"1","swift":"6"}"#)
    #expect(provenance.commandLine == #"bench run 'my spec.json' 'it'\''s'"#)
  }

  @Test func aRepositoryTellsCommitChangesAndUntrackedFiles() async throws {
    let folder = try Self.folder()
    defer { try? FileManager.default.removeItem(at: folder) }
    func git(_ arguments: String...) async throws -> String {
      let identity = ["-c", "user.name=a", "-c", "user.email=a@b", "-c", "commit.gpgsign=false"]
      let result = try await Subprocess.run(
        .name("git"), arguments: Arguments(["-C", folder.path] + identity + arguments),
        output: .string(limit: 1 << 16), error: .discarded)
      #expect(result.terminationStatus.isSuccess)
      return result.standardOutput
    }
    let collector = ProvenanceCollector(directory: folder.path)
    _ = try await git("init", "-q")
    // No commit yet: the files are all untracked.
    try Data("one\n".utf8).write(to: folder.appending(path: "a.txt"))
    let unborn = await collector.collect(engine: Self.engine, threads: 1)
    #expect(unborn.commit == "")
    #expect(unborn.untracked == #"["a.txt"]"#)

    _ = try await git("add", "a.txt")
    _ = try await git("commit", "-q", "-m", "first")
    // Staged changes count as well.
    try Data("two\n".utf8).write(to: folder.appending(path: "a.txt"))
    _ = try await git("add", "a.txt")
    try Data().write(to: folder.appending(path: "new \"file\".txt"))
    let provenance = await collector.collect(engine: Self.engine, threads: 1)
    let head = try await git("rev-parse", "HEAD").trimmingCharacters(in: .newlines)
    #expect(provenance.commit == head)
    #expect(provenance.commit.count == 40)
    #expect(provenance.diff.contains("\n-one\n+two\n"))
    #expect(provenance.untracked == #"["new \"file\".txt"]"#)
  }

  @Test func longListsOfFilesAreCutOff() {
    let names = (0..<1005).map { "f\($0)\0" }.joined()
    #expect(ProvenanceCollector.list(names).hasSuffix(#""f999","… and 5 more"]"#))
  }
}
