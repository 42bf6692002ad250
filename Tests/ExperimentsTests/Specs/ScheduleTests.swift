// Learning rates at the steps where they change.
import Testing

@testable import Specs

@Suite struct ScheduleTests {
  @Test func constantStaysTheSame() {
    let rate = Schedule.constant.learningRate(base: 0.1, totalSteps: 10)
    #expect((0..<10).map(rate) == Array(repeating: Float(0.1), count: 10))
  }

  @Test func stepChangesAtItsMilestones() {
    let rate = Schedule.step(milestones: [32_000, 48_000]).learningRate(
      base: 0.1, totalSteps: 64_000)
    #expect(rate(0) == 0.1)
    #expect(rate(31_999) == 0.1)
    #expect(rate(32_000) == 0.01)
    #expect(rate(47_999) == 0.01)
    #expect(rate(48_000) == 0.001)
    #expect(rate(63_999) == 0.001)
    let half = Schedule.step(milestones: [1], factor: 0.5).learningRate(base: 1, totalSteps: 3)
    #expect((0..<3).map(half) == [1, 0.5, 0.5])
  }

  @Test func cosineFallsFromBaseToZero() {
    let rate = Schedule.cosine.learningRate(base: 0.2, totalSteps: 100)
    #expect(rate(0) == 0.2)
    #expect(abs(rate(50) - 0.1) < 1e-7)
    // cos(π/4) = √2/2
    #expect(abs(rate(25) - 0.1 * (1 + 0.70710678)) < 1e-7)
    #expect(rate(100) == 0)
    #expect(rate(1000) == 0)
    #expect((1...100).allSatisfy { rate($0) < rate($0 - 1) })
  }

  @Test func warmUpComesFirst() {
    let warm = Schedule.WarmUp(steps: 400, learningRate: 0.01)
    var schedule = Schedule.step(milestones: [1000])
    schedule.warmUp = warm
    let step = schedule.learningRate(base: 0.1, totalSteps: 2000)
    #expect([0, 399, 400, 999, 1000].map(step) == [0.01, 0.01, 0.1, 0.1, 0.01])
    schedule = .cosine
    schedule.warmUp = warm
    let cosine = schedule.learningRate(base: 0.1, totalSteps: 1400)
    #expect(cosine(399) == 0.01)
    #expect(cosine(400) == 0.1)
    #expect(abs(cosine(900) - 0.05) < 1e-7)
  }

  @Test func milestonesInEpochsBecomeSteps() throws {
    // 1000 images in batches of 300: epoch 2 ends within step 6 (images 1800..<2100).
    let proto = SpecFixture.proto(
      data: #"{"name": "shapes", "trainCount": 1000}"#, length: #""epochs": 3"#,
      more: #""schedule": {"kind": "step", "milestones": [2]}, "evaluation": {"every": 1}"#
    ).replacing("\"batch\": 128", with: "\"batch\": 300")
    let base = try SpecFixture.spec(SpecFixture.text(proto: proto)).baseProtocol
    #expect(base.totalSteps == 10)
    #expect(
      (0..<10).map(base.learningRate) == [0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.01, 0.01, 0.01])
    // Epochs end in steps 4, 7 and 10.
    #expect((0...11).filter(base.evaluates) == [4, 7, 10])
  }

  @Test func evaluationCountsStepsAndTheEnd() throws {
    let proto = SpecFixture.proto(
      length: #""iterations": 10"#, more: #""evaluation": {"every": 4, "recordEvery": 2}"#)
    let base = try SpecFixture.spec(SpecFixture.text(proto: proto)).baseProtocol
    #expect((0...12).filter(base.evaluates) == [4, 8, 10])
    #expect((0...12).filter(base.records) == [2, 4, 6, 8, 10])
  }
}
