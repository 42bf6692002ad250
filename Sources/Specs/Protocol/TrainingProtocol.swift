// How a variant is trained: every field explicit, defaults filled in.
import Datasets
import Numerics
import Text

/// The conditions of training, all explicit. Two variants are comparable where theirs are equal.
public struct TrainingProtocol: Hashable, Sendable {
  public enum Length: Hashable, Sendable {
    case iterations(Int)
    case epochs(Int)
  }

  /// Which mean of the training images is subtracted.
  public enum Mean: String, CaseIterable, Sendable {
    case perPixel
    case perChannel
    case none
  }

  /// What the images are divided by after the mean is subtracted.
  public enum Deviation: String, CaseIterable, Sendable {
    case none
    /// The standard deviation of each channel over the training images.
    case perChannel
  }

  /// When numbers are taken, in steps, or in epochs where the length is given in epochs. The last
  /// step always counts too.
  public struct Evaluation: Hashable, Sendable {
    /// Between two passes over the test images.
    public var every: Int
    /// Between two records of the training metrics; divides `every`.
    public var recordEvery: Int
    /// Between two looks into the layers, the first step's besides; nil for none.
    public var layersEvery: Int? = nil
    /// Whether the last pass over the test images also averages over ten crops of each.
    public var tenCrop = false
  }

  public var name: String
  public var data: DataSpecification
  public var batch: Int
  public var length: Length
  public var optimizer: Optimizer
  public var schedule: Schedule
  /// Random changes of the training images.
  public var augmentation: Augmentation
  public var mean: Mean
  public var deviation: Deviation = .none
  public var shuffle: Bool
  /// How activations are kept and products made.
  public var precision = Precision.fp32
  public var evaluation: Evaluation

  /// Training steps of one run.
  public var totalSteps: Int {
    switch length {
    case .iterations(let steps): return steps
    case .epochs(let epochs): return steps(ofEpochs: epochs)
    }
  }

  /// The number of steps after which this many passes over the training images are through; epochs
  /// follow each other without a gap, so a batch may reach across their border.
  public func steps(ofEpochs epochs: Int) -> Int {
    (epochs * data.epochCount + batch - 1) / batch
  }

  /// The rate of every step, counted from 0.
  public var learningRate: @Sendable (Int) -> Float {
    schedule.learningRate(
      base: optimizer.learningRate, totalSteps: totalSteps, stepsOfMilestone: steps(ofUnits:))
  }

  /// Whether the training metrics are recorded when this many steps are done.
  public func records(afterStep done: Int) -> Bool { isDue(done, every: evaluation.recordEvery) }

  /// Whether the test images are evaluated when this many steps are done.
  public func evaluates(afterStep done: Int) -> Bool { isDue(done, every: evaluation.every) }

  /// The last step, up to this many done, after which something is recorded; 0 where nothing is.
  package func lastRecord(upTo done: Int) -> Int {
    stride(from: done, to: 0, by: -1)
      .first { records(afterStep: $0) || evaluates(afterStep: $0) } ?? 0
  }

  /// How many passes over the test images there are.
  public var evaluationCount: Int {
    let end =
      switch length {
      case .iterations(let steps): steps
      case .epochs(let epochs): epochs
      }
    return (end + evaluation.every - 1) / evaluation.every
  }

  /// Whether the layers are looked into in the step after which this many are done.
  public func looksIntoLayers(afterStep done: Int) -> Bool {
    evaluation.layersEvery.map { done == 1 || isDue(done, every: $0) } ?? false
  }

  private func isDue(_ done: Int, every: Int) -> Bool {
    if done == totalSteps { return true }
    guard done > 0, done < totalSteps else { return false }
    switch length {
    case .iterations: return done % every == 0
    case .epochs:
      // Due when an epoch that counts has ended with this very step.
      let before = (done - 1) * batch / data.epochCount
      return before / every < done * batch / data.epochCount / every
    }
  }

  private func steps(ofUnits units: Int) -> Int {
    switch length {
    case .iterations: return units
    case .epochs: return steps(ofEpochs: units)
    }
  }

  /// Every field with its value. Fields that came later stand there only where they are not at their
  /// defaults, so that results from before still count.
  public var canonicalJSON: CanonicalJSON {
    var members: [String: CanonicalJSON] = [
      "name": .text(name),
      "data": data.canonicalJSON,
      "batch": .integer(batch),
      "optimizer": optimizer.canonicalJSON,
      "schedule": scheduleJSON,
      "augmentation": augmentationJSON,
      "mean": .text(mean.rawValue),
      "shuffle": .flag(shuffle),
      "evaluation": evaluationJSON,
    ]
    if deviation != .none { members["deviation"] = .text(deviation.rawValue) }
    if precision != .fp32 { members["precision"] = .text(precision.rawValue) }
    switch length {
    case .iterations(let steps): members["iterations"] = .integer(steps)
    case .epochs(let epochs): members["epochs"] = .integer(epochs)
    }
    return .object(members)
  }

  private var augmentationJSON: CanonicalJSON {
    var members: [String: CanonicalJSON] = [
      "padding": .integer(augmentation.padding), "flip": .flag(augmentation.flip),
    ]
    if let scale = augmentation.scale {
      members["scale"] = .object([
        "from": .integer(scale.lowerBound), "to": .integer(scale.upperBound),
      ])
    }
    return .object(members)
  }

  private var evaluationJSON: CanonicalJSON {
    var members: [String: CanonicalJSON] = [
      "every": .integer(evaluation.every), "recordEvery": .integer(evaluation.recordEvery),
    ]
    if let layersEvery = evaluation.layersEvery { members["layersEvery"] = .integer(layersEvery) }
    if evaluation.tenCrop { members["tenCrop"] = .flag(true) }
    return .object(members)
  }

  private var scheduleJSON: CanonicalJSON {
    var members: [String: CanonicalJSON] = ["kind": .text(schedule.kind.rawValue)]
    if schedule.kind == .step {
      members["milestones"] = .list(schedule.milestones.map { .integer($0) })
      members["factor"] = .number(schedule.factor)
    }
    members["warmup"] =
      schedule.warmUp.map {
        .object(["steps": .integer($0.steps), "learningRate": .number($0.learningRate)])
      } ?? .null
    return .object(members)
  }
}

extension TrainingProtocol {
  /// The level of a field under its dotted path; `none` where this protocol has no such field.
  package func level(of factor: String) -> FactorLevel {
    // Canonical JSON leaves the standard kind out.
    if factor == "optimizer.kind" { return FactorLevel(factor: factor, level: optimizer.kind) }
    let value = factor.split(separator: ".").reduce(canonicalJSON as CanonicalJSON?) { value, key in
      guard case .object(let members) = value else { return nil }
      return members[String(key)]
    }
    switch value {
    case .text(let text): return FactorLevel(factor: factor, level: text)
    case .flag(let flag): return FactorLevel(factor: factor, level: flag ? "true" : "false")
    case .integer(let number):
      return FactorLevel(factor: factor, level: String(number), numeric: Double(number))
    case .number(let number):
      return FactorLevel(factor: factor, level: canonical(number), numeric: number)
    case .null, .list, .object, nil: return FactorLevel(factor: factor, level: "none")
    }
  }
}
