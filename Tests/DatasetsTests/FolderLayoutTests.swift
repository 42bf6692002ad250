// The layouts in which folders of pictures are given.
import CZlib
import Foundation
import Testing

@testable import Datasets
@testable import Numerics

@Suite struct FolderLayoutTests {
  let folders: TemporaryFolders
  let jpeg: [UInt8]

  init() throws {
    folders = try TemporaryFolders()
    jpeg = try PictureFixture.jpeg(
      PictureFixture.smooth(height: 16, width: 16), height: 16, width: 16)
  }

  private func folder(_ files: [String]) throws -> TemporaryFolder {
    let folder = try folders.make()
    for file in files { try folder.write(jpeg, file) }
    return folder
  }

  private func opened(
    _ folder: TemporaryFolder, share: Double? = nil, seed: Int? = nil
  ) throws -> ImageFolders {
    try ImageFolders(
      DatasetRequest(
        name: .imageFolder, path: folder.path, size: 8, testShare: share, testSeed: seed))
  }

  private func names(_ images: ImageFolder, _ folder: TemporaryFolder) -> [String] {
    (0..<images.count).map {
      "\(images.labels[$0]) "
        + images.path(of: $0).replacing(folder.path + "/", with: "")
    }
  }

  @Test(arguments: [
    ("train", "valid"), ("Train", "Test"), ("training", "testing"), ("TRAIN", "Validation"),
    ("train", "val"),
  ])
  func splitsHaveManyNames(train: String, test: String) throws {
    let folder = try folder(["\(train)/a/1.jpg", "\(train)/b/1.webp", "\(test)/b/2.JFIF"])
    let found = try opened(folder)
    #expect(names(found.train, folder) == ["0 \(train)/a/1.jpg", "1 \(train)/b/1.webp"])
    #expect(names(found.test, folder) == ["1 \(test)/b/2.JFIF"])
    #expect(DatasetDescription.of(.imageFolder).location(path: folder.path) != nil)
    // A class that is not tested with is named.
    #expect(
      found.test.problems == [folder.path + "/\(test) has no pictures of 1 of 2 classes: a"])
  }

  /// torchvision's order: of folders by their whole paths, then of the files in each.
  @Test func picturesMayLieDeeper() throws {
    let folder = try folder([
      "train/a/z.jpg", "train/a/b/2.jpg", "train/a/b/10.jpg", "train/a/b-c/1.jpg",
      "train/a/b/d/1.jpg", "val/a/1.jpg",
    ])
    #expect(
      names(try opened(folder).train, folder) == [
        "0 train/a/z.jpg", "0 train/a/b/10.jpg", "0 train/a/b/2.jpg", "0 train/a/b-c/1.jpg",
        "0 train/a/b/d/1.jpg",
      ])
    // A link to a folder above is no way out.
    try FileManager.default.createSymbolicLink(
      atPath: folder.path + "/train/a/b/up", withDestinationPath: folder.path + "/train/a")
    let train = try opened(folder).train
    #expect(train.count == 5)
    #expect(
      train.problems == [folder.path + "/train/a/b/up leads back to a folder that it stands in"])
  }

  @Test func whatIsHiddenIsNothing() throws {
    let folder = try folder([
      "train/a/1.jpg", "train/.git/1.jpg", "train/a/.1.jpg", "train/a/.thumbs/2.jpg",
      "train/a/Thumbs.db", "train/a/desktop.ini", "val/a/1.jpg", "val/.cache/1.jpg",
    ])
    let found = try opened(folder)
    #expect(found.train.classNames == ["a"] && found.train.count == 1 && found.test.count == 1)
    #expect(found.train.problems.isEmpty && found.test.problems.isEmpty)
  }

  @Test func tinyImageNetIsRead() throws {
    let folder = try folder([
      "train/n01/images/n01_0.JPEG", "train/n02/images/n02_0.JPEG", "val/images/val_0.JPEG",
      "val/images/val_1.JPEG", "val/images/val_2.JPEG", "test/images/test_0.JPEG",
    ])
    try folder.write(Array("n01_0.JPEG\t0\t0\t63\t63\n".utf8), "train/n01/n01_boxes.txt")
    try folder.write(
      Array("val_0.JPEG\tn02\t0\t0\t9\t9\nval_1.JPEG\tn01\t0\t0\t9\t9\r\n".utf8),
      "val/val_annotations.txt")
    let found = try opened(folder)
    #expect(found.train.count == 2 && found.train.problems.isEmpty)
    #expect(
      names(found.test, folder) == ["0 val/images/val_1.JPEG", "1 val/images/val_0.JPEG"])
    #expect(
      found.test.problems == [
        folder.path + "/val/images/val_2.JPEG has no class in " + folder.path
          + "/val/val_annotations.txt"
      ])
    #expect(found.test.check(threads: 1).broken.isEmpty)
  }

  @Test(arguments: [
    ("val.txt", "v_1.JPEG 1\nv_2.JPEG 0\n"),
    ("val/labels.csv", "file,class\nv_1.JPEG,n02\nv_2.JPEG,n01"),
    ("val_labels.txt", "val/v_1.JPEG n02\nval/v_2.JPEG n01\n"),
    (
      "LOC_val_solution.csv",
      "ImageId,PredictionString\nv_2,n01 1 2 3 4 \nv_1,n02 1 2 3 4 n02 5 6 7 8 \n"
    ),
  ])
  func aListMaySayTheClasses(name: String, text: String) throws {
    let folder = try folder([
      "train/n01/1.jpg", "train/n02/1.jpg", "val/v_1.JPEG", "val/v_2.JPEG", "test/t_1.JPEG",
    ])
    #expect(message { _ = try opened(folder) }.contains("nor a list of their labels"))
    try folder.write(Array(text.utf8), name)
    #expect(names(try opened(folder).test, folder) == ["0 val/v_2.JPEG", "1 val/v_1.JPEG"])
    try folder.write(Array("v_1.JPEG n02\nv_2.JPEG n09\n".utf8), "val/labels.txt")
    #expect(message { _ = try opened(folder) }.contains("labels.txt:2: n09 is no class"))
  }

  /// ImageNet's development kit: numbers in the order of the pictures, explained by a MATLAB file.
  @Test(arguments: [false, true]) func theDevelopmentKitIsRead(compressed: Bool) throws {
    let folder = try folder([
      "train/n01/1.jpg", "train/n02/1.jpg", "val/ILSVRC2012_val_00000001.JPEG",
      "val/ILSVRC2012_val_00000002.JPEG",
    ])
    let kit = "ILSVRC2012_devkit_t12/data/"
    try folder.write(Array("1\n2\n".utf8), kit + "ILSVRC2012_validation_ground_truth.txt")
    #expect(message { _ = try opened(folder) }.contains("put it beside it"))
    // Number 1 is the second folder.
    try folder.write(
      MatlabFixture.synsets([(1, "n02"), (2, "n01")], compressed: compressed), kit + "meta.mat")
    #expect(
      names(try opened(folder).test, folder) == [
        "0 val/ILSVRC2012_val_00000002.JPEG", "1 val/ILSVRC2012_val_00000001.JPEG",
      ])
    try folder.write(Array("1\n".utf8), kit + "ILSVRC2012_validation_ground_truth.txt")
    #expect(message { _ = try opened(folder) }.contains("1 numbers in 1 lines for 2 pictures"))
    try folder.write(Array("1\n3\n".utf8), kit + "ILSVRC2012_validation_ground_truth.txt")
    #expect(message { _ = try opened(folder) }.contains("has the class 3, which is no class"))
    try folder.write([UInt8](repeating: 255, count: 300), kit + "meta.mat")
    #expect(message { _ = try opened(folder) }.contains("no table of synsets"))
  }

  @Test func aShareIsHeldForTesting() throws {
    let files =
      (0..<20).flatMap { ["a/\($0).jpg", "b/\($0).jpg"] } + ["c/1.jpg", "d/1.jpg", "d/2.jpg"]
    for prefix in ["", "train/"] {
      let folder = try folder(files.map { prefix + $0 })
      #expect(message { _ = try opened(folder) }.contains("has no folder"))
      let found = try opened(folder, share: 0.1)
      #expect(found.test.classCounts == [2, 2, 0, 1])
      #expect(found.train.classCounts == [18, 18, 1, 1])
      let all = names(found.train, folder) + names(found.test, folder)
      #expect(Set(all).count == 43)
      #expect(names(try opened(folder, share: 0.1).test, folder) == names(found.test, folder))
      #expect(
        names(try opened(folder, share: 0.1, seed: 1).test, folder) != names(found.test, folder))
      let counts = try FolderCounts.of(folder.path, testShare: 0.1)
      #expect(counts.classes == 4 && counts.train == 38 && counts.test == 5)
      #expect(counts.warnings.count == 1)
    }
    let folder = try folder(["train/a/1.jpg", "val/a/1.jpg"])
    #expect(message { _ = try opened(folder, share: 0.5) }.contains("leave testShare out"))
    #expect(
      message {
        try DatasetRequest(name: .imageFolder, path: "x", testShare: 1.5).validate()
      }.contains("between 0 and 1"))
  }
}

