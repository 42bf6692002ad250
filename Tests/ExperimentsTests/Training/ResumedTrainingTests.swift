// Training that was stopped and taken up again gives the bits of one that never was.
import Foundation
import Synchronization
import TestSupport
import Testing

@testable import Specs
@testable import Training

@Suite struct ResumedTrainingTests {
  /// What training gave, times aside.
  struct Outcome: Equatable {
    var records: [String: [UInt64]] = [:]
    var hash = ""
  }

  static func plan(_ network: String, more: String, threads: Int = 2) throws -> RunPlan {
    let text = """
      {"name": "resume", "title": "Resume", "protocol": {"name": "tiny",
        "data": {"name": "shapes", "size": 16, "trainCount": 50, "testCount": 30},
        "batch": 12, "iterations": 20,
        "optimizer": {"learningRate": 0.05, "nesterov": true},
        "schedule": {"kind": "step", "milestones": [9, 15], "factor": 0.5},
        "augmentation": {"padding": 2, "flip": true},
        "evaluation": {"every": 8, "recordEvery": 4}},
       "factors": {\(network), "width": [0.5]}, "seeds": [5]\(more)}
      """
    let spec = try SpecFixture.spec(text)
    return RunPlan(
      experiment: "resume", variant: try spec.expand()[0], seed: 5, threads: threads, macs: 1)
  }

  /// Trains until it is complete; each session ends where `stops` says: after how many questions
  /// whether to stop.
  static func train(
    _ plan: RunPlan, folder: CheckpointFolder, stops: [Int]
  ) throws -> (outcome: Outcome, sessions: Int) {
    let executor = TrainingExecutor()
    var outcome = Outcome()
    var sessions = 0
    while true {
      var keeping = RunKeeping()
      keeping.resumed = folder.latest().checkpoint
      keeping.checkpoints = CheckpointWriting(
        folder: folder, identity: CheckpointTests.identity, interval: .seconds(1000),
        settle: { _ in true }, say: { Issue.record("\($0)") })
      // What a crash loses is recorded again.
      let first = keeping.resumed?.position.lastRecord ?? 0
      for name in outcome.records.keys where Int(name.prefix { $0 != " " }) ?? 0 > first {
        outcome.records[name] = nil
      }
      var questions = 0
      let limit = sessions < stops.count ? stops[sessions] : .max
      sessions += 1
      let result = try executor.execute(
        plan, keeping: keeping,
        report: { progress in
          guard case .record(let step, let metrics) = progress else { return }
          for metric in metrics where metric.name != "imagesPerSecond" {
            outcome.records["\(step) \(metric.name)", default: []].append(metric.value.bitPattern)
          }
        },
        shouldStop: {
          questions += 1
          return questions >= limit
        })
      if case .complete(let hash, let seconds) = result {
        outcome.hash = hash
        #expect(seconds > 0)
        return (outcome, sessions)
      }
    }
  }

  @Test(arguments: [
    #""network": ["residual"], "depth": [8]"#,
    #""network": ["residual"], "depth": [11], "block": ["bottleneck"], "shortcut": ["C"]"#,
    #""network": ["residual"], "depth": [8], "activationOrder": ["pre"]"#,
    #""network": ["residual"], "depth": [8], "data.validationCount": [20]"#,
    #""network": ["residual"], "depth": [8], "shortcut": ["dropout"]"#,
    #""network": ["residual"], "depth": [8], "evaluation.layersEvery": [4]"#,
    #""network": ["residual"], "depth": [8], "evaluation.layersEvery": [4], "precision": ["bf16"]"#,
  ])
  func everyPlaceToStopGivesTheSameBits(network: String) throws {
    let plan = try Self.plan(network, more: "")
    let scratch = try TemporaryFolder()
    let whole = try Self.train(
      plan, folder: CheckpointFolder(path: scratch.path("whole")), stops: [])
    #expect(whole.sessions == 1)
    #expect(whole.outcome.records.values.allSatisfy { $0.count == 1 })
    #expect(whole.outcome.records.keys.contains("16 testError"))
    // Another number of threads must not matter, and one does not wait for another.
    let alone = try Self.plan(network, more: "", threads: 1)
    // The questions at the end of steps, and those in the middle of evaluations.
    for first in 1...24 {
      let folder = CheckpointFolder(path: scratch.path("\(first)"))
      let stops = first % 5 == 0 ? [first, 1, 2, 3] : [first]
      let resumed = try Self.train(alone, folder: folder, stops: stops)
      #expect(resumed.outcome == whole.outcome, "stopped at question \(first)")
      #expect(resumed.sessions == stops.count + 1)
    }
  }

  @Test func checkpointsComeAfterTheirIntervalAndEveryStepAtZero() throws {
    let plan = try Self.plan(#""network": ["plain"], "depth": [8]"#, more: "")
    let scratch = try TemporaryFolder()
    let settled = Mutex([Int]())
    for (interval, expected) in [(0.0, Array(1..<20)), (1000, [])] {
      settled.withLock { $0 = [] }
      var keeping = RunKeeping()
      keeping.checkpoints = CheckpointWriting(
        folder: CheckpointFolder(path: scratch.path("\(interval)")),
        identity: CheckpointTests.identity, interval: .seconds(interval),
        settle: { step in
          settled.withLock { $0.append(step) }
          return true
        }, say: { _ in })
      _ = try TrainingExecutor().execute(
        plan, keeping: keeping, report: { _ in }, shouldStop: { false })
      #expect(settled.withLock { $0 } == expected)
    }
  }

  /// A folder that cannot be written costs the checkpoints, not the training.
  @Test func trainingGoesOnWithoutItsCheckpoints() throws {
    let plan = try Self.plan(#""network": ["plain"], "depth": [8]"#, more: "")
    let scratch = try TemporaryFolder()
    let file = try scratch.write("file", [1])
    let said = Mutex([String]())
    var keeping = RunKeeping()
    keeping.checkpoints = CheckpointWriting(
      folder: CheckpointFolder(path: file + "/checkpoints"), identity: CheckpointTests.identity,
      interval: .zero, settle: { _ in true }, say: { text in said.withLock { $0.append(text) } })
    let outcome = try TrainingExecutor().execute(
      plan, keeping: keeping, report: { _ in }, shouldStop: { false })
    guard case .complete = outcome else {
      Issue.record("\(outcome)")
      return
    }
    let first = said.withLock { $0 }.first ?? ""
    #expect(first.hasPrefix("no checkpoint after step 1: cannot"), "\(first)")
  }
}
