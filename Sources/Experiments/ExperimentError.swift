// The one error of this module.
import Specs

/// Why an experiment cannot be run or repeated; one line for each problem.
public struct ExperimentError: Error, Equatable, CustomStringConvertible {
  /// What a user can do, where that takes a command or an option, which only the program can name.
  public enum Remedy: Hashable, Sendable {
    /// Finish the run as it was begun, allow that bits change, or make it anew.
    /// - Parameter earlier: what gives the earlier conditions again, where that has a short name:
    ///   `BENCH_CONV=winograd`.
    case keepConditionsOrAllowNumericChange(earlier: [String])
    /// Take another folder for the sweep.
    case anotherFolder
    /// Make the run again, because its stored configuration cannot be trained.
    case runAnew
  }

  /// What of the caller's input the problem is about.
  public enum Input: Hashable, Sendable {
    case steps(Int)
    case initialWeights(path: String)
  }

  public let problems: [String]
  public let input: Input?
  public let remedy: Remedy?

  public init(_ problems: [String], remedy: Remedy? = nil) {
    self.problems = problems
    self.remedy = remedy
    input = nil
  }

  public init(_ problem: String, about input: Input? = nil, remedy: Remedy? = nil) {
    problems = [problem]
    self.input = input
    self.remedy = remedy
  }

  public var description: String { problems.joined(separator: "\n") }
}
