// One experiment's results, collected and condensed for tables and figures.
import Experiments
import Foundation
import Results

/// What a report says of one experiment, finished or not.
public struct ExperimentReport: Sendable {
  /// The metrics of the tables and of Figure 6.
  public static let metrics = ["trainError", "testError"]

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

  public let experiment: StoredExperiment
  /// The present spec's variants, in its order.
  public let variants: [StoredVariant]
  /// The runs of these variants, by seed and then in the order of the spec.
  public let runs: [StoredRun]
  public let curves: [Curve]
  public let rows: [Row]
  /// Variants that have results but are not in the present spec.
  public let formerVariants: [String]
  /// Where the numbers come from.
  let provenance: [ProvenanceGroup]
  /// Each metric's last value in each run that is done.
  let finals: [FinalValue]
  /// The stored spec; nil where this version cannot read it, see `specProblem`.
  public let spec: ExperimentSpec?
  /// Why the stored spec cannot be read.
  public let specProblem: String?
  /// The spec's variants with architecture and protocol, by name.
  public let resolved: [String: Variant]
  public let claims: [Claim]
  /// How the protocol differs from the papers'; nil where the spec cannot be read.
  public let ledger: DeviationLedger?
  /// The answers to the claims, in their order.
  public private(set) var verdicts: [Verdict] = []

  /// Reads an experiment.
  /// - Parameter name: by default the only one, or the one that ran last.
  /// - Throws: `ResultsError` if there is no such experiment, or the database cannot be read.
  public init(_ reader: ResultsReader, experiment name: String?) throws(ResultsError) {
    let all = try reader.experiments()
    guard let experiment = all.first(where: { name == nil || $0.name == name }) else {
      let names = all.map(\.name).sorted().joined(separator: ", ")
      throw ResultsError(
        all.isEmpty
          ? "\(reader.path) has no experiment yet; `bench run SPEC` enters one"
          : "there is no experiment '\(name ?? "")' in \(reader.path); it has: \(names)")
    }
    let variants = try reader.variants(experiment: experiment.name)
    let planned = Set(variants.filter(\.planned).map(\.name))
    let stored = try reader.finals(experiment: experiment.name)
    let finals = stored + ErrorGap.finals(stored)
    self.experiment = experiment
    self.variants = variants.filter(\.planned)
    runs = try reader.runs(experiment: experiment.name)
      .filter { planned.contains($0.key.variant) }
    let study = StoredStudy(experiment)
    spec = study.spec
    specProblem = study.problem
    resolved = Dictionary(study.variants.map { ($0.name, $0) }, uniquingKeysWith: { a, _ in a })
    claims = study.claims
    ledger = study.spec == nil ? nil : DeviationLedger(study.variants, claims: study.claims)
    provenance = try reader.provenance(experiment: experiment.name)
    self.finals = finals
    let layers = try reader.layers(
      experiment: experiment.name,
      quantities: study.metrics.compactMap(LayerMetric.Quantity.init(rawValue:)))
    let series =
      try reader.curves(experiment: experiment.name, metrics: study.metrics) + layers
    let former = Set(finals.map(\.key.variant)).subtracting(planned)
    formerVariants = variants.map(\.name).filter { former.contains($0) }
    let gaps = study.drawsGap ? ErrorGap.curves(series) : []
    let curves = (series + gaps).filter { planned.contains($0.key.variant) }
    self.curves = curves
    let runs = runs
    rows = self.variants.map { variant in
      let complete = Set(
        runs.filter { $0.key.variant == variant.name && $0.status == .complete }.map(\.key))
      return Row(
        variant: variant.name, parameters: variant.parameters, n: complete.count,
        trainErrors: Self.values("trainError", of: variant.name, in: finals),
        testErrors: Self.values("testError", of: variant.name, in: finals),
        bestTestErrors: curves.filter { $0.metric == "testError" && complete.contains($0.key) }
          .compactMap { $0.points.map(\.value).min() })
    }
    verdicts = Verdict.all(self)
  }

  /// The last value of a metric in each complete run of a variant, by seed.
  func values(_ metric: String, of variant: String) -> [Double] {
    Self.values(metric, of: variant, in: finals)
  }

  private static func values(
    _ metric: String, of variant: String, in finals: [FinalValue]
  ) -> [Double] {
    finals.filter {
      $0.key.variant == variant && $0.metric == metric && $0.status == .complete
    }.map(\.value)
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
        return names.isEmpty ? nil : "\(status.rawValue): \(NumberText.list(names))"
      }
      notes.append(
        "\(finishedCount) of \(runs.count) runs are done; missing are "
          + missing.joined(separator: "; ") + ".")
    }
    let diverged = runs.filter { $0.status == .diverged }.map { run in
      "\(Self.name(run)) at step \(run.step)"
    }
    if !diverged.isEmpty {
      notes.append("Diverged, and left out of the means: \(NumberText.list(diverged)).")
    }
    let unplanned = runs.filter { !$0.planned && $0.status.isFinal }.map(Self.name)
    if !unplanned.isEmpty {
      notes.append("Included, though no longer in the spec: \(NumberText.list(unplanned)).")
    }
    if !formerVariants.isEmpty {
      notes.append(
        "Not shown, as no longer in the spec: \(NumberText.list(formerVariants)).")
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
