// From spec to variants: order, exclude, include, overrides, names, hashes.
import Numerics
import Testing

@testable import Specs

@Suite struct ExpansionTests {
  static func names(_ text: String) throws -> [String] {
    try SpecFixture.variants(text).map(\.name)
  }

  @Test func theFirstFactorChangesSlowest() throws {
    let byDepth = #"{"depth": [56, 20], "network": ["plain", "residual"]}"#
    #expect(
      try Self.names(SpecFixture.text(factors: byDepth))
        == ["plain-56", "resnet-56", "plain-20", "resnet-20"])
  }

  @Test func expansionIsPure() throws {
    let text = SpecFixture.text()
    let spec = try SpecFixture.spec(text)
    #expect(try spec.expand() == spec.expand())
    #expect(try SpecFixture.variants(text) == spec.expand())
    // Neither white space nor the seeds change what is trained.
    let other = SpecFixture.text(seeds: "7").replacing("\n", with: " \n\n")
    #expect(try SpecFixture.variants(other) == spec.expand())
    #expect(try SpecFixture.spec(other).hash != spec.hash)
  }

  @Test func excludeTakesWhatHasAllItsLevels() throws {
    let exclude = #""exclude": [{"network": "plain", "depth": [20, 56]}]"#
    #expect(try Self.names(SpecFixture.text(more: exclude)) == ["resnet-20", "resnet-56"])
    let one = #""exclude": [{"depth": 56, "network": "plain"}]"#
    #expect(
      try Self.names(SpecFixture.text(more: one)) == ["plain-20", "resnet-20", "resnet-56"])
  }

  @Test func includeAddsSingleVariants() throws {
    let include =
      #""include": [{"depth": 110, "activationOrder": "pre"}, {"depth": 34, "shortcut": "C"}]"#
    #expect(
      try Self.names(SpecFixture.text(more: include)) == [
        "plain-20", "plain-56", "resnet-20", "resnet-56", "resnet-110-preact",
        "resnet-34-shortcut=C",
      ])
    #expect(
      try Self.names(SpecFixture.text(factors: nil, more: include))
        == ["resnet-110-preact", "resnet-34-shortcut=C"])
  }

  @Test func overridesChangeWhatTheyMatchAndLaterOnesWin() throws {
    let overrides = #"""
      "overrides": [
        {"match": {"depth": 56}, "protocol": {"batch": 64, "optimizer": {"momentum": 0.5}}},
        {"match": {"network": "plain", "depth": [56]}, "protocol": {"batch": 32, "epochs": 2,
         "schedule": {"kind": "cosine"}}}]
      """#
    let proto = SpecFixture.proto(
      more: #""schedule": {"kind": "step", "milestones": [400]}"#)
    let variants = try SpecFixture.variants(SpecFixture.text(proto: proto, more: overrides))
    let byName = Dictionary(uniqueKeysWithValues: variants.map { ($0.name, $0.trainingProtocol) })
    let spec = try SpecFixture.spec(SpecFixture.text(proto: proto, more: overrides))
    #expect(byName["plain-20"] == spec.baseProtocol)
    #expect(byName["resnet-56"]?.batch == 64)
    #expect(byName["resnet-56"]?.optimizer.settings == .sgd(SGD(momentum: 0.5)))
    #expect(byName["resnet-56"]?.optimizer.learningRate == 0.1)
    #expect(byName["resnet-56"]?.length == .iterations(600))
    #expect(byName["plain-56"]?.batch == 32)
    #expect(byName["plain-56"]?.length == .epochs(2))
    #expect(byName["plain-56"]?.schedule == .cosine)
  }

  @Test func protocolFieldsAreFactorsToo() throws {
    let factors = #"{"depth": [20], "batch": [128, 64], "optimizer.learningRate": [0.1, 5e-2]}"#
    let variants = try SpecFixture.variants(SpecFixture.text(factors: factors))
    #expect(
      variants.map(\.name) == [
        "resnet-20-batch=128-optimizer.learningRate=0.1",
        "resnet-20-batch=128-optimizer.learningRate=0.05",
        "resnet-20-batch=64-optimizer.learningRate=0.1",
        "resnet-20-batch=64-optimizer.learningRate=0.05",
      ])
    #expect(variants[3].trainingProtocol.batch == 64)
    #expect(variants[3].trainingProtocol.optimizer.learningRate == 0.05)
    #expect(
      variants[3].level(of: "optimizer.learningRate")
        == FactorLevel(factor: "optimizer.learningRate", level: "0.05", numeric: 0.05))
  }

  @Test func levelsNameEveryFactor() throws {
    let variants = try SpecFixture.variants(SpecFixture.text())
    #expect(
      variants[1].levels.map(\.text) == [
        "network=plain", "depth=56", "block=basic", "activationOrder=original", "shortcut=none",
        "width=1", "strideLocation=3x3", "family=cifar", "gateBias=none", "batchNorm=true",
        "initialization=he", "zeroInitResidual=false",
      ])
    #expect(
      variants[1].levels.map(\.numeric) == [
        nil, 56, nil, nil, nil, 1, nil, nil, nil, nil, nil, nil,
      ])
    #expect(variants[2].level(of: "shortcut")?.level == "A")
    #expect(
      variants[0].levels.map(\.factor) == SpecGrammar.architectureFactors.map(\.key))
  }

  @Test func theConfigurationIsExplicitAndHashed() throws {
    let variant = try #require(try SpecFixture.variants(SpecFixture.text()).first)
    let expected = """
      {"architecture":{"activationOrder":"original","block":"basic","depth":20,"family":"cifar",\
      "network":"plain","shortcut":null,"strideLocation":"3x3","width":1},\
      "protocol":{"augmentation":{"flip":false,"padding":0},"batch":128,\
      "data":{"name":"shapes","size":16,"testCount":10000,"trainCount":50000},\
      "evaluation":{"every":60,"recordEvery":60},"iterations":600,"mean":"perPixel",\
      "name":"quick",\
      "optimizer":{"learningRate":0.1,"momentum":0.9,"nesterov":false,"weightDecay":0.0001},\
      "schedule":{"kind":"constant","warmup":null},"shuffle":true}}
      """
    #expect(variant.configurationJSON == expected)
    // printf %s '…' | sha256sum
    #expect(
      variant.configurationHash
        == "1bd407f62eb5e8cd1077542129f0adc3da4f1d28c1cc4a980059956b2925ea84")
  }

  @Test func aDefaultWrittenOutIsTheSameConfiguration() throws {
    let explicit = SpecFixture.proto(
      data: #"{"name": "shapes", "size": 16, "testCount": 1e4}"#,
      more: #""mean": "perPixel", "shuffle": true, "evaluation": {"every": 60}"#)
    #expect(
      try SpecFixture.variants(SpecFixture.text(proto: explicit)).map(\.configurationHash)
        == SpecFixture.variants(SpecFixture.text()).map(\.configurationHash))
    let moved = SpecFixture.proto(data: #"{"name": "mnist", "path": "/somewhere"}"#)
    let unmoved = SpecFixture.proto(data: #"{"name": "mnist"}"#)
    #expect(
      try SpecFixture.variants(SpecFixture.text(proto: moved)).map(\.configurationHash)
        == SpecFixture.variants(SpecFixture.text(proto: unmoved)).map(\.configurationHash))
  }

  @Test func seedsAreAListOrACount() throws {
    #expect(try SpecFixture.spec(SpecFixture.text(seeds: "3")).seeds == [0, 1, 2])
    #expect(try SpecFixture.spec(SpecFixture.text(seeds: "[7, 3]")).seeds == [7, 3])
  }
}
