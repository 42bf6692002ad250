// Names that are bytes: how they are shown, in which order they come, and that they are found.
import Foundation
import Testing

@testable import Datasets
@testable import Numerics

@Suite struct StoredNameTests {
  @Test(arguments: [
    (Array("plain".utf8), "plain"), (Array("Mü 中.jpg".utf8), "Mü 中.jpg"),
    ([0x4D, 0xFC, 0x2E], "M\\xFC."), (Array("a\\b".utf8), "a\\b"),
    (Array("\\xFC".utf8), "\\x5CxFC"), ([0xE4, 0xB8, 0x61], "\\xE4\\xB8a"),
    ([0xED, 0xA0, 0x80], "\\xED\\xA0\\x80"), ([0xF0, 0x9F, 0x98, 0x80, 0x0A], "😀\n"),
    ([0xC0, 0x80], "\\xC0\\x80"), ([], ""),
  ])
  func everyNameIsShownInItsOwnWay(bytes: [UInt8], text: String) {
    let name = StoredName(bytes)
    #expect(Array(name.text.utf8) == Array(text.utf8))
    // And is found by what is shown.
    #expect((StoredName(shown: name.text) ?? StoredName(name.text)).bytes == bytes)
  }

  /// `sorted(os.listdir(…))` of Python 3.11 on these names, as text with surrogate escapes.
  @Test func theOrderIsPythons() {
    let sorted: [[UInt8]] = [
      Array("A".utf8), Array("a".utf8), Array("a!".utf8), Array("a.b".utf8), Array("a0".utf8),
      Array("\u{D7FF}".utf8), [0x80], [0xE9, 0x61], [0xFF], Array("\u{E000}".utf8),
      Array("\u{FFFD}".utf8), Array("😀".utf8),
    ]
    let names = sorted.map { StoredName($0) }
    #expect(Array(names.reversed()).sorted { $0.precedes($1) } == names)
    for (place, name) in names.enumerated() {
      for other in names[..<place] { #expect(other.precedes(name) && !name.precedes(other)) }
      #expect(!name.precedes(name))
    }
  }

  /// One text in two Unicode forms are two classes, and look so.
  @Test func namesOfTwoFormsAreTwoClasses() throws {
    let folders = try TemporaryFolders()
    let folder = try folders.make()
    let jpeg = try PictureFixture.jpeg(
      PictureFixture.smooth(height: 16, width: 16), height: 16, width: 16)
    let names: [[UInt8]] = [
      Array("Mu\u{308}ller".utf8), Array("M\u{FC}ller".utf8), [0x4D, 0xFC, 0x6C],
    ]
    for split in ["train", "val"] {
      for name in names {
        let place = StoredName(folder.path).appending(split).appending(StoredName(name))
        try FileManager.default.createDirectory(
          atPath: folder.path + "/" + split, withIntermediateDirectories: true)
        try #require(place.withPath { mkdir($0, 0o700) } == 0)
        // A name that is no text in any encoding.
        let file = place.appending(StoredName([0xFF, 0xFE] + Array(".jpg".utf8)))
        let descriptor = file.withPath { open($0, O_WRONLY | O_CREAT, 0o600) }
        try #require(descriptor >= 0)
        #expect(write(descriptor, jpeg, jpeg.count) == jpeg.count)
        close(descriptor)
      }
    }
    let opened = try ImageFolders(DatasetRequest(name: .imageFolder, path: folder.path, size: 8))
    #expect(opened.train.classNames == ["Mu\\xCC\\x88ller", "Müller", "M\\xFCl"])
    #expect(opened.train.labels == [0, 1, 2] && opened.test.labels == [0, 1, 2])
    #expect(opened.train.path(of: 2).hasSuffix("/train/M\\xFCl/\\xFF\\xFE.jpg"))
    let result = opened.test.check(threads: 1)
    #expect(result.broken.isEmpty && result.usable == [1, 1, 1])
    // A folder whose name is no text can be named as it is shown.
    let inner = StoredName(folder.path).appending(StoredName([0xE9]))
    try #require(inner.withPath { mkdir($0, 0o700) } == 0)
    #expect(ImageFolders.place(folder.path + "/\\xE9") == inner)
    #expect(FolderCounts.isThere(folder.path + "/\\xE9"))
  }
}
