// The papers' own protocols, and how far a variant's training is from the one its net was published
// with.
import Networks

/// One field in which a training differs from the paper's.
public struct Deviation: Hashable, Sendable {
  public var field: String
  /// As it is trained here.
  public var ours: String
  /// As the paper says.
  public var papers: String
}

/// How a net was trained where it was published, field by field as text: some of it, such as
/// "where the error plateaus", has no other form.
public struct PaperProtocol: Hashable, Sendable {
  /// Such as `He et al. 2015, section 4.2`.
  public var source: String
  /// In the order of a report.
  public var fields: [Field]

  public struct Field: Hashable, Sendable {
    public var name: String
    public var value: String
  }

  /// Holds for every net trained here, so it is told once and is no deviation of a spec.
  public static let remark =
    "Batch norm sees the whole batch here; the papers' several GPUs each saw a part of it."

  /// The protocol of the paper that published a net of this kind.
  /// - Parameter ours: decides where a source has several, such as CIFAR-10 and CIFAR-100.
  public static func of(_ architecture: Architecture, ours: TrainingProtocol) -> PaperProtocol {
    switch architecture.family {
    case .cifar: cifar(architecture, ours: ours)
    case .imagenet: imageNet
    case .textbook: textbook(ours: ours)
    }
  }

  /// The fields in which a training differs from this one.
  public func deviations(of ours: TrainingProtocol) -> [Deviation] {
    let own = ours.comparedFields
    precondition(
      own.map(\.name) == fields.map(\.name), "\(own.map(\.name)) is not \(fields.map(\.name))")
    return zip(own, fields).compactMap { own, field in
      own.value == field.value
        ? nil : Deviation(field: field.name, ours: own.value, papers: field.value)
    }
  }

  private init(source: String, _ values: [String]) {
    precondition(values.count == TrainingProtocol.comparedNames.count, "\(values.count) values")
    self.source = source
    fields = zip(TrainingProtocol.comparedNames, values).map { Field(name: $0, value: $1) }
  }

  private static let untilBelow80 =
    "0.01 until the training error is below 80 % (about 400 steps)"

  /// He et al. 2015, 4.2; the nets of 2016 all warm up (its appendix), those of 2015 at 110 layers.
  private static func cifar(_ architecture: Architecture, ours: TrainingProtocol) -> PaperProtocol {
    let isOf2016 = architecture.activationOrder != .original || architecture.block == .bottleneck
    let warmsUp = isOf2016 || architecture.depth == 110
    let data = isOf2016 && ours.data.name == "cifar-100" ? "cifar-100" : "cifar-10"
    return PaperProtocol(
      source: isOf2016 ? "He et al. 2016, appendix" : "He et al. 2015, section 4.2",
      [
        data, "32", "50000", "10000", "128", "64000", "0.1", "0.9", "0.0001", "no",
        "× 0.1 at steps 32000, 48000", warmsUp ? untilBelow80 : "none",
        "crop from 4 pixels of padding, mirror", "perPixel", "yes", "one",
      ])
  }

  /// He et al. 2015, 3.4.
  private static let imageNet = PaperProtocol(
    source: "He et al. 2015, section 3.4",
    [
      "imagenet", "224", "1281167", "50000", "256", "600000", "0.1", "0.9", "0.0001", "no",
      "× 0.1 where the error plateaus", "none",
      "shorter side 256 to 480, crop, mirror, colour", "perPixel", "yes", "ten crops",
    ])

  /// Dive into Deep Learning, ResNet: 5 epochs in the Gluon edition, 10 in the others.
  private static func textbook(ours: TrainingProtocol) -> PaperProtocol {
    let lengths = [5, 10].map { String(($0 * 60_000 + 255) / 256) }
    let own = String(ours.totalSteps)
    return PaperProtocol(
      source: "Dive into Deep Learning, Residual Networks",
      [
        "fashion-mnist", "96", "60000", "10000", "256",
        lengths.contains(own) ? own : lengths.joined(separator: " or "), "0.05", "0", "0", "no",
        "constant", "none", "none", "none", "yes", "one",
      ])
  }
}

extension TrainingProtocol {
  /// The fields that change what is learned. The name and the times of evaluation do not.
  static let comparedNames = [
    "data", "image size", "training images", "test images", "batch", "steps", "learning rate",
    "momentum", "weight decay", "Nesterov", "schedule", "warm-up", "augmentation", "mean",
    "shuffling", "test views",
  ]

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
    let values = [
      data.name, String(data.size), trainingImages, String(data.testCount), String(batch),
      String(totalSteps), canonical(optimizer.learningRate), canonical(optimizer.momentum),
      canonical(optimizer.weightDecay), optimizer.nesterov ? "yes" : "no", rates, warmUp ?? "none",
      changes.isEmpty ? "none" : changes.joined(separator: ", "),
      mean.rawValue + (deviation == .none ? "" : ", divided by deviation"),
      shuffle ? "yes" : "no", "one",
    ]
    return zip(Self.comparedNames, values).map { PaperProtocol.Field(name: $0, value: $1) }
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
  /// The protocol with which nets of this kind were published.
  public var paperProtocol: PaperProtocol { .of(architecture, ours: trainingProtocol) }

  /// The deviation ledger: every field that differs from the paper's; empty for its own protocol.
  public var deviations: [Deviation] {
    paperProtocol.deviations(of: trainingProtocol)
      + (initialWeights == nil
        ? []
        : [Deviation(field: "initial weights", ours: "from a file", papers: "random")])
  }
}
