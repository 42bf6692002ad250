// The specs that come with the project parse, expand and say what their names promise.
import Foundation
import TestSupport
import Testing

@testable import Specs
@testable import Text

@Suite struct SpecFilesTests {
  static let folder = Repository.root.appending(path: "experiments")
  static let manual = Repository.root.appending(path: "docs/specs.md")

  static func spec(_ name: String) throws -> ExperimentSpec {
    try ExperimentSpec(path: folder.appending(path: "\(name).json").path)
  }

  @Test func everySpecExpandsAndNamesItsSchema() throws {
    let files = try FileManager.default.contentsOfDirectory(atPath: Self.folder.path)
      .filter { $0.hasSuffix(".json") && $0 != "spec.schema.json" }
    #expect(files.count >= 5)
    for file in files {
      let spec = try ExperimentSpec(path: Self.folder.appending(path: file).path)
      #expect(spec.root["$schema"]?.text == "./spec.schema.json", "\(file)")
      #expect(spec.name + ".json" == file)
      #expect(try !spec.expand().isEmpty)
    }
  }

  @Test func theExampleInTheDocumentationIsRight() throws {
    let text = try String(contentsOf: Self.manual, encoding: .utf8)
    let example = try #require(
      text.split(separator: "```json\n").dropFirst().first?.split(separator: "```").first)
    let variants = try SpecFixture.variants(String(example))
    #expect(
      variants.map(\.name) == [
        "resnet-20", "resnet-20-shortcut=B", "resnet-20-shortcut=C", "resnet-56",
        "resnet-56-shortcut=B", "plain-20",
      ])
    #expect(variants[3].trainingProtocol.schedule.warmUp?.steps == 50)
    #expect(variants[3].trainingProtocol.schedule.milestones == [400])
  }

  @Test func theFragmentsInTheDocumentationMakeWhatItSays() throws {
    let text = try String(contentsOf: Self.manual, encoding: .utf8)
    let start = try #require(text.range(of: "### Which variants there are"))
    let fragments = text[start.upperBound...].split(separator: "```json\n").dropFirst().prefix(3)
      .compactMap {
        $0.split(separator: "```").first
      }
    let counts = try fragments.map { fragment in
      let spec =
        #"{"name": "a", "title": "a", "protocol": "quick", "seeds": 1, \#(fragment)}"#
      return try SpecFixture.variants(spec).count
    }
    #expect(counts == [6, 9, 4])
  }

  @Test func degradationComparesPlainAndResidual() throws {
    let spec = try Self.spec("degradation")
    #expect(try spec.expand().map(\.name) == ["plain-20", "plain-56", "resnet-20", "resnet-56"])
    #expect(spec.seeds.count >= 2)
    #expect(spec.baseProtocol.name == "quick")
    #expect(spec.baseProtocol.data.name == "shapes")
    #expect(spec.figures.map { type(of: $0.kind).name } == ["curves", "error", "bars"])
    #expect(spec.figures.map(\.panels) == ["network", nil, nil])
    #expect(spec.figures.map(\.lines) == ["depth", "network", "network"])
  }

  /// He et al. 2015, section 4.2.
  @Test func thePapersProtocolIsThePapers() throws {
    let spec = try Self.spec("degradation-cifar10")
    let expected = """
      {"augmentation":{"flip":true,"padding":4},"batch":128,\
      "data":{"name":"cifar-10","size":32,"testCount":10000,"trainCount":50000},\
      "evaluation":{"every":1000,"recordEvery":200},"iterations":64000,"mean":"perPixel",\
      "name":"paper-64k",\
      "optimizer":{"learningRate":0.1,"momentum":0.9,"nesterov":false,"weightDecay":0.0001},\
      "schedule":{"factor":0.1,"kind":"step","milestones":[32000,48000],"warmup":null},\
      "shuffle":true}
      """
    #expect(spec.baseProtocol.canonicalJSON.text == expected)
    #expect(
      try spec.expand().map(\.name) == [
        "plain-20", "plain-32", "plain-44", "plain-56", "resnet-20", "resnet-32", "resnet-44",
        "resnet-56",
      ])
  }

  @Test func smokeHasEveryFactorLevel() throws {
    let variants = try Self.spec("smoke").expand()
    let levels = Set(variants.flatMap { $0.levels.map(\.text) })
    for field in SpecGrammar.architectureFactors {
      guard case .choice(let words) = field.shape else { continue }
      for word in words { #expect(levels.contains("\(field.key)=\(word)")) }
    }
    #expect(Set(variants.map(\.trainingProtocol.schedule.kind)) == Set(Schedule.Kind.allCases))
    #expect(variants.contains { $0.trainingProtocol.schedule.warmUp != nil })
    let images = variants.map { $0.trainingProtocol.totalSteps * $0.trainingProtocol.batch }
    #expect(images.allSatisfy { $0 <= 128 })
  }
}
