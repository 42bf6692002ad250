// The papers' own protocols, and how far a variant's training is from them.
import Networks
import Numerics
import Specs
import Text

/// One field in which a training or its net differs from the paper's.
public struct Departure: Hashable, Sendable {
  public var field: String
  /// As it is trained here.
  public var ours: String
  /// As the paper says.
  public var papers: String
  /// Whether it is a field of the net, so that the protocol can be the paper's all the same.
  public var isOfNet = false
}

/// How a net was trained where it was published, field by field as text: some of it, such as
/// "where the error plateaus", has no other form.
public struct PaperProtocol: Hashable, Sendable {
  /// Such as `He et al. 2015, section 4.2`.
  public var source: String
  /// In the order of a report.
  public var fields: [Field]
  /// The same as far as a spec can say it: levels by the dotted path of their field.
  let levels: [String: String]

  public struct Field: Hashable, Sendable {
    public var name: String
    public var value: String
  }

  /// The names of all fields, in the order of a report.
  public static var fieldNames: [String] { imageNet.fields.map(\.name) }

  /// Holds for every net trained here, so it is told once and is no departure of a spec.
  public static let remark =
    "Batch norm sees the whole batch here; the papers' several GPUs each saw a part of it."

  /// The protocol of a paper's experiment, for a net of this depth.
  /// - Parameter variant: decides where a source has several, such as CIFAR-10 and CIFAR-100.
  public static func of(_ variant: Variant, in setting: PaperSetting) -> PaperProtocol {
    of(variant.architecture, ours: variant.trainingProtocol, in: setting)
  }

  /// - Parameter setting: by default the one that published nets of this kind.
  static func of(
    _ architecture: Architecture, ours: TrainingProtocol, in setting: PaperSetting? = nil
  ) -> PaperProtocol {
    switch setting ?? PaperSetting(of: architecture) {
    case .cifar2015: cifar2015(depth: architecture.depth)
    case .cifar2016: cifar2016(ours: ours)
    case .imageNet2015: imageNet
    case .textbook: textbook(ours: ours)
    }
  }

  /// The fields in which a training differs from this one.
  public func departures(of ours: TrainingProtocol) -> [Departure] {
    let own = ours.comparedFields
    precondition(
      own.map(\.name) == fields.map(\.name), "\(own.map(\.name)) is not \(fields.map(\.name))")
    return zip(own, fields).compactMap { own, field in
      own.value == field.value
        ? nil : Departure(field: field.name, ours: own.value, papers: field.value)
    }
  }

  /// - Parameters:
  ///   - values: those before the optimizer's, and those after them.
  ///   - levels: those that differ from `commonLevels`, the optimizer's not among them.
  private init(
    source: String, _ values: (before: [String], after: [String]),
    optimizer: TrainingProtocol.Optimizer = cifarOptimizer, levels: [String: String]
  ) {
    self.source = source
    // All were trained before other formats were.
    fields = TrainingProtocol.fields(
      values.before, optimizer, values.after + [Precision.fp32.rawValue])
    self.levels = Self.commonLevels.merging(levels) { $1 }.merging(optimizer.levels) { $1 }
  }

  /// He et al. 2015, 3.4 and 4.2.
  private static let cifarOptimizer = TrainingProtocol.Optimizer(
    learningRate: 0.1, settings: .sgd(SGD(momentum: 0.9, weightDecay: 1e-4, nesterov: false)))

  private static let commonLevels = [
    "batch": "128", "schedule.kind": "step", "schedule.factor": "0.1",
    "augmentation.flip": "true", "mean": "perPixel", "shuffle": "true", "precision": "fp32",
  ]

  /// As far as a number of steps can say it.
  private static let warmUpLevels = [
    "schedule.warmup.steps": "400", "schedule.warmup.learningRate": "0.01",
  ]

  /// He et al. 2015, 4.2: only 110 layers warm up, until an error is reached.
  private static func cifar2015(depth: Int) -> PaperProtocol {
    let warmsUp = depth == 110
    return cifar(
      source: "He et al. 2015, section 4.2", data: "cifar-10",
      warmUp: warmsUp ? "0.01 until the training error is below 80 % (about 400 steps)" : "none",
      levels: warmsUp ? warmUpLevels : [:])
  }

