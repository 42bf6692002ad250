// The generated data set: the same bytes everywhere, balanced, one concept at every size.
import Testing

@testable import Datasets
@testable import Numerics

@Suite struct ShapesTests {
  @Test func imagesAreAFunctionOfSeedSplitAndIndex() throws {
    let all = try Shapes.dataset(split: .train, count: 300, size: 20)
    let size = all.shape.count
    // One at a time, backwards, on this thread.
    var pixels = [UInt8](repeating: 0, count: all.pixels.count)
    pixels.withUnsafeMutableBufferPointer { buffer in
      let target = Shapes.PixelTarget(buffer)
      for index in (0..<300).reversed() {
        Shapes.render(
          index..<index + 1, split: .train, size: 20, seed: Shapes.seed, to: target)
      }
    }
    #expect(pixels == all.pixels)
    let fewer = try Shapes.dataset(split: .train, count: 70, size: 20)
    #expect(fewer.pixels == Array(all.pixels.prefix(70 * size)))
    let test = try Shapes.dataset(split: .test, count: 70, size: 20)
    #expect(test.pixels != fewer.pixels)
    let other = try Shapes.dataset(split: .train, count: 70, size: 20, seed: 1)
    #expect(other.pixels != fewer.pixels)
  }

  /// The data are part of every stored result, so a change must be meant. They hold on any machine.
  @Test func bytesArePinned() throws {
    let dataset = try Shapes.dataset(split: .train, count: 1000)
    #expect(
      dataset.checksum == "7423fee773912ea664de512ef37db563074885bc605c3880d3113170f5b242a2")
  }

  @Test(arguments: [10, 37, 128]) func everyPrefixIsBalanced(count: Int) throws {
    let counts = try Shapes.dataset(split: .train, count: count, size: 16).classCounts
    #expect(counts.count == 10 && counts.reduce(0, +) == count)
    #expect((counts.max() ?? 0) - (counts.min() ?? 0) <= 1)
  }

  /// A larger picture, averaged over squares, is the smaller one but for the noise and the edges.
  @Test func theSceneIsTheSameAtEverySize() throws {
    let small = try Shapes.dataset(split: .train, count: 20, size: 16)
    for factor in [2, 7, 14] {
      let large = try Shapes.dataset(split: .train, count: 20, size: 16 * factor)
      var difference = 0.0
      for i in small.pixels.indices {
        let (image, inside) = i.quotientAndRemainder(dividingBy: small.shape.count)
        let (y, x, channel) = (inside / 48, inside / 3 % 16, inside % 3)
        var sum = 0
        for row in 0..<factor {
          for column in 0..<factor {
            let pixel = (y * factor + row) * 16 * factor + x * factor + column
            sum += Int(large.pixels[image * large.shape.count + pixel * 3 + channel])
          }
        }
        difference += abs(Double(sum) / Double(factor * factor) - Double(small.pixels[i]))
      }
      // Unrelated pictures differ by about 60.
      #expect(difference / Double(small.pixels.count) < 14, "factor \(factor)")
    }
  }

  /// Points inside (true) and outside of each outline, in its own frame.
  @Test func outlinesAreWhatTheyAreCalled() {
    let points: [ShapeOutline: [(Float, Float, Bool)]] = [
      .disc: [(0, 0, true), (0.6, 0.55, true), (0.7, 0.7, false)],
      .square: [(0, 0, true), (0.7, 0.7, true), (0.8, 0, false)],
      .triangle: [(0, -0.9, true), (0.7, 0.45, true), (0.5, -0.5, false), (0, 0.55, false)],
      .cross: [(0.9, 0, true), (0, -0.9, true), (0.5, 0.5, false)],
      .ring: [(0, 0, false), (0.5, 0.5, true), (0.95, 0, false)],
      .star: [
        (0, -1, true), (0, 0, true), (0, 0.4, true), (0, 0.6, false), (0.95, -0.3, true),
        (0.5, -0.6, false),
      ],
      .crescent: [(-0.8, 0, true), (0.4, 0, false), (0, 0.8, true)],
      .bar: [(1, 0, true), (0, 0.2, true), (0, 0.3, false)],
      .twoDots: [(0.58, 0, true), (-0.58, 0.3, true), (0, 0, false)],
      .frame: [(0, 0, false), (0.7, 0.7, true), (0.9, 0, false)],
    ]
    for outline in ShapeOutline.allCases {
      let expected = points[outline] ?? []
      #expect(!expected.isEmpty)
      for (u, v, inside) in expected {
        let distance = outline.distance(Lanes(repeating: u), Lanes(repeating: v))[3]
        #expect((distance < 0) == inside, "\(outline) at \(u), \(v): \(distance)")
      }
    }
    #expect(Shapes.classNames.count == ShapeOutline.allCases.count)
  }

  /// Hue is a hint: nearer to the class's own than chance, far from certain.
  @Test func backgroundsAreCorrelatedWithTheClassButOverlap() {
    var nearest = 0
    let count = 5000
    for index in 0..<count {
      let label = index % 10
      let scene = ShapeScene(seed: 1, split: .train, index: index, label: label)
      let distances = (0..<10).map { other in
        let pure = ShapeScene.color(hue: Float(other) / 10, chroma: 1, luma: 0)
        let color = scene.background - (scene.background * SIMD3(0.3, 0.59, 0.11)).sum()
        return -(pure * color).sum()
          / ((color * color).sum().squareRoot() * (pure * pure).sum().squareRoot())
      }
      if distances.indices.min(by: { distances[$0] < distances[$1] }) == label { nearest += 1 }
    }
    #expect((0.25...0.5).contains(Double(nearest) / Double(count)), "\(nearest) of \(count)")
  }

  @Test func sineIsASine() {
    for (turns, expected) in [
      (0, 0), (0.25, 1), (0.5, 0), (-0.25, -1), (1 / 12, 0.5), (7 / 12, -0.5), (3.125, 0.70710678),
    ] as [(Float, Float)] {
      #expect(abs(ShapeScene.sine(turns) - expected) < 1e-5, "\(turns)")
    }
    #expect(abs(ShapeScene.cosine(1 / 6) - 0.5) < 1e-5)
  }

  @Test func bellHasItsMoments() {
    var random = CounterRandom(seed: 3, purpose: .generatedImage)
    let values = (0..<20_000).map { _ in Double(random.bell()) }
    let mean = values.reduce(0, +) / 20_000
    let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 20_000
    #expect(abs(mean) < 0.03 && abs(variance - 1) < 0.04)
  }

  @Test func impossibleSizesAndCountsAreRefused() {
    for size in [15, 225, -1] {
      #expect(
        message { _ = try Shapes.dataset(split: .train, count: 1, size: size) }
          .contains("size \(size)"))
    }
    for count in [0, -3, 10_000_001] {
      #expect(
        message { _ = try Shapes.dataset(split: .train, count: count) }
          .contains("trainCount \(count)"))
    }
    #expect(
      message { _ = try Shapes.dataset(split: .train, count: 10_000_000, size: 224) }
        .contains("GiB"))
  }
}
