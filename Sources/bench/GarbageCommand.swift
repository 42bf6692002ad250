// bench gc: drops what nobody needs, after showing it.
import ArgumentParser
import Foundation
import Reports
import Results
import Text
import Training

struct GarbageCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "gc",
    abstract: "List what the database keeps for nothing, and drop it with --delete.",
    discussion: """
      Dropped are checkpoints of runs that are complete or have a later attempt; failed attempts \
      that a later attempt has replaced, if they have no numbers; texts of code changes that no \
      attempt refers to; and free room in the file. Numbers that were measured are never dropped.
      """)

  @Flag(help: "Drop it. Without this, it is only listed.")
  var delete = false

  @OptionGroup var database: DatabaseOptions

  func run() throws {
    let reader = try database.reader()
    let checkpoints = try endingOnBadInput { () throws(ResultsError) in
      try CheckpointInventory(reader)
    }
    let garbage = try endingOnBadInput { () throws(ResultsError) in
      guard delete else { return try reader.garbage() }
      return try ResultsStore(path: database.path).dropGarbage()
    }
    if delete { checkpoints.removeUnneeded() }
    print(Self.text(garbage, checkpoints, isDropped: delete), terminator: "")
  }

  static func text(
    _ garbage: Garbage, _ checkpoints: CheckpointInventory, isDropped: Bool
  ) -> String {
    var lines = checkpoints.unneeded.map {
      "checkpoints \($0.path.printable), \(SizeText.text($0.bytes))"
    }
    lines += garbage.failedAttempts.map { "failed attempt \($0.number) of \($0.key)" }
    if garbage.unusedDiffs > 0 {
      let count = garbage.unusedDiffs
      lines.append(
        "\(count) text\(count == 1 ? "" : "s") of code changes, "
          + SizeText.text(garbage.unusedDiffBytes))
    }
    if garbage.freeBytes > 0 {
      lines.append("free room in the file, \(SizeText.text(garbage.freeBytes))")
    }
    if garbage.failedWithNumbers > 0 {
      lines.append("kept: \(garbage.failedWithNumbers) replaced failed attempts with numbers")
    }
    lines += checkpoints.unknown.map {
      "kept: checkpoints of a run that is not in this database, \($0.path.printable), "
        + SizeText.text($0.bytes)
    }
    if garbage.isEmpty && checkpoints.unneeded.isEmpty {
      lines.append("nothing to drop")
    } else {
      lines.append(isDropped ? "dropped" : "nothing was changed; `bench gc --delete` drops it")
    }
    return lines.map { "\($0)\n" }.joined()
  }
}