  /// He et al. 2016, appendix: every net warms up, for a number of steps.
  private static func cifar2016(ours: TrainingProtocol) -> PaperProtocol {
    cifar(
      source: "He et al. 2016, appendix",
      data: ours.data.name == "cifar-100" ? "cifar-100" : "cifar-10",
      warmUp: "0.01 for 400 steps", levels: warmUpLevels)
  }

  private static func cifar(
    source: String, data: String, warmUp: String, levels: [String: String]
  ) -> PaperProtocol {
    let own = [
      "data.name": data, "data.size": "32", "iterations": "64000",
      "schedule.milestones": "32000, 48000", "augmentation.padding": "4",
    ]
    return PaperProtocol(
      source: source,
      (
        [data, "32", "50000", "10000", "128", "64000"],
        [
          "× 0.1 at steps 32000, 48000", warmUp, "crop from 4 pixels of padding, mirror",
          "perPixel", "yes", "one",
        ]
      ), levels: own.merging(levels) { $1 })
  }

  /// He et al. 2015, 3.4.
  private static let imageNet = PaperProtocol(
    source: "He et al. 2015, section 3.4",
    (
      ["imagenet", "224", "1281167", "50000", "256", "600000"],
      [
        "× 0.1 where the error plateaus", "none",
        "shorter side 256 to 480, crop, mirror, colour", "perPixel", "yes", "ten crops",
      ]
    ),
    levels: [
      "data.name": "imagenet", "data.size": "224", "batch": "256", "iterations": "600000",
      "augmentation.padding": "0", "augmentation.scale.from": "256",
      "augmentation.scale.to": "480",
    ])

  /// Dive into Deep Learning, ResNet: 5 epochs in the Gluon edition, 10 in the others.
  private static func textbook(ours: TrainingProtocol) -> PaperProtocol {
    let lengths = [5, 10].map { String(($0 * 60_000 + 255) / 256) }
    let own = String(ours.totalSteps)
    return PaperProtocol(
      source: "Dive into Deep Learning, Residual Networks",
      (
        [
          "fashion-mnist", "96", "60000", "10000", "256",
          lengths.contains(own) ? own : lengths.joined(separator: " or "),
        ],
        ["constant", "none", "none", "none", "yes", "one"]
      ),
      optimizer: TrainingProtocol.Optimizer(
        learningRate: 0.05, settings: .sgd(SGD(momentum: 0, weightDecay: 0, nesterov: false))),
      levels: [
        "data.name": "fashion-mnist", "data.size": "96", "batch": "256",
        ours.lengthLevel.path: lengths.contains(own) ? ours.lengthLevel.level : "5 or 10 epochs",
        "schedule.kind": "constant", "schedule.factor": "none", "augmentation.padding": "0",
        "augmentation.flip": "false", "mean": "none",
      ])
  }
}

extension TrainingProtocol {
  /// The fields that change what is learned. The name and the times of evaluation do not.
  private static let comparedNames = (
    before: ["data", "image size", "training images", "test images", "batch", "steps"],
    after: ["schedule", "warm-up", "augmentation", "mean", "shuffling", "test views", "precision"]
  )

  /// The values of these fields under their names, the optimizer's among them.
  fileprivate static func fields(
    _ before: [String], _ optimizer: Optimizer, _ after: [String]
  ) -> [PaperProtocol.Field] {
    func named(_ names: [String], _ values: [String]) -> [(name: String, value: String)] {
      precondition(names.count == values.count, "\(values.count) values for \(names)")
      return zip(names, values).map { ($0, $1) }
    }
    let all =
      named(comparedNames.before, before) + optimizer.comparedFields
      + named(comparedNames.after, after)
    return all.map { PaperProtocol.Field(name: $0.name, value: $0.value) }
  }

