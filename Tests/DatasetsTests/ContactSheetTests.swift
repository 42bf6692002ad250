// The picture of a data set.
import Foundation
import Testing

@testable import Datasets

@Suite struct ContactSheetTests {
  let folders: TemporaryFolders

  init() throws { folders = try TemporaryFolders() }

  @Test func everyClassHasItsRow() throws {
    let dataset = try Shapes.dataset(split: .test, count: 40, size: 16)
    let canvas = ContactSheet.canvas(dataset, countPerClass: 3)
    // Labels of eight letters and 64-pixel cells; see the constants of the sheet.
    let (left, top) = (8 + 8 * 12, 16 + 14)
    #expect(canvas.width >= left + 3 * 68 && canvas.height == top + 10 * 68)
    for label in 0..<10 {
      for shown in 0..<3 {
        let example = 10 * shown + label
        for (x, y) in [(0, 0), (15, 0), (7, 9), (15, 15)] {
          let source = (example * 256 + y * 16 + x) * 3
          let column = left + shown * 68 + x * 4 + 3
          let target = ((top + label * 68 + y * 4 + 3) * canvas.width + column) * 3
          #expect(
            Array(canvas.pixels[target..<target + 3])
              == Array(dataset.pixels[source..<source + 3]), "class \(label), example \(example)")
        }
      }
      let row = (top + label * 68) * canvas.width * 3
      #expect(canvas.pixels[row..<row + 64 * canvas.width * 3].contains(40), "name \(label)")
    }
  }

  /// An earlier picture is replaced, anything else is not.
  @Test func fileIsAPNGAndReplacesTheOld() throws {
    let folder = try folders.make()
    let path = try folder.write([1, 2, 3], "sheet.png")
    let dataset = try sampleDataset(count: 3)
    #expect(throws: DatasetError("\(path) is there and is no PNG picture; name another file")) {
      try ContactSheet.write(dataset, countPerClass: 1, to: path)
    }
    #expect(try Array(Data(contentsOf: URL(fileURLWithPath: path))) == [1, 2, 3])
    try FileManager.default.removeItem(atPath: path)
    try ContactSheet.write(dataset, countPerClass: 2, to: path)
    try ContactSheet.write(dataset, countPerClass: 1, to: path)
    let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
    #expect(Array(bytes.prefix(8)) == [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])
    let canvas = ContactSheet.canvas(dataset, countPerClass: 1)
    let size = [canvas.width, canvas.height].flatMap { [UInt8($0 >> 8), UInt8($0 & 255)] }
    #expect(Array(bytes[18..<20] + bytes[22..<24]) == size)
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["sheet.png"])
  }

  @Test func faultsAreExplained() throws {
    let dataset = try sampleDataset(count: 1)
    #expect(
      message { try ContactSheet.write(dataset, countPerClass: 0, to: "x.png") }
        .contains("count-per-class 0"))
    let folder = try folders.make()
    let path = folder.path + "/missing/x.png"
    #expect(message { try ContactSheet.write(dataset, countPerClass: 1, to: path) }.contains(path))
  }

  @Test func textStandsUpright() {
    var canvas = Canvas(width: 24, height: 14)
    canvas.draw("LT", x: 0, y: 0, zoom: 2)
    func isDark(_ x: Int, _ y: Int) -> Bool { canvas.pixels[(y * 24 + x) * 3] < 128 }
    // L: a stroke on the left and one below; T: one on top and one in the middle.
    for x in 0..<10 {
      #expect(isDark(x, 13) && isDark(12 + x, 0))
      #expect(isDark(x, 0) == (x < 2) && isDark(12 + x, 13) == (x == 4 || x == 5))
    }
  }

  @Test func lettersDiffer() {
    let characters = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-/.")
    #expect(Set(characters.map(BitmapFont.rows)).count == characters.count)
    #expect(BitmapFont.rows("a") == BitmapFont.rows("A"))
    for character in characters {
      let rows = BitmapFont.rows(character)
      #expect(rows.count == BitmapFont.height && rows.allSatisfy { $0 < 1 << BitmapFont.width })
    }
    #expect(BitmapFont.rows("\u{7}") == BitmapFont.rows("é"))
  }
}
