// Which examples of a training set are trained on, and which are held out.
import Engine

/// A part of a training set: some examples of each class, and a validation split.
public struct ExampleSelection: Sendable, Equatable {
  /// Those that are trained on, ascending; nil for all.
  public let training: [Int32]?
  /// Those that are held out, ascending; empty for none.
  public let validation: [Int32]

  /// - Parameters:
  ///   - dataset: the training set.
  ///   - validationCount: how many examples are held out: the last ones, whatever the seed.
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
    validation = (Int32(rest)..<Int32(dataset.count)).map { $0 }
    guard let perClass else {
      training = validationCount == 0 ? nil : (0..<Int32(rest)).map { $0 }
      return
    }
    var classes = [[Int32]](repeating: [], count: dataset.classNames.count)
    for example in 0..<rest { classes[Int(dataset.labels[example])].append(Int32(example)) }
    var chosen: [Int32] = []
    for (label, examples) in classes.enumerated() {
      guard examples.count >= perClass else {
        throw DatasetError(
          "trainPerClass \(perClass) is not possible; the class \(dataset.classNames[label]) of "
            + "\(dataset.name) has \(examples.count) training examples")
      }
      var random = CounterRandom(seed: seed, purpose: .subset, index: label)
      let order = random.permutation(of: examples.count)
      chosen += order.prefix(perClass).map { examples[Int($0)] }
    }
    training = chosen.sorted()
  }
}
