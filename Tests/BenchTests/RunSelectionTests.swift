// Which runs the options mean, and how the cores are shared.
import Specs
import Testing

@testable import Training
@testable import bench

@Suite struct RunSelectionTests {
  static func variants() throws -> [Variant] {
    let text = """
      {"name": "sample", "title": "Sample", "protocol": {"name": "sample",
        "data": {"name": "shapes"}, "batch": 128, "iterations": 600,
        "optimizer": {"learningRate": 0.1}},
       "factors": {"network": ["plain", "residual"], "depth": [20, 56]},
       "include": [{"depth": 20, "width": 2}], "seeds": 3}
      """
    return try ExperimentSpec(bytes: Array(text.utf8), file: "sample.json").expand()
  }

  static func chosen(_ texts: [String], seeds: [Int64]? = nil) throws -> [String] {
    let selection = RunSelection(
      levels: try texts.flatMap { try LevelFilter.filters($0) }, seeds: seeds)
    let (variants, seeds) = try selection.apply(to: Self.variants(), seeds: [0, 1, 5])
    return seeds.flatMap { seed in variants.map { "\($0.name)/\(seed)" } }
  }

  @Test func filtersJoinLevelsOfOneFactorAndIntersectFactors() throws {
    #expect(try Self.chosen(["depth=56"], seeds: [0]) == ["plain-56/0", "resnet-56/0"])
    #expect(
      try Self.chosen(["depth=56", "depth=20", "network=plain"], seeds: [5])
        == ["plain-20/5", "plain-56/5"])
    #expect(
      try Self.chosen(["depth=56,20", "network=plain"], seeds: [5])
        == ["plain-20/5", "plain-56/5"])
    #expect(
      try Self.chosen(["width=2.0"])
        == ["resnet-20-width=2/0", "resnet-20-width=2/1", "resnet-20-width=2/5"])
    #expect(try Self.chosen(["shortcut=none"], seeds: [1]) == ["plain-20/1", "plain-56/1"])
    // The spec's order of seeds holds.
    #expect(try Self.chosen(["width=2"], seeds: [5, 0]).map { $0.suffix(1) } == ["0", "5"])
  }

  @Test(
    arguments: [
      (["depth"], nil, "--only depth: write FACTOR=LEVEL, such as depth=56 or depth=20,56"),
      (
        ["depth=20,"], nil,
        "--only depth=20,: write FACTOR=LEVEL, such as depth=56 or depth=20,56"
      ),
      (
        ["depth=20,65"], nil, "--only depth=65: no variant has it; did you mean 56? Allowed: 20, 56"
      ),
      (["=3"], nil, "--only =3: write FACTOR=LEVEL, such as depth=56 or depth=20,56"),
      (["depth=65"], nil, "--only depth=65: no variant has it; did you mean 56? Allowed: 20, 56"),
      (
        ["dept=56"], nil,
        "--only dept=56: unknown factor; did you mean depth? Allowed: network, depth, block, "
          + "activationOrder, shortcut, width, strideLocation, family, gateBias, batchNorm, "
          + "initialization, zeroInitResidual"
      ),
      (
        ["depth=56", "width=2"], nil,
        "no variant has all of these levels: depth=56 width=2"
      ),
      ([], [0, 7], "--seeds 7: the spec does not have this seed. Allowed: 0, 1, 5"),
    ] as [([String], [Int64]?, String)])
  func wrongSelections(texts: [String], seeds: [Int64]?, message: String) {
    #expect(throws: OptionError(message)) { try Self.chosen(texts, seeds: seeds) }
  }

  @Test func coresAreSharedOut() throws {
    #expect(try CoreShare(jobs: nil, threads: nil, cores: 4).threads == 4)
    #expect(try CoreShare(jobs: 3, threads: nil, cores: 4).threads == 1)
    #expect(try CoreShare(jobs: 2, threads: 2, cores: 4).jobs == 2)
    #expect(try CoreShare(jobs: nil, threads: 3, cores: 2).threads == 3)
    #expect(
      throws: OptionError(
        "2 jobs of 2 threads need 4 cores, this machine has 3; use --jobs 2 --threads 1")
    ) { try CoreShare(jobs: 2, threads: 2, cores: 3) }
    #expect(
      throws: OptionError(
        "5 jobs of 1 thread need 5 cores, this machine has 2; use --jobs 2 --threads 1")
    ) { try CoreShare(jobs: 5, threads: nil, cores: 2) }
    #expect(
      throws: OptionError(
        "2 jobs of 1 thread need 2 cores, this process may use 1; use --jobs 1 --threads 1")
    ) { try CoreShare(jobs: 2, threads: nil, cores: 1, areLimited: true) }
    #expect(throws: OptionError("--threads 0: give a number from 1 to 4096")) {
      try CoreShare(jobs: 1, threads: 0, cores: 2)
    }
  }
}
