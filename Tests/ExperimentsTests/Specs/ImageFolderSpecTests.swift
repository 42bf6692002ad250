// Folders of pictures in a spec: what is counted, what contradicts itself.
import Datasets
import Foundation
import Testing

@testable import Experiments
@testable import Specs
@testable import Text
@testable import Training

@Suite struct ImageFolderSpecTests {
  private func text(_ data: String, more: String = "") -> String {
    SpecFixture.text(proto: SpecFixture.proto(data: data, more: more))
  }

  private func proto(_ data: String, more: String = "") throws -> TrainingProtocol {
    try SpecFixture.spec(text(data, more: more)).baseProtocol
  }

  private static let declared =
    #"{"name": "image-folder", "path": "nowhere", "classes": 1000, "trainCount": 1281167, "#
    + #""testCount": 50000"#

  /// A spec that says what the folder has can be planned without it.
  @Test func declaredFoldersNeedNoFolder() throws {
    let found = try proto(
      Self.declared + #", "resize": 256}"#,
      more: #""augmentation": {"flip": true, "scale": {"from": 256, "to": 480}}"#)
    #expect(found.data.size == 224 && found.data.classes == 1000)
    #expect(
      found.data.canonicalJSON.text
        == #"{"classes":1000,"name":"image-folder","resize":256,"size":224,"testCount":50000,"#
        + #""trainCount":1281167}"#)
    #expect(found.augmentation.scale == 256...480)
    let json = found.canonicalJSON.text
    #expect(
      json.contains(#""augmentation":{"flip":true,"padding":0,"scale":{"from":256,"to":480}}"#))
    let request = try found.data.datasetRequest()
    #expect(request.resize == 256 && request.classes == 1000)
    let exact = try proto(Self.declared + #", "decode": "exact"}"#).data
    #expect(exact.canonicalJSON.text.contains(#""classes":1000,"decode":"exact","name""#))
    #expect(try exact.datasetRequest().decode == .exact)
    #expect(try proto(Self.declared + #", "decode": "scaled"}"#).data.decode == nil)
    let share = try proto(Self.declared + #", "testShare": 0.1, "testSeed": 3}"#).data
    #expect(share.canonicalJSON.text.contains(#""testSeed":3,"testShare":0.1,"#))
    #expect(try share.datasetRequest().testShare == 0.1)
    let variant = try SpecFixture.variants(
      SpecFixture.text(
        proto: SpecFixture.proto(data: Self.declared + "}"), factors: #"{"depth": [18]}"#))[0]
    let cost = try EngineCostModel().cost(of: variant, threads: 1)
    #expect(cost.parameters == 11_689_512)
    // The images are not held in memory: 1.3 million of them would be 190 GB.
    #expect(cost.memoryBytes < 8 << 30)
  }

  private static let uncounted =
    #"{"name": "image-folder", "path": "nowhere", "trainCount": 1000, "testCount": 10}"#

  /// Where nobody knows the number of classes, the plan says what it assumes.
  @Test func unknownClassesArePlannedForWithAWarning() throws {
    let variant = try SpecFixture.variants(
      SpecFixture.text(
        proto: SpecFixture.proto(data: Self.uncounted), factors: #"{"depth": [18]}"#))[0]
    #expect(variant.trainingProtocol.data.classes == nil)
    let cost = try EngineCostModel().cost(of: variant, threads: 1)
    #expect(cost.parameters == 11_689_512 - 513 * 990)
    #expect(
      cost.warnings == [
        "data.classes is not given and nowhere is not there to be counted, so 10 classes are "
          + "assumed; give data.classes"
      ])
    #expect(throws: DatasetError.self) {
      _ = try TrainingExecutor().dataChecksum(variant.trainingProtocol.data)
    }
  }

  /// Classes that decide how long an epoch is are not assumed.
  @Test func classesAreNotAssumedWhereStepsDependOnThem() {
    let data = Self.uncounted.replacing(#""testCount""#, with: #""trainPerClass": 2, "testCount""#)
    let problems = SpecFixture.problems(text(data))
    #expect(problems.count == 1 && problems[0].contains("protocol.data.path: nowhere has no"))
  }

  @Test func undeclaredFoldersAreCounted() throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "bench-\(UUID())")
    defer { try? FileManager.default.removeItem(at: folder) }
    for (name, count) in [("train/a", 3), ("train/b", 2), ("val/a", 1)] {
      try FileManager.default.createDirectory(
        at: folder.appending(path: name), withIntermediateDirectories: true)
      for number in 0..<count {
        try Data([1]).write(to: folder.appending(path: "\(name)/\(number).png"))
      }
    }
    let json =
      #"{"name": "quick", "data": {"name": "image-folder", "path": "\#(folder.path)"}, "#
      + #""batch": 2, "epochs": 2, "optimizer": {"learningRate": 0.1}}"#
    let found = try SpecFixture.spec(SpecFixture.text(proto: json)).baseProtocol
    #expect(found.data.classes == 2 && found.data.trainCount == 5 && found.data.testCount == 1)
    #expect(found.totalSteps == 5 && found.data.resize == 224)
    // What the request does not say, the plan counts as the run does.
    var request = found.data
    request.classCount = nil
    #expect(request.expectedFacts.facts == found.data.expectedFacts.facts)
    #expect(request.expectedFacts.facts.classes == 2 && request.expectedFacts.assumption == nil)
    // As the database keeps it, and as it is read again.
    let stored = try StoredConfiguration(
      json: try SpecFixture.variants(SpecFixture.text(proto: json))[0].configurationJSON,
      dataPath: folder.path)
    #expect(stored.differences.isEmpty)
  }

  /// A path is that from the spec's folder, or else that from the working folder, which is said.
  @Test func dataStandBesideTheSpec() throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "bench-\(UUID())")
    defer { try? FileManager.default.removeItem(at: folder) }
    let here = "bench-here-\(UUID())"
    defer { try? FileManager.default.removeItem(atPath: here) }
    func pictures(_ place: String, _ count: Int) throws {
      for (split, number) in [("train", count), ("val", 1)] {
        try FileManager.default.createDirectory(
          atPath: "\(place)/\(split)/a", withIntermediateDirectories: true)
        for picture in 0..<number {
          try Data([1]).write(to: URL(fileURLWithPath: "\(place)/\(split)/a/\(picture).png"))
        }
      }
    }
    func spec(_ path: String, extending: String? = nil, in sub: String = "") throws
      -> ExperimentSpec
    {
      let json =
        #"{"name": "quick", "data": {"name": "image-folder", "path": "\#(path)"}, "batch": 2, "#
        + #""epochs": 2, "optimizer": {"learningRate": 0.1}}"#
      let place = folder.appending(path: sub)
      try FileManager.default.createDirectory(at: place, withIntermediateDirectories: true)
      try Data(SpecFixture.text(proto: json).utf8).write(to: place.appending(path: "s.json"))
      guard let extending else { return try ExperimentSpec(path: place.path + "/s.json") }
      try Data(#"{"name": "t", "title": "T", "extends": "\#(extending)"}"#.utf8)
        .write(to: folder.appending(path: "t.json"))
      return try ExperimentSpec(path: folder.path + "/t.json")
    }
    try pictures(here, 3)
    let onlyHere = try spec(here)
    #expect(onlyHere.baseProtocol.data.path == here && onlyHere.baseProtocol.data.trainCount == 3)
    #expect(onlyHere.notes.count == 1 && onlyHere.notes[0].contains("from the working folder"))
    try pictures(folder.path + "/" + here, 5)
    let both = try spec(here)
    #expect(both.baseProtocol.data.trainCount == 5 && both.notes.isEmpty)
    #expect(both.baseProtocol.data.path == folder.path + "/" + here)
    let absolute = try spec(folder.path + "/" + here)
    #expect(absolute.baseProtocol.data.trainCount == 5 && absolute.notes.isEmpty)
    // What an extended spec names stands beside that one.
    try pictures(folder.path + "/sub/" + here, 7)
    let extended = try spec(here, extending: "sub/s.json", in: "sub")
    #expect(extended.baseProtocol.data.trainCount == 7 && extended.notes.isEmpty)
  }

  /// Batch norm over one value has no variance.
  @Test func oneImageOnMapsOfOnePixelIsRefused() throws {
    func problem(_ size: Int, batch: Int) throws -> String {
      let proto = SpecFixture.proto(data: #"{"name": "shapes", "size": \#(size)}"#)
        .replacing("128", with: "\(batch)")
      let variant = try SpecFixture.variants(
        SpecFixture.text(proto: proto, factors: #"{"depth": [18]}"#))[0]
      do {
        _ = try EngineCostModel().cost(of: variant, threads: 1)
        return ""
      } catch {
        return "\(error)"
      }
    }
    let text = try problem(32, batch: 1)
    #expect(text.contains("layer4.0.bn1 sees one value of each channel"), "\(text)")
    #expect(text.contains("take a batch of 2 or more, or larger images than 3x32x32"))
    #expect(try problem(32, batch: 2).isEmpty)
    #expect(try problem(64, batch: 1).isEmpty)
  }

  @Test(arguments: [
    (#"{"name": "image-folder"}"#, "", "protocol.data: an image-folder needs a path"),
    (#"{"name": "image-folder", "path": "/none"}"#, "", "protocol.data.path: /none has no folder"),
    (declared + #", "resize": 200}"#, "", "protocol.data.resize: no image of 224 pixels"),
    (declared + "}", #""augmentation": {"scale": {"from": 480, "to": 256}}"#, "480 is more than"),
    (declared + "}", #""augmentation": {"scale": {"from": 100, "to": 256}}"#, "is in one of 100"),
    (
      declared + "}", #""augmentation": {"padding": 4, "scale": {"from": 256, "to": 480}}"#,
      "protocol.augmentation.padding: contradicts scale"
    ),
    (declared + "}", #""augmentation": {"scale": {"from": 256}}"#, "the key \"to\" is missing"),
    (
      #"{"name": "shapes"}"#, #""augmentation": {"scale": {"from": 256, "to": 480}}"#,
      "protocol.augmentation.scale: images of shapes have one size"
    ),
    (#"{"name": "cifar-10", "resize": 40}"#, "", "data.resize: belongs to an image-folder"),
    (
      declared + #", "testSeed": 1}"#, "", "data.testSeed: chooses what testShare holds"
    ),
    (#"{"name": "cifar-10", "testShare": 0.1}"#, "", "data.testShare: belongs to an image-folder"),
    (#"{"name": "cifar-10", "decode": "exact"}"#, "", "data.decode: belongs to an image-folder"),
    (#"{"name": "cifar-10", "classes": 10}"#, "", "data.classes: belongs to an image-folder"),
  ])
  func contradictionsAreRefused(data: String, more: String, expected: String) {
    let problems = SpecFixture.problems(text(data, more: more))
    #expect(problems.count == 1)
    #expect(problems.first?.contains(expected) ?? false, "\(problems)")
  }

  @Test func deviationIsWrittenOnlyWhereItIsAsked() throws {
    #expect(try !proto(#"{"name": "shapes"}"#).canonicalJSON.text.contains("deviation"))
    let divided = try proto(#"{"name": "shapes"}"#, more: #""deviation": "perChannel""#)
    #expect(divided.canonicalJSON.text.contains(#""deviation":"perChannel""#))
    #expect(divided.deviation == .perChannel)
  }
}
