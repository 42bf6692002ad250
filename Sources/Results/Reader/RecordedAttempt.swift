// One attempt with every number that was recorded of it, for a comparison bit by bit.
import Foundation
import GRDB

/// A run's current attempt as it was recorded.
public struct RecordedAttempt: Sendable {
  public var run: StoredRun
  /// The resolved architecture and protocol that it was trained with, canonical JSON.
  public var configurationJSON: String
  public var provenance: Provenance
  /// The experiment's spec as it was last prepared; it may have changed since the attempt.
  public var specPath: String
  public var specJSON: String
  /// Values by metric and step.
  public var series: [String: [Int: Double]]

  public init(
    run: StoredRun, configurationJSON: String, provenance: Provenance, specPath: String,
    specJSON: String, series: [String: [Int: Double]]
  ) {
    self.run = run
    self.configurationJSON = configurationJSON
    self.provenance = provenance
    self.specPath = specPath
    self.specJSON = specJSON
    self.series = series
  }
}

extension ResultsReader {
  /// The current attempt of the run that a user names, as `details(ofRun:)` finds it.
  /// - Throws: `ResultsError` if there is no such run, or it was never started.
  public func recordedAttempt(ofRun name: String) throws(ResultsError) -> RecordedAttempt {
    let details = try details(ofRun: name)
    guard let provenance = details.provenance else {
      throw ResultsError(
        "run \(details.run.key) has no attempt under its present configuration: there is nothing "
          + "to compare with", remedy: .makeRun)
    }
    return try read { db in
      let spec = try String.fetchOne(
        db, sql: "SELECT specJSON FROM experiment WHERE name = ?",
        arguments: [details.run.key.experiment])
      let rows = try Row.fetchCursor(
        db,
        sql: """
          SELECT metricName.name, metric.step, metric.value
          FROM attempt JOIN metric ON metric.attemptId = attempt.id
            JOIN metricName ON metricName.id = metric.metricNameId
          WHERE attempt.runId = ? AND attempt.number = ?
          """, arguments: [details.run.runId, details.run.attempt])
      var series: [String: [Int: Double]] = [:]
      while let row = try rows.next() {
        let (name, step): (String, Int) = try (row.get("name"), row.get("step"))
        series[name, default: [:]][step] = try row.get("value")
      }
      return RecordedAttempt(
        run: details.run, configurationJSON: details.configurationJSON, provenance: provenance,
        specPath: details.experiment.specPath, specJSON: spec ?? "", series: series)
    }
  }
}
