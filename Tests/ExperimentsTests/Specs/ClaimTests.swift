// Claims in a spec: what they become, and how wrong ones are refused.
import Foundation
import Testing

@testable import Specs
@testable import Statistics

@Suite struct ClaimTests {
  static let sides =
    #""a": {"network": "plain", "depth": 56}, "b": {"network": "plain", "depth": 20}"#

  private func claims(_ text: String) throws -> [Claim] {
    let spec = try SpecFixture.spec(SpecFixture.text(more: #""claims": [\#(text)]"#))
    return spec.claims(of: try spec.expand())
  }

  /// What is wrong with one claim, which stands in line 7 from column 14 on.
  private func problems(_ text: String) -> [String] {
    SpecFixture.problems(SpecFixture.text(more: #""claims": [\#(text)]"#))
  }

  @Test func everyKindIsRead() throws {
    let claims = try claims(
      #"""
      {"id": "s", "kind": "superiority", \#(Self.sides), "direction": "a<b", "metric": "trainError",
       "statement": "In words", "reference": {"source": "S", "a": 6.97, "b": 8.75}},
      {"id": "e", "kind": "equivalence", \#(Self.sides), "margin": 0.5},
      {"id": "o", "kind": "order", "direction": "decreasing",
       "sequence": [{"network": "plain", "depth": 20}, {"network": "residual", "depth": 20}]},
      {"id": "d", "kind": "diagnostic", "a": {"network": "residual", "depth": 56},
       "metric": "gradientNorm", "statistic": "logSlope", "direction": "above", "threshold": -1}
      """#)
    #expect(
      claims.map(\.assertion) == [
        .superiority(a: "plain-56", b: "plain-20", .less),
        .equivalence(a: "plain-56", b: "plain-20", margin: 0.5),
        .order(["plain-20", "resnet-20"], .greater),
        .diagnostic(a: "resnet-56", b: nil, .logSlope, .greater, threshold: -1),
      ])
    #expect(claims.map(\.kind) == Claim.Kind.allCases)
    #expect(claims.map(\.metric) == [.trainError, .testError, .testError, .gradientNorm])
    #expect(claims[0].statement == "In words")
    #expect(claims[0].reference?.difference.map { abs($0 + 1.78) < 1e-12 } == true)
    #expect(
      claims.map(\.formula) == [
        "trainError: plain-56 < plain-20", "testError: |plain-56 − plain-20| < 0.5",
        "testError: plain-20 > resnet-20", "gradientNorm: logSlope(resnet-56) > -1",
      ])
    #expect(claims[3].statement == claims[3].formula)
  }

  @Test func wrongClaimsAreRefusedWithTheirPlace() {
    #expect(
      problems(#"{"id": "x", "kind": "superiority", \#(Self.sides)}"#)
        == [#"7:14: claims[0]: the key "direction" of a claim of superiority is missing"#])
    #expect(
      problems(#"{"id": "x", "kind": "equivalence", \#(Self.sides), "margin": 1, "threshold": 2}"#)
        == [
          "7:142: claims[0].threshold: does not belong to a claim of equivalence"
        ])
    #expect(
      problems(
        #"{"id": "x", "kind": "superiority", \#(Self.sides), "direction": "increasing"}"#)
        == [
          "7:142: claims[0].direction: is no direction of a claim of superiority; "
            + "Allowed: a>b, a<b"
        ])
    #expect(
      problems(
        #"{"id": "x", "kind": "equivalence", "a": {"depth": 56}, "b": {"network": "plain", "#
          + #""depth": 20}, "margin": 1}"#)
        == [
          "7:54: claims[0].a: these levels are 2 variants: plain-56, resnet-56; name more levels"
        ])
    #expect(
      problems(
        #"{"id": "x", "kind": "diagnostic", "a": {"depth": 44}, "direction": "above", "#
          + #""threshold": 1}"#)
        == ["7:63: claims[0].a.depth: 44 is no level here; Allowed: 20, 56"])
    #expect(
      problems(
        #"{"id": "x", "kind": "equivalence", "a": {"network": "plain", "depth": 20}, "#
          + #""b": {"depth": 20, "network": "plain"}, "margin": 1}"#)
        == ["7:94: claims[0].b: is the same variant as a, plain-20"])
    #expect(
      problems(
        #"{"id": "x", "kind": "order", "direction": "increasing", "sequence": "#
          + #"[{"network": "plain", "depth": 20}, {"network": "plain", "depth": 20}]}"#)
        == ["7:118: claims[0].sequence[1]: plain-20 is in the sequence already"])
    let one = #"{"id": "x", "kind": "equivalence", \#(Self.sides), "margin": 1}"#
    #expect(
      problems("\(one), \(one)").first?.contains("another claim has the name x already, at 7:21")
        == true)
    #expect(
      problems(#"{"id": "x", "kind": "superior", \#(Self.sides)}"#).first?
        .contains("did you mean superiority?") == true)
    #expect(
      problems(#"{"id": "x", "kind": "equivalence", \#(Self.sides), "margin": 0}"#).first?
        .contains("expected a number above 0") == true)
    #expect(
      problems(
        #"{"id": "x", "kind": "equivalence", "a": {}, "b": {"network": "plain", "depth": 20}, "#
          + #""margin": 1}"#
      ).first?.contains("names no level") == true)
  }

  @Test func aMetricThatIsNotRecordedIsRefused() {
    func problem(_ metric: String, _ rest: String) -> String? {
      problems(#"{"id": "x", "metric": "\#(metric)", \#(rest)}"#).first
    }
    for metric in ["validationError", "validationLoss", "selectedTestError"] {
      let rest = #""kind": "superiority", \#(Self.sides), "direction": "a>b""#
      #expect(
        problem(metric, rest)
          == "7:36: claims[0].metric: plain-20 records no \(metric): it holds no images out "
          + "(data.validationCount)")
    }
    #expect(
      problem(
        "deadShare",
        #""kind": "diagnostic", "a": {"network": "plain", "depth": 20}, "direction": "above", "#
          + #""threshold": 0"#)
        == "7:36: claims[0].metric: plain-20 records no deadShare: it looks into no layers "
        + "(evaluation.layersEvery)")
  }

  @Test func ofTheGapThereIsTheLastValueAlone() {
    let gap = #""metric": "errorGap""#
    #expect(
      problems(#"{"id": "x", "kind": "superiority", \#(gap), \#(Self.sides), "direction": "a>b"}"#)
        == [])
    let diagnostic =
      #""kind": "diagnostic", \#(gap), "a": {"network": "plain", "depth": 20}, "direction": "above", "#
      + #""threshold": 0"#
    #expect(problems(#"{"id": "x", \#(diagnostic), "statistic": "last"}"#) == [])
    #expect(
      problems(#"{"id": "x", \#(diagnostic), "statistic": "mean"}"#).first?
        .contains("claims[0].statistic: of the gap there is the last value alone") == true)
  }

  @Test func aReferenceFitsItsClaimAndItself() {
    func claim(_ reference: String) -> String {
      #"{"id": "x", "kind": "superiority", "direction": "a>b", \#(Self.sides), "#
        + #""reference": {"source": "S", \#(reference)}}"#
    }
    #expect(problems(claim(#""a": 8.75, "b": 6.97, "difference": 1.78"#)) == [])
    #expect(
      problems(claim(#""a": 8.75, "b": 6.97, "difference": -1.78"#)).first?
        .contains("reference.difference: a − b is 1.78") == true)
    #expect(
      problems(claim(#""values": [1, 2]"#)).first?.contains("belongs to a sequence") == true)
    #expect(
      problems(
        #"{"id": "x", "kind": "order", "direction": "increasing", "sequence": "#
          + #"[{"network": "plain", "depth": 20}, {"network": "plain", "depth": 56}], "#
          + #""reference": {"source": "S", "values": [1, 2, 3]}}"#
      ).first?.contains("has 3 values for a sequence of 2") == true)
  }

  @Test func statisticsOfASeries() {
    let points = [(step: 1000, value: 8.0), (step: 2000, value: 4), (step: 4000, value: 1)]
    #expect(Claim.Statistic.last.value(of: points) == 1)
    #expect(Claim.Statistic.maximum.value(of: points) == 8)
    #expect(Claim.Statistic.minimum.value(of: points) == 1)
    #expect(Claim.Statistic.mean.value(of: points) == 13.0 / 3)
    // Halved with every 1000 steps.
    let slope = Claim.Statistic.logSlope.value(of: points) ?? 0
    #expect(abs(slope + log(2)) < 1e-12)
    let line = [(step: 0, value: 1.0), (step: 500, value: 2), (step: 1000, value: 3)]
    #expect(Claim.Statistic.slope.value(of: line) == 2)
    #expect(Claim.Statistic.slope.value(of: [(step: 5, value: 1)]) == nil)
    #expect(Claim.Statistic.logSlope.value(of: [(step: 0, value: 0), (step: 1, value: 1)]) == nil)
    #expect(Claim.Statistic.last.value(of: []) == nil)
  }
}
