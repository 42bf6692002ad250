// Pictures: decoded, scaled, cropped; and what is refused.
import CTurboJPEG
import Foundation
import Testing

@testable import Datasets
@testable import Numerics

@Suite struct ImageDecoderTests {
  let folders: TemporaryFolders
  let decode: DecodedFile

  init() throws {
    folders = try TemporaryFolders()
    decode = try DecodedFile(folders.make())
  }

  private func largestDifference(_ a: [UInt8], _ b: [UInt8]) -> Int {
    a.count == b.count ? zip(a, b).map { abs(Int($0) - Int($1)) }.max() ?? 0 : .max
  }

  @Test func pngIsExact() throws {
    let pixels = PictureFixture.pixels(height: 12, width: 12)
    let png = try PictureFixture.png(height: 12, width: 12)
    #expect(try decode(png, size: 12) == pixels)
  }

  @Test func jpegIsClose() throws {
    let pixels = PictureFixture.smooth(height: 24, width: 24)
    for subsampling in [TJSAMP_444, TJSAMP_420] {
      let jpeg = try PictureFixture.jpeg(pixels, height: 24, width: 24, subsampling: subsampling)
      #expect(largestDifference(try decode(jpeg, size: 24), pixels) <= 6)
    }
  }

  @Test func progressiveGreyAndInkJPEGsAreRead() throws {
    let pixels = PictureFixture.smooth(height: 16, width: 16)
    let progressive = try PictureFixture.jpeg(
      pixels, height: 16, width: 16, flags: TJFLAG_PROGRESSIVE)
    #expect(largestDifference(try decode(progressive, size: 16), pixels) <= 6)

    let grey = (0..<256).map { UInt8($0 / 16 * 10 + 40) }
    let jpeg = try PictureFixture.jpeg(
      grey, height: 16, width: 16, format: TJPF_GRAY, subsampling: TJSAMP_GRAY)
    let expected = grey.flatMap { [$0, $0, $0] }
    #expect(largestDifference(try decode(jpeg, size: 16), expected) <= 4)

    // Inverted inks: full values are white, the fourth darkens all.
    let inks = (0..<256).flatMap { _ in [200, 100, 50, 128] as [UInt8] }
    let cmyk = try PictureFixture.jpeg(inks, height: 16, width: 16, format: TJPF_CMYK)
    let colour = (0..<256).flatMap { _ in [100, 50, 25] as [UInt8] }
    #expect(largestDifference(try decode(cmyk, size: 16), colour) <= 3)
  }

  /// `Image.resize((w, h), Image.BILINEAR)` of Pillow 13.0.0 on `PictureFixture.pixels`, 9 rows of
  /// 14, shorter side brought to 5 and to 16, and the 5×5 crop whose first row and column are given.
  /// Pillow rounds to bytes after each of its two passes.
  @Test func scalingIsPillows() throws {
    let picture = try PictureFixture.png(height: 9, width: 14)
    let smaller: [UInt8] = [
      157, 68, 152, 122, 83, 129, 82, 105, 108, 117, 37, 85, 160, 42, 61, 121, 143, 160, 139, 107,
      137, 133, 160, 116, 91, 74, 93, 124, 120, 69, 95, 135, 169, 115, 131, 146, 128, 131, 125, 140,
      87, 102, 98, 97, 78, 133, 125, 178, 110, 134, 155, 115, 153, 134, 119, 101, 111, 136, 144, 87,
      102, 139, 186, 126, 159, 163, 126, 109, 142, 116, 77, 119, 105, 186, 95,
    ]
    #expect(largestDifference(try decode(picture, size: 5), smaller) <= 1)
    let larger: [UInt8] = [
      190, 122, 146, 211, 52, 139, 124, 70, 132, 36, 101, 124, 57, 153, 117, 97, 120, 149, 118, 140,
      142, 103, 104, 135, 87, 72, 127, 108, 133, 120, 77, 136, 151, 98, 165, 144, 119, 138, 137,
      139, 111, 129, 160, 140, 122, 128, 169, 154, 149, 127, 147, 170, 172, 140, 190, 217, 132, 211,
      175, 125, 140, 137, 157, 102, 82, 150, 117, 154, 143, 137, 226, 135, 158, 171, 128,
    ]
    let plan = CropPlan(middleOf: 16)
    #expect(largestDifference(try decode(picture, size: 5, plan: plan), larger) <= 1)
  }

  /// At 1/2, 1/4 and 1/8 the result is that of the whole picture, for smooth ones.
  @Test(arguments: [60, 35, 20, 9]) func largeJPEGsAreDecodedSmall(size: Int) throws {
    let pixels = PictureFixture.smooth(height: 150, width: 210)
    let jpeg = try PictureFixture.jpeg(pixels, height: 150, width: 210, subsampling: TJSAMP_420)
    let png = try PictureFixture.png(pixels, height: 150, width: 210)
    #expect(largestDifference(try decode(jpeg, size: size), try decode(png, size: size)) <= 6)
  }

