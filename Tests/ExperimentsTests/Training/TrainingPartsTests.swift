// Training on a part of the images: what is counted as an epoch, and what is measured.
import Synchronization
import Testing

@testable import Papers
@testable import Specs
@testable import Text
@testable import Training

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

  /// The test error at the best validation error so far, at every evaluation.
  @Test func theValidationImagesSelect() throws {
    let data = #"{"name": "shapes", "size": 16, "trainCount": 90, "testCount": 40"#
    let text = Self.text(data + #", "validationCount": 30}"#, length: #""epochs": 6"#)
    let (records, _) = try train(text)
    let validation = try #require(records["validationError"]).sorted { $0.key < $1.key }
    let test = try #require(records["testError"])
    #expect(validation.count == 6)
    var best = validation[0]
    for (step, error) in validation {
      if error < best.value { best = (step, error) }
      #expect(records["selectedStep"]?[step] == Double(best.key))
      #expect(records["selectedTestError"]?[step] == test[best.key])
    }
    // Else the last evaluation would do as well.
    #expect(Set(test.values).count > 1)
  }

  @Test func theEarlierOfEqualsIsSelected() {
    func evaluation(_ step: Int, _ validation: Double, _ test: Double) -> SelectedEvaluation {
      SelectedEvaluation(step: step, validationError: validation, testError: test)
    }
    let first = evaluation(10, 20, 30)
    #expect(SelectedEvaluation.better(nil, first) == first)
    // A smaller test error counts for nothing.
    #expect(SelectedEvaluation.better(first, evaluation(20, 20, 1)) == first)
    let second = evaluation(20, 19, 99)
    #expect(SelectedEvaluation.better(first, second) == second)
  }

  /// Nothing of the test images comes into what is trained or held out.
  @Test func theTestImagesChangeNothing() throws {
    func weights(_ testCount: Int) throws -> (hash: RunOutcome, validation: [Int: Double]?) {
      let result = try train(
        Self.text(
          #"{"name": "shapes", "size": 16, "trainCount": 60, "validationCount": 20, "#
            + #""testCount": \#(testCount)}"#))
      return (result.outcome, result.records["validationError"])
    }
    let (few, many) = (try weights(10), try weights(40))
    guard case .complete(let hash, _) = few.hash, case .complete(let other, _) = many.hash else {
      Issue.record("a run did not complete")
      return
    }
    #expect(hash == other && few.validation == many.validation)
  }

  @Test func partsOfTheImagesAreFactors() throws {
    let text = SpecFixture.text(
      proto: #"{"name": "quick", "data": {"name": "shapes", "size": 16, "trainCount": 400}, "#
        + #""batch": 10, "epochs": 2, "optimizer": {"learningRate": 0.05}}"#,
      factors: #"{"depth": [8], "data.trainPerClass": [5, 20], "data.validationCount": [0, 100], "#
        + #""data.size": [16, 24]}"#)
    let variants = try SpecFixture.variants(text)
    #expect(variants.count == 8)
    #expect(
      variants[3].name
        == "resnet-8-data.size=24-data.trainPerClass=5-data.validationCount=100")
    #expect(variants[3].trainingProtocol.data.size == 24)
    #expect(variants.map(\.trainingProtocol.totalSteps) == [10, 10, 10, 10, 40, 40, 40, 40])
    #expect(variants[7].level(of: "data.trainPerClass")?.numeric == 20)
    #expect(Set(variants.map(\.configurationHash)).count == 8)
    let ledger = Dictionary(
      uniqueKeysWithValues: PaperComparison([]).departures(of: variants[7]).map {
        ($0.field, $0.ours)
      })
    #expect(ledger["training images"] == "200 (20 of each class, 100 held out)")
    let stored = try StoredConfiguration(json: variants[7].configurationJSON)
    #expect(stored.differences.isEmpty && stored.variant.trainingProtocol.data.trainPerClass == 20)
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
