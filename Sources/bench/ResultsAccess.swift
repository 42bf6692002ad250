// The `--db` option, and how the commands that read results end when they cannot.
import ArgumentParser
import Experiments
import Foundation
import Results
import Sweeps
import Text

/// The results database of a command.
struct DatabaseOptions: ParsableArguments {
  static let defaultPath = "results/bench.sqlite"

  @Option(
    name: .customLong("db"), help: "The results database; to read, also the folder of a sweep.",
    completion: .file())
  var path = Self.defaultPath

  /// The path as a command must repeat it; nil where it is the default.
  var pathIfNotDefault: String? { path == Self.defaultPath ? nil : path }

  /// Opens the database for reading, or ends the command with exit code 2.
  func reader() throws -> ResultsReader {
    let sweeps = (try? SweepFolder.all(at: path)) ?? []
    guard !sweeps.isEmpty else {
      return try endingOnBadInput { () throws(ResultsError) in try ResultsReader(path: path) }
    }
    return try endingOnBadInput { () throws(ExperimentError) in
      try SweepDatabase.reader(of: sweeps) { printError("warning: \($0)") }
    }
  }
}

/// Runs `body`; what it throws ends the command with its text and exit code 2.
func endingOnBadInput<Value, Failure: Error & CustomStringConvertible>(
  _ body: () throws(Failure) -> Value
) throws -> Value {
  do {
    return try body()
  } catch {
    printError(ErrorText.text(error))
    throw ExitCode(2)
  }
}

/// Prints a message for the user to standard error; control characters are written out.
func printError(_ message: String) { writeError("bench: \(message.printableLines)") }

/// Writes text to standard error as it is; where that is closed or full, there is nobody to tell.
func writeError(_ text: String) {
  try? FileHandle.standardError.write(contentsOf: Data("\(text)\n".utf8))
}

extension String {
  /// The text with every control character but line ends written out.
  var printableLines: String {
    split(separator: "\n", omittingEmptySubsequences: false)
      .map { String($0).printable }.joined(separator: "\n")
  }
}
