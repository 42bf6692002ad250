// "Did you mean …?"
import Testing

@testable import Text

@Suite struct NearestMatchTests {
  @Test(arguments: [
    ("", "abc", 3), ("abc", "abc", 0), ("weightDecy", "weightDecay", 1), ("kitten", "sitting", 3),
    ("ab", "ba", 1), ("depht", "depth", 1), ("abc", "", 3),
  ])
  func distances(a: String, b: String, distance: Int) {
    #expect(editDistance(Array(a), Array(b)) == distance)
  }

  @Test func nearButNotFar() {
    #expect(nearestMatch(to: "weight_decay", among: ["momentum", "weightDecay"]) == "weightDecay")
    #expect(nearestMatch(to: "Plain", among: ["residual", "plain"]) == "plain")
    #expect(nearestMatch(to: "colour", among: ["momentum", "weightDecay"]) == nil)
    #expect(nearestMatch(to: "", among: []) == nil)
  }
}
