// bench db: looks after the results database.
import ArgumentParser
import Foundation
import Reports
import Results
import Text
import Training

struct DatabaseCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "db", abstract: "Check the results database, or copy it.",
    subcommands: [DatabaseCheckCommand.self, DatabaseBackupCommand.self])
}

struct DatabaseCheckCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "check",
    abstract: "Check that the database is whole: the file, its references, its views.",
    discussion: """
      Reads only, also while runs write. Exit code: 0 whole, 1 something is wrong, 2 it cannot be \
      read at all.
      """)

  @OptionGroup var database: DatabaseOptions

  func run() throws {
    let reader = try database.reader()
    let findings = try endingOnBadInput { () throws(ResultsError) in
      try reader.check()
        + reader.waitingJournals().map { CheckFinding(isProblem: false, text: ErrorText.text($0)) }
        + CheckpointInventory(reader).unknown.map {
          CheckFinding(
            isProblem: false, text: "\($0.path) has checkpoints of a run that is not here")
        }
    }
    for finding in findings {
      print("\(finding.isProblem ? "problem" : "note")  \(ErrorText.text(finding).printable)")
    }
    let problems = findings.count { $0.isProblem }
    print(
      problems == 0
        ? "\(database.path): whole"
        : "\(database.path): \(problems) problem\(problems == 1 ? "" : "s")")
    if problems > 0 { throw ExitCode(1) }
  }
}

struct DatabaseBackupCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "backup",
    abstract: "Copy the database into one new file, also while runs write to it.",
    discussion: "The copy is checked and on the disk when the command ends, or there is none.")

  @Argument(
    help: "The file to write. (default: beside the database, with the time in its name)",
    completion: .file())
  var target: String?

  @OptionGroup var database: DatabaseOptions

  func run() throws {
    let reader = try database.reader()
    let target = target ?? "\(database.path).backup-\(Self.time(Date()))"
    try endingOnBadInput { () throws(ResultsError) in try reader.backUp(to: target) }
    let size = (try? FileManager.default.attributesOfItem(atPath: target))?[.size] as? Int ?? 0
    print("\(target.printable): \(SizeText.text(size))")
  }

  /// `20261121-114732`, in UTC.
  static func time(_ date: Date) -> String {
    let digits = Timestamp.text(date).prefix(19).filter(\.isNumber)
    return "\(digits.prefix(8))-\(digits.dropFirst(8))"
  }
}
