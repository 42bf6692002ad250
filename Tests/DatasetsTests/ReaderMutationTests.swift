// Damaged data files by the thousand: each is read or refused with a message, nothing crashes,
// hangs, or takes memory for a header's word.
import Foundation
import Mutations
import Testing

@testable import Datasets
@testable import Numerics

@Suite struct ReaderMutationTests {
  let folders: TemporaryFolders

  init() throws { folders = try TemporaryFolders() }

  /// Reads each damaged input.
  /// - Returns: how many were read and how many refused with this module's error.
  private func outcomes(
    _ rounds: Int, _ read: (inout Mutator) throws -> Void, seed: UInt64
  ) throws -> (read: Int, refused: Int) {
    var mutator = Mutator(seed: seed)
    var counts = (read: 0, refused: 0)
    for _ in 0..<rounds {
      do {
        try read(&mutator)
        counts.read += 1
      } catch let error as DatasetError {
        counts.refused += 1
        #expect(!error.description.isEmpty)
      }
    }
    return counts
  }

  private func readCIFAR(_ path: String) throws {
    let reader = CIFARReader(format: CIFARReaderTests.format)
    let splits = try reader.read(try #require(reader.locate(path)))
    // Whole records of any number are read.
    for images in [splits.train, splits.test] {
      #expect(images.count > 0 && images.pixels.count == 18 * images.count)
      #expect(images.labels.allSatisfy { (0...9).contains($0) })
      #expect(images.notes.isEmpty == (images.count == (images === splits.train ? 6 : 3)))
    }
  }

  @Test func filesOfRecords() throws {
    let folder = try folders.make()
    let names = CIFARReaderTests.format.files.map(\.name)
    for (number, name) in names.enumerated() {
      try folder.write(CIFARReaderTests.content(number), name)
    }
    let counts = try outcomes(
      3000,
      { mutator in
        let which = mutator.below(names.count)
        let sound = CIFARReaderTests.content(which)
        try folder.write(mutator.damaged(sound, keepsSize: mutator.below(4) > 0), names[which])
        defer { _ = try? folder.write(sound, names[which]) }
        try readCIFAR(folder.path)
      }, seed: 11)
    // Pixels may be anything; labels may not, and the size is fixed.
    #expect(counts.read > 500 && counts.refused > 500, "\(counts)")
  }

  /// Every second header gets the checksum that belongs to it, so that what it says is looked at.
  private func repaired(_ archive: [UInt8], _ mutator: inout Mutator) -> [UInt8] {
    var bytes = archive
    for start in stride(from: 0, to: bytes.count - 511, by: 512) where mutator.below(2) == 0 {
      let isHeader = bytes[start + 257..<start + 262].elementsEqual("ustar".utf8)
      guard isHeader else { continue }
      bytes.replaceSubrange(start + 148..<start + 156, with: [UInt8](repeating: 0x20, count: 8))
      let sum = bytes[start..<start + 512].reduce(0) { $0 + Int($1) }
      let digits = Array(String(sum, radix: 8).utf8)
      let field = [UInt8](repeating: 0x30, count: 6 - digits.count) + digits + [0, 0x20]
      bytes.replaceSubrange(start + 148..<start + 156, with: field)
    }
    return bytes
  }

  @Test func archives() throws {
    let folder = try folders.make()
    let sound = CIFARReaderTests.members.flatMap { $0 } + tarEnd
    let counts = try outcomes(
      4000,
      { mutator in
        let bytes = mutator.damaged(sound, head: 512)
        try readCIFAR(try folder.write(repaired(bytes, &mutator), "a.tar"))
      }, seed: 12)
    #expect(counts.read > 50 && counts.refused > 1000, "\(counts)")
  }

  @Test func compressedArchives() throws {
    let folder = try folders.make()
    let sound = CIFARReaderTests.members.flatMap { $0 } + tarEnd
    let packed = try gzip(sound)
    let counts = try outcomes(
      3000,
      { mutator in
        let bytes =
          mutator.below(3) == 0
          ? try gzip(repaired(mutator.damaged(sound, head: 512), &mutator))
          : mutator.damaged(packed)
        try readCIFAR(try folder.write(bytes, "a.tar.gz"))
      }, seed: 13)
    #expect(counts.read > 20 && counts.refused > 1000, "\(counts)")
  }

  @Test(arguments: [false, true]) func arrays(compressed: Bool) throws {
    let folder = try folders.make()
    let contents = IDXReaderTests.contents.sorted { $0.key < $1.key }
    func write(_ name: String, _ bytes: [UInt8]) throws {
      try folder.write(compressed ? gzip(bytes) : bytes, compressed ? name + ".gz" : name)
    }
    for (name, bytes) in contents { try write(name, bytes) }
    let counts = try outcomes(
      2500,
      { mutator in
        let (name, sound) = contents[mutator.below(contents.count)]
        if compressed, mutator.below(2) == 0 {
          try folder.write(mutator.damaged(gzip(sound)), name + ".gz")
        } else {
          let head = name.contains("images") ? 16 : 8
          let keepsSize = mutator.below(2) == 0
          try write(name, mutator.damaged(sound, head: head, keepsSize: keepsSize))
        }
        defer { try? write(name, sound) }
        let splits = try DatasetLoader.load(
          DatasetRequest(name: .fashionMNIST, path: folder.path))
        #expect(splits.train.pixels.count == splits.train.count * splits.train.shape.count)
      }, seed: 14)
    #expect(counts.read > 50 && counts.refused > 1000, "\(counts)")
  }
}
