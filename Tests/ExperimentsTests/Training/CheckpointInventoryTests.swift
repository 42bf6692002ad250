// Which checkpoints are of use: those from which a run can still go on.
import Foundation
import Results
import Testing

@testable import Experiments
@testable import Training

@Suite struct CheckpointInventoryTests {
  private func makeFolder(_ name: String, beside database: String) throws -> String {
    let path = URL(fileURLWithPath: database).deletingLastPathComponent()
      .appending(path: "checkpoints/\(name)").path
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    try Data(count: 1000).write(to: URL(fileURLWithPath: path + "/step-1.json"))
    return path
  }

  @Test func onlyFinalAndReplacedAttemptsCheckpointsGo() throws {
    let fixture = try RunnerFixture()
    let label = fixture.plans[1].label
    let stopping = MockExecutor(
      endings: [label: .fail(step: 3)],
      onStep: { [stop = fixture.stop] run, step in
        if run.label == RunnerFixture.labels[2], step == 3 { stop.request(signal: SIGINT) }
      })
    _ = fixture.runner(stopping).run(Array(fixture.plans.prefix(3)), jobs: 1)
    #expect(try fixture.statuses().prefix(3) == [.complete, .failed, .interrupted])
    let reader = try ResultsReader(path: fixture.database)
    let ids = try fixture.plans.map { plan in
      try #require(try reader.runs().first { $0.key == plan.key }).runId
    }
    let complete = try makeFolder("\(ids[0])-1", beside: fixture.database)
    let failed = try makeFolder("\(ids[1])-1", beside: fixture.database)
    let interrupted = try makeFolder("\(ids[2])-1", beside: fixture.database)
    let replaced = try makeFolder("\(ids[2])-0", beside: fixture.database)
    let justBegun = try makeFolder("\(ids[2])-2", beside: fixture.database)
    let waiting = try makeFolder("\(ids[3])-1", beside: fixture.database)
    let strange = try makeFolder("\(UUID().uuidString.lowercased())-1", beside: fixture.database)
    let other = try makeFolder("notes-1", beside: fixture.database)

    let inventory = try CheckpointInventory(reader)
    #expect(Set(inventory.unneeded.map(\.path)) == [complete, replaced])
    #expect(inventory.unneeded.allSatisfy { $0.bytes == 1000 })
    #expect(inventory.unknown.map(\.path) == [strange])
    inventory.removeUnneeded()
    let left = [failed, interrupted, justBegun, waiting, strange, other].map {
      FileManager.default.fileExists(atPath: $0)
    }
    #expect(left.allSatisfy { $0 })
    let gone = [complete, replaced].map { FileManager.default.fileExists(atPath: $0) }
    #expect(gone.allSatisfy { !$0 })
    #expect(try CheckpointInventory(reader).unneeded.isEmpty)
  }
}
