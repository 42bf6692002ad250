// Training a recorded attempt again: what is compared, what is found, what is written (nothing).
import Foundation
import Numerics
import Results
import TestSupport
import Testing

@testable import Experiments
@testable import Specs
@testable import Text
@testable import Training

/// Another executor whose numbers are changed on the way.
private struct ChangedExecutor: RunExecutor {
  var base: any RunExecutor
  var change: @Sendable (_ step: Int, _ name: String, _ value: Double) -> Double?
  var weightsHash: String?

  func dataChecksum(_ data: DataSpecification) throws -> String { try base.dataChecksum(data) }

  func execute(
    _ run: RunPlan, keeping: RunKeeping, report: (RunProgress) throws -> Void,
    shouldStop: () -> Bool
  ) throws -> RunOutcome {
    let outcome = try base.execute(
      run, keeping: keeping,
      report: { progress in
        guard case .record(let step, let metrics) = progress else { return try report(progress) }
        let changed = metrics.compactMap { name, value in
          change(step, name, value).map { (name: name, value: $0) }
        }
        try report(.record(step: step, metrics: changed))
      }, shouldStop: shouldStop)
    guard case .complete(_, let seconds) = outcome, let weightsHash else { return outcome }
    return .complete(weightsHash: weightsHash, seconds: seconds)
  }
}

@Suite struct ReproductionTests {
  let fixture: RunnerFixture

  init() throws { fixture = try RunnerFixture() }

  private func attempt(_ index: Int = 0) throws -> RecordedAttempt {
    try ResultsReader(path: fixture.database)
      .recordedAttempt(ofRun: "\(fixture.plans[index].key)")
  }

  private func reproduce(
    _ executor: any RunExecutor, steps: Int? = nil, run index: Int = 0,
    stop: StopRequest = StopRequest()
  ) throws -> Reproduction? {
    let attempt = try attempt(index)
    let (plan, differences) = try Reproducer.plan(attempt)
    #expect(differences.isEmpty)
    #expect(plan.variant.configurationHash == fixture.plans[index].variant.configurationHash)
    let last = try Reproducer.lastStep(attempt, plan: plan, steps: steps)
    return try Reproducer(executor: executor).reproduce(
      attempt, as: plan, lastStep: last, stop: stop)
  }

  @Test func theSameNumbersAreIdentical() throws {
    _ = fixture.runner(MockExecutor()).run([fixture.plans[0]], jobs: 1)
    let before = try Data(contentsOf: URL(fileURLWithPath: fixture.database))
    // The variant's name is another one where the configuration was rebuilt; the hash is not.
    let result = try #require(try reproduce(MockExecutor()))
    #expect(result.isIdentical)
    #expect(result.compared == 6 && result.lastStep == 6)
    #expect(result.metrics.map(\.name) == ["trainError", "trainLoss"])
    #expect(result.metrics.allSatisfy { $0.equal == 3 && $0.firstDifference == nil })
    #expect(result.weights == .equal("hash of plain-20 seed 0"))
    #expect(try Data(contentsOf: URL(fileURLWithPath: fixture.database)) == before)
  }

