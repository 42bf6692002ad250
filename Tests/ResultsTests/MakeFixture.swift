// How the stored databases came about: `make fixtures` writes the one of the present schema.
import Foundation
import TestSupport
import Testing

@testable import Results

/// Makes `Fixtures/schema-N.sqlite`, N being the number of migrations, where there is none. What is
/// there is never made again: it is the witness that such files still open.
@Test(.enabled(if: ProcessInfo.processInfo.environment["BENCH_RECORD_SNAPSHOTS"] != nil))
func makeSchemaFixture() throws {
  let name = "schema-\(ResultsSchema.migrations.count).sqlite"
  let path = SchemaTests.fixtures.appending(path: name).path
  guard !FileManager.default.fileExists(atPath: path) else { return }
  try makeDatabase(path)
  Issue.record("recorded \(name); look at it and commit it")
}

/// A database of the present schema with runs of every ending.
private func makeDatabase(_ path: String) throws {
  let folder = try TemporaryFolder()
  let nobody = ProcessIdentity(host: "here", bootId: "boot", pid: 1 << 22, startTicks: 1)
  let store = try ResultsStore(path: folder.database, process: nobody)
  try store.prepare(
    Fixture.experiment(), variants: [Fixture.variant("plain", 20), Fixture.variant("plain", 56)],
    seeds: [0, 1])
  for (seed, train, test) in [(Int64(0), 23.0, 30.0), (1, 27, 32)] {
    let claim = try store.acquire(
      Fixture.key("plain-20", seed), configurationHash: "hash-plain-20",
      provenance: Fixture.provenance(diff: "+changed\n"))
    let run = try #require(claim)
    try store.record(run, step: 50, metrics: [("trainError", 60), ("testError", 65)])
    try store.record(run, step: 100, metrics: [("trainError", train), ("testError", test)])
    try store.heartbeat(run, step: 100, of: 100)
    try store.finish(run, status: .complete, seconds: 8.5, weightsHash: "ab12", message: nil)
  }
  let run = try store.acquired("plain-56", 0)
  try store.record(run, step: 50, metrics: [("trainError", 90), ("trainLoss", .nan)])
  try store.finish(
    run, status: .diverged, seconds: 4, weightsHash: nil, message: "trainLoss is not finite")
  // One file, without a log beside it.
  try ResultsReader(path: folder.database).backUp(to: path)
}
