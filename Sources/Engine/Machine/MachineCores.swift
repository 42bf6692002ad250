// How many threads work when nobody says how many.
import CKernels
import Foundation

/// The cores that this process may use.
package enum MachineCores {
  /// Those of the affinity mask, as `taskset`, containers and schedulers set it, or
  /// SLURM_CPUS_PER_TASK where that is set and less: on some clusters SLURM binds no process. At
  /// least 1.
  package static var usable: Int {
    let allowed = Int(bench_allowed_cores())
    return usable(
      mask: allowed > 0 ? allowed : ProcessInfo.processInfo.activeProcessorCount,
      environment: ProcessInfo.processInfo.environment)
  }

  /// Whether the machine has more of them than this process may use.
  package static var areLimited: Bool { usable < ProcessInfo.processInfo.activeProcessorCount }

  /// - Parameters:
  ///   - mask: cores in the affinity mask.
  ///   - environment: what is no whole number from 1 in SLURM_CPUS_PER_TASK is ignored.
  static func usable(mask: Int, environment: [String: String]) -> Int {
    let asked = environment["SLURM_CPUS_PER_TASK"].flatMap { Int($0) }
    guard let asked, asked >= 1 else { return max(1, mask) }
    return max(1, min(mask, asked))
  }
}
