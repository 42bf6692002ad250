// What this module throws, and how one fault of a spec reads.
import Foundation
import Text

/// Why a spec, or a configuration stored earlier, cannot be used; one line for each problem.
public struct SpecError: Error, Equatable, CustomStringConvertible {
  /// What a user can do, where that takes a command, which only the program can name.
  public enum Remedy: Hashable, Sendable {
    /// Make the run again, because its stored configuration cannot be trained.
    case runAnew
  }

  /// What, where and what to do. Problems of a spec start with `FILE:LINE:COLUMN: KEY PATH: `.
  public let problems: [String]
  public let remedy: Remedy?

  public init(_ problems: [String], remedy: Remedy? = nil) {
    self.problems = problems
    self.remedy = remedy
  }

  public init(_ problem: String, remedy: Remedy? = nil) { self.init([problem], remedy: remedy) }

  public var description: String { problems.joined(separator: "\n") }
}

/// One fault of a spec file.
struct SpecProblem: Hashable {
  var position: TextPosition
  /// Dotted keys and indices, such as `factors.depth[1]`; empty for the file as a whole.
  var path: String
  var message: String

  func text(file: String) -> String {
    let file = printable(position.file ?? file, limit: 4096)
    return "\(file):\(position): \(path.isEmpty ? "" : path + ": ")\(message)"
  }

  /// All problems as one error, in the order of the file, none twice.
  static func error(_ problems: [SpecProblem], file: String) -> SpecError {
    var seen: Set<SpecProblem> = []
    let lines = problems.filter { seen.insert($0).inserted }
      .sorted { ($0.position, $0.path, $0.message) < ($1.position, $1.path, $1.message) }
      .map { $0.text(file: file) }
    let shown = 50
    guard lines.count > shown else { return SpecError(lines) }
    return SpecError(lines.prefix(shown) + ["… and \(lines.count - shown) more problems"])
  }
}
