// Which examples of a training set are trained on, and which are held out.
import Numerics

/// A part of a training set: some examples of each class, and a validation split.
public struct ExampleSelection: Sendable, Equatable {
  /// Those that are trained on, ascending; nil for all.
  public let training: [Int32]?
  /// Those that are held out, ascending; empty for none.
  public let validation: [Int32]

  /// - Parameters:
  ///   - dataset: the training set.
  ///   - validationCount: how many examples are held out, chosen at random but always the same ones,
  ///     whatever the seed; fewer are always a part of more.
  ///   - perClass: how many of each class are trained on, out of the others; nil for all. Which ones
  ///     depends on the seed, and fewer are always a part of more.
  /// - Throws: `DatasetError` where a class has too few examples.
  public init(
    _ dataset: any ImageCollection, validationCount: Int = 0, perClass: Int? = nil, seed: UInt64
  ) throws(DatasetError) {
    let rest = dataset.count - validationCount
    guard validationCount >= 0, rest > 0 else {
      throw DatasetError(
        "validationCount \(validationCount) is not possible; the training split of \(dataset.name) "
          + "has \(dataset.count) examples")
    }
    var learned = (0..<Int32(dataset.count)).map { $0 }
    if validationCount == 0 {
      validation = []
    } else {
      var random = CounterRandom(seed: 0, purpose: .subset, epoch: 1)
      let order = random.permutation(of: dataset.count)
      validation = order.prefix(validationCount).sorted()
      learned = order.dropFirst(validationCount).sorted()
    }
    guard let perClass else {
      training = validationCount == 0 ? nil : learned
      return
    }
    var classes = [[Int32]](repeating: [], count: dataset.classNames.count)
    for example in learned { classes[Int(dataset.labels[Int(example)])].append(example) }
    var chosen: [Int32] = []
    for (label, examples) in classes.enumerated() {
      guard examples.count >= perClass else {
        throw DatasetError(
          "trainPerClass \(perClass) is not possible; the class \(dataset.classNames[label]) of "
            + "\(dataset.name) has \(examples.count) examples to train on")
      }
      var random = CounterRandom(seed: seed, purpose: .subset, index: label)
      let order = random.permutation(of: examples.count)
      chosen += order.prefix(perClass).map { examples[Int($0)] }
    }
    training = chosen.sorted()
  }
}
