// Requests as they stand in a specification, and data sets that are not there.
import Foundation
import Testing

@testable import Datasets
@testable import Numerics

@Suite struct DatasetRequestTests {
  let folders: TemporaryFolders

  init() throws { folders = try TemporaryFolders() }

  @Test func readsAndWritesJSON() throws {
    let text = #"{"name": "cifar-10", "path": "p", "size": 16, "trainCount": 5}"#
    let request = try JSONDecoder().decode(DatasetRequest.self, from: Data(text.utf8))
    #expect(request == DatasetRequest(name: .cifar10, path: "p", size: 16, trainCount: 5))
    let again = try JSONDecoder().decode(
      DatasetRequest.self, from: try JSONEncoder().encode(request))
    #expect(again == request)
  }

  @Test func contradictionsAreRefused() {
    func problem(_ request: DatasetRequest) -> String { message { try request.validate() } }
    #expect(problem(DatasetRequest(name: .shapes, path: "x")).contains("takes no path"))
    #expect(problem(DatasetRequest(name: .shapes, size: 8)).contains("16 to 224"))
    #expect(problem(DatasetRequest(name: .mnist, size: 513)).contains("8 to 512"))
    #expect(problem(DatasetRequest(name: .mnist, testCount: 0)).contains("testCount 0"))
    #expect(problem(DatasetRequest(name: .cifar10, labels: .coarse)).contains("leave labels out"))
    #expect(throws: Never.self) { try DatasetRequest(name: .cifar100, labels: .fine).validate() }
    #expect(throws: Never.self) { try DatasetRequest(name: .shapes, size: 224).validate() }
  }

  @Test func shapesLoadAsAsked() throws {
    let splits = try DatasetLoader.load(
      DatasetRequest(name: .shapes, size: 16, trainCount: 30, testCount: 20))
    #expect(splits.train.count == 30 && splits.test.count == 20)
    #expect(splits.test.split == .test && splits.train.split == .train)
    #expect(splits.train.shape == ImageShape(height: 16, width: 16, channels: 3))
    #expect(splits.train.pixels.prefix(20 * 768) != splits.test.pixels[...])
  }

  @Test func missingDataSayWhereAndHow() throws {
    let folder = try folders.make()
    let text = message {
      _ = try DatasetLoader.load(DatasetRequest(name: .cifar10, path: folder.path))
    }
    #expect(text.contains(folder.path))
    #expect(text.contains("https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz"))
    #expect(text.contains("md5 c32a1d4ab5d03f1284b67883e8d87530"))
  }

  @Test func usualPlacesAreSearched() {
    let description = DatasetDescription.of(.fashionMNIST)
    #expect(
      description.searchedFolders(environment: ["BENCH_DATA": "/d", "HOME": "/h"]) == [
        "/d/fashion-mnist", "data/fashion-mnist", "/h/.local/share/bench/fashion-mnist",
        "/usr/local/share/datasets/fashion-mnist", "/usr/share/datasets/fashion-mnist",
      ])
    #expect(
      description.searchedFolders(environment: ["XDG_DATA_HOME": "/x", "HOME": "/h"])[1]
        == "/x/bench/fashion-mnist")
    #expect(DatasetDescription.of(.shapes).searchedFolders.isEmpty)
    #expect(DatasetDescription.all.map(\.name) == DatasetName.allCases)
  }

  /// What is said without opening a file is what the readers find in it.
  @Test func factsAreThoseOfTheFiles() {
    for (name, labels) in [
      (DatasetName.cifar10, LabelLevel.fine), (.cifar100, .fine), (.cifar100, .coarse),
    ] {
      let facts = DatasetDescription.of(name)
      guard case .files(let reader) = facts.source,
        let format = (reader(labels) as? CIFARReader)?.format
      else {
        Issue.record("\(name.rawValue) is not read from CIFAR's files")
        continue
      }
      #expect(format.name == name.rawValue)
      #expect(facts.trainCount == format.train.reduce(0) { $0 + $1.records })
      #expect(facts.testCount == format.test.reduce(0) { $0 + $1.records })
      #expect(facts.classes(labels) == format.classNames.count)
      #expect(facts.channels == format.shape.channels && facts.size == format.shape.height)
      let archive = facts.files.map(\.name)
      #expect(archive == [format.archive])
    }
    #expect(DatasetDescription.of(.shapes).classes() == Shapes.classNames.count)
    #expect(DatasetDescription.of(.fashionMNIST).classes() == 10)
  }

  /// Of every entry of the list, without its files: a net gets as many outputs as the entry says.
  @Test func everySourceGivesWhatItsEntrySays() throws {
    for known in DatasetDescription.all {
      let name = known.name.rawValue
      switch known.source {
      case .generated(let draw):
        for split in DatasetSplit.allCases {
          let images = try draw(split, 3, known.size)
          #expect(images.name == name && images.split == split && images.count == 3, "\(name)")
          #expect(images.classNames.count == known.classes(), "\(name)")
          #expect(
            images.shape
              == ImageShape(height: known.size, width: known.size, channels: known.channels),
            "\(name)")
        }
      case .files(let reader):
        for labels in known.hasCoarseLabels ? [LabelLevel.fine, .coarse] : [.fine] {
          #expect(reader(labels).name == name)
          #expect(reader(labels).classNames.count == known.classes(labels), "\(name)")
        }
      case .folder: #expect(known.classes() == nil)
      }
    }
  }

  @Test func aNameIsOneOfTheList() throws {
    let names = DatasetDescription.all.map(\.name.rawValue)
    #expect(Set(names).count == names.count)
    for known in DatasetDescription.all {
      #expect(DatasetName(rawValue: known.name.rawValue) == known.name)
      #expect(DatasetDescription.of(known.name).summary == known.summary)
      // What is generated can be made without being told how many.
      if known.isGenerated { #expect(known.trainCount != nil && known.testCount != nil) }
      #expect(known.isGenerated || known.isFolder || !known.files.isEmpty)
    }
    #expect(DatasetName(rawValue: "cifar-11") == nil)
    #expect(throws: DecodingError.self) {
      try JSONDecoder().decode(DatasetRequest.self, from: Data(#"{"name": "cifar-11"}"#.utf8))
    }
  }

  @Test func imagesAndLabelsMustFit() {
    func problem(_ labels: [Int32], _ bytes: Int) -> String {
      message {
        _ = try ImageDataset(
          name: "n", split: .test, shape: ImageShape(height: 2, width: 2, channels: 1),
          classNames: ["a", "b"], labels: labels, pixels: [UInt8](repeating: 0, count: bytes))
      }
    }
    #expect(problem([], 0).contains("no images"))
    #expect(problem([0, 1], 7).contains("need 8"))
    #expect(problem([0, 2], 8).contains("label 2 at example 1"))
    #expect(problem([-1], 4).contains("label -1"))
  }

  /// Worked out with `sha256sum` over the same bytes.
  @Test func checksumIsSHA256OfShapeLabelsAndPixels() throws {
    let dataset = try ImageDataset(
      name: "any", split: .train, shape: ImageShape(height: 1, width: 2, channels: 1),
      classNames: ["a", "b"], labels: [1, 0], pixels: [7, 8, 9, 10])
    #expect(dataset.checksum == "9bf4146e602880bb30647927af12ea133d5cb4ddf105af37024341538d8fc87b")
  }
}
