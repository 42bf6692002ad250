// Parts of a training set: some of each class, and what is held out.
import Testing

@testable import Datasets
@testable import Numerics

@Suite struct ExampleSelectionTests {
  /// 60 examples, three classes in turn.
  static func dataset() throws -> ImageDataset {
    try ImageDataset(
      name: "some", split: .train, shape: ImageShape(height: 1, width: 1, channels: 1),
      classNames: ["a", "b", "c"], labels: (0..<60).map { $0 % 3 }, pixels: (0..<60).map { $0 })
  }

  @Test func someOfEachClassBySeed() throws {
    let dataset = try Self.dataset()
    func chosen(_ perClass: Int, seed: UInt64) throws -> [Int32] {
      try #require(try ExampleSelection(dataset, perClass: perClass, seed: seed).training)
    }
    let five = try chosen(5, seed: 1)
    #expect(five.count == 15 && five == five.sorted() && Set(five).count == 15)
    let labels = five.map { dataset.labels[Int($0)] }
    #expect((0..<3).allSatisfy { label in labels.count { $0 == label } == 5 })
    #expect(try chosen(5, seed: 1) == five)
    #expect(try chosen(5, seed: 2) != five)
    // More images are the same ones and others.
    #expect(try Set(chosen(9, seed: 1)).isSuperset(of: five))
    #expect(try chosen(20, seed: 1) == (0..<60).map { Int32($0) })
    let problem = message { _ = try chosen(21, seed: 1) }
    #expect(problem.contains("trainPerClass 21") && problem.contains("class a of some has 20"))
  }

  @Test func theSameOnesAreHeldOutWhateverTheSeed() throws {
    let dataset = try Self.dataset()
    let all = try ExampleSelection(dataset, seed: 1)
    #expect(all.training == nil && all.validation.isEmpty)
    let held = try ExampleSelection(dataset, validationCount: 15, seed: 1)
    let training = try #require(held.training)
    #expect(held.validation.count == 15 && training == training.sorted())
    // Each example is on one side only.
    #expect((training + held.validation).sorted() == (0..<60).map { Int32($0) })
    #expect(try ExampleSelection(dataset, validationCount: 15, seed: 2) == held)
    // Not the last ones: a folder's last pictures are all of its largest class.
    #expect(held.validation != (45..<60).map { Int32($0) })
    let fewer = try ExampleSelection(dataset, validationCount: 4, seed: 1)
    #expect(Set(held.validation).isSuperset(of: fewer.validation))
    let both = try ExampleSelection(dataset, validationCount: 15, perClass: 3, seed: 1)
    #expect(both.validation == held.validation && both.training?.count == 9)
    #expect(try Set(training).isSuperset(of: #require(both.training)))
    let most =
      dataset.classCounts.indices.map { label in
        training.count { dataset.labels[Int($0)] == label }
      }.min() ?? 0
    #expect(
      message {
        _ = try ExampleSelection(dataset, validationCount: 15, perClass: most + 1, seed: 1)
      }.contains("has \(most) examples to train on"))
    #expect(
      message { _ = try ExampleSelection(dataset, validationCount: 60, seed: 1) }
        .contains("validationCount 60"))
  }

  @Test func loadersUseTheirExamplesOnly() throws {
    let dataset = try sampleDataset(count: 20)
    let examples: [Int32] = [3, 7, 8, 15, 19]
    let preprocessing = Preprocessing(training: dataset, mean: .none)
    let loader = BatchLoader(
      dataset: dataset, examples: examples, preprocessing: preprocessing, augmentation: .none,
      batch: 3, seed: 4)
    #expect(loader.count == 5 && loader.stepsPerEpoch == 2)
    let labels = try (0..<5).flatMap { try batch(loader, $0).labels }
    for epoch in 0..<3 { #expect(labels[epoch * 5..<epoch * 5 + 5].sorted() == examples) }
    let batches = EvaluationBatches(
      EvaluationLoader(dataset: dataset, examples: examples, preprocessing: preprocessing), batch: 4
    )
    #expect(batches.steps == 2)
    let prefetcher = Prefetcher(source: batches, steps: 0..<2)
    var seen: [Int32] = []
    while let batch = try prefetcher.next() {
      seen += UnsafeBufferPointer(start: batch.labels, count: batch.count)
    }
    #expect(seen == examples)
  }
}
