// The spec as the database keeps it: variants, claims and figures of an experiment.
import Experiments
import Results

/// What can be known of an experiment from its stored spec.
struct StoredStudy {
  var spec: ExperimentSpec?
  /// Why the spec cannot be read by this version.
  var problem: String?
  var variants: [Variant] = []
  var claims: [Claim] = []

  init(_ experiment: StoredExperiment) {
    do {
      let spec = try ExperimentSpec(
        bytes: Array(experiment.specJSON.utf8), file: experiment.specPath, opensWeights: false)
      variants = try spec.expand()
      claims = spec.claims(of: variants)
      self.spec = spec
    } catch {
      problem =
        "the stored spec is not one of this version (\(error.problems.first ?? "no reason given")); "
        + "`bench run \(experiment.specPath)` enters it anew"
    }
  }

  /// The metrics whose series a report needs.
  var metrics: [String] {
    let figures = spec?.figures ?? []
    let rate = figures.contains(where: \.showsLearningRate) ? ["learningRate"] : []
    let hasTextbook = variants.contains { $0.architecture.family == .textbook }
    let epochs = hasTextbook ? ExperimentReport.epochMetrics : []
    let wanted = claims.map(\.metric) + figures.flatMap(\.metrics) + rate + epochs
    return (ExperimentReport.metrics + wanted).uniqued.filter { $0 != ErrorGap.name }
  }

  /// Whether a figure needs the gap's series.
  var drawsGap: Bool {
    spec?.figures.contains { $0.kind == .curves && $0.metrics.contains(ErrorGap.name) } ?? false
  }
}

extension Sequence where Element: Hashable {
  /// Each element once, at its first place.
  var uniqued: [Element] {
    var seen: Set<Element> = []
    return filter { seen.insert($0).inserted }
  }
}
