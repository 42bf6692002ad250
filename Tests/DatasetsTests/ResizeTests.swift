// Bilinear resizing against values worked out by hand.
import Testing

@testable import Datasets
@testable import Numerics

@Suite struct ResizeTests {
  func image(_ pixels: [UInt8], _ height: Int, _ width: Int, channels: Int = 1) throws
    -> ImageDataset
  {
    try ImageDataset(
      name: "test", split: .train,
      shape: ImageShape(height: height, width: width, channels: channels), classNames: ["a"],
      labels: [Int32](repeating: 0, count: pixels.count / (height * width * channels)),
      pixels: pixels)
  }

  @Test func twoPixelsBecomeFour() throws {
    // Centres of the four lie at −0.25, 0.25, 0.75 and 1.25 of the two.
    let wide = try image([0, 100, 0, 100], 2, 2).resized(height: 2, width: 4)
    #expect(wide.pixels == [0, 25, 75, 100, 0, 25, 75, 100])
    let tall = try image([0, 0, 100, 100], 2, 2).resized(height: 4, width: 2)
    #expect(tall.pixels == [0, 0, 25, 25, 75, 75, 100, 100])
  }

  @Test func bothDirectionsMix() throws {
    let large = try image([0, 100, 200, 40], 2, 2).resized(height: 4, width: 4)
    // Second row, second column: 0.75·(0.75·0 + 0.25·100) + 0.25·(0.75·200 + 0.25·40) = 58.75.
    #expect(large.pixels[5] == 59)
    #expect(large.pixels[0] == 0 && large.pixels[3] == 100 && large.pixels[12] == 200)
    // Third row, third column: 0.25·(25·3) + 0.75·(0.25·200 + 0.75·40) = 78.75.
    #expect(large.pixels[10] == 79)
  }

  @Test func tiesRoundToEven() throws {
    // Halfway between 0 and 1, and between 1 and 2.
    #expect(try image([0, 1], 1, 2).resized(height: 1, width: 1).pixels == [0])
    #expect(try image([1, 2], 1, 2).resized(height: 1, width: 1).pixels == [2])
  }

  @Test func threeFromFourWithoutFilter() throws {
    // Centres at 1/6, 1.5, 2 5/6.
    let small = try image([0, 60, 120, 240], 1, 4).resized(height: 1, width: 3)
    #expect(small.pixels == [10, 90, 220])
  }

  @Test func channelsAndImagesStayApart() throws {
    let two = try image([1, 2, 3, 101, 102, 103, 7, 8, 9, 7, 8, 9], 1, 2, channels: 3)
    let large = try two.resized(height: 2, width: 4)
    #expect(large.count == 2 && large.shape.count == 24)
    #expect(Array(large.pixels[0..<12]) == [1, 2, 3, 26, 27, 28, 76, 77, 78, 101, 102, 103])
    let flat: [UInt8] = (0..<24).map { 7 + UInt8($0 % 3) }
    #expect(Array(large.pixels[24..<48]) == flat)
  }

  @Test func sameSizeIsTheSame() throws {
    let dataset = try image([5, 6], 1, 2)
    #expect(try dataset.resized(height: 1, width: 2) === dataset)
  }

  @Test func everyTargetLineLiesBetweenItsSources() {
    for (source, target) in [(28, 96), (28, 32), (32, 28), (1, 5), (7, 1)] {
      let taps = ResizeTap.taps(from: source, to: target)
      #expect(taps.count == target)
      for (i, tap) in taps.enumerated() {
        let exact = min(
          max((Double(i) + 0.5) * Double(source) / Double(target) - 0.5, 0), Double(source - 1))
        let position = tap.high > tap.low ? Double(tap.low) + Double(tap.weight) : Double(tap.low)
        #expect(abs(position - exact) < 1e-4)
        #expect(tap.high < source && tap.weight >= 0 && tap.weight <= 1)
      }
    }
  }
}