  @Test func oneBitIsFound() throws {
    _ = fixture.runner(MockExecutor()).run([fixture.plans[0]], jobs: 1)
    let changed = ChangedExecutor(
      base: MockExecutor(), change: { $0 >= 4 && $1 == "trainLoss" ? $2.nextUp : $2 })
    let result = try #require(try reproduce(changed))
    #expect(!result.isIdentical)
    #expect(result.metrics.map(\.equal) == [3, 1])
    #expect(
      result.metrics[1].firstDifference
        == Reproduction.Difference(step: 4, recorded: 0.25, now: 0.25.nextUp))
    #expect(result.metrics[1].largestRelativeDifference < 1e-15)
    #expect(result.metrics[1].largestRelativeDifference > 0)
  }

  /// As in a run of before the metric was added.
  @Test func aMetricThatWasNotRecordedIsNamed() throws {
    _ = fixture.runner(MockExecutor()).run([fixture.plans[0]], jobs: 1)
    var attempt = try attempt()
    let (plan, _) = try Reproducer.plan(attempt)
    func reproduce(_ executor: any RunExecutor) throws -> Reproduction {
      try #require(
        try Reproducer(executor: executor).reproduce(
          attempt, as: plan, lastStep: 6, stop: StopRequest()))
    }
    let errors = try #require(attempt.series["trainError"])
    attempt.series["trainError"] = nil
    let result = try reproduce(MockExecutor())
    #expect(result.newMetrics == ["trainError"])
    #expect(result.metrics.map(\.name) == ["trainLoss"] && result.compared == 3)
    #expect(result.isIdentical)
    let changed = ChangedExecutor(
      base: MockExecutor(), change: { $1 == "trainLoss" ? $2.nextUp : $2 })
    #expect(try !reproduce(changed).isIdentical)
    // One value makes it a metric that was recorded.
    attempt.series["trainError"] = errors.filter { $0.key == 4 }
    let other = try reproduce(MockExecutor())
    #expect(other.newMetrics == [] && !other.isIdentical)
    #expect(
      other.metrics[0].firstDifference == Reproduction.Difference(step: 2, recorded: nil, now: 50))
  }

  @Test func missingAndNewNumbersAreDifferences() throws {
    _ = fixture.runner(MockExecutor()).run([fixture.plans[0]], jobs: 1)
    let silent = ChangedExecutor(
      base: MockExecutor(), change: { $0 == 2 && $1 == "trainError" ? nil : $2 })
    let result = try #require(try reproduce(silent))
    #expect(
      result.metrics[0].firstDifference
        == Reproduction.Difference(step: 2, recorded: 50, now: nil))
    #expect(!result.isIdentical)
  }

  @Test func timesAreNotCompared() throws {
    let timed = ChangedExecutor(
      base: MockExecutor(endings: [:]), change: { _, name, value in value })
    _ = fixture.runner(MockExecutor()).run([fixture.plans[0]], jobs: 1)
    var attempt = try attempt()
    attempt.series["imagesPerSecond"] = [2: 100, 4: 90]
    let (plan, _) = try Reproducer.plan(attempt)
    let result = try Reproducer(executor: timed).reproduce(
      attempt, as: plan, lastStep: 6, stop: StopRequest())
    #expect(result?.isIdentical == true)
    #expect(result?.metrics.contains { $0.name == "imagesPerSecond" } == false)
  }

  @Test func otherWeightsAreFound() throws {
    _ = fixture.runner(MockExecutor()).run([fixture.plans[0]], jobs: 1)
    let changed = ChangedExecutor(
      base: MockExecutor(), change: { _, _, value in value }, weightsHash: "another")
    let result = try #require(try reproduce(changed))
    #expect(result.weights == .different(recorded: "hash of plain-20 seed 0", now: "another"))
    #expect(!result.isIdentical)
  }

  @Test func aPrefixIsComparedAlone() throws {
    _ = fixture.runner(MockExecutor()).run([fixture.plans[0]], jobs: 1)
    // What comes later is another, and does not count.
    let changed = ChangedExecutor(base: MockExecutor(), change: { $0 > 4 ? -$2 : $2 })
    for steps in [4, 5] {
      let result = try #require(try reproduce(changed, steps: steps))
      #expect(result.isIdentical)
      #expect(result.compared == 4 && result.lastStep == steps)
      guard case .notCompared = result.weights else {
        Issue.record("\(result.weights)")
        continue
      }
    }
    let error = #expect(throws: ExperimentError.self) { try reproduce(changed, steps: 1) }
    #expect(error?.description.contains("those of step 2") == true)
    #expect(error?.input == .steps(1))
  }

  @Test func anInterruptedAttemptIsComparedAsFarAsItGoes() throws {
    let executor = MockExecutor(onStep: { [stop = fixture.stop] _, step in
      if step == 5 { stop.request(signal: SIGINT) }
    })
    _ = fixture.runner(executor).run([fixture.plans[0]], jobs: 1)
    let result = try #require(try reproduce(MockExecutor()))
    #expect(result.isIdentical && result.compared == 4 && result.lastStep == 4)
  }

  @Test func endingsAreCompared() throws {
    let label = fixture.plans[0].label
    _ = fixture.runner(MockExecutor(endings: [label: .diverge(step: 5)]))
      .run([fixture.plans[0]], jobs: 1)
    let same = try #require(try reproduce(MockExecutor(endings: [label: .diverge(step: 5)])))
    #expect(same.isIdentical && same.endings.isEmpty)
    let other = try #require(try reproduce(MockExecutor()))
    #expect(other.endings == ["diverged at step 5", "complete"])
    #expect(!other.isIdentical)
  }

  @Test func aRequestToStopEndsIt() throws {
    _ = fixture.runner(MockExecutor()).run([fixture.plans[0]], jobs: 1)
    let stop = StopRequest()
    stop.request(signal: SIGTERM)
    #expect(try reproduce(MockExecutor(), stop: stop) == nil)
  }

  @Test func aRunWithoutAnAttemptIsRefused() throws {
    #expect(throws: ResultsError.self) { try attempt() }
  }

  // MARK: Stored configurations

  @Test func everyVariantComesBackFromItsConfiguration() throws {
    let folder = Repository.root.appending(path: "experiments")
    let files = try FileManager.default.contentsOfDirectory(atPath: folder.path)
      .filter { $0.hasSuffix(".json") && $0 != "spec.schema.json" }
    #expect(files.count >= 5)
    for file in files {
      for variant in try ExperimentSpec(path: folder.appending(path: file).path).expand() {
        let stored = try StoredConfiguration(
          json: variant.configurationJSON, dataPath: variant.trainingProtocol.data.path)
        #expect(stored.variant.configurationJSON == variant.configurationJSON)
        #expect(stored.variant.architecture == variant.architecture)
        #expect(stored.differences.isEmpty)
      }
    }
  }

  @Test func otherVersionsConfigurationsNameTheDifference() throws {
    let variant = try #require(try SpecFixture.variants(SpecFixture.text()).first)
    let json = variant.configurationJSON
    let newer = json.replacing(#""depth":20"#, with: #""depth":20,"dropout":0.5"#)
    #expect(
      try StoredConfiguration(json: newer).differences == ["architecture.dropout is not known here"]
    )
    let older = json.replacing(#","shuffle":true"#, with: "")
    #expect(try StoredConfiguration(json: older).differences == ["protocol.shuffle is new here"])
  }

  @Test(arguments: [
    "", "{}", "[1]", #"{"architecture":{},"protocol":{}}"#, "not JSON",
    #"{"architecture":{"network":"round","depth":20},"protocol":{}}"#,
  ])
  func whatCannotBeReadIsRefused(json: String) {
    #expect(throws: SpecError.self) { try StoredConfiguration(json: json) }
  }

  @Test func dataIsSoughtWhereTheStoredSpecHasIt() throws {
    let data = #"{"name": "cifar-10", "path": "here/it/is"}"#
    let text = SpecFixture.text(proto: SpecFixture.proto(data: data))
    func places(_ text: String, _ variant: String = "plain-20") -> StoredPlaces {
      StoredPlaces(specJSON: text, file: "folder/spec.json", variant: variant)
    }
    // Beside the spec, as nothing of that name is in the working folder.
    #expect(places(text).data == "folder/here/it/is")
    #expect(places(text, "gone").data == nil)
    #expect(places("{}").data == nil && places("{}").weights == nil)
    let named = places(SpecFixture.text(more: #""initialWeights": "start.safetensors""#))
    #expect(named.weights?.hasSuffix("/folder/start.safetensors") == true)
  }

  @Test func initialWeightsMustBeThoseOfThen() throws {
    let variant = try #require(try SpecFixture.variants(SpecFixture.text()).first)
    let json = variant.configurationJSON.replacing(
      #","protocol""#, with: #","initialWeights":"abc","protocol""#)
    #expect(json.contains("abc"))
    let unknown = #expect(throws: SpecError.self) { try StoredConfiguration(json: json) }
    #expect(unknown?.description.contains("file of weights") == true)
    #expect(throws: SpecError.self) {
      try StoredConfiguration(json: json, weightsPath: Repository.root.path)
    }
  }

  @Test func weightsForARunWithoutAreRefused() throws {
    _ = fixture.runner(MockExecutor()).run([fixture.plans[0]], jobs: 1)
    let attempt = try attempt()
    #expect(
      throws: ExperimentError(
        "run \(fixture.plans[0].key) started from random weights, not from a file; leave it out",
        about: .initialWeights(path: "NONE"))
    ) { try Reproducer.plan(attempt, weightsPath: "NONE") }
  }

  @Test func aBrokenConfigurationSaysWhatToDo() {
    let error = #expect(throws: SpecError.self) { try StoredConfiguration(json: "{") }
    #expect(error?.remedy == .runAnew)
  }

  // MARK: Causes

  @Test func causesAreNamed() {
    let old = RunnerFixture.provenance
    #expect(ProvenanceDifference.all(old, old).isEmpty)
    var new = old
    new.commit = "decaf"
    new.diff = "+x"
    new.numericIdentity.instructionSet = "avx512"
    new.dataChecksum = "d1"
    new.threads = 3
    let found = ProvenanceDifference.all(old, new)
    #expect(
      found.map { "\($0.kind.rawValue): \($0)" } == [
        "data: checksum unknown, now d1", "code: commit c0ffee, now decaf",
        "code: uncommitted changes none, now \(sha256("+x").prefix(12))",
        "machine: instruction set baseline, now avx512", "machine: threads 0, now 3",
      ])
    #expect(found.map(\.isHarmless) == [false, false, false, false, true])
  }

  @Test func aRunThatWentOnUnderAChangeSaysSo() {
    var old = RunnerFixture.provenance
    old.numericChanges = "after step 7: instruction set avx512, now avx2"
    let found = ProvenanceDifference.all(old, RunnerFixture.provenance)
    #expect(found.count == 1)
    #expect(found.first?.description.contains("after step 7") == true)
  }

  /// The library is told of once, whole, and with what makes it as it was.
  @Test func theNumericIdentityIsComparedWhole() {
    func text(_ core: String) -> String {
      "OpenBLAS 0.3.21 NO_LAPACKE DYNAMIC_ARCH NO_AFFINITY \(core) MAX_THREADS=64"
    }
    func provenance(_ core: String, _ convolution: String) -> Provenance {
      var provenance = RunnerFixture.provenance
      provenance.numericIdentity = NumericIdentity(
        engineVersion: "3", backend: "openblas", libraryText: text(core), instructionSet: "avx2",
        convolution: convolution)
      provenance.versionsJSON = #"{"openblas":"\#(text(core))","convolution":"\#(convolution)"}"#
      return provenance
    }
    let found = ProvenanceDifference.all(
      provenance("SapphireRapids", "winograd"), provenance("Prescott", "direct"))
    #expect(
      found.map(\.description) == [
        "OpenBLAS core SapphireRapids, now Prescott", "convolution winograd, now direct",
      ])
    #expect(found.map(\.remedy) == ["OPENBLAS_CORETYPE=SapphireRapids", "BENCH_CONV=winograd"])
    #expect(found.allSatisfy { !$0.isHarmless && $0.kind == .machine })
    #expect(ProvenanceDifference.all(provenance("Zen", "x"), provenance("Zen", "x")).isEmpty)
  }

  @Test func targetsThatGiveEqualBitsHaveNoInfluence() {
    func provenance(_ text: String) -> Provenance {
      var provenance = RunnerFixture.provenance
      provenance.numericIdentity = NumericIdentity(
        engineVersion: "3", backend: "libxsmm", libraryText: text, instructionSet: "avx512",
        convolution: "winograd")
      provenance.versionsJSON = #"{"libxsmm":"\#(text)"}"#
      return provenance
    }
    let equal = ProvenanceDifference.all(
      provenance("1.17, target skx"), provenance("1.17, target cpx"))
    #expect(equal.map(\.description) == ["libxsmm 1.17, target skx, now 1.17, target cpx"])
    #expect(equal.map(\.isHarmless) == [true])
    let other = ProvenanceDifference.all(
      provenance("1.17, target skx"), provenance("1.17, target hsw"))
    #expect(other.map(\.description) == ["libxsmm target skx, now hsw"])
    #expect(other.map(\.isHarmless) == [false])
  }

  @Test func versionsThatBothKnowAreCompared() {
    var (old, new) = (RunnerFixture.provenance, RunnerFixture.provenance)
    old.versionsJSON = #"{"bench":"1","libxsmm":"1.17","gone":"1"}"#
    new.versionsJSON = #"{"bench":"2","libxsmm":"1.18","new":"1"}"#
    #expect(
      ProvenanceDifference.all(old, new).map { "\($0.kind.rawValue): \($0)" }
        == ["code: bench 1, now 2", "machine: libxsmm 1.17, now 1.18"])
  }
}
