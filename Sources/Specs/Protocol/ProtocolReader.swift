// From a protocol's JSON to its value: defaults filled in, contradictions refused.
import Datasets
import Numerics
import Text

/// Reads a protocol whose keys and types have been checked by its shape, and finds what no single
/// field shows: fields that contradict each other.
struct ProtocolReader {
  let node: JSONNode
  private let path = ["protocol"]
  private(set) var problems: [SpecProblem] = []

  init(_ node: JSONNode) { self.node = node }

  /// The protocol, or nil where a contradiction leaves none; either way see `problems`.
  mutating func read() -> TrainingProtocol? {
    guard let name = node["name"]?.text, let data = readData(), let length = readLength(),
      let batch = node["batch"]?.integer, let optimizer = readOptimizer()
    else { return nil }
    let augmentation = readAugmentation(data: data)
    var result = TrainingProtocol(
      name: name, data: data, batch: batch, length: length, optimizer: optimizer,
      schedule: readSchedule(), augmentation: augmentation,
      mean: node["mean"]?.text.flatMap { TrainingProtocol.Mean(rawValue: $0) } ?? .perPixel,
      deviation: node["deviation"]?.text.flatMap { TrainingProtocol.Deviation(rawValue: $0) }
        ?? .none,
      shuffle: node["shuffle"]?.flag ?? true,
      precision: node["precision"]?.text.flatMap { Precision(rawValue: $0) } ?? .fp32,
      evaluation: .init(every: 1, recordEvery: 1))
    result.evaluation = readEvaluation(length: length)
    checkAgainstLength(result)
    checkTenCrop(result)
    if batch > data.epochCount {
      report("batch", "a batch of \(batch) is more than the \(data.epochCount) training images")
    }
    return problems.isEmpty ? result : nil
  }

  /// Notes a problem at a dotted path below the protocol, at the nearest value that exists.
  mutating func report(_ key: String, _ message: String) {
    var keys = key.split(separator: ".").map(String.init)
    while !keys.isEmpty, node.value(at: joined(keys)) == nil { keys.removeLast() }
    let place = node.value(at: joined(keys)) ?? node
    problems.append(
      SpecProblem(
        position: place.position, path: joined(path + (key.isEmpty ? [] : [key])), message: message)
    )
  }

  private mutating func readAugmentation(data: DataSpecification) -> Augmentation {
    let augmentation = node["augmentation"]
    var result = Augmentation(
      padding: augmentation?["padding"]?.integer ?? 0, flip: augmentation?["flip"]?.flag ?? false)
    if augmentation?["padding"] != nil, result.padding >= data.size {
      report(
        "augmentation.padding",
        "a padding of \(result.padding) moves \(data.size)-pixel images out of sight")
    }
    guard let scale = augmentation?["scale"] else { return result }
    guard let from = scale["from"]?.integer, let to = scale["to"]?.integer else {
      report("augmentation.scale", "needs both from and to, such as {\"from\": 256, \"to\": 480}")
      return result
    }
    if !data.isFolder {
      report(
        "augmentation.scale",
        "images of \(data.name) have one size and are not scaled; leave scale out, padding moves them"
      )
    } else if from > to {
      report("augmentation.scale", "from \(from) is more than to \(to)")
    } else if from < data.size {
      report("augmentation.scale.from", "no image of \(data.size) pixels is in one of \(from)")
    } else if result.padding > 0 {
      report("augmentation.padding", "contradicts scale, which moves the crop already")
    } else {
      result.scale = from...to
    }
    return result
  }

  private mutating func readLength() -> TrainingProtocol.Length? {
    switch (node["iterations"]?.integer, node["epochs"]?.integer) {
    case (let iterations?, nil): return .iterations(iterations)
    case (nil, let epochs?): return .epochs(epochs)
    case (nil, nil): report("", "say how long to train: iterations or epochs is missing")
    case (_?, _?): report("epochs", "contradicts iterations; give one of the two")
    }
    return nil
  }

  private mutating func readOptimizer() -> TrainingProtocol.Optimizer? {
    guard let optimizer = node["optimizer"], let rate = optimizer["learningRate"]?.double else {
      return nil
    }
    let (described, problems) = OptimizerSection.all.read(optimizer)
    for problem in problems { report("optimizer.\(problem.key)", problem.message) }
    return TrainingProtocol.Optimizer(learningRate: rate, settings: described.settings)
  }

