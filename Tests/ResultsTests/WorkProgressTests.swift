// The estimate of remaining time, with numbers worked out by hand.
import Statistics
import Testing

@Suite struct WorkProgressTests {
  private func running(_ work: Double, _ step: Int, first: Int = 0, seconds: Double) -> WorkProgress
  {
    WorkProgress(
      .inWork, workPerStep: work, steps: 100, step: step, timedSteps: step - first, seconds: seconds
    )
  }

  @Test func aPieceGoesOnAtItsOwnPace() {
    #expect(running(1, 25, seconds: 10).remainingSeconds == 30)
    // Only the steps done in the time count for the pace.
    #expect(running(1, 80, first: 60, seconds: 10).remainingSeconds == 10)
    #expect(running(1, 0, seconds: 10).remainingSeconds == nil)
    #expect(WorkProgress(.waiting, workPerStep: 1, steps: 100).remainingSeconds == nil)
  }

  @Test func workersShareWhatIsLeft() {
    let waiting = WorkProgress(.waiting, workPerStep: 2, steps: 100)
    // 50 of work in 10 s: 50 + 200 are left, by one worker or by two.
    let one = running(1, 50, seconds: 10)
    #expect(WorkProgress.remainingSeconds([one, waiting]) == 50)
    #expect(WorkProgress.remainingSeconds([one, one, waiting]) == 30)
    let done = WorkProgress(
      .ended, workPerStep: 1, steps: 100, step: 100, timedSteps: 100, seconds: 40)
    // 150 of work in 50 s.
    #expect(abs((WorkProgress.remainingSeconds([one, done, waiting]) ?? 0) - 250 / 3) < 1e-9)
    // Between two runs nobody is at work; the next will be one.
    #expect(WorkProgress.remainingSeconds([done, waiting]) == 80)
  }

  @Test func allIsNotDoneBeforeTheLongest() {
    let slow = running(1, 10, seconds: 90)
    let fast = running(1, 90, seconds: 10)
    #expect(WorkProgress.remainingSeconds([slow, fast]) == 810)
  }

  @Test func withoutAPaceThereIsNoEstimate() {
    #expect(WorkProgress.remainingSeconds([]) == nil)
    #expect(
      WorkProgress.remainingSeconds([WorkProgress(.waiting, workPerStep: 1, steps: 9)]) == nil)
  }

  @Test func oneLevelHoldsForTestsAndIntervals() {
    #expect(Statistics.alpha == 0.05 && Statistics.confidence == 0.95)
    #expect(1 - 2 * Statistics.alpha == 0.9)
    #expect(Statistics.strictestAlpha(ofTests: 0) == 0.05)
    #expect(Statistics.strictestAlpha(ofTests: 5) == 0.01)
  }
}
