// Verdicts and ledger as JSON, for other programs.
import Papers
import Results
import Specs
import Statistics
import Text
import Verdicts

extension ExperimentReport {
  /// What `bench verdict --format json` prints.
  public var verdictJSON: String {
    let members: [String: CanonicalJSON] = [
      "experiment": .text(experiment.name), "title": .text(experiment.title),
      "protocol": .text(experiment.protocolName), "isPapersProtocol": .flag(hasPaperProtocol),
      "level": .number(Statistics.alpha), "claims": .list(verdicts.map(\.json)),
      "deviations": .list(ledger?.rows.map(\.json) ?? []),
    ]
    let order = ["experiment", "title", "protocol", "isPapersProtocol", "level", "id", "verdict"]
    return CanonicalJSON.object(members).indented(order: order) + "\n"
  }
}

extension CanonicalJSON {
  /// A number, or null where there is none or it is not finite.
  static func optional(_ number: Double?) -> CanonicalJSON {
    number.flatMap { $0.isFinite ? .number($0) : nil } ?? .null
  }

  static func numbers(_ values: [Double]) -> CanonicalJSON { .list(values.map { optional($0) }) }

  static func interval(_ interval: ConfidenceInterval?) -> CanonicalJSON {
    interval.map {
      .object([
        "low": optional($0.low), "high": optional($0.high), "method": .text($0.method.rawValue),
      ])
    } ?? .null
  }
}

extension Verdict {
  var json: CanonicalJSON {
    .object([
      "id": .text(claim.id), "kind": .text(claim.kind.rawValue), "metric": .text(claim.metric.name),
      "statement": .text(claim.statement), "formula": .text(claim.formula),
      "verdict": .text(outcome.rawValue), "reason": .text(reason),
      "seedsNeeded": seedsNeeded.map { .integer($0) } ?? .null, "p": .optional(p),
      "holmP": .optional(adjustedP), "isPapersProtocol": .flag(isPapersProtocol),
      "tests": .list(tests.map(\.json)), "reference": claim.reference.map(\.json) ?? .null,
    ])
  }
}

extension ClaimTest {
  var json: CanonicalJSON {
    .object([
      "a": a.json(scale: scale), "b": b.map { $0.json(scale: scale) } ?? .null,
      "difference": .optional(difference),
      "interval": .interval(interval), "intervalLevel": .number(confidence),
      "degreesOfFreedom": .optional(welch?.degreesOfFreedom), "p": .optional(p),
      "hedgesG": .optional(effect), "permutation": permutation.map(\.json) ?? .null,
    ])
  }
}

extension PermutationTest {
  var json: CanonicalJSON {
    .object([
      "twoSidedP": .number(twoSidedP), "smallestTwoSidedP": .number(smallestTwoSidedP),
      "isExact": .flag(isExact),
    ])
  }
}

extension ClaimSample {
  fileprivate func json(scale: Double) -> CanonicalJSON {
    .object([
      "variant": .text(variant), "n": .integer(values.count), "values": .numbers(values),
      "mean": .optional(Statistics.mean(values)),
      "standardDeviation": .optional(Statistics.standardDeviation(values, scale: scale)),
      "diverged": .integer(diverged), "complete": .integer(complete),
    ])
  }
}

extension Claim.Reference {
  fileprivate var json: CanonicalJSON {
    .object([
      "source": .text(source), "a": .optional(a), "b": .optional(b),
      "difference": .optional(difference), "values": .numbers(values),
      "note": note.map { .text($0) } ?? .null,
    ])
  }
}

extension DepartureLedger.Row {
  var json: CanonicalJSON {
    .object([
      "field": .text(departure.field), "ours": .text(departure.ours),
      "papers": .text(departure.papers), "variants": .list(variants.map { .text($0) }),
    ])
  }
}
