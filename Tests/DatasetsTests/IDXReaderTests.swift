// MNIST's format, plain and compressed, and what is wrong with broken files.
import Foundation
import Testing

@testable import Datasets
@testable import Numerics

@Suite struct IDXReaderTests {
  let folders: TemporaryFolders

  init() throws { folders = try TemporaryFolders() }

  static func number(_ value: Int) -> [UInt8] {
    [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: value >> $0) }
  }

  static func images(_ count: Int, _ height: Int, _ width: Int) -> [UInt8] {
    number(0x803) + number(count) + number(height) + number(width)
      + (0..<count * height * width).map { UInt8(truncatingIfNeeded: $0 * 7) }
  }

  static func labels(_ values: [UInt8]) -> [UInt8] { number(0x801) + number(values.count) + values }

  static let contents: [String: [UInt8]] = [
    "train-images-idx3-ubyte": images(4, 5, 3), "train-labels-idx1-ubyte": labels([3, 9, 0, 1]),
    "t10k-images-idx3-ubyte": images(2, 5, 3), "t10k-labels-idx1-ubyte": labels([2, 8]),
  ]

  /// The four files, some replaced.
  func folder(
    _ changes: [String: [UInt8]] = [:], compressed: Bool = false
  ) throws -> TemporaryFolder {
    let folder = try folders.make()
    for (name, bytes) in Self.contents.merging(changes, uniquingKeysWith: { $1 }) {
      try folder.write(compressed ? gzip(bytes) : bytes, compressed ? name + ".gz" : name)
    }
    return folder
  }

  func load(_ folder: TemporaryFolder, train: Int? = nil) throws -> DatasetSplits {
    try DatasetLoader.load(
      DatasetRequest(name: .fashionMNIST, path: folder.path, trainCount: train))
  }

  @Test func plainAndCompressedAreTheSame() throws {
    let plain = try load(try folder())
    #expect(plain.train.shape == ImageShape(height: 5, width: 3, channels: 1))
    #expect(plain.train.labels == [3, 9, 0, 1])
    #expect(plain.train.pixels == Array(Self.images(4, 5, 3).dropFirst(16)))
    #expect(plain.test.labels == [2, 8])
    #expect(plain.train.classNames[9] == "ankle boot")
    let packed = try load(try folder(compressed: true))
    #expect(packed.train.checksum == plain.train.checksum)
    #expect(packed.test.checksum == plain.test.checksum)
    #expect(plain.test.checksum != plain.train.checksum)
  }

  @Test func otherSpellingOfTheNamesIsFound() throws {
    let folder = try folders.make()
    for (name, bytes) in Self.contents {
      try folder.write(bytes, name.replacing("-idx", with: ".idx"))
    }
    #expect(try load(folder).train.count == 4)
  }

  /// Kaggle's archive unpacks into folders with the files' names.
  @Test func foldersWithTheFilesNamesAreLookedInto() throws {
    let folder = try folders.make()
    for (name, bytes) in Self.contents { try folder.write(bytes, "\(name)/\(name)") }
    #expect(try load(folder).train.count == 4)
    for (name, bytes) in Self.contents {
      try folder.write(bytes, name.replacing("-idx", with: ".idx"))
    }
    #expect(try load(folder).train.labels == [3, 9, 0, 1])
    let counts = DatasetDescription.of(.mnist).presentCounts(path: folder.path)
    #expect(try #require(counts) == (4, 2))
    #expect(DatasetDescription.of(.mnist).presentCounts(path: "/none") == nil)
  }

  @Test func firstKAreTaken() throws {
    let folder = try folder()
    let splits = try load(folder, train: 3)
    #expect(splits.train.labels == [3, 9, 0])
    #expect(splits.train.pixels.count == 45)
    #expect(message { _ = try load(folder, train: 5) }.contains("trainCount 5"))
  }

  @Test func missingFilesAreNamed() throws {
    let folder = try folder()
    try FileManager.default.removeItem(atPath: folder.path + "/t10k-labels-idx1-ubyte")
    #expect(message { _ = try load(folder) }.contains("has no t10k-labels-idx1-ubyte"))
    let text = message { _ = try load(try folders.make()) }
    #expect(text.contains("apt-get install dataset-fashion-mnist"))
    #expect(text.contains("md5 8d4fb7e6c68d591d4c3dfef9ec88bf0d"))
  }

  @Test(arguments: [false, true]) func brokenFilesAreRefused(compressed: Bool) throws {
    let images = "train-images-idx3-ubyte"
    let labels = "train-labels-idx1-ubyte"
    func problem(_ name: String, _ bytes: [UInt8]) throws -> String {
      let folder = try folder([name: bytes], compressed: compressed)
      let text = message { _ = try load(folder) }
      #expect(text.contains(name))
      return text
    }
    let sound = Self.images(4, 5, 3)
    _ = try problem(images, Array(sound.dropLast()))
    _ = try problem(images, sound + [0])
    _ = try problem(images, Array(sound.prefix(9)))
    _ = try problem(images, [])
    #expect(
      try problem(images, Self.labels([1, 2, 3, 4, 5, 6, 7, 8])).contains("starts with 2049"))
    #expect(try problem(labels, Self.labels([1, 2, 10, 4])).contains("label 10 at example 2"))
    #expect(try problem(labels, Self.labels([1, 2, 3])).contains("4 images"))
    #expect(try problem(images, Self.images(4, 1, 1025)).contains("1x1025"))
    // Headers that promise what cannot be there: nothing is allocated for them.
    for sizes in [[1 << 31, 1 << 31, 4], [0, 28, 28], [1 << 30, 28, 28]] {
      let header = Self.number(0x803) + sizes.flatMap(Self.number)
      #expect(try problem(images, header + [1, 2, 3]).contains("does not fit"))
    }
  }

  @Test func splitsOfDifferentShapeAreRefused() throws {
    let folder = try folder(["t10k-images-idx3-ubyte": Self.images(2, 3, 5)])
    #expect(message { _ = try load(folder) }.contains("different data sets"))
  }

  @Test func damagedCompressionIsRefused() throws {
    let folder = try folder(compressed: true)
    let path = folder.path + "/train-images-idx3-ubyte.gz"
    let sound = try gzip(Self.images(4, 5, 3))
    for position in 0..<sound.count - 4 where ![4, 5, 6, 7, 8, 9].contains(position) {
      var bytes = sound
      bytes[position] ^= 0xff
      try Data(bytes).write(to: URL(fileURLWithPath: path))
      #expect(throws: DatasetError.self, "byte \(position)") { try load(folder) }
    }
  }
}