  private mutating func readSchedule() -> Schedule {
    guard let schedule = node["schedule"] else { return .constant }
    let kind = schedule["kind"]?.text.flatMap { Schedule.Kind(rawValue: $0) } ?? .constant
    let milestones = schedule["milestones"]?.elements.compactMap(\.integer)
    if kind == .step, milestones == nil {
      report("schedule.milestones", "a step schedule needs milestones, such as [32000, 48000]")
    }
    if kind != .step {
      for key in ["milestones", "factor"] where schedule[key] != nil {
        report("schedule.\(key)", "belongs to a step schedule; this one is \(kind.rawValue)")
      }
    }
    let steps = milestones ?? []
    if zip(steps, steps.dropFirst()).contains(where: { $0 >= $1 }) {
      report("schedule.milestones", "milestones ascend, each once")
    }
    let warmUp = schedule["warmup"].flatMap { node -> Schedule.WarmUp? in
      guard let steps = node["steps"]?.integer, let rate = node["learningRate"]?.double else {
        return nil
      }
      return Schedule.WarmUp(steps: steps, learningRate: rate)
    }
    return Schedule(
      kind: kind, milestones: kind == .step ? steps : [],
      factor: schedule["factor"]?.double ?? 0.1, warmUp: warmUp)
  }

  private mutating func readEvaluation(
    length: TrainingProtocol.Length
  ) -> TrainingProtocol.Evaluation {
    let (standard, end) =
      switch length {
      case .iterations(let steps): (max(1, steps / 10), steps)
      case .epochs(let epochs): (1, epochs)
      }
    let evaluation = node["evaluation"]
    let given = evaluation?["recordEvery"]?.integer
    // Left out, it is the smallest multiple of recordEvery from the standard on that fits.
    let multiple = given ?? 1
    let up = (standard + multiple - 1) / multiple * multiple
    let every = evaluation?["every"]?.integer ?? max(multiple, min(up, end / multiple * multiple))
    let recordEvery = given ?? every
    if !every.isMultiple(of: recordEvery) {
      report("evaluation.recordEvery", "\(recordEvery) does not divide every, which is \(every)")
    }
    return TrainingProtocol.Evaluation(
      every: every, recordEvery: recordEvery, layersEvery: evaluation?["layersEvery"]?.integer,
      tenCrop: evaluation?["tenCrop"]?.flag ?? false)
  }

  /// Ten crops are of a folder's pictures, and go through the network together.
  private mutating func checkTenCrop(_ result: TrainingProtocol) {
    guard result.evaluation.tenCrop else { return }
    if !result.data.isFolder {
      report(
        "evaluation.tenCrop",
        "crops are of the pictures of an image-folder, not \(result.data.name)")
    } else if result.batch < 10 {
      report("evaluation.tenCrop", "ten crops need a batch of at least 10, not \(result.batch)")
    }
  }

  /// What must come before the last step.
  private mutating func checkAgainstLength(_ result: TrainingProtocol) {
    let end: Int
    let unit: String
    switch result.length {
    case .iterations(let steps): (end, unit) = (steps, "iterations")
    case .epochs(let epochs): (end, unit) = (epochs, "epochs")
    }
    if let late = result.schedule.milestones.first(where: { $0 >= end }) {
      report("schedule.milestones", "milestone \(late) is not before the end at \(end) \(unit)")
    }
    let lowest = result.schedule.milestones.reduce(result.optimizer.learningRate) { rate, _ in
      rate * result.schedule.factor
    }
    if lowest < SpecShape.smallest {
      report(
        "schedule.factor",
        "makes a rate below \(canonical(SpecShape.smallest)) at the last milestone")
    }
    if let warmUp = result.schedule.warmUp, warmUp.steps >= result.totalSteps {
      report(
        "schedule.warmup.steps",
        "a warm-up of \(warmUp.steps) steps is not before the end at \(result.totalSteps)")
    }
    if result.evaluation.every > end {
      report("evaluation.every", "\(result.evaluation.every) is beyond the end at \(end) \(unit)")
    }
  }
}