  /// This protocol in the words of `PaperProtocol`.
  public var comparedFields: [PaperProtocol.Field] {
    let rates: String
    switch schedule.kind {
    case .constant: rates = "constant"
    case .cosine: rates = "cosine"
    case .step:
      let unit = if case .epochs = length { "epochs" } else { "steps" }
      let places = schedule.milestones.map(String.init).joined(separator: ", ")
      rates = "× \(canonical(schedule.factor)) at \(unit) \(places)"
    }
    let warmUp = schedule.warmUp.map { "\(canonical($0.learningRate)) for \($0.steps) steps" }
    let scale = augmentation.scale.map {
      "shorter side \($0.lowerBound) to \($0.upperBound), crop"
    }
    let changes =
      (scale.map { [$0] } ?? [])
      + (augmentation.padding > 0 ? ["crop from \(augmentation.padding) pixels of padding"] : [])
      + (augmentation.flip ? ["mirror"] : [])
    return Self.fields(
      [
        data.name, String(data.size), trainingImages, String(data.testCount), String(batch),
        String(totalSteps),
      ], optimizer,
      [
        rates, warmUp ?? "none", changes.isEmpty ? "none" : changes.joined(separator: ", "),
        mean.rawValue + (deviation == .none ? "" : ", divided by deviation"),
        shuffle ? "yes" : "no", evaluation.tenCrop ? "ten crops" : "one", precision.rawValue,
      ])
  }

  /// The field of the length as a factor has it.
  fileprivate var lengthLevel: (path: String, level: String) {
    switch length {
    case .iterations(let steps): ("iterations", String(steps))
    case .epochs(let epochs): ("epochs", String(epochs))
    }
  }

  /// `50000`, `500 (50 of each class)`, `45000 (5000 held out)`
  private var trainingImages: String {
    let parts =
      (data.trainPerClass.map { ["\($0) of each class"] } ?? [])
      + (data.validationCount > 0 ? ["\(data.validationCount) held out"] : [])
    let count = String(data.epochCount)
    return parts.isEmpty ? count : "\(count) (\(parts.joined(separator: ", ")))"
  }
}

extension Variant {
  /// Every field of the training that differs from a paper's; empty for its own protocol.
  func departures(from paper: PaperProtocol) -> [Departure] {
    paper.departures(of: trainingProtocol)
      + (initialWeights == nil
        ? []
        : [Departure(field: "initial weights", ours: "from a file", papers: "random")])
  }

  /// Whether a number that a source prints for this net belongs beside this variant: whatever sets
  /// its training apart from its siblings', as a factor or an override, is as in that source.
  ///
  /// How the experiment as a whole differs from the paper does not count: that is what the number
  /// is shown for.
  /// - Parameters:
  ///   - source: such as `He et al. 2015, Table 6`; of a reproduction, which followed the paper,
  ///     the setting that published the net counts.
  ///   - base: the experiment's protocol.
  public func isTrained(as source: String, besides base: TrainingProtocol) -> Bool {
    let setting = PaperCitation(source)?.setting ?? PaperSetting(of: architecture)
    let paper = PaperProtocol.of(self, in: setting).levels
    // Both are JSON by making; were they not, nothing could be said.
    guard
      let differences = try? ConfigurationDifference.between(
        base.canonicalJSON.text, trainingProtocol.canonicalJSON.text)
    else { return false }
    let factors = protocolLevels.map { ($0.factor, $0.level) }
    let overrides = differences.filter { difference in
      !factors.contains { $0.0 == difference.field }
    }
    return factors.allSatisfy { field, level in
      isNoTraining(field) || (paper[field] ?? "none") == level
    }
      && overrides.allSatisfy { override in
        let field = override.field
        // A shorter protocol has a shorter warm-up, at a rate that goes with its own.
        guard !field.hasPrefix("schedule.warmup") else {
          return (paper["schedule.warmup.steps"] != nil)
            == (trainingProtocol.schedule.warmUp != nil)
        }
        let level = override.second ?? trainingProtocol.level(of: field).level
        return isNoTraining(field) || (paper[field] ?? "none") == level
      }
  }

  /// Whether a field only says what is looked at, or what the training is called.
  private func isNoTraining(_ field: String) -> Bool {
    field == "name" || field.hasPrefix("evaluation.")
  }
}
