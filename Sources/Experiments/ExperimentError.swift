// What this module throws, and how one fault of a spec reads.
import Foundation

/// Why a spec cannot be used, or why an experiment cannot be run; one line for each problem.
public struct ExperimentError: Error, Equatable, CustomStringConvertible {
  /// What, where and what to do. Problems of a spec start with `FILE:LINE:COLUMN: KEY PATH: `.
  public let problems: [String]

  public init(_ problems: [String]) { self.problems = problems }

  public init(_ problem: String) { self.init([problem]) }

  public var description: String { problems.joined(separator: "\n") }
}

/// The system's word for what went wrong with a file, which Foundation hides.
func systemReason(_ error: any Error) -> String {
  let underlying = (error as NSError).userInfo[NSUnderlyingErrorKey] as? NSError
  if let underlying, underlying.domain == NSPOSIXErrorDomain {
    return String(cString: strerror(Int32(underlying.code)))
  }
  return switch (error as? CocoaError)?.code {
  case .fileWriteFileExists?, .fileWriteUnknown?:
    "a part of its path is a file where a folder is needed, or nothing can be made there"
  case .fileReadUnknown?: "it cannot be read"
  default: error.localizedDescription
  }
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
  static func error(_ problems: [SpecProblem], file: String) -> ExperimentError {
    var seen: Set<SpecProblem> = []
    let lines = problems.filter { seen.insert($0).inserted }
      .sorted { ($0.position, $0.path, $0.message) < ($1.position, $1.path, $1.message) }
      .map { $0.text(file: file) }
    let shown = 50
    guard lines.count > shown else { return ExperimentError(lines) }
    return ExperimentError(lines.prefix(shown) + ["… and \(lines.count - shown) more problems"])
  }
}

/// Joins keys and indices into a key path: `factors.depth[1]`.
func joined(_ path: [String]) -> String {
  path.reduce("") { $0.isEmpty || $1.hasPrefix("[") ? $0 + $1 : $0 + "." + $1 }
}
