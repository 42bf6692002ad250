// A sweep on a real SLURM, where there is one or it can be installed: the shortest case of
// Tests/Cluster. `make test-cluster` makes all of them.
import Foundation
import TestSupport
import Testing

@Suite struct ClusterTests {
  private static let folder = Repository.root.appending(path: "Tests/Cluster")

  /// Runs a script of Tests/Cluster to its end.
  private static func run(
    _ script: String, _ arguments: [String], _ bench: BuiltBinary
  ) throws -> ProgramResult {
    try bench.start(
      arguments, environment: ["BENCH": bench.program.path],
      program: folder.appending(path: script)
    ).collect()
  }

  /// Whether SLURM is there; root's packages are installed where it is missing.
  private static func hasSLURM() throws -> Bool {
    try run("cluster.sh", ["install"], BuiltBinary()).status == 0
  }

  @Test(
    .enabled("SLURM is not installed, and only root can install it") { try Self.hasSLURM() },
    .timeLimit(.minutes(20)))
  func everyRunOfASweepIsMadeOnceWithTheBitsOfAPlainRun() throws {
    let result = try Self.run("run.sh", ["quick"], BuiltBinary())
    #expect(result.status == 0, "\(result.output)\(result.errors)")
    let count = result.output.split(separator: "\n").last.map(String.init) ?? ""
    #expect(count.contains(" checks, 0 failed, 1 cases"), "\(result.output)")
    print(count)
  }
}
