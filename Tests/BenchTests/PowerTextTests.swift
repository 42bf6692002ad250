// What `bench plan` says of claims and budgets.
import Testing

@testable import Specs
@testable import Statistics
@testable import Verdicts
@testable import bench

@Suite struct PowerTextTests {
  @Test(arguments: [
    ("8h", 28_800.0), ("90m", 5400), ("1h30m", 5400), ("2d", 172_800), ("45s", 45), ("0.5h", 1800),
    ("90", 90),
  ])
  func spansAreRead(text: String, seconds: Double) {
    #expect(TimeSpan(argument: text)?.seconds == seconds)
  }

  @Test(arguments: [
    "", "h", "8x", "-1h", "8h5", "5h8x", "nanh", "infd", "1e99d", "0x10", "-0", "1h-0m", "+1",
  ])
  func otherSpansAreNot(text: String) {
    #expect(TimeSpan(argument: text) == nil)
  }

  @Test func powerAsATable() throws {
    let text = #"""
      {"name": "sample", "title": "A sample",
       "protocol": {"name": "quick", "data": {"name": "shapes", "size": 16}, "batch": 128,
                    "iterations": 600, "optimizer": {"learningRate": 0.1}},
       "factors": {"depth": [20, 56, 110]}, "seeds": 3, "claims": [
        {"id": "gain", "kind": "superiority", "a": {"depth": 56}, "b": {"depth": 20},
         "direction": "a<b", "reference": {"source": "S", "difference": -1.78}},
        {"id": "more", "kind": "superiority", "a": {"depth": 110}, "b": {"depth": 56},
         "direction": "a<b", "reference": {"source": "S", "difference": -0.54}},
        {"id": "unknown", "kind": "superiority", "a": {"depth": 110}, "b": {"depth": 20},
         "direction": "a<b"}]}
      """#
    let spec = try ExperimentSpec(bytes: Array(text.utf8), file: "sample.json")
    let claims = spec.claims(of: try spec.expand())
    let values = ["resnet-20": [8.0, 9, 8.5], "resnet-56": [7.0, 7.2, 7.1]]
    let plan = PowerPlan(claims, seeds: 3) { _, variant in values[variant] ?? [] }
    let expected = """

      claim    difference  spread                         seeds for 80 %  power of 3 seeds
      -------  ----------  -----------------------------  --------------  ----------------
      gain           1.78  0.10 and 0.50                               4              76 %
      more           0.54  unknown; must be at most 0.16               –                 –
      unknown           –  unknown                                     –                 –

      Power at the reference's difference, one-sided level 0.0167 (0.05 over 3 claims).
      A spread is known once two seeds of both sides are complete; until then it is said how large \
      it may be for these seeds to do.

      """
    #expect(PowerText.text(plan) == expected)
  }
}
