// Training on a part of the images: what is counted as an epoch, and what is measured.
import Synchronization
import Testing

@testable import Experiments

@Suite struct TrainingPartsTests {
  private static func text(_ data: String, length: String = #""epochs": 2"#) -> String {
    SpecFixture.text(
      proto: #"{"name": "quick", "data": \#(data), "batch": 10, \#(length), "#
        + #""optimizer": {"learningRate": 0.05}}"#, factors: #"{"depth": [8]}"#)
  }

  /// The records of one run, by metric and step, and how it ended.
  private func train(
    _ text: String, seed: Int64 = 0
  ) throws -> (records: [String: [Int: Double]], outcome: RunOutcome) {
    let variant = try SpecFixture.variants(text)[0]
    let plan = RunPlan(experiment: "parts", variant: variant, seed: seed, threads: 1, macs: 1)
    var records: [String: [Int: Double]] = [:]
    let outcome = try TrainingExecutor().execute(
      plan,
      report: { progress in
        guard case .record(let step, let metrics) = progress else { return }
        for metric in metrics { records[metric.name, default: [:]][step] = metric.value }
      }, shouldStop: { false })
    return (records, outcome)
  }

  @Test func epochsCountTheImagesThatAreLearned() throws {
    let data = #"{"name": "shapes", "size": 16, "trainCount": 200, "testCount": 20"#
    let part = try SpecFixture.spec(
      Self.text(data + #", "trainPerClass": 3, "validationCount": 50}"#)
    ).baseProtocol
    #expect(part.data.epochCount == 30 && part.totalSteps == 6)
    #expect((1...6).filter { part.evaluates(afterStep: $0) } == [3, 6])
    let held = try SpecFixture.spec(Self.text(data + #", "validationCount": 50}"#)).baseProtocol
    #expect(held.data.epochCount == 150 && held.totalSteps == 30)
    #expect(
      held.data.canonicalJSON.text
        == #"{"name":"shapes","size":16,"testCount":20,"trainCount":200,"validationCount":50}"#)
    #expect(
      SpecFixture.problems(Self.text(data + #", "validationCount": 200}"#)).joined().contains(
        "leaves nothing of the 200 training images"))
    #expect(
      SpecFixture.problems(Self.text(data + #", "trainPerClass": 16, "validationCount": 50}"#))
        .joined().contains("16 images of each of 10 classes are more than the 150"))
  }

  @Test func validationIsMeasuredWithTheTest() throws {
    let data = #"{"name": "shapes", "size": 16, "trainCount": 60, "testCount": 30"#
    let (records, _) = try train(Self.text(data + #", "validationCount": 20}"#))
    for name in ["validationLoss", "validationError", "validationTop5Error", "testTop5Error"] {
      let steps = records[name]?.keys.sorted()
      #expect(steps == [4, 8], "\(name)")
    }
    let top5 = try #require(records["testTop5Error"]?[8])
    let top1 = try #require(records["testError"]?[8])
    #expect(top5 < top1)
    // Errors are whole images: of 20 and of 30.
    let images = try #require(records["validationError"]?[8]) * 20 / 100
    #expect(abs(images - images.rounded()) < 1e-9)
    let (without, _) = try train(Self.text(data + "}"))
    #expect(without["validationLoss"] == nil)
  }

  /// The seed chooses the images, so the same seed gives the same bits.
  @Test func subsetsBelongToTheSeed() throws {
    let text = Self.text(
      #"{"name": "shapes", "size": 16, "trainCount": 100, "testCount": 20, "trainPerClass": 2}"#)
    let first = try train(text, seed: 1)
    let again = try train(text, seed: 1)
    let other = try train(text, seed: 2)
    guard case .complete(let hash, _) = first.outcome, case .complete(let same, _) = again.outcome,
      case .complete(let different, _) = other.outcome
    else {
      Issue.record("a run did not complete")
      return
    }
    #expect(hash == same && hash != different)
  }
}
