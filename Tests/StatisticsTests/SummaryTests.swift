// Statistics against values worked out by hand.
import Testing

@testable import Statistics

@Suite struct SummaryTests {
  @Test func meanAndDeviation() {
    #expect(Statistics.mean([]) == nil)
    #expect(Statistics.mean([2, 4, 9]) == 5)
    #expect(Statistics.standardDeviation([2]) == nil)
    #expect(Statistics.standardDeviation([2, 4, 9]) == 13.0.squareRoot())
  }

  @Test func deviationOfLargeCloseNumbers() {
    #expect(Statistics.standardDeviation([1e9 + 1, 1e9 + 2, 1e9 + 3]) == 1)
  }
}
