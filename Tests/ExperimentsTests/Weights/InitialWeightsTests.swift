// A spec's initialWeights: found beside the spec, part of the configuration by content.
import Foundation
import TestSupport
import Testing

@testable import Numerics
@testable import Specs
@testable import Training
@testable import Weights

@Suite struct InitialWeightsTests {
  static func spec(_ folder: TemporaryFolder, _ file: String) throws -> ExperimentSpec {
    let text = SpecFixture.text(more: #""initialWeights": "\#(file)""#)
    return try ExperimentSpec(
      bytes: Array(text.utf8), file: folder.path("sample.json"), weights: InitialWeights.opened)
  }

  @Test func theConfigurationKnowsTheContentNotTheName() throws {
    let folder = try TemporaryFolder()
    _ = try folder.write("a.safetensors", WeightsFixture.bytes("{}"))
    _ = try folder.write("b.safetensors", WeightsFixture.bytes("{}"))
    _ = try folder.write("c.safetensors", WeightsFixture.bytes("{} "))
    let hashes = try ["a", "b", "c"].map { name in
      try Self.spec(folder, "\(name).safetensors").expand()[0].configurationHash
    }
    let random = try SpecFixture.variants(SpecFixture.text())[0]
    #expect(hashes[0] == hashes[1])
    #expect(Set(hashes + [random.configurationHash]).count == 3)
    #expect(!random.configurationJSON.contains("initialWeights"))
    #expect(random.initialWeights == nil)
  }

  @Test func aMissingOrWrongFileIsRefusedAtItsPlace() throws {
    let folder = try TemporaryFolder()
    _ = try folder.write("text.safetensors", Array("hello, world".utf8))
    let header = #"{"x":{"dtype":"F64","shape":[1],"data_offsets":[0,8]}}"#
    for (name, value) in [("nan", Double.nan), ("infinite", -.infinity), ("large", 1e300)] {
      let number = withUnsafeBytes(of: value.bitPattern.littleEndian) { Array($0) }
      _ = try folder.write("\(name).safetensors", WeightsFixture.bytes(header) + number)
    }
    for (name, reason) in [
      ("nan.safetensors", "x has a number that is not finite"),
      ("infinite.safetensors", "x has a number that is not finite"),
      ("large.safetensors", "x has a number that is not finite"),
      ("none.safetensors", "No such file"), ("text.safetensors", "truncated or of another format"),
    ] {
      let error = #expect(throws: SpecError.self) { try Self.spec(folder, name) }
      let text = error?.description ?? ""
      #expect(text.contains("sample.json:7:21: initialWeights: "), "\(text)")
      #expect(text.contains(reason), "\(text)")
    }
  }

  @Test func aNewHeadIsPartOfTheConfiguration() throws {
    let folder = try TemporaryFolder()
    _ = try folder.write("a.safetensors", WeightsFixture.bytes("{}"))
    func spec(_ more: String, newHead: Bool = false) throws -> ExperimentSpec {
      try ExperimentSpec(
        bytes: Array(SpecFixture.text(more: more).utf8), file: folder.path("sample.json"),
        newHead: newHead, weights: InitialWeights.opened)
    }
    let given = #""initialWeights": "a.safetensors""#
    let plain = try spec(given)
    let keyed = try spec(given + #", "newHead": true"#)
    let asked = try spec(given, newHead: true)
    let off = try spec(given + #", "newHead": false"#)
    let variants = try [plain, keyed, asked, off].map { try $0.expand()[0] }
    #expect(variants.map { $0.initialWeights?.newHead } == [false, true, true, false])
    #expect(variants[1].configurationHash == variants[2].configurationHash)
    #expect(variants[0].configurationHash == variants[3].configurationHash)
    #expect(variants[0].configurationHash != variants[1].configurationHash)
    #expect(asked.text.contains(#""newHead": true"#) && asked.hash != plain.hash)
    let stored = try StoredConfiguration(
      json: variants[1].configurationJSON, weightsPath: folder.path("a.safetensors"),
      weights: InitialWeights.opened)
    #expect(stored.variant.configurationJSON == variants[1].configurationJSON)
    #expect(stored.differences == [])
    let error = #expect(throws: SpecError.self) { try spec(#""newHead": true"#) }
    #expect(
      error?.description.contains(
        "sample.json:7:14: newHead: belongs to initialWeights; random weights have a new head already"
      ) == true, "\(error?.description ?? "")")
  }

  @Test func planningRefusesWhatDoesNotFit() throws {
    let folder = try TemporaryFolder()
    let source = WeightsFixture.folder.appending(path: "pytorch-basic.safetensors")
    try FileManager.default.copyItem(
      at: source, to: folder.url.appending(path: "basic.safetensors"))
    let variant = try Self.spec(folder, "basic.safetensors").expand()[0]
    let error = #expect(throws: WeightsError.self) {
      try EngineCostModel().cost(of: variant, threads: 1)
    }
    #expect(
      error?.description.contains(
        "conv1.weight has shape [2, 3, 3, 3], the network's has [16, 3, 3, 3]") == true)
  }

  @Test func aFileChangedSinceIsRefused() throws {
    let folder = try TemporaryFolder()
    let path = try folder.write("a.safetensors", WeightsFixture.bytes("{}"))
    let initial = try InitialWeights(path: path)
    _ = try folder.write("a.safetensors", WeightsFixture.bytes("{} "))
    let network = try WeightsFixture.network(
      "resnet-8-width=0.125", input: .init(height: 8, width: 8, channels: 3), classes: 10)
    let error = #expect(throws: WeightsError.self) {
      try initial.load(into: network.state, network.weights)
    }
    #expect(error?.description.contains("has changed since") == true)
  }
}
