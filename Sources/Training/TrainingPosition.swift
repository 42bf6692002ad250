// Where a training stands between two steps, its network aside: what a checkpoint must know.
import Specs
import Text

/// Sums over the steps since the last record.
struct RunningTotals: Hashable, Sendable {
  var steps = 0
  var lossSum = 0.0
  var errors = 0
  var images = 0
  var seconds = 0.0
  /// How often a training file could not be used.
  var brokenFiles = 0

  var loss: Double { lossSum / Double(max(1, steps)) }
  /// In percent.
  var error: Double { 100 * Double(errors) / Double(max(1, images)) }
  var imagesPerSecond: Double { seconds > 0 ? Double(images) / seconds : 0 }
}

/// The evaluation with the lowest error on the images held out.
struct SelectedEvaluation: Hashable, Sendable {
  var step: Int
  /// In percent.
  var validationError: Double
  /// In percent, of the same step.
  var testError: Double

  /// The better one by the validation error alone, the earlier of equals.
  static func better(
    _ first: SelectedEvaluation?, _ second: SelectedEvaluation
  ) -> SelectedEvaluation {
    guard let first, first.validationError <= second.validationError else { return second }
    return first
  }

  var metrics: [(name: String, value: Double)] {
    [(Metric.selectedTestError.name, testError), (Metric.selectedStep.name, Double(step))]
  }
}

/// A place in a run's training. Data order and augmentation follow from the step alone.
public struct TrainingPosition: Hashable, Sendable {
  /// Steps done.
  public internal(set) var step = 0
  /// Training time so far.
  public internal(set) var seconds = 0.0
  var totals = RunningTotals()
  /// The gradient norm of the last step, where its record is still to be made; nil where it is
  /// made, or none is due.
  var pendingGradientNorm: Double?
  /// Nil where no images are held out, or none have been evaluated.
  var selected: SelectedEvaluation?

  /// The numbers of the layers in the last step, where their record is still to be made.
  var pendingLayers: [String: Double] = [:]

  public init() {}

  /// The last step whose record has been made.
  public var lastRecord: Int { pendingGradientNorm == nil ? step : step - 1 }

  /// All fields, every bit of the numbers kept.
  var canonicalJSON: CanonicalJSON {
    .object([
      "step": .integer(step), "seconds": .number(seconds),
      "totals": .object([
        "steps": .integer(totals.steps), "lossSum": .number(totals.lossSum),
        "errors": .integer(totals.errors), "images": .integer(totals.images),
        "seconds": .number(totals.seconds), "brokenFiles": .integer(totals.brokenFiles),
      ]),
      "pendingGradientNorm": pendingGradientNorm.map { .number($0) } ?? .null,
      "selected": selected.map {
        .object([
          "step": .integer($0.step), "validationError": .number($0.validationError),
          "testError": .number($0.testError),
        ])
      } ?? .null,
      "pendingLayers": .object(pendingLayers.mapValues { .number($0) }),
    ])
  }

  /// Nil where a field is missing or makes no sense.
  init?(_ node: JSONNode) {
    guard let step = node["step"]?.integer, step >= 0, let seconds = node["seconds"]?.double,
      let steps = node.value(at: "totals.steps")?.integer,
      let lossSum = node.value(at: "totals.lossSum")?.double,
      let errors = node.value(at: "totals.errors")?.integer,
      let images = node.value(at: "totals.images")?.integer,
      let totalSeconds = node.value(at: "totals.seconds")?.double,
      let pending = node["pendingGradientNorm"]
    else { return nil }
    self.step = step
    self.seconds = seconds
    totals = RunningTotals(
      steps: steps, lossSum: lossSum, errors: errors, images: images, seconds: totalSeconds,
      brokenFiles: node.value(at: "totals.brokenFiles")?.integer ?? 0)
    pendingGradientNorm = pending.double
    switch node["selected"]?.content {
    case nil, .null?: break
    default:
      // A run that went on without it could select another evaluation.
      guard let step = node.value(at: "selected.step")?.integer,
        let validation = node.value(at: "selected.validationError")?.double,
        let test = node.value(at: "selected.testError")?.double
      else { return nil }
      selected = SelectedEvaluation(step: step, validationError: validation, testError: test)
    }
    for member in node["pendingLayers"]?.members ?? [] {
      guard let value = member.value.double else { return nil }
      pendingLayers[member.key] = value
    }
  }
}
