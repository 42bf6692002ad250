// A small experiment for the tests of the store.
import Foundation
import Numerics
import Testing

@testable import Results

enum Fixture {
  static func experiment(specHash: String = "5e", protocolName: String = "quick")
    -> ExperimentRecord
  {
    ExperimentRecord(
      name: "degradation", title: "Degradation", specPath: "experiments/degradation.json",
      specJSON: "{}", specHash: specHash, protocolName: protocolName, protocolJSON: "{}",
      classes: 10)
  }

  static func variant(_ network: String, _ depth: Int, hash: String? = nil) -> VariantRecord {
    VariantRecord(
      name: "\(network)-\(depth)", configurationJSON: #"{"depth":\#(depth)}"#,
      configurationHash: hash ?? "hash-\(network)-\(depth)",
      levels: [
        LevelRecord(factor: "network", level: network),
        LevelRecord(factor: "depth", level: String(depth), numeric: Double(depth)),
        LevelRecord(factor: "width", level: "0.5", numeric: 0.5),
        LevelRecord(factor: "strideLocation", level: "3x3"),
      ], parameters: 1000 * Int64(depth), macs: 1_000_000 * Int64(depth))
  }

  static let variants = [
    variant("plain", 20), variant("plain", 56), variant("resnet", 20), variant("resnet", 56),
  ]

  static func provenance(diff: String = "") -> Provenance {
    Provenance(
      commit: "9de7de8", diff: diff, untracked: "[]", host: "here", operatingSystem: "Linux",
      cpu: "A CPU",
      numericIdentity: NumericIdentity(
        engineVersion: "1", backend: "libxsmm", backendVersion: "1.17", codeClass: "skx",
        instructionSet: "avx512", convolution: "winograd"), threads: 2,
      dataChecksum: "da7a", versionsJSON: "{}", commandLine: "bench run spec.json",
      logFile: "results/logs/a.log")
  }

  static func key(_ variant: String, _ seed: Int64) -> RunKey {
    RunKey(experiment: "degradation", variant: variant, seed: seed)
  }
}

extension ResultsStore {
  /// Takes a run of the fixture that is known to be free.
  func acquired(_ variant: String, _ seed: Int64, sourceLocation: SourceLocation = #_sourceLocation)
    throws -> AcquiredRun
  {
    try #require(
      try acquire(
        Fixture.key(variant, seed), configurationHash: "hash-\(variant)",
        provenance: Fixture.provenance(), force: true), sourceLocation: sourceLocation)
  }

  /// Takes a run and finishes it with one final value of each metric given.
  func run(_ variant: String, _ seed: Int64, _ metrics: [(name: String, value: Double)]) throws {
    let run = try acquired(variant, seed)
    try record(run, step: 100, metrics: metrics)
    try finish(run, status: .complete, seconds: 12.5, weightsHash: "ab12", message: nil)
  }
}
