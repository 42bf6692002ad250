// What a sweep asks for where the user does not say.
import Testing

@testable import bench

@Suite struct SlurmTimeTests {
  @Test(arguments: [
    ("90", 5400), ("90:30", 5460), ("1:00:00", 3600), ("2-00", 172_800), ("1-02:30", 95_400),
    ("1-02:30:30", 95_460), ("8h", 28_800), ("90s", 120), ("1d", 86_400), ("1h30m", 5400),
  ])
  func timesAreReadAsSlurmReadsThem(text: String, seconds: Int) {
    #expect(SlurmTime(argument: text)?.seconds == seconds)
  }

  @Test(arguments: ["", "0", "soon", "1-", "-5", "1:2:3:4", "1-2-3", "1.5", "99999999999999999999"])
  func whatIsNoTimeIsRefused(text: String) { #expect(SlurmTime(argument: text) == nil) }
}
