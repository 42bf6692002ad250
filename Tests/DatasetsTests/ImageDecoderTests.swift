// Pictures: decoded, scaled, cropped; and what is refused.
import CPictures
import CTurboJPEG
import Foundation
import Mutations
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

  /// At 1/2, 1/4 and 1/8 the result is almost that of the whole picture, for smooth ones; also where
  /// the last block is only partly used.
  @Test(arguments: [60, 37, 18, 9, 4]) func largeJPEGsMayBeDecodedSmall(size: Int) throws {
    let pixels = PictureFixture.smooth(height: 149, width: 211)
    let jpeg = try PictureFixture.jpeg(pixels, height: 149, width: 211, subsampling: TJSAMP_420)
    var plan = CropPlan(middleOf: size)
    let whole = try decode(jpeg, size: size, plan: plan)
    plan.allowsScaledDecoding = true
    let scaled = try decode(jpeg, size: size, plan: plan)
    #expect(largestDifference(scaled, whole) <= 2)
    #expect((scaled == whole) == (size > 149 / 4))
  }

  /// A smaller decoding leaves at least twice the wanted size, so that something is left to filter.
  @Test func scaledDecodingLeavesTwiceTheSize() {
    func divisor(_ width: Int, _ height: Int, _ side: Int, allowed: Bool = true) -> Int {
      var plan = CropPlan(middleOf: side)
      plan.allowsScaledDecoding = allowed
      let shape = ImageShape(height: side, width: side, channels: 3)
      return CropGeometry(Picture.Size(width: width, height: height), plan: plan, shape: shape)
        .part.divisor
    }
    #expect(divisor(2000, 1023, 256) == 1 && divisor(2000, 1024, 256) == 2)
    #expect(divisor(2047, 3000, 256) == 2 && divisor(2048, 3000, 256) == 4)
    #expect(divisor(4096, 4096, 256) == 8 && divisor(60_000, 60_000, 256) == 8)
    #expect(divisor(4096, 4096, 256, allowed: false) == 1)
  }

  /// Only what a crop needs is decoded, and it is what the whole picture has there.
  @Test(arguments: [TJSAMP_444, TJSAMP_422, TJSAMP_420, TJSAMP_440, TJSAMP_411])
  func partsOfPicturesAreThoseOfTheWhole(subsampling: TJSAMP) throws {
    let (height, width) = (130, 171)
    let pixels = PictureFixture.pixels(height: height, width: width)
    for flags in [0, TJFLAG_PROGRESSIVE] {
      let jpeg = try PictureFixture.jpeg(
        pixels, height: height, width: width, subsampling: subsampling, flags: flags)
      let decoder = try JPEGDecoder()
      for divisor in [1, 2, 4] {
        var whole = Picture()
        var size = Picture.Size(width: 0, height: 0)
        try decoder.decode(jpeg, to: &whole) {
          size = $0.divided(by: divisor)
          return Picture.Part(
            divisor: divisor, columns: 0..<size.width, rows: 0..<size.height)
        }
        for place in 0..<12 {
          let left = place * (size.width - 9) / 12
          let top = (11 - place) * (size.height - 7) / 11
          var part = Picture()
          try decoder.decode(jpeg, to: &part) { _ in
            Picture.Part(divisor: divisor, columns: left..<left + 9, rows: top..<top + 7)
          }
          for row in 0..<7 {
            let first = 3 * ((top + row) * size.width + left)
            let own = part.offset + part.pitch * row
            #expect(
              Array(part.pixels[own..<own + 27])
                == Array(whole.pixels[first..<first + 27]), "\(divisor), \(place), row \(row)")
          }
        }
      }
    }
  }

  /// The horizontal pass by this CPU's instructions, against the loop for every CPU.
  @Test func fastAndPlainHorizontalPassesAreOne() {
    var random = Mutator(seed: 5)
    for round in 0..<200 {
      let (width, target, rows) = (
        random.below(300) + 1, random.below(60) + 1, random.below(9) + 1
      )
      let first = random.below(target)
      let range = first..<first + 1 + random.below(target - first)
      let filter = LineFilter(
        from: Double(width) - (round % 3 == 0 ? 0.5 : 0), source: 0..<width, of: width, to: target,
        range: range)
      let pitch = 3 * width + random.below(20)
      // Extremes as often as anything else.
      let source = (0..<pitch * rows + 16).map { _ in
        [0, 255, UInt8(random.below(256))][random.below(3)]
      }
      let outputs = [0, 1].map { plain in
        var output = [UInt8](repeating: 7, count: 3 * range.count * rows + 1)
        filter.withFilter {
          bench_across(source, pitch, Int32(rows), $0, Int32(plain), &output)
        }
        return output
      }
      #expect(outputs[0] == outputs[1] && outputs[0].last == 7, "\(width) to \(target), \(range)")
    }
  }

  @Test func cropsLieWhereThePlanSays() throws {
    let pixels = PictureFixture.pixels(height: 10, width: 13)
    let png = try PictureFixture.png(height: 10, width: 13)
    func crop(_ row: Int, _ column: Int) -> [UInt8] {
      (row..<row + 4).flatMap { Array(pixels[3 * (13 * $0 + column)..<3 * (13 * $0 + column + 4)]) }
    }
    var plan = CropPlan(middleOf: 10)
    // Of the two middles the even one.
    #expect(try decode(png, size: 4, plan: plan) == crop(3, 4))
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
    #expect(problem(Array("this is no picture".utf8)).contains("begins as none of JPEG, PNG"))
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
