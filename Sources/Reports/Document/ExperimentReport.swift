// One experiment's results, collected and condensed for tables and figures.
import Foundation
import Papers
import Results
import Specs
import Text
import Verdicts

/// What a report says of one experiment, finished or not.
public struct ExperimentReport: Sendable {
  /// One variant's final errors over its complete runs.
  public struct Row: Equatable, Sendable {
    public var variant: String
    public var parameters: Int64
    /// Complete runs.
    public var n: Int
    /// Final training errors in percent, by seed.
    public var trainErrors: [Double]
    /// Final test errors in percent, by seed.
    public var testErrors: [Double]
    /// The smallest test error on the way, by seed: chosen on the test images, so no fair estimate.
    public var bestTestErrors: [Double]
  }

  /// The stored numbers and the answers to the claims.
  public let results: StudyResults
  public let rows: [Row]
  /// Where the numbers come from.
  let provenance: [ProvenanceGroup]
  /// Runs that went on under other conditions than they began with, and which.
  private let numericChanges: [(key: RunKey, changes: String)]

  public var experiment: StoredExperiment { results.experiment }
  /// The present spec's variants, in its order.
  public var variants: [StoredVariant] { results.variants }
  /// The runs of these variants, by seed and then in the order of the spec.
  public var runs: [StoredRun] { results.runs }
  public var curves: [Curve] { results.curves }
  /// Variants that have results but are not in the present spec.
  public var formerVariants: [String] { results.formerVariants }
  /// The stored spec; nil where this version cannot read it, see `specProblem`.
  public var spec: ExperimentSpec? { results.spec }
  public var specProblem: String? {
    results.specProblem.map { "\($0); `bench run \(experiment.specPath)` enters it anew" }
  }
  /// The spec's variants with architecture and protocol, by name.
  public var resolved: [String: Variant] { results.resolved }
  public var claims: [Claim] { results.claims }
  /// How the protocol differs from the papers'; nil where the spec cannot be read.
  public var ledger: DepartureLedger? { results.ledger }
  /// The answers to the claims, in their order.
  public var verdicts: [Verdict] { results.verdicts }
  var finals: [FinalValue] { results.finals }

  /// Reads an experiment.
  /// - Parameter name: by default the only one, or the one that ran last.
  /// - Throws: `ResultsError` if there is no such experiment, or the database cannot be read.
  public init(_ reader: ResultsReader, experiment name: String?) throws(ResultsError) {
    let results = try StudyResults(reader, experiment: name)
    self.results = results
    provenance = try reader.provenance(experiment: results.experiment.name)
    numericChanges = try reader.numericChanges(experiment: results.experiment.name)
    rows = results.variants.map { variant in
      let complete = Set(
        results.runs.filter { $0.key.variant == variant.name && $0.status == .complete }
          .map(\.key))
      return Row(
        variant: variant.name, parameters: variant.parameters, n: complete.count,
        trainErrors: results.values(.trainError, of: variant.name),
        testErrors: results.values(.testError, of: variant.name),
        bestTestErrors: results.curves
          .filter { $0.metric == Metric.testError.name && complete.contains($0.key) }
          .compactMap { $0.points.map(\.value).min() })
    }
  }

  /// The last value of a metric in each complete run of a variant, by seed.
  package func values(_ metric: Metric, of variant: String) -> [Double] {
    results.values(metric, of: variant)
  }

  /// What a paper, or else a reproduction, printed for a variant's net: on the same data if it did.
  /// Nothing where a factor or an override gives this variant a training that the source did not.
  func published(_ metric: Metric, of variant: String) -> PublishedError? {
    guard let own = resolved[variant], let base = spec?.baseProtocol else { return nil }
    let all = PublishedError.of(own.architecture).filter {
      $0.metric == metric && own.isTrained(as: $0.source, besides: base)
    }
    let data = own.trainingProtocol.data.name
    return all.first { $0.data == data } ?? all.first
  }

  /// The error of guessing in percent, `100 (1 − 1/classes)`; nil where the classes are unknown.
  public var chanceError: Double? {
    experiment.classes.flatMap { $0 > 0 ? 100 * (1 - 1 / Double($0)) : nil }
  }

  /// Whether an error is no better than guessing: within a point of it, or above.
  public func isNoBetterThanGuessing(_ error: Double) -> Bool {
    chanceError.map { error >= $0 - 1 } ?? false
  }

  /// Whether every variant is trained as its paper says.
  public var hasPaperProtocol: Bool { ledger?.isPapers(variants.map(\.name)) ?? false }

  /// What the protocol is, and how far from the papers'.
  var protocolNotes: [String] {
    let name = experiment.protocolName
    guard let ledger else {
      return [
        "Protocol \(name); how it differs from the papers' is not known: \(specProblem ?? "")"
      ]
    }
    let sources = ledger.sources.joined(separator: "; ")
    func list(_ fields: [String]) -> String {
      let count = "\(fields.count) field\(fields.count == 1 ? "" : "s")"
      return "\(count) from \(sources): \(fields.joined(separator: ", "))."
    }
    let nets = ledger.fields(ofNets: true)
    let ofNets = nets.isEmpty ? [] : ["The nets differ in \(list(nets))"]
    guard !hasPaperProtocol else {
      return ["Protocol \(name), the paper's own (\(sources))."] + ofNets
    }
    return [
      "Protocol \(name): not the paper's, so compare these errors with each other, not with the "
        + "paper's tables.", "It differs in \(list(ledger.fields(ofNets: false)))",
    ] + ofNets
  }

  /// Runs with a result.
  public var finishedCount: Int { runs.count { $0.status.isFinal } }

  /// Sentences on what a reader must know beside the numbers: protocol, progress, divergence.
  public var notes: [String] {
    var notes = protocolNotes
    if finishedCount == runs.count {
      notes.append("All \(runs.count) runs are done.")
    } else {
      let missing = [RunStatus.running, .interrupted, .failed, .waiting].compactMap { status in
        let names = runs.filter { $0.status == status }.map(Self.name)
        return names.isEmpty ? nil : "\(status.rawValue): \(names.listed())"
      }
      notes.append(
        "\(finishedCount) of \(runs.count) runs are done; missing are "
          + missing.joined(separator: "; ") + ".")
    }
    let diverged = runs.filter { $0.status == .diverged }.map { run in
      "\(Self.name(run)) at step \(run.step)"
    }
    if !diverged.isEmpty {
      notes.append("Diverged, and left out of the means: \(diverged.listed()).")
    }
    let unplanned = runs.filter { !$0.planned && $0.status.isFinal }.map(Self.name)
    if !unplanned.isEmpty {
      notes.append("Included, though no longer in the spec: \(unplanned.listed()).")
    }
    if !numericChanges.isEmpty {
      let runs = numericChanges.map { key, changes in
        "\(key.variant) seed \(key.seed) (\(changes))"
      }
      notes.append(
        "Gone on under other conditions than begun with, so that no training gives these bits again: "
          + "\(runs.listed()).")
    }
    if let mixed = results.mixedPrecision() { notes.append("Runs were \(mixed).") }
    if !formerVariants.isEmpty {
      notes.append(
        "Not shown, as no longer in the spec: \(formerVariants.listed()).")
    }
    return notes
  }

  /// `plain-56 seed 1`, with the progress of an unfinished run.
  private static func name(_ run: StoredRun) -> String {
    let name = "\(run.key.variant) seed \(run.key.seed)"
    guard run.status == .running, let total = run.totalSteps else { return name }
    return "\(name) (step \(run.step) of \(total))"
  }
}
