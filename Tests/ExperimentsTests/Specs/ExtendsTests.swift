// Specs that extend other files and named protocols: what is inherited, what is said about mistakes.
import Foundation
import Numerics
import Testing

@testable import Specs
@testable import Text
@testable import Weights

@Suite struct ExtendsTests {
  typealias F = SpecFixture

  /// Files in a folder of their own.
  struct Folder {
    let url: URL

    init(_ files: [String: String]) throws {
      url = FileManager.default.temporaryDirectory.appending(path: "bench-\(UUID().uuidString)")
      for (name, text) in files {
        let file = url.appending(path: name)
        try FileManager.default.createDirectory(
          at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(text.utf8).write(to: file)
      }
    }

    func remove() { try? FileManager.default.removeItem(at: url) }

    func spec(_ name: String) throws -> ExperimentSpec {
      try ExperimentSpec(path: url.appending(path: name).path)
    }

    /// What is said about a file, without the folder's name.
    func problems(_ name: String) -> String {
      do {
        _ = try spec(name).expand()
        return ""
      } catch {
        return "\(error)".replacing(url.path + "/", with: "")
      }
    }
  }

  static let base = #"""
    {
      "name": "base", "title": "The base",
      "protocol": {"name": "long", "data": {"name": "shapes", "size": 16}, "batch": 128,
                   "iterations": 600, "optimizer": {"learningRate": 0.1},
                   "schedule": {"kind": "step", "milestones": [400]}},
      "factors": {"network": ["plain", "residual"], "depth": [20, 56]},
      "exclude": [{"network": "plain", "depth": 56}],
      "seeds": [0, 1]
    }
    """#

  static func child(_ rest: String, extends: String = "base.json") -> String {
    "{\n  \"extends\": \"\(extends)\", \"name\": \"child\", \"title\": \"A child\",\n  \(rest)\n}\n"
  }

  // MARK: Files

  @Test func keysReplaceThoseOfTheOtherFile() throws {
    let folder = try Folder([
      "base.json": Self.base,
      "child.json": Self.child(
        #""factors": {"depth": [32]}, "exclude": null, "seeds": 1, "protocol": {"name": "short", "#
          + #""iterations": 500, "optimizer": {"momentum": 0.5}}"#),
    ])
    defer { folder.remove() }
    let spec = try folder.spec("child.json")
    #expect(spec.name == "child")
    #expect(spec.seeds == [0])
    let variants = try spec.expand()
    #expect(variants.map(\.name) == ["resnet-32"])
    let proto = variants[0].trainingProtocol
    #expect(proto.name == "short")
    #expect(proto.length == .iterations(500))
    #expect(proto.optimizer.learningRate == 0.1)
    #expect(proto.optimizer.settings == .sgd(SGD(momentum: 0.5)))
    #expect(proto.schedule.milestones == [400])
  }

  /// What is stored needs no other file, and is what was read.
  @Test func theTextIsWhatCameOut() throws {
    let folder = try Folder([
      "base.json": Self.base,
      "folder/child.json": Self.child(#""seeds": 2"#, extends: "../base.json"),
      "folder/grandchild.json": Self.child(
        #""seeds": 3, "protocol": "quick""#, extends: "child.json"),
    ])
    defer { folder.remove() }
    let child = try folder.spec("folder/child.json")
    let grandchild = try folder.spec("folder/grandchild.json")
    for spec in [child, grandchild] {
      let again = try ExperimentSpec(bytes: Array(spec.text.utf8), file: "elsewhere.json")
      #expect(try again.expand() == spec.expand())
      #expect(again.seeds == spec.seeds)
      #expect(again.text == spec.text)
      #expect(again.hash == spec.hash)
      #expect(!spec.text.contains("extends"))
    }
    #expect(grandchild.seeds == [0, 1, 2])
    #expect(grandchild.baseProtocol.name == "quick")
    // The same training as without any other file.
    #expect(try child.expand() == folder.spec("base.json").expand())
    let changed = Self.base.replacing("0.1", with: "0.2")
    try Data(changed.utf8).write(to: folder.url.appending(path: "base.json"))
    #expect(try folder.spec("folder/child.json").hash != child.hash)
  }

  @Test func aFileThatExtendsNothingIsStoredAsItIs() throws {
    let text = F.text().replacing("\n", with: "\n ")
    #expect(try F.spec(text).text == text)
    #expect(try F.spec(text).hash == sha256(text))
  }

  @Test func initialWeightsStandRelativeToTheFileThatNamesThem() throws {
    let folder = try Folder([
      "inner/base.json": Self.base.replacing(
        #""seeds""#, with: #""initialWeights": "start.safetensors", "seeds""#),
      "child.json": Self.child(#""seeds": 1"#, extends: "inner/base.json"),
    ])
    defer { folder.remove() }
    let bytes = try Array(Data(contentsOf: folder.url.appending(path: "child.json")))
    let file = folder.url.appending(path: "child.json").path
    let spec = try ExperimentSpec(bytes: bytes, file: file)
    let place = URL(fileURLWithPath: spec.initialWeights?.path ?? "").standardizedFileURL.path
    #expect(place == folder.url.appending(path: "inner/start.safetensors").standardizedFileURL.path)
    #expect(spec.text.contains(#""inner/start.safetensors""#))
  }

  static let mistakes: [(String, [String: String], String)] = [
    (
      "missing", ["child.json": child(#""seeds": 1"#)],
      "child.json:2:14: extends: base.json: there is no such file; give the path of a spec (.json)"
    ),
    (
      "rooted", ["child.json": child(#""seeds": 1"#, extends: "/base.json")],
      "child.json:2:14: extends: write the path relative to this file"
    ),
    (
      "itself", ["child.json": child(#""seeds": 1"#, extends: "./child.json")],
      "child.json:2:14: extends: ./child.json leads back to itself"
    ),
    (
      "circle",
      [
        "child.json": child(#""seeds": 1"#),
        "base.json": child(#""seeds": 1"#, extends: "child.json"),
      ],
      "base.json:2:14: extends: child.json leads back to itself"
    ),
    (
      "no text", ["child.json": child("\"seeds\": 1").replacing("\"base.json\"", with: "7")],
      #"child.json:2:14: extends: expected a text, found the number 7"#
    ),
    (
      "no JSON", ["child.json": child(#""seeds": 1"#), "base.json": "{\n\"seeds\": x}"],
      "base.json:2:10: seeds: 'x' is not JSON; text stands in quotes"
    ),
    (
      "no object", ["child.json": child(#""seeds": 1"#), "base.json": "[]"],
      "base.json:1:1: expected an object, found a list"
    ),
    (
      "in the other file",
      [
        "child.json": child(#""seeds": 1"#),
        "base.json": base.replacing("[20, 56]", with: "[20, 57]").replacing(
          "depth\": 56", with: "depth\": 57"),
      ],
      "base.json:6:63: factors: depth=57 cannot be built: a CIFAR net of basic blocks has 6n+2 layers, not 57; the nearest are 56 and 62; take it out"
    ),
    (
      "key of the other file",
      ["child.json": child(#""seeds": 1"#), "base.json": base.replacing("seeds", with: "sedes")],
      "base.json:8:3: sedes: unknown key; did you mean seeds? Allowed: $schema, extends, name, title, protocol, factors, zip, when, exclude, ablate, include, overrides, seeds, initialWeights, newHead, claims, figures"
    ),
    (
      "contradiction",
      ["child.json": child(#""protocol": {"name": "q", "iterations": 300}"#), "base.json": base],
      "base.json:5:59: protocol.schedule.milestones: milestone 400 is not before the end at 300 iterations"
    ),
    (
      "protocol without a name",
      ["child.json": child(#""protocol": {"iterations": 500}"#), "base.json": base],
      "child.json:3:15: protocol: is no longer long, which it extends; give it a name of its own"
    ),
    (
      "no name",
      [
        "child.json": child(#""seeds": 1"#).replacing(#""name": "child", "#, with: ""),
        "base.json": base,
      ], #"child.json:1:1: the key "name" is missing"#
    ),
    (
      "null without a base", ["child.json": F.text(more: #""exclude": null"#)],
      "child.json:7:14: exclude: expected a list, found null"
    ),
  ]

  @Test(arguments: mistakes)
  func mistakesNameTheFileTheyStandIn(_ name: String, _ files: [String: String], _ text: String)
    throws
  {
    let folder = try Folder(files)
    defer { folder.remove() }
    #expect(folder.problems("child.json") == text, "\(name)")
  }

  // MARK: Named protocols

  @Test func namedProtocolsAreThoseOfTheSpecs() throws {
    #expect(NamedProtocols.names == ["paper-64k", "paper-64k-warmup", "quick"])
    for (name, file) in [("paper-64k", "degradation-cifar10"), ("quick", "degradation")] {
      let spec = try F.spec(F.text(proto: "\"\(name)\""))
      #expect(try spec.baseProtocol == SpecFilesTests.spec(file).baseProtocol)
    }
    let warm = try F.spec(F.text(proto: #""paper-64k-warmup""#)).baseProtocol
    var cold = try F.spec(F.text(proto: #""paper-64k""#)).baseProtocol
    cold.name = "paper-64k-warmup"
    cold.schedule.warmUp = Schedule.WarmUp(steps: 400, learningRate: 0.01)
    #expect(warm == cold)
  }

  @Test func aNamedProtocolCanBeChanged() throws {
    let proto = #"{"extends": "quick", "name": "shorter", "iterations": 500, "batch": 64}"#
    let spec = try F.spec(F.text(proto: proto))
    var expected = try F.spec(F.text(proto: #""quick""#)).baseProtocol
    expected.name = "shorter"
    expected.length = .iterations(500)
    expected.batch = 64
    #expect(spec.baseProtocol == expected)
    #expect(!spec.text.contains("extends"))
    // Where the files are is no other protocol.
    let moved = #"{"extends": "paper-64k", "data": {"path": "/somewhere"}}"#
    #expect(try F.spec(F.text(proto: moved)).baseProtocol.name == "paper-64k")
  }

  @Test(arguments: [
    (
      #"{"extends": "quick", "batch": 64}"#,
      "4:15: protocol: is no longer quick, which it extends; give it a name of its own"
    ),
    (
      #"{"extends": "quik", "name": "q"}"#,
      "4:27: protocol.extends: unknown 'quik'; did you mean quick? Allowed: paper-64k, "
        + "paper-64k-warmup, quick"
    ),
    (
      #"{"extends": "quick", "name": "q", "iterations": 300}"#,
      "4:27: protocol.schedule.milestones: milestone 400 is not before the end at 300 iterations"
    ),
  ])
  func mistakesInNamedProtocols(proto: String, problems: String) {
    #expect(F.problems(F.text(proto: proto)).joined(separator: "\n") == problems)
  }
}
