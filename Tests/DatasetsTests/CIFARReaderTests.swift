// CIFAR's binary format: from a folder, from an archive, and broken in many ways.
import Foundation
import Testing

@testable import Datasets
@testable import Numerics

@Suite struct CIFARReaderTests {
  let folders: TemporaryFolders

  init() throws { folders = try TemporaryFolders() }

  /// Two training files and a test file of three records each.
  static let format: CIFARFormat = {
    var format = CIFARFormat.cifar10
    format.shape = ImageShape(height: 2, width: 3, channels: 3)
    format.train = ["data_batch_1.bin", "data_batch_2.bin"].map { .init(name: $0, records: 3) }
    format.test = [.init(name: "test_batch.bin", records: 3)]
    return format
  }()

  /// Record `r` of file `f`: its label, then planes in which every byte says where it stands.
  static func content(_ file: Int) -> [UInt8] {
    var bytes: [UInt8] = []
    for record in 0..<3 {
      bytes.append(UInt8((3 * file + record) % 10))
      for position in 0..<18 { bytes.append(UInt8(60 * file + 20 * record + position)) }
    }
    return bytes
  }

  static let members = format.files.enumerated().map {
    tarMember("cifar-10-batches-bin/" + $1.name, content($0))
  }

  func read(_ path: String, train: Int? = nil, test: Int? = nil) throws -> DatasetSplits {
    let reader = CIFARReader(format: Self.format)
    return try reader.read(
      try #require(reader.locate(path)), trainCount: train, testCount: test)
  }

  func folder() throws -> TemporaryFolder {
    let folder = try folders.make()
    for (number, file) in Self.format.files.enumerated() {
      try folder.write(Self.content(number), "cifar-10-batches-bin/" + file.name)
    }
    return folder
  }

  func archive(_ members: [[UInt8]], compressed: Bool = true) throws -> String {
    let folder = try folders.make()
    let bytes = members.flatMap { $0 } + tarEnd
    return try folder.write(compressed ? gzip(bytes) : bytes, compressed ? "a.tar.gz" : "a.tar")
  }

  @Test func folderAndItsParentAreRead() throws {
    let folder = try folder()
    let splits = try read(folder.path)
    #expect(splits.train.labels == [0, 1, 2, 3, 4, 5])
    #expect(splits.test.labels == [6, 7, 8])
    #expect(splits.train.classNames[9] == "truck")
    // Planes R = 0…5, G = 6…11, B = 12…17 become pixels.
    #expect(Array(splits.train.pixels.prefix(6)) == [0, 6, 12, 1, 7, 13])
    // The last record of the second file.
    #expect(Array(splits.train.pixels.suffix(3)) == [105, 111, 117])
    let direct = try read(folder.path + "/cifar-10-batches-bin")
    #expect(direct.train.checksum == splits.train.checksum)
  }

  @Test func archiveEqualsFolderInAnyOrderOfMembers() throws {
    let folder = try folder()
    let expected = try read(folder.path)
    let others = [
      tarMember("cifar-10-batches-bin/", [], type: "5"),
      tarMember("cifar-10-batches-bin/readme.html", [UInt8](repeating: 65, count: 700)),
      tarMember("long", Array("cifar-10-batches-bin/readme".utf8), type: "x"),
      tarMember("data_batch_1.bin", [], type: "2"),
    ]
    for members in [Self.members, Self.members.reversed() + others, others + Self.members] {
      for compressed in [true, false] {
        let path = try archive(members, compressed: compressed)
        let splits = try read(path)
        #expect(splits.train.checksum == expected.train.checksum)
        #expect(splits.test.checksum == expected.test.checksum)
      }
    }
  }

  @Test func archiveIsFoundInAFolder() throws {
    let folder = try folders.make()
    try folder.write(gzip(Self.members.flatMap { $0 } + tarEnd), "cifar-10-binary.tar.gz")
    #expect(try read(folder.path).train.count == 6)
  }

  @Test func firstKAreTaken() throws {
    let folder = try folder()
    let splits = try read(folder.path, train: 4, test: 1)
    #expect(splits.train.labels == [0, 1, 2, 3])
    #expect(splits.train.pixels == Array(try read(folder.path).train.pixels.prefix(4 * 18)))
    #expect(splits.test.labels == [6])
    #expect(message { _ = try read(folder.path, train: 7) }.contains("trainCount 7"))
  }

  @Test func realFormatsHaveTheRealSizes() {
    let ten = CIFARFormat.cifar10
    #expect(ten.files.map(ten.size) == [Int](repeating: 30_730_000, count: 6))
    #expect(ten.classNames.count == 10)
    let hundred = CIFARFormat.cifar100(.fine)
    #expect(hundred.files.map(hundred.size) == [153_700_000, 30_740_000])
    #expect(hundred.classNames.count == 100)
    #expect(Set(hundred.classNames).count == 100)
    #expect(hundred.classNames == hundred.classNames.sorted())
    #expect(Set(CIFARFormat.cifar100(.coarse).classNames).count == 20)
  }

  /// Two label bytes: the first is the superclass, the second the class.
  @Test func cifar100HasTwoLabels() throws {
    let folder = try folders.make()
    func records(_ first: Int) -> [UInt8] {
      var bytes: [UInt8] = []
      for record in first..<first + 2 {
        bytes += [UInt8(record), UInt8(50 + record)]
        for position in 0..<18 { bytes.append(UInt8(20 * record + position)) }
      }
      return bytes
    }
    try folder.write(records(0), "cifar-100-binary/train.bin")
    try folder.write(records(2), "cifar-100-binary/test.bin")
    func read(_ labels: LabelLevel) throws -> DatasetSplits {
      var format = CIFARFormat.cifar100(labels)
      format.shape = ImageShape(height: 2, width: 3, channels: 3)
      format.train[0].records = 2
      format.test[0].records = 2
      let reader = CIFARReader(format: format)
      return try reader.read(try #require(reader.locate(folder.path)))
    }
    let fine = try read(.fine)
    #expect(fine.train.labels == [50, 51])
    #expect(fine.test.labels == [52, 53])
    let names = fine.test.classNames
    #expect(names[52] == "oak tree")
    let coarse = try read(.coarse)
    #expect(coarse.train.labels == [0, 1])
    let coarseNames = coarse.train.classNames
    #expect(coarseNames[1] == "fish")
    #expect(fine.train.pixels == coarse.train.pixels)
    #expect(Array(fine.train.pixels.suffix(3)) == [25, 31, 37])
    var broken = records(0)
    broken[21] = 100
    try folder.write(broken, "cifar-100-binary/train.bin")
    #expect(message { _ = try read(.fine) }.contains("label 100 in record 1"))
    #expect(throws: Never.self) { try read(.coarse) }
  }

  @Test func brokenFoldersAreRefused() throws {
    let file = "cifar-10-batches-bin/data_batch_2.bin"
    var folder = try folder()
    try folder.write(Array(Self.content(1).dropLast()), file)
    var text = message { _ = try read(folder.path) }
    #expect(text.contains(file) && text.contains("has 56 bytes") && text.contains("are 57"))

    var content = Self.content(1)
    content[19] = 10
    try folder.write(content, file)
    text = message { _ = try read(folder.path) }
    #expect(text.contains(file) && text.contains("label 10 in record 1"))

    try FileManager.default.removeItem(atPath: folder.path + "/" + file)
    text = message { _ = try read(folder.path) }
    #expect(text.contains("has no data_batch_2.bin"))

    try FileManager.default.createSymbolicLink(
      atPath: folder.path + "/" + file, withDestinationPath: "data_batch_2.bin")
    text = message { _ = try read(folder.path) }
    #expect(text.contains(file + " is a link that leads to no file"), "\(text)")
    try FileManager.default.removeItem(atPath: folder.path + "/" + file)

    try FileManager.default.createDirectory(
      atPath: folder.path + "/" + file, withIntermediateDirectories: true)
    #expect(message { _ = try read(folder.path) }.contains("not a regular file"))

    folder = try folders.make()
    #expect(CIFARReader(format: Self.format).locate(folder.path) == nil)
  }

  @Test func pipesAndLinkLoopsDoNotHang() throws {
    let folder = try folders.make()
    let pipe = folder.path + "/pipe.tar.gz"
    try #require(mkfifo(pipe, 0o600) == 0)
    #expect(message { _ = try read(pipe) }.contains("not a regular file"))
    let loop = folder.path + "/loop"
    try FileManager.default.createSymbolicLink(atPath: loop, withDestinationPath: loop)
    #expect(message { _ = try InputFile(path: loop) }.contains("cannot open"))
  }

  @Test func brokenArchivesAreRefused() throws {
    func problem(_ members: [[UInt8]]) throws -> String {
      let path = try archive(members)
      return message { _ = try read(path) }
    }
    #expect(try problem(Array(Self.members.dropLast())).contains("has no test_batch.bin"))
    #expect(try problem(Self.members + [Self.members[0]]).contains("is there twice"))
    for name in ["../data_batch_1.bin", "a/../../b", "/etc/data_batch_1.bin"] {
      #expect(try problem([tarMember(name, Self.content(0))]).contains("outside the archive"))
    }
    let prefixed = tarMember("data_batch_1.bin", Self.content(0), prefix: "x/..")
    #expect(try problem([prefixed]).contains("outside the archive"))
    let huge = tarMember("data_batch_1.bin", Self.content(0), claimedSize: 0o7777_7777_777)
    #expect(try problem([huge]).contains("8589934591 bytes"))
    var damaged = Self.members[0]
    damaged[0] ^= 1
    #expect(try problem([damaged]).contains("checksum"))
  }

  @Test func everyTruncationIsRefused() throws {
    let folder = try folders.make()
    let plain = Self.members.flatMap { $0 }
    for length in stride(from: 1, to: plain.count, by: 37)
    where length < plain.count - 512 + Self.format.size(of: Self.format.test[0]) {
      let path = try folder.write(Array(plain.prefix(length)), "a.tar")
      #expect(throws: DatasetError.self, "\(length) of \(plain.count)") { try read(path) }
    }
    let packed = try gzip(plain + tarEnd)
    for length in 0..<packed.count {
      let path = try folder.write(Array(packed.prefix(length)), "a.tar.gz")
      #expect(throws: DatasetError.self, "\(length) of \(packed.count)") { try read(path) }
    }
  }

  /// A flipped bit is noticed, or is one that decompression does not care about.
  @Test func damagedCompressionIsNeverTakenForData() throws {
    let folder = try folders.make()
    let expected = try read(try self.folder().path).train.checksum
    var refused = 0
    let packed = try gzip(Self.members.flatMap { $0 } + tarEnd)
    // The header's time, flags and system (bytes 4 to 9) say nothing about the content.
    for position in 10..<packed.count {
      var bytes = packed
      bytes[position] ^= 0x10
      let path = try folder.write(bytes, "a.tar.gz")
      do {
        let splits = try read(path)
        #expect(splits.train.checksum == expected, "byte \(position)")
      } catch is DatasetError {
        refused += 1
      }
    }
    #expect(refused > (packed.count - 10) * 9 / 10)
  }

  @Test func gzipBombIsStopped() throws {
    let zeros = [UInt8](repeating: 0, count: 8 << 20)
    let bomb = tarMember("ignored", zeros)
    let path = try archive([bomb] + Self.members)
    #expect(try Data(contentsOf: URL(fileURLWithPath: path)).count < 20_000)
    #expect(message { _ = try read(path) }.contains("unpacks to more than"))
  }

  /// Zeros after the end fill a block of a tape; anything else is damage.
  @Test func zerosAfterTheEndAreNothing() throws {
    let folder = try folders.make()
    for count in [1, 511, 200_000] {
      let zeros = [UInt8](repeating: 0, count: count)
      let path = try folder.write(try gzip([1, 2]) + gzip([3]) + zeros, "x.gz")
      let stream = try InputFile.stream(path: path, limit: 5)
      #expect(try stream.bytes(3, of: "x") == [1, 2, 3])
      #expect(try stream.isAtEnd())
      let longer = try folder.write(try gzip([1, 2]) + zeros + [7, 8], "y.gz")
      let broken = try InputFile.stream(path: longer, limit: 5)
      #expect(message { _ = try broken.bytes(3, of: "y") }.contains("not a sound gzip file"))
      // A member may come after them.
      let more = try folder.write(try gzip([1, 2]) + zeros + gzip([3]), "z.gz")
      #expect(try InputFile.stream(path: more, limit: 5).bytes(3, of: "z") == [1, 2, 3])
    }
  }

  /// Whole records are taken as they are, and said.
  @Test func otherNumbersOfRecordsAreANote() throws {
    let folder = try folder()
    let place = folder.path + "/cifar-10-batches-bin"
    #expect(try read(folder.path).train.notes.isEmpty)
    let reader = CIFARReader(format: Self.format)
    #expect(try #require(reader.counts(at: folder.path)) == (6, 3))
    try folder.write(
      Self.content(1) + Self.content(0), "cifar-10-batches-bin/data_batch_2.bin")
    let splits = try read(folder.path)
    #expect(splits.train.labels == [0, 1, 2, 3, 4, 5, 0, 1, 2] && splits.test.notes.isEmpty)
    #expect(
      splits.train.notes == [
        "of cifar-10, data_batch_2.bin has 6 records; the published files have other numbers of "
          + "records"
      ])
    #expect(try #require(reader.counts(at: place)) == (9, 3))
    let resized = try splits.train.resized(height: 4, width: 4)
    #expect(resized.notes == splits.train.notes)
    try folder.write([], "cifar-10-batches-bin/data_batch_2.bin")
    #expect(message { _ = try read(folder.path) }.contains("no whole records"))
    #expect(reader.counts(at: place) == nil)
    let fewer = try archive([
      Self.members[0], tarMember("data_batch_2.bin", Array(Self.content(1).prefix(19))),
      Self.members[2],
    ])
    #expect(try read(fewer).train.labels == [0, 1, 2, 3])
  }

  @Test func gzipOfSeveralMembersIsOneStream() throws {
    let folder = try folders.make()
    let path = try folder.write(try gzip([1, 2, 3]) + gzip([]) + gzip([4, 5]), "x.gz")
    let stream = try InputFile.stream(path: path, limit: 5)
    #expect(try stream.bytes(5, of: "x") == [1, 2, 3, 4, 5])
    #expect(try stream.isAtEnd())
  }
}
