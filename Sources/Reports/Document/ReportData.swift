// A report for programs: one table of comma-separated values, or everything as JSON.
import Papers
import Results
import Specs
import Statistics
import Text
import Verdicts

extension ExperimentReport {
  /// One line for each variant and error; an empty field where there is no number.
  public var csv: String {
    let header = [
      "experiment", "protocol", "isPapersProtocol", "variant", "parameters", "macs", "metric", "n",
      "mean", "standardDeviation", "intervalLow", "intervalHigh", "intervalMethod", "values",
      "published", "publishedSource", "diverged", "failed", "interrupted", "unfinished",
    ]
    func number(_ value: Double?) -> String { value.map { "\($0)" } ?? "" }
    let lines = rows.flatMap { row in
      metrics(of: row).map { metric, values -> [String] in
        let interval = Statistics.interval(values, scale: metric.scale)
        let published = published(metric, of: row.variant)
        let variant = variants.first { $0.name == row.variant }
        return [
          experiment.name, experiment.protocolName,
          String(ledger?.isPapers([row.variant]) ?? false), row.variant, String(row.parameters),
          variant.map { String($0.macs) } ?? "", metric.name, String(values.count),
          number(Statistics.mean(values)),
          number(Statistics.standardDeviation(values, scale: metric.scale)),
          number(interval?.low), number(interval?.high), interval?.method.rawValue ?? "",
          values.map { "\($0)" }.joined(separator: " "), number(published?.value),
          published?.source ?? "",
        ] + Self.missingCounts(missing(row.variant))
      }
    }
    return Self.csv([header] + lines)
  }

  /// Diverged, failed, interrupted, and running or waiting.
  private static func missingCounts(_ missing: [(status: RunStatus, count: Int)]) -> [String] {
    let groups: [[RunStatus]] = [[.diverged], [.failed], [.interrupted], [.running, .waiting]]
    return groups.map { group in
      String(missing.reduce(0) { $0 + (group.contains($1.status) ? $1.count : 0) })
    }
  }

  /// The claims with their comparisons: a line for each test of each claim, one without numbers where
  /// a claim has none.
  public var claimsCSV: String {
    let header = [
      "experiment", "protocol", "isPapersProtocol", "claim", "kind", "metric", "verdict", "reason",
      "statement", "a", "b", "nA", "nB", "divergedA", "divergedB", "meanA", "meanB", "difference",
      "intervalLow", "intervalHigh", "t", "degreesOfFreedom", "p", "holmP", "permutationP",
      "hedgesG", "referenceA", "referenceB", "referenceDifference", "referenceSource",
    ]
    func number(_ value: Double?) -> String { value.map { "\($0)" } ?? "" }
    let lines = verdicts.flatMap { verdict -> [[String]] in
      let (claim, reference) = (verdict.claim, verdict.claim.reference)
      let head = [
        experiment.name, experiment.protocolName, String(verdict.isPapersProtocol), claim.id,
        claim.kind.rawValue, claim.metric.name, verdict.outcome.rawValue, verdict.reason,
        claim.statement,
      ]
      let tail = [
        number(reference?.a), number(reference?.b), number(reference?.difference),
        reference?.source ?? "",
      ]
      guard !verdict.tests.isEmpty else {
        return [head + Array(repeating: "", count: header.count - head.count - tail.count) + tail]
      }
      return verdict.tests.map { test in
        let interval = test.welch?.interval()
        let middle = [
          test.a.variant, test.b?.variant ?? "", String(test.a.values.count),
          test.b.map { String($0.values.count) } ?? "", String(test.a.diverged),
          test.b.map { String($0.diverged) } ?? "", number(Statistics.mean(test.a.values)),
          number(test.b.flatMap { Statistics.mean($0.values) }), number(test.welch?.difference),
          number(interval?.low), number(interval?.high), number(test.welch?.statistic()),
          number(test.welch?.degreesOfFreedom), number(test.p), number(verdict.adjustedP),
          number(test.permutation?.twoSidedP), number(test.effect),
        ]
        return head + middle + tail
      }
    }
    return Self.csv([header] + lines)
  }

