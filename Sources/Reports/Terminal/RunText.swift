// What `bench show` prints of one run.
import Foundation
import Results
import Text

/// One run in words.
public enum RunText {
  /// Everything about the run: state, result, where it comes from, how to repeat it.
  /// - Parameters:
  ///   - database: the path to repeat with `--db`; nil where it is the default.
  ///   - diff: print the uncommitted changes in full.
  public static func text(_ details: RunDetails, database: String?, diff: Bool) -> String {
    let run = details.run
    var rows: [(String, String)] = [
      ("run", run.runId),
      ("experiment", "\(details.experiment.name): \(details.experiment.title)"),
      ("spec", "\(details.experiment.specPath), protocol \(details.experiment.protocolName)"),
      ("variant", "\(run.key.variant), seed \(run.key.seed)"),
      ("status", status(run)),
    ]
    if let startedAt = run.startedAt { rows.append(("started", startedAt)) }
    if let finishedAt = run.finishedAt { rows.append(("finished", finishedAt)) }
    if let seconds = run.seconds { rows.append(("training", SpanText.text(seconds))) }
    if let hash = run.weightsHash { rows.append(("weightsHash", hash)) }
    rows.append(("parameters", String(details.variant.parameters)))
    rows.append(("MACs", "\(details.variant.macs) per image"))
    let levels = details.variant.levels.sorted { $0.key < $1.key }
    rows.append(("levels", levels.map { "\($0.key)=\($0.value)" }.joined(separator: " ")))
    for metric in details.metrics {
      rows.append(
        (metric.name, String(format: "%.6g", metric.value) + " (step \(metric.step))"))
    }
    if let provenance = details.provenance { rows += provenanceRows(provenance) }
    rows.append(("configuration", details.configurationJSON))
    rows.append(("again", rerunCommand(details, database: database)))
    let width = rows.map(\.0.count).max() ?? 0
    var text = rows.map { name, value in
      name.padding(toLength: width + 2, withPad: " ", startingAt: 0) + value.printable + "\n"
    }.joined()
    if diff, let changes = details.provenance?.diff, !changes.isEmpty {
      let lines = changes.split(separator: "\n", omittingEmptySubsequences: false)
      text += "\n" + lines.map { String($0).printable }.joined(separator: "\n") + "\n"
    }
    return text
  }

  private static func status(_ run: StoredRun) -> String {
    var text = run.status.rawValue
    if let attempt = run.attempt { text += ", attempt \(attempt) of \(run.attempts)" }
    if let total = run.totalSteps { text += ", step \(run.step) of \(total)" }
    if let message = run.message { text += ": \(message)" }
    return text
  }

  private static func provenanceRows(_ provenance: Provenance) -> [(String, String)] {
    let lines = provenance.diff.split(separator: "\n").count
    let changes =
      lines == 0
      ? "no uncommitted changes"
      : "\(lines) line\(lines == 1 ? "" : "s") of uncommitted changes (--diff)"
    let commit = provenance.commit.isEmpty ? "no repository" : provenance.commit
    var extra: [(String, String)] = []
    if !provenance.initialWeights.isEmpty {
      extra.append(("initialWeights", provenance.initialWeights))
    }
    if !provenance.numericChanges.isEmpty {
      extra.append(("numericChanges", provenance.numericChanges))
    }
    return [
      ("code", "\(commit), \(changes)"),
      ("untracked", provenance.untracked),
      ("machine", "\(provenance.host), \(provenance.operatingSystem), \(provenance.cpu)"),
      (
        "engine",
        "\(provenance.numericIdentity.summary), \(provenance.threads) threads"
      ),
      ("versions", provenance.versionsJSON),
      ("data", provenance.dataChecksum),
      ("command", provenance.commandLine),
      ("log", provenance.logFile.isEmpty ? "none" : provenance.logFile),
    ] + extra
  }

  /// The command that does the run again, ready for a shell.
  public static func rerunCommand(_ details: RunDetails, database: String?) -> String {
    var words = ["bench", "run", details.experiment.specPath]
    for (factor, level) in details.distinguishingLevels {
      words += ["--only", "\(factor)=\(level)"]
    }
    words += ["--seeds", String(details.run.key.seed)]
    if let database { words += ["--db", database] }
    return words.map(shellWord).joined(separator: " ")
  }

  /// The word as a POSIX shell reads it back.
  static func shellWord(_ word: String) -> String {
    let plain = word.unicodeScalars.allSatisfy { scalar in
      scalar.isASCII
        && (scalar.properties.isAlphabetic || scalar.properties.numericType != nil
          || "-_./=,:+@%".unicodeScalars.contains(scalar))
    }
    if plain, !word.isEmpty { return word }
    return "'" + word.replacing("'", with: "'\\''") + "'"
  }
}
