// Starting gnuplot without a shell and with a time limit, and text and numbers as it reads them.
import Foundation
import Subprocess
import Text

/// The gnuplot program.
enum Gnuplot {
  static let missing = ReportsError(
    "gnuplot is not installed, so no figure was drawn (Debian: apt-get install gnuplot-nox)")

  /// Runs gnuplot in a folder and returns what it prints.
  /// - Parameters:
  ///   - arguments: after `--default-settings`, which keeps a user's start-up files out.
  ///   - script: standard input.
  ///   - timeout: after which it is killed.
  /// - Throws: `ReportsError` if gnuplot is missing, fails or hangs.
  static func run(
    _ arguments: [String], script: String = "", in folder: String,
    timeout: Duration = .seconds(60)
  ) async throws(ReportsError) -> String {
    do {
      return try await withThrowingTaskGroup(of: String.self) { group in
        group.addTask { try await start(arguments, script: script, in: folder) }
        group.addTask {
          // Counted in short waits: where every thread of this program is busy, gnuplot's end is
          // noticed late, and that time is not gnuplot's.
          for _ in 0..<100 { try await Task.sleep(for: timeout / 100) }
          throw ReportsError("gnuplot did not end within \(timeout) in \(folder) and was killed")
        }
        defer { group.cancelAll() }
        return try await group.next() ?? ""
      }
    } catch let error as ReportsError {
      throw error
    } catch let error as SubprocessError where error.code == .executableNotFound {
      throw missing
    } catch {
      throw ReportsError("gnuplot could not be run in \(folder): \(error)")
    }
  }

  private static func start(
    _ arguments: [String], script: String, in folder: String
  ) async throws -> String {
    let result = try await Subprocess.run(
      .name("gnuplot"), arguments: Arguments(["--default-settings"] + arguments),
      workingDirectory: .init(folder), input: .string(script),
      output: .string(limit: 1 << 20), error: .string(limit: 1 << 20))
    let complaint = result.standardError
    guard result.terminationStatus.isSuccess else {
      let lines = complaint.split(separator: "\n").prefix(6).joined(separator: "\n")
      let end =
        switch result.terminationStatus {
        case .exited(let code): "ended with exit code \(code)"
        case .signaled(let signal): "was ended by signal \(signal)"
        }
      throw ReportsError(
        "gnuplot \(end) in \(folder): \(lines.isEmpty ? "it gave no reason" : lines); to see more, "
          + "run the scripts there by hand")
    }
    return result.standardOutput
  }
}

/// Literals of the gnuplot language.
enum GnuplotText {
  /// Single-quoted strings, in which nothing is special, joined at the text's own quotes: a doubled
  /// quote would not do, for gnuplot misreads one at the beginning. Control characters are written
  /// out, and an overlong text is cut.
  static func quoted(_ text: String, limit: Int = 110) -> String {
    var printable = text.printable
    if printable.count > limit { printable = printable.prefix(limit - 1) + "…" }
    return "'" + printable.replacing("'", with: #"'."'".'"#) + "'"
  }

  /// A number with at most 6 significant digits.
  static func number(_ value: Double) -> String { String(format: "%.6g", value) }
}
