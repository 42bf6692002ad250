// Which combinations zip, when and ablate make, and every way in which they are refused.
import Numerics
import Testing

@testable import Specs
@testable import Text

@Suite struct GridTests {
  typealias F = SpecFixture

  static func names(_ text: String) throws -> [String] { try F.variants(text).map(\.name) }

  // MARK: zip

  @Test func zippedLevelsGoTogetherWhereTheFirstFactorStands() throws {
    let factors =
      #"{"depth": [20, 32, 20], "network": ["plain", "residual"], "width": [1, 1, 2]}"#
    #expect(
      try Self.names(F.text(factors: factors, more: #""zip": [["width", "depth"]]"#)) == [
        "plain-20", "resnet-20", "plain-32", "resnet-32", "plain-20-width=2", "resnet-20-width=2",
      ])
  }

  @Test func groupsMultiply() throws {
    let factors = #"""
      {"depth": [20, 32], "width": [1, 2], "batch": [64, 128], "optimizer.learningRate": [0.05, 0.1]}
      """#
    let zip = #""zip": [["depth", "width"], ["batch", "optimizer.learningRate"]]"#
    #expect(
      try Self.names(F.text(factors: factors, more: zip)) == [
        "resnet-20-batch=64-optimizer.learningRate=0.05",
        "resnet-20-batch=128-optimizer.learningRate=0.1",
        "resnet-32-width=2-batch=64-optimizer.learningRate=0.05",
        "resnet-32-width=2-batch=128-optimizer.learningRate=0.1",
      ])
  }

  // MARK: when

  @Test func whenAddsAFactorToSomeCombinations() throws {
    let when = #""when": [{"match": {"network": "residual"}, "factors": {"shortcut": ["A", "B"]}}]"#
    #expect(
      try Self.names(F.text(more: when)) == [
        "plain-20", "plain-56", "resnet-20", "resnet-20-shortcut=B", "resnet-56",
        "resnet-56-shortcut=B",
      ])
  }

  @Test func whenReplacesLevelsAndWhatIsEqualThenIsOne() throws {
    let factors = #"{"network": ["plain", "residual"], "depth": [20, 56], "batch": [64, 128]}"#
    let when = #"""
      "when": [{"match": {"depth": 56}, "factors": {"batch": [32]}},
               {"match": {"network": "plain", "batch": [32, 64]}, "factors": {"depth": [32]}}]
      """#
    #expect(
      try Self.names(F.text(factors: factors, more: when)) == [
        "plain-32-batch=64", "plain-20-batch=128", "plain-32-batch=32", "resnet-20-batch=64",
        "resnet-20-batch=128", "resnet-56-batch=32",
      ])
  }

  @Test func excludeComesAfterWhen() throws {
    let more = #"""
      "when": [{"match": {"network": "residual"}, "factors": {"shortcut": ["A", "B"]}}],
      "exclude": [{"shortcut": "B", "depth": 56}]
      """#
    #expect(
      try Self.names(F.text(more: more))
        == ["plain-20", "plain-56", "resnet-20", "resnet-20-shortcut=B", "resnet-56"])
  }

  // MARK: ablate

  @Test func anAblationIsTheBaseAndEachChangeAlone() throws {
    let list = #"""
      "ablate": {"base": {"depth": 20, "activationOrder": "pre"}, "change": [
        {"activationOrder": "original"}, {"batch": 64}, {"network": "plain", "batch": 32}]}
      """#
    #expect(
      try Self.names(F.text(factors: nil, more: list)) == [
        "resnet-20-preact", "resnet-20", "resnet-20-preact-batch=64", "plain-20-preact-batch=32",
      ])
    let object = #"""
      "ablate": {"base": {"depth": 32}, "change": {"width": [0.5, 2], "shortcut": ["B"]}}
      """#
    #expect(
      try Self.names(F.text(more: object)) == [
        "plain-20", "plain-56", "resnet-20", "resnet-56", "resnet-32", "resnet-32-width=0.5",
        "resnet-32-width=2", "resnet-32-shortcut=B",
      ])
  }

  /// Also the base, whose name has none of them, so that claims and rules can tell it from the rest.
  @Test func everyVariantHasALevelOfEveryFactor() throws {
    let more = #"""
      "ablate": {"base": {"depth": 20}, "change": {
        "batch": [64], "optimizer.nesterov": [true], "schedule.kind": ["cosine"], "epochs": [1]}},
      "overrides": [
        {"match": {"batch": 128, "optimizer.nesterov": true},
         "protocol": {"optimizer": {"momentum": 0.5}}}],
      "claims": [{"id": "batch", "kind": "superiority", "direction": "a>b", "a": {"batch": 64},
        "b": {"optimizer.nesterov": true}}]
      """#
    let text = F.text(factors: nil, more: more)
    let variants = try F.variants(text)
    #expect(
      variants.map {
        $0.levels.dropFirst($0.architecture.levels.count).map(\.text).joined(separator: " ")
      } == [
        "batch=128 epochs=none optimizer.nesterov=false schedule.kind=constant",
        "batch=64 epochs=none optimizer.nesterov=false schedule.kind=constant",
        "batch=128 epochs=none optimizer.nesterov=true schedule.kind=constant",
        "batch=128 epochs=none optimizer.nesterov=false schedule.kind=cosine",
        "batch=128 epochs=1 optimizer.nesterov=false schedule.kind=constant",
      ])
    #expect(
      variants.map(\.trainingProtocol.optimizer.settings)
        == [SGD(), SGD(), SGD(momentum: 0.5, nesterov: true), SGD(), SGD()].map { .sgd($0) })
    #expect(
      variants[0].level(of: "batch") == FactorLevel(factor: "batch", level: "128", numeric: 128))
    let claims = try F.spec(text).claims(of: variants)
    #expect(
      claims.map(\.variants) == [["resnet-20-batch=64", "resnet-20-optimizer.nesterov=true"]])
  }

  /// A protocol in which every field has a value, and for each of them two other ones.
  /// Those of image folders belong together, and have tests of their own.
  private static let ofFolders = [
    "data.classes", "data.resize", "data.decode", "data.testShare", "data.testSeed",
    "augmentation.scale.from", "augmentation.scale.to", "evaluation.tenCrop",
  ]

  @Test(arguments: SpecGrammar.protocolFactors.map(\.key).filter { !ofFolders.contains($0) })
  func everyFieldOfTheProtocolIsAFactor(_ key: String) throws {
    let levels = [
      "data.name": #"["cifar-100", "cifar-10"]"#, "data.labels": #"["coarse"]"#,
      "mean": #"["perChannel", "none"]"#, "deviation": #"["perChannel"]"#, "shuffle": "[false]",
      "precision": #"["bf16"]"#,
      "augmentation.flip": "[true]",
      "optimizer.nesterov": "[true]", "schedule.kind": #"["step", "cosine"]"#,
      "data.size": "[32, 16]", "data.trainCount": "[300, 200]", "iterations": "[40, 80]",
      "epochs": "[20, 40]", "optimizer.weightDecay": "[0.1, 0.2]", "evaluation.every": "[20, 40]",
      "evaluation.recordEvery": "[5, 10]",
      "optimizer.momentum": "[0.8, 0.5]", "schedule.factor": "[0.2, 0.5]",
    ]
    let isOfLabels = key == "data.labels"
    let isOfStep = key == "schedule.factor"
    let data = isOfLabels || key == "data.name" ? "cifar-100" : "shapes"
    let schedule = isOfStep ? #""kind": "step", "milestones": [80], "# : ""
    let proto = #"""
      {"name": "q", "data": {"name": "\#(data)", "trainCount": 400, "testCount": 200}, "batch": 64,
       "iterations": 160, "optimizer": {"learningRate": 0.1}, "evaluation": {"every": 20},
       "schedule": {\#(schedule)"warmup": {"steps": 9, "learningRate": 0.01}}}
      """#
    let more =
      key == "schedule.kind"
      ? #""overrides": [{"match": {"schedule.kind": "step"}, "protocol": {"schedule": {"milestones": [80]}}}]"#
      : ""
    let factors = #"{"depth": [20], "\#(key)": \#(levels[key] ?? "[8, 16]")}"#
    let variants = try F.variants(F.text(proto: proto, factors: factors, more: more))
    let written = try JSONReader.read(Array((levels[key] ?? "[8, 16]").utf8)).elements
    #expect(variants.map { $0.level(of: key)?.level } == written.map(SpecRules.level))
    // The level is what is trained, not only what is said.
    #expect(
      variants.map { $0.trainingProtocol.level(of: key).level } == written.map(SpecRules.level))
    #expect(variants.map(\.name) == written.map { "resnet-20-\(key)=\(SpecRules.level($0))" })
  }

  // MARK: Refusals

  static let grid =
    #"{"network": ["plain", "residual"], "depth": [20, 56], "batch": [64, 128, 32]}"#

  static let cases: [(String, String)] = [
    (
      F.text(factors: grid, more: #""zip": [["depth", "bach"]]"#),
      "7:21: zip[0][1]: unknown 'bach'; did you mean batch? Allowed: \(SpecErrorTests.factors)"
    ),
    (
      F.text(factors: grid, more: #""zip": [["depth", "width"]]"#),
      "7:21: zip[0][1]: is no factor of the grid; Allowed: network, depth, batch"
    ),
    (
      F.text(factors: grid, more: #""zip": [["depth", "batch"]]"#),
      "7:11: zip[0]: levels that go together are equally many: depth has 2, batch has 3"
    ),
    (
      F.text(factors: grid, more: #""zip": [["depth", "network"], ["depth", "batch"]]"#),
      "7:34: zip[1][0]: depth is in a group already, at 7:12"
    ),
    (
      F.text(factors: grid, more: #""zip": [["depth"]]"#),
      "7:11: zip[0]: the list has 1 elements; write 2 to 100"
    ),
    (
      F.text(
        factors: #"{"depth": [20, 20], "width": [1, 1.0]}"#, more: #""zip": [["depth", "width"]]"#),
      "5:29: zip[0]: depth=20, width=1 go together for the second time"
    ),
    (
      F.text(more: #""when": [{"match": {"width": 1}, "factors": {"batch": [64]}}]"#),
      "7:23: when[0].match.width: is no factor of the grid; Allowed: network, depth"
    ),
    (
      F.text(more: #""when": [{"match": {"depth": 65}, "factors": {"batch": [64]}}]"#),
      "7:32: when[0].match.depth: 65 is no level here; did you mean 56? Allowed: 20, 56"
    ),
    (
      F.text(
        more: #""when": [{"match": {"network": "plain"}, "factors": {"depth": [32]}}, "#
          + #"{"match": {"network": "plain", "depth": 20}, "factors": {"batch": [64]}}]"#),
      "7:83: when[1].match: matches no combination of the grid"
    ),
    (
      F.text(more: #""when": [{"match": {}, "factors": {"batch": [64]}}]"#),
      "7:22: when[0].match: names no level, so it would hold everywhere; write these levels into "
        + "factors"
    ),
    (
      F.text(more: #""when": [{"match": {"depth": 20}, "factors": {}}]"#),
      "7:48: when[0].factors: names no factor"
    ),
    (
      F.text(more: #""when": [{"match": {"depth": 20}, "factors": {"depth": [56]}}]"#),
      "7:49: when[0].factors.depth: is in the match of the same rule; one factor cannot be both"
    ),
    (
      F.text(more: #""when": [{"match": {"depth": 20}, "factors": {"batch": [64, 64]}}]"#),
      "7:63: when[0].factors.batch[1]: 64 stands here for the second time; the first is at 7:59"
    ),
    (
      F.text(more: #""when": [{"match": {"network": "plain"}, "factors": {"shortcut": ["A"]}}]"#),
      "5:27: factors: network=plain cannot be built: a plain net has no shortcut, so shortcut A does "
        + "not apply to it; add {\"network\": \"plain\"} to exclude and list nets with network=plain "
        + "under include, without the factor that does not apply"
    ),
    (
      F.text(factors: nil, more: #""include": [{"depth": 20}], "zip": [["depth", "width"]]"#),
      "6:31: zip: acts on the grid, and there is none without factors"
    ),
    (
      F.text(
        factors: nil, more: #""ablate": {"base": {"network": "plain"}, "change": [{"depth": 20}]}"#),
      "6:22: ablate.base: the key \"depth\" is missing"
    ),
    (
      F.text(factors: nil, more: #""ablate": {"base": {"depth": 20}, "change": [{"depth": 20}]}"#),
      "6:48: ablate.change[0]: changes nothing; the base has depth=20 too"
    ),
    (
      F.text(factors: nil, more: #""ablate": {"base": {"depth": 20}, "change": [{}]}"#),
      "6:48: ablate.change[0]: names no level; write what differs from the base"
    ),
    (
      F.text(factors: nil, more: #""ablate": {"base": {"depth": 20}, "change": {}}"#),
      "6:47: ablate.change: names no factor; write what differs from the base"
    ),
    (
      F.text(factors: nil, more: #""ablate": {"base": {"depth": 20}, "change": 7}"#),
      "6:47: ablate.change: expected a list or an object, found the number 7"
    ),
    (
      F.text(
        factors: nil, more: #""ablate": {"base": {"depth": 20}, "change": {"width": [1, 2]}}"#),
      "6:58: ablate.change.width[0]: the variant resnet-20 is there already; leave out depth=20, "
        + "width=1"
    ),
    (
      F.text(
        factors: nil,
        more:
          #""ablate": {"base": {"depth": 20, "shortcut": "B"}, "change": [{"network": "plain"}]}"#),
      "6:65: ablate.change[0]: depth=20, shortcut=B, network=plain: a plain net has no shortcut, so "
        + "shortcut B does not apply to it"
    ),
    (
      F.text(factors: nil, more: #""ablate": {"base": {"depth": 20}, "changes": []}"#),
      "6:13: ablate: the key \"change\" is missing\n6:37: ablate.changes: unknown key; did you mean "
        + "change? Allowed: base, change"
    ),
  ]

  @Test(arguments: cases)
  func refused(text: String, problems: String) {
    #expect(F.problems(text).joined(separator: "\n") == problems)
  }

  @Test func rulesCannotMakeTooManyVariants() {
    let batches = (1...900).map(String.init).joined(separator: ", ")
    let depths = (1...20).map { String($0 * 6 + 2) }.joined(separator: ", ")
    let when = #""when": [{"match": {"network": "plain"}, "factors": {"batch": [\#(batches)]}}]"#
    let factors = #"{"network": ["plain", "residual"], "depth": [\#(depths)]}"#
    #expect(
      F.problems(F.text(factors: factors, more: when))
        == ["7:11: factors: the grid has more than 10000 variants; split the experiment"])
  }
}
