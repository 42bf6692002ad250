// A run whose data is fixed exactly can be followed step by step from outside.
import Datasets
import Engine
import Foundation
import Networks
import Testing

@testable import Numerics
@testable import Specs
@testable import Training

@Suite struct FixedDataTests {
  /// The first 40 images in their order, batches of 16, so that batches reach across epochs; the
  /// loss of every step is compared with a loop written here.
  @Test func everyStepsLossIsThatOfTheFirstImagesInOrder() throws {
    let (count, batch, steps) = (40, 16, 6)
    let proto = SpecFixture.proto(
      data: #"{"name": "shapes", "size": 16, "trainCount": \#(count), "testCount": 10}"#,
      length: #""iterations": \#(steps)"#,
      more:
        #""shuffle": false, "mean": "perChannel", "evaluation": {"every": \#(steps), "recordEvery": 1}"#
    ).replacing(#""batch": 128"#, with: #""batch": \#(batch)"#)
    let text = SpecFixture.text(
      proto: proto, factors: #"{"network": ["residual"], "depth": [8]}"#, seeds: "[3]")
    let variant = try #require(try SpecFixture.variants(text).first)
    let plan = RunPlan(experiment: "fixed", variant: variant, seed: 3, threads: 2, macs: 1)
    var losses: [Int: Double] = [:]
    _ = try TrainingExecutor().execute(
      plan, keeping: .nothing,
      report: { progress in
        guard case .record(let step, let metrics) = progress else { return }
        losses[step] = metrics.first { $0.name == "trainLoss" }?.value
      }, shouldStop: { false })
    #expect(losses.keys.sorted() == Array(1...steps))

    let images = try DatasetLoader.load(
      DatasetRequest(name: .shapes, path: nil, size: 16, trainCount: count, testCount: 10)
    ).train
    let preprocessing = Preprocessing(training: images, mean: .perChannel)
    #expect(variant.trainingProtocol.data.expectedFacts.facts == ImageFacts(images))
    let graph = try variant.graph()
    let network = NetworkExecutor(graph, batch: batch, pool: WorkerPool(threads: 1))
    network.state.initialize(seed: 3)
    // The images in their order, without chance, as evaluation reads them.
    let loader = EvaluationLoader(dataset: images, preprocessing: preprocessing)
    let size = images.shape.count
    let all = UnsafeMutablePointer<Float>.allocate(capacity: count * size)
    defer { all.deallocate() }
    var labels = [Int32](repeating: 0, count: count)
    try loader.fill(0..<count, images: all, labels: &labels)
    for step in 0..<steps {
      let indices = (0..<batch).map { (step * batch + $0) % count }
      for (position, index) in indices.enumerated() {
        (network.input + position * size).update(from: all + index * size, count: size)
      }
      let result = network.trainStep(
        labels: indices.map { labels[$0] }, count: batch, optimizer: SGD(), learningRate: 0.1)
      #expect(result.loss == losses[step + 1], "step \(step + 1)")
    }
  }
  /// A run whose data are not those that were planned for does not start.
  @Test func dataMustBeThatOfThePlan() throws {
    let text = SpecFixture.text(
      proto: SpecFixture.proto(
        data: #"{"name": "shapes", "size": 16, "trainCount": 128, "testCount": 10}"#,
        length: #""iterations": 1"#), factors: #"{"network": ["residual"], "depth": [8]}"#,
      seeds: "[0]")
    let right = try #require(try SpecFixture.variants(text).first)
    var proto = right.trainingProtocol
    #expect(proto.data.classes == 10)
    proto.data.classCount = 12
    let plan = RunPlan(
      experiment: "fixed",
      variant: Variant(architecture: right.architecture, trainingProtocol: proto),
      seed: 0, threads: 1, macs: 1)
    let expected = DatasetError(
      "the images of shapes are 3x16x16 in 10 classes, but the run was planned for 3x16x16 in 12 "
        + "classes; they have changed since the experiment was read: run it again")
    #expect(throws: expected) {
      _ = try TrainingExecutor().execute(plan, report: { _ in }, shouldStop: { false })
    }
  }
}