  @Test func cropsLieWhereThePlanSays() throws {
    let pixels = PictureFixture.pixels(height: 10, width: 13)
    let png = try PictureFixture.png(height: 10, width: 13)
    func crop(_ row: Int, _ column: Int) -> [UInt8] {
      (row..<row + 4).flatMap { Array(pixels[3 * (13 * $0 + column)..<3 * (13 * $0 + column + 4)]) }
    }
    var plan = CropPlan(middleOf: 10)
    #expect(try decode(png, size: 4, plan: plan) == crop(3, 5))
    (plan.row, plan.column) = (0, 0)
    #expect(try decode(png, size: 4, plan: plan) == crop(0, 0))
    (plan.row, plan.column) = (0.999, 0.999)
    #expect(try decode(png, size: 4, plan: plan) == crop(6, 9))
    (plan.row, plan.column) = (1, 1)
    #expect(try decode(png, size: 4, plan: plan) == crop(6, 9))
  }

  @Test func brokenPicturesAreRefusedWithAReason() throws {
    let png = try PictureFixture.png(height: 8, width: 8)
    let jpeg = try PictureFixture.jpeg(
      PictureFixture.smooth(height: 40, width: 40), height: 40, width: 40)
    func problem(_ bytes: [UInt8]) -> String { message { _ = try decode(bytes, size: 8) } }
    #expect(problem([]).contains("it is empty"))
    #expect(problem(Array("this is no picture".utf8)).contains("Not a JPEG file"))
    #expect(problem(Array(jpeg.prefix(jpeg.count - 40))).contains("Premature end"))
    for length in 0..<png.count - 12 {
      #expect(problem(Array(png.prefix(length))).contains("not a sound"), "\(length)")
    }
    for length in stride(from: 0, to: jpeg.count - 1, by: 7) {
      #expect(problem(Array(jpeg.prefix(length))).contains("not a sound"), "\(length)")
    }
    // Nothing is allocated for a header's word alone.
    let huge = PictureFixture.resized(png, width: 30_000, height: 2000)
    #expect(problem(huge).contains("30000x2000 pixels, which"))
    let wider = PictureFixture.resized(png, width: 900_000, height: 900_000)
    #expect(problem(wider).contains("at most 67108864 are decoded"))
    var lying = jpeg
    let frame = try #require(
      (0..<jpeg.count - 1).first { jpeg[$0] == 0xFF && jpeg[$0 + 1] == 0xC0 })
    lying.replaceSubrange(frame + 5..<frame + 9, with: [0x1F, 0x40, 0x1F, 0x40])
    #expect(problem(lying).contains("8000x8000 pixels, which"))
  }

  /// A broken file leaves nothing behind for the next one.
  @Test func soundFilesAreReadAfterBrokenOnes() throws {
    let pixels = PictureFixture.smooth(height: 16, width: 16)
    let jpeg = try PictureFixture.jpeg(pixels, height: 16, width: 16)
    let expected = try decode(jpeg, size: 16)
    for length in 0..<jpeg.count - 1 {
      #expect(throws: DatasetError.self) { try decode(Array(jpeg.prefix(length)), size: 16) }
      #expect(try decode(jpeg, size: 16) == expected, "\(length)")
    }
  }

  /// Bytes between markers are skipped, as every viewer does.
  @Test func extraneousBytesDoNoHarm() throws {
    let pixels = PictureFixture.smooth(height: 16, width: 16)
    var jpeg = try PictureFixture.jpeg(pixels, height: 16, width: 16)
    jpeg.insert(contentsOf: [1, 2, 3], at: 20)
    #expect(largestDifference(try decode(jpeg, size: 16), pixels) <= 6)
  }

  /// Whatever a byte is changed to, the answer is a picture or an error.
  @Test func mutationsNeitherCrashNorHang() throws {
    var random = CounterRandom(seed: 7, purpose: .statistics)
    let sources = [
      try PictureFixture.jpeg(
        PictureFixture.pixels(height: 17, width: 23), height: 17, width: 23,
        subsampling: TJSAMP_420),
      try PictureFixture.jpeg(
        PictureFixture.pixels(height: 17, width: 23), height: 17, width: 23,
        flags: TJFLAG_PROGRESSIVE),
      try PictureFixture.png(height: 17, width: 23),
    ]
    var refused = 0
    for round in 0..<900 {
      var bytes = sources[round % 3]
      for _ in 0...random.integer(below: 4) {
        bytes[random.integer(below: bytes.count)] = UInt8(random.integer(below: 256))
      }
      if (try? decode(bytes, size: 16)) == nil { refused += 1 }
    }
    #expect(refused > 300)
  }
}
