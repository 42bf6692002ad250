// Pixels of evaluation against those that torchvision gave, which are stored.
import Crypto
import Foundation
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

  private static func fixture(_ name: String) throws -> Data {
    try Data(
      contentsOf: URL(filePath: #filePath).deletingLastPathComponent()
        .appending(path: "Fixtures/\(name)"))
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
