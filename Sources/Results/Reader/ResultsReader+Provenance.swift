// Where an experiment's numbers come from, equal sources listed once.
import Foundation
import GRDB
import Text

/// Runs that share code, machine, data and command.
public struct ProvenanceGroup: Equatable, Sendable {
  /// The log file is left empty: it differs from run to run.
  public var provenance: Provenance
  /// How many current attempts have it.
  public var runs: Int
}

extension ResultsReader {
  /// SHA-256 of a text, hexadecimal, such as of a diff.
  public static func digest(of text: String) -> String { sha256(text) }

  /// The sources of an experiment's current attempts, in the order of their start.
  /// - Parameter variant: nil for all.
  public func provenance(
    experiment: String, variant: String? = nil
  ) throws(ResultsError) -> [ProvenanceGroup] {
    try read { db in
      let rows = try Row.fetchAll(
        db,
        sql: """
          SELECT provenance.*, codeDiff.text AS diff FROM provenance
            JOIN codeDiff ON codeDiff.hash = provenance.diffHash
            JOIN attempt ON attempt.id = provenance.attemptId
            JOIN run ON run.currentAttempt = attempt.id
            JOIN variant ON variant.id = run.variantId
            JOIN experiment ON experiment.id = variant.experimentId
          WHERE experiment.name = :experiment AND (:variant IS NULL OR variant.name = :variant)
          ORDER BY attempt.startedAt, attempt.id
          """, arguments: ["experiment": experiment, "variant": variant])
      var groups: [ProvenanceGroup] = []
      for row in rows {
        var provenance = try Self.provenance(row)
        provenance.logFile = ""
        if let index = groups.firstIndex(where: { $0.provenance == provenance }) {
          groups[index].runs += 1
        } else {
          groups.append(ProvenanceGroup(provenance: provenance, runs: 1))
        }
      }
      return groups
    }
  }

  /// The current attempts of an experiment in bf16, by variant and seed, with what they computed in:
  /// `bf16 pairs`.
  public func halfPrecisions(
    experiment: String
  ) throws(ResultsError) -> [(key: RunKey, precision: String)] {
    try values(of: "precision", where: "LIKE 'bf16%'", experiment: experiment)
      .map { (key: $0.key, precision: $0.value) }
  }

  /// The current attempts of an experiment that went on under other conditions than they began
  /// with, by variant and seed.
  /// - Returns: what changed after which step, as it was recorded.
  public func numericChanges(
    experiment: String
  ) throws(ResultsError) -> [(key: RunKey, changes: String)] {
    try values(of: "numericChanges", where: "<> ''", experiment: experiment)
      .map { (key: $0.key, changes: $0.value) }
  }

  /// What the current attempts of an experiment have in a column of their provenance, by variant and
  /// seed; nothing where the database is of a schema before that column.
  /// - Parameter condition: SQL that follows the column; only where it holds.
  private func values(
    of column: String, where condition: String, experiment: String
  ) throws(ResultsError) -> [(key: RunKey, value: String)] {
    try read { db in
      guard try db.columns(in: "provenance").contains(where: { $0.name == column }) else {
        return []
      }
      return try Row.fetchAll(
        db,
        sql: """
          SELECT variant.name AS variant, run.seed, provenance.\(column) AS value FROM provenance
            JOIN run ON run.currentAttempt = provenance.attemptId
            JOIN variant ON variant.id = run.variantId
            JOIN experiment ON experiment.id = variant.experimentId
          WHERE experiment.name = ? AND provenance.\(column) \(condition)
          ORDER BY variant.position, variant.name, run.seed
          """, arguments: [experiment]
      ).map { try (RunKey($0, experiment: experiment), $0.get("value")) }
    }
  }
}
