// One experiment's stored results, with the answers to its claims.
import Foundation
import Networks
import Papers
import Results
import Specs
import Text

/// The numbers of one experiment, finished or not, read together, and what they say of its claims.
public struct StudyResults: Sendable {
  /// The metrics of the tables and of Figure 6.
  public static let metrics: [Metric] = [.trainError, .testError]
  /// The metrics that the textbook prints epoch by epoch.
  public static let epochMetrics: [Metric] = [
    .trainLoss, .trainError, .testError, .imagesPerSecond,
  ]

  public let experiment: StoredExperiment
  /// The present spec's variants, in its order.
  public let variants: [StoredVariant]
  /// The runs of these variants, by seed and then in the order of the spec.
  public let runs: [StoredRun]
  /// The series of the metrics that the spec's figures, its claims and the tables need.
  public let curves: [Curve]
  /// Variants that have results but are not in the present spec.
  public let formerVariants: [String]
  /// Each metric's last value in each run that is done.
  public let finals: [FinalValue]
  /// The stored spec; nil where this version cannot read it, see `specProblem`.
  public let spec: ExperimentSpec?
  /// Why the stored spec cannot be read.
  public let specProblem: String?
  /// The spec's variants with architecture and protocol, by name.
  public let resolved: [String: Variant]
  public let claims: [Claim]
  /// How the protocol differs from the papers'; nil where the spec cannot be read.
  public let ledger: DepartureLedger?
  /// The runs in bf16 and what they computed in, such as `bf16 pairs`.
  private let halfPrecisions: [(key: RunKey, precision: String)]
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
          ? "\(reader.path) has no experiment yet"
          : "there is no experiment '\(name ?? "")' in \(reader.path); it has: \(names)",
        remedy: all.isEmpty ? .enterExperiment : nil)
    }
    self.experiment = experiment
    let variants = try reader.variants(experiment: experiment.name)
    let planned = Set(variants.filter(\.planned).map(\.name))
    self.variants = variants.filter(\.planned)
    halfPrecisions = try reader.halfPrecisions(experiment: experiment.name)
    runs = try reader.runs(experiment: experiment.name)
      .filter { planned.contains($0.key.variant) }
    let stored = try reader.finals(experiment: experiment.name)
    finals = stored + ErrorGap.finals(stored)
    let study = StoredStudy(experiment)
    spec = study.spec
    specProblem = study.problem
    resolved = Dictionary(study.variants.map { ($0.name, $0) }, uniquingKeysWith: { a, _ in a })
    claims = study.claims
    ledger = study.spec == nil ? nil : DepartureLedger(study.variants, claims: study.claims)
    let layers = try reader.layers(
      experiment: experiment.name,
      quantities: study.metrics.filter { $0.scope == .layer }.map(\.name))
    let series =
      try reader.curves(experiment: experiment.name, metrics: study.metrics.map(\.name)) + layers
    let gaps = study.drawsGap ? ErrorGap.curves(series) : []
    curves = (series + gaps).filter { planned.contains($0.key.variant) }
    let former = Set(finals.map(\.key.variant)).subtracting(planned)
    formerVariants = variants.map(\.name).filter { former.contains($0) }
    verdicts = Verdict.all(self)
  }

  /// That runs in bf16 have their sums in several orders, and which runs have which; nil where they
  /// have one.
  /// - Parameter variants: nil for all.
  public func mixedPrecision(of variants: Set<String>? = nil) -> String? {
    let runs = halfPrecisions.filter { run in
      planned.contains(run.key.variant) && variants?.contains(run.key.variant) != false
    }
    let models = runs.map(\.precision).uniqued
    guard models.count > 1 else { return nil }
    let each = models.map { model in
      let names = runs.filter { $0.precision == model }.map {
        "\($0.key.variant) seed \($0.key.seed)"
      }
      return "\(model) (\(names.listed()))"
    }
    return "made in several orders of bf16 sums, which round differently: "
      + each.joined(separator: ", ")
  }

  private var planned: Set<String> { Set(variants.map(\.name)) }

  /// The last value of a metric in each complete run of a variant, by seed.
  public func values(_ metric: Metric, of variant: String) -> [Double] {
    finals.filter {
      $0.key.variant == variant && $0.metric == metric.name && $0.status == .complete
    }.map(\.value)
  }
}

/// What can be known of an experiment from its stored spec.
private struct StoredStudy {
  package var spec: ExperimentSpec?
  /// Why the spec cannot be read by this version.
  package var problem: String?
  package var variants: [Variant] = []
  package var claims: [Claim] = []

  package init(_ experiment: StoredExperiment) {
    do {
      let spec = try ExperimentSpec(
        bytes: Array(experiment.specJSON.utf8), file: experiment.specPath)
      variants = try spec.expand()
      claims = spec.claims(of: variants)
      self.spec = spec
    } catch {
      problem =
        "the stored spec is not one of this version (\(error.problems.first ?? "no reason given"))"
    }
  }

  /// The metrics whose series a report needs.
  package var metrics: [Metric] {
    let figures = spec?.figures ?? []
    let hasTextbook = variants.contains { $0.architecture.family == .textbook }
    let epochs = hasTextbook ? StudyResults.epochMetrics : []
    let wanted = claims.map(\.metric) + figures.flatMap(\.allMetrics) + epochs
    return (StudyResults.metrics + wanted).uniqued.filter(\.isRecorded)
  }

  /// Whether a figure needs the gap's series.
  package var drawsGap: Bool {
    spec?.figures.contains { figure in
      type(of: figure.kind).drawsSeries && figure.allMetrics.contains(.errorGap)
    } ?? false
  }
}
