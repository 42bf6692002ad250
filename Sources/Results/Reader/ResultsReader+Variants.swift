// Everything about one variant: its configuration, its runs and where they come from.
import Foundation
import GRDB

/// A variant with all its runs.
public struct VariantDetails: Sendable {
  public var experiment: StoredExperiment
  public var variant: StoredVariant
  /// Architecture and protocol with every field, canonical JSON.
  public var configurationJSON: String
  public var runs: [StoredRun]
  /// Each metric's last value in each run that is done.
  public var finals: [FinalValue]
  public var provenance: [ProvenanceGroup]
}

extension ResultsReader {
  /// The variant that a user names as EXPERIMENT/VARIANT; nil if there is none.
  public func details(ofVariant name: String) throws(ResultsError) -> VariantDetails? {
    for experiment in try experiments() where name.hasPrefix("\(experiment.name)/") {
      let variants = try variants(experiment: experiment.name)
      let found = variants.first { "\(experiment.name)/\($0.name)" == name }
      guard let found else { continue }
      let configuration = try read { db in
        try String.fetchOne(
          db,
          sql: """
            SELECT variant.configurationJSON FROM variant
              JOIN experiment ON experiment.id = variant.experimentId
            WHERE experiment.name = ? AND variant.name = ?
            """, arguments: [experiment.name, found.name])
      }
      return VariantDetails(
        experiment: experiment, variant: found, configurationJSON: configuration ?? "{}",
        runs: try runs(experiment: experiment.name).filter { $0.key.variant == found.name },
        finals: try finals(experiment: experiment.name).filter { $0.key.variant == found.name },
        provenance: try provenance(experiment: experiment.name, variant: found.name))
    }
    return nil
  }
}