/// A file of MATLAB's format 5 with ImageNet's table of classes.
enum MatlabFixture {
  static func synsets(_ names: [(id: Double, name: String)], compressed: Bool) throws -> [UInt8] {
    func element(_ type: Int, _ content: [UInt8]) -> [UInt8] {
      let padding = [UInt8](repeating: 0, count: (8 - content.count % 8) % 8)
      // Short ones stand in their tag.
      if (1...4).contains(content.count) {
        return number(content.count << 16 | type) + content
          + [UInt8](repeating: 0, count: 4 - content.count)
      }
      return number(type) + number(content.count) + content + padding
    }
    func number(_ value: Int) -> [UInt8] { (0..<4).map { UInt8(value >> (8 * $0) & 255) } }
    func matrix(_ kind: Int, _ sizes: [Int], _ name: String, _ rest: [UInt8]) -> [UInt8] {
      element(
        14,
        element(6, number(kind) + number(0)) + element(5, sizes.flatMap(number))
          + element(1, Array(name.utf8)) + rest)
    }
    let fields = ["ILSVRC2012_ID", "WNID", "words"]
    var content = element(5, number(16))
    content += element(
      1, fields.flatMap { Array($0.utf8) + [UInt8](repeating: 0, count: 16 - $0.utf8.count) })
    for (id, name) in names {
      // Whole numbers are stored in as few bytes as they need.
      content += matrix(6, [1, 1], "", element(2, [UInt8(id)]))
      content += matrix(4, [1, name.utf8.count], "", element(4, name.utf8.flatMap { [$0, 0] }))
      content += matrix(4, [1, 3], "", element(16, Array("cat".utf8)))
    }
    var array = matrix(2, [names.count, 1], "synsets", content)
    if compressed {
      var packed = [UInt8](repeating: 0, count: array.count + 1000)
      var size = UInt(packed.count)
      try #require(compress(&packed, &size, array, UInt(array.count)) == Z_OK)
      array = number(15) + number(Int(size)) + packed.prefix(Int(size))
    }
    return Array("MATLAB 5.0 MAT-file".utf8) + [UInt8](repeating: 32, count: 128 - 19) + array
  }
}