  private static func csv(_ lines: [[String]]) -> String {
    lines.map { line in
      line.map { $0.isEmpty ? "" : QueryResult.csvField($0) }.joined(separator: ",") + "\n"
    }.joined()
  }

  /// Everything that the report says, with full precision.
  public var json: String {
    let members: [String: CanonicalJSON] = [
      "experiment": .text(experiment.name), "title": .text(experiment.title),
      "spec": .text(experiment.specPath), "specHash": .text(experiment.specHash),
      "protocol": .text(experiment.protocolName), "isPapersProtocol": .flag(hasPaperProtocol),
      "notes": .list(notes.map { .text($0) }), "variants": .list(rows.map(json)),
      "claims": .list(verdicts.map(\.json)),
      "deviations": .list(ledger?.rows.map(\.json) ?? []),
      "provenance": .list(provenance.map(\.json)),
    ]
    let order = [
      "experiment", "title", "spec", "specHash", "protocol", "isPapersProtocol", "notes",
      "variants", "variant", "id", "verdict",
    ]
    return JSONText.printable(CanonicalJSON.object(members).indented(order: order)) + "\n"
  }

  /// The errors of a table; `bestTestError` is chosen on the test images.
  private func metrics(of row: Row) -> [(Metric, [Double])] {
    [
      (.testError, row.testErrors), (.trainError, row.trainErrors),
      (.bestTestError, row.bestTestErrors),
    ] + (usesGap ? [(.errorGap, values(.errorGap, of: row.variant))] : [])
  }

  private func json(_ row: Row) -> CanonicalJSON {
    let metrics = metrics(of: row).map { metric, values -> (String, CanonicalJSON) in
      let published = published(metric, of: row.variant)
      let members: [String: CanonicalJSON] = [
        "n": .integer(values.count), "values": .numbers(values),
        "mean": .optional(Statistics.mean(values)),
        "standardDeviation": .optional(Statistics.standardDeviation(values, scale: metric.scale)),
        "interval": .interval(Statistics.interval(values, scale: metric.scale)),
        "published": published.map {
          .object([
            "value": .number($0.value), "data": .text($0.data), "statistic": .text($0.statistic),
            "source": .text($0.source), "isReproduction": .flag($0.isReproduction),
          ])
        } ?? .null,
      ]
      return (metric.name, .object(members))
    }
    let variant = variants.first { $0.name == row.variant }
    let levels = variant?.levels.mapValues { CanonicalJSON.text($0) } ?? [:]
    return .object([
      "variant": .text(row.variant), "levels": .object(levels),
      "parameters": .integer(Int(row.parameters)),
      "macs": variant.map { .integer(Int($0.macs)) } ?? .null, "n": .integer(row.n),
      "notInN": .object(
        Dictionary(
          missing(row.variant).map { ($0.status.rawValue, .integer($0.count)) },
          uniquingKeysWith: { first, _ in first })),
      "metrics": .object(Dictionary(metrics, uniquingKeysWith: { first, _ in first })),
    ])
  }
}

extension ProvenanceGroup {
  fileprivate var json: CanonicalJSON {
    .object([
      "runs": .integer(runs), "commit": .text(provenance.commit),
      "uncommittedChanges": .flag(!provenance.diff.isEmpty), "host": .text(provenance.host),
      "operatingSystem": .text(provenance.operatingSystem), "cpu": .text(provenance.cpu),
      "engineVersion": .text(provenance.numericIdentity.engineVersion),
      "backend": .text(provenance.numericIdentity.backend),
      "instructionSet": .text(provenance.numericIdentity.instructionSet),
      "threads": .integer(provenance.threads),
      "dataChecksum": .text(provenance.dataChecksum), "command": .text(provenance.commandLine),
    ])
  }
}
