// One experiment's results, collected and condensed for tables and figures.
import Foundation
import Results

/// What a report says of one experiment, finished or not.
public struct ExperimentReport: Sendable {
  /// The metrics of the table and of Figure 6.
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
    let finals = try reader.finals(experiment: experiment.name)
    self.experiment = experiment
    self.variants = variants.filter(\.planned)
    runs = try reader.runs(experiment: experiment.name)
      .filter { planned.contains($0.key.variant) }
    curves = try reader.curves(experiment: experiment.name, metrics: Self.metrics)
      .filter { planned.contains($0.key.variant) }
    let former = Set(finals.map(\.key.variant)).subtracting(planned)
    formerVariants = variants.map(\.name).filter { former.contains($0) }
    let runs = runs
    rows = self.variants.map { variant in
      func values(_ metric: String) -> [Double] {
        finals.filter {
          $0.key.variant == variant.name && $0.metric == metric && $0.status == .complete
        }.map(\.value)
      }
      return Row(
        variant: variant.name, parameters: variant.parameters,
        n: runs.count { $0.key.variant == variant.name && $0.status == .complete },
        trainErrors: values("trainError"), testErrors: values("testError"))
    }
  }

  /// The error of guessing in percent, `100 (1 − 1/classes)`; nil where the classes are unknown.
  public var chanceError: Double? {
    experiment.classes.flatMap { $0 > 0 ? 100 * (1 - 1 / Double($0)) : nil }
  }

  /// Whether an error is no better than guessing: within a point of it, or above.
  public func isNoBetterThanGuessing(_ error: Double) -> Bool {
    chanceError.map { error >= $0 - 1 } ?? false
  }

  /// Whether the protocol is a paper's own: its name begins with `paper`.
  public var hasPaperProtocol: Bool { experiment.protocolName.hasPrefix("paper") }

  /// Runs with a result.
  public var finishedCount: Int { runs.count { $0.status.isFinal } }

  /// Sentences on what a reader must know beside the numbers: protocol, progress, divergence.
  public var notes: [String] {
    var notes: [String] = []
    if hasPaperProtocol {
      notes.append("Protocol \(experiment.protocolName), the paper's own.")
    } else {
      notes.append(
        "Protocol \(experiment.protocolName): not the paper's, so compare these errors with each "
          + "other, not with the paper's tables.")
    }
    if finishedCount == runs.count {
      notes.append("All \(runs.count) runs are done.")
    } else {
      let missing = [RunStatus.running, .interrupted, .failed, .waiting].compactMap { status in
        let names = runs.filter { $0.status == status }.map(Self.name)
        return names.isEmpty ? nil : "\(status.rawValue): \(names.joined(separator: ", "))"
      }
      notes.append(
        "\(finishedCount) of \(runs.count) runs are done; missing are "
          + missing.joined(separator: "; ") + ".")
    }
    let diverged = runs.filter { $0.status == .diverged }.map { run in
      "\(Self.name(run)) at step \(run.step)"
    }
    if !diverged.isEmpty {
      notes.append("Diverged, and left out of the means: \(diverged.joined(separator: ", ")).")
    }
    let unplanned = runs.filter { !$0.planned && $0.status.isFinal }.map(Self.name)
    if !unplanned.isEmpty {
      notes.append("Included, though no longer in the spec: \(unplanned.joined(separator: ", ")).")
    }
    if !formerVariants.isEmpty {
      notes.append(
        "Not shown, as no longer in the spec: \(formerVariants.joined(separator: ", ")).")
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
