// The cores that a process may use: its affinity mask, and what SLURM gave the task.
import Testing

@testable import Engine

@Suite struct MachineCoresTests {
  @Test(
    arguments: [
      (8, nil, 8), (8, "3", 3), (2, "16", 2), (8, "8", 8), (8, "1", 1), (0, nil, 1),
      // What is no number of cores says nothing.
      (8, "0", 8), (8, "-4", 8), (8, "", 8), (8, "2(x3)", 8), (8, "two", 8),
    ] as [(Int, String?, Int)])
  func theLesserCounts(mask: Int, slurm: String?, expected: Int) {
    let environment = slurm.map { ["SLURM_CPUS_PER_TASK": $0] } ?? [:]
    #expect(MachineCores.usable(mask: mask, environment: environment) == expected)
  }
}
