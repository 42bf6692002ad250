// The one error of this module.
import Specs

/// Why an experiment cannot be run or repeated; one line for each problem.
public struct ExperimentError: Error, Equatable, CustomStringConvertible {
  public let problems: [String]

  public init(_ problems: [String]) { self.problems = problems }

  public init(_ problem: String) { self.init([problem]) }

  public var description: String { problems.joined(separator: "\n") }
}
