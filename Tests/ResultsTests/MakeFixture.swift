// How Fixtures/schema-1.sqlite came about: set BENCH_MAKE_FIXTURE to a path and run this test.
import Foundation
import Testing

@testable import Results

@Test(.enabled(if: ProcessInfo.processInfo.environment["BENCH_MAKE_FIXTURE"] != nil))
func makeSchemaFixture() throws {
  let path = ProcessInfo.processInfo.environment["BENCH_MAKE_FIXTURE"] ?? ""
  let store = try ResultsStore(path: path)
  try store.prepare(
    Fixture.experiment(), variants: [Fixture.variant("plain", 20), Fixture.variant("plain", 56)],
    seeds: [0, 1])
  for (seed, train, test) in [(Int64(0), 23.0, 30.0), (1, 27, 32)] {
    let claim = try store.claim(
      Fixture.key("plain-20", seed), configurationHash: "hash-plain-20",
      provenance: Fixture.provenance(diff: "+changed\n"))
    let run = try #require(claim)
    try store.record(run, step: 50, metrics: [("trainError", 60), ("testError", 65)])
    try store.record(run, step: 100, metrics: [("trainError", train), ("testError", test)])
    try store.heartbeat(run, step: 100, of: 100)
    try store.finish(run, status: .complete, seconds: 8.5, weightsHash: "ab12", message: nil)
  }
  let run = try store.claimed("plain-56", 0)
  try store.record(run, step: 50, metrics: [("trainError", 90), ("trainLoss", .nan)])
  try store.finish(
    run, status: .diverged, seconds: 4, weightsHash: nil, message: "trainLoss is not finite")
}
