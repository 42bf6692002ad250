// Pixels of evaluation against those that torchvision gave, which are stored.
import Crypto
import Foundation
import Mutations
import Testing
import Text

@testable import Datasets
@testable import Numerics

@Suite struct PixelTableTests {
  let decode: DecodedFile
  let folders: TemporaryFolders

  init() throws {
    folders = try TemporaryFolders()
    decode = try DecodedFile(folders.make())
  }

  /// `Fixtures/geometry.json`, written by `geometry.py` beside it.
  private struct Geometry: Decodable {
    struct Case: Decodable {
      var width, height, resize, crop: Int
      /// Width and height.
      var resized: [Int]
      /// Of the first four pixels.
      var first: [UInt8]
      var sha256: String
    }
    var cases: [Case]
  }

  static func fixture(_ name: String) throws -> Data {
    try Data(
      contentsOf: URL(filePath: #filePath).deletingLastPathComponent()
        .appending(path: "Fixtures/\(name)"))
  }

  /// `Fixtures/pictures.json`, written by `pictures.py` beside it.
  struct Pictures: Decodable {
    struct Case: Decodable {
      var name: String
      var file: Data
      /// SHA-256 of the pixels at each plan.
      var right: [String]
    }
    /// Shorter side and crop.
    var plans: [[Int]]
    var cases: [Case]

    static func read() throws -> Pictures {
      try JSONDecoder().decode(Pictures.self, from: PixelTableTests.fixture("pictures.json"))
    }
  }

  /// Every format, mode, depth and sampling: the same pixels to the bit.
  @Test func picturesAreThoseOfPillow() throws {
    let pictures = try Pictures.read()
    #expect(pictures.cases.count > 190)
    for item in pictures.cases {
      for (plan, right) in zip(pictures.plans, item.right) {
        let bytes = Array(item.file)
        let pixels = try? decode(bytes, size: plan[1], plan: CropPlan(middleOf: plan[0]))
        let found = pixels.map { hexadecimal(SHA256.hash(data: $0)) }
        #expect(found == right, "\(item.name) at \(plan)")
      }
    }
  }

  /// No format crashes or hangs on what is damaged or cut off, and none leaves anything behind.
  @Test func damagedPicturesAreRefusedOrDecoded() throws {
    var mutator = Mutator(seed: 11)
    let cases = try Pictures.read().cases
    let size = try Pictures.read().plans[0][1]
    var refused = 0
    for (number, item) in cases.enumerated() {
      let bytes = Array(item.file)
      for _ in 0..<6 {
        if (try? decode(mutator.damaged(bytes), size: size)) == nil { refused += 1 }
      }
      let cut = Array(bytes.prefix(bytes.count * (number % 7 + 1) / 9))
      // What is cut off is no sound picture, whatever its format.
      #expect(throws: DatasetError.self, "\(item.name)") { try decode(cut, size: size) }
      _ = try decode(bytes, size: size)
    }
    #expect(refused > 100)
  }

  @Test(arguments: [
    ("version https://git-lfs.github.com/spec/v1\n", "pointer of git-lfs"),
    ("<!DOCTYPE html>", "is a page"), ("GIF89a", "is a GIF"), ("\0\0\0\u{20}ftypheic", "is HEIC"),
    ("P7\nWIDTH 1", "begins as none of JPEG"), ("P5 3 3 70000\n", "largest value is 70000"),
    ("P2 2 2 9 1 2 3", "a sample is missing"), ("P2 1 1 9 10", "a sample of 10"),
    ("BM", "ends in its header"), ("RIFF____WEBPVP8 ", "libwebp cannot read it"),
  ])
  func whatIsNoPictureIsSaid(text: String, reason: String) {
    #expect(message { _ = try decode(Array(text.utf8), size: 4) }.contains(reason))
  }

  /// Pillow turns these into RGB by a colour profile, which nothing here has.
  @Test func coloursOfAnotherKindAreSaid() throws {
    let rgb = try #require(try Pictures.read().cases.first { $0.name == "tiff turned 1" })
    var bytes = Array(rgb.file)
    // The photometric interpretation, 2, of one short number.
    let place = try #require(bytes.firstRange(of: [0x06, 0x01, 3, 0, 1, 0, 0, 0, 2]))
    bytes[place.upperBound - 1] = 8
    #expect(message { _ = try decode(bytes, size: 14) }.contains("its colours are L*a*b*"))
  }

  /// Sizes, aspects and plans: the same pixels to the bit.
  @Test func geometryIsTorchvisions() throws {
    let cases = try JSONDecoder().decode(Geometry.self, from: Self.fixture("geometry.json")).cases
    #expect(cases.count > 200)
    var png: (size: [Int], bytes: [UInt8]) = ([], [])
    for item in cases {
      let name = "\(item.width)x\(item.height) at \(item.resize)/\(item.crop)"
      if png.size != [item.width, item.height] {
        png = (
          [item.width, item.height],
          try PictureFixture.png(height: item.height, width: item.width)
        )
      }
      let plan = CropPlan(middleOf: item.resize)
      let shape = ImageShape(height: item.crop, width: item.crop, channels: 3)
      let size = Picture.Size(width: item.width, height: item.height)
      let scaled = CropGeometry(size, plan: plan, shape: shape).scaled
      #expect([scaled.width, scaled.height] == item.resized, "\(name)")
      let pixels = try decode(png.bytes, size: item.crop, plan: plan)
      #expect(Array(pixels.prefix(12)) == item.first, "\(name)")
      #expect(hexadecimal(SHA256.hash(data: pixels)) == item.sha256, "\(name)")
    }
  }
}
