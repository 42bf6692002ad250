// Batches: a pure function of seed and step, complete epochs, crops and flips as defined.
import Testing

@testable import Datasets
@testable import Numerics

/// Images whose every byte is different from its neighbours'.
func sampleDataset(count: Int, height: Int = 6, width: Int = 5, channels: Int = 3) throws
  -> ImageDataset
{
  let shape = ImageShape(height: height, width: width, channels: channels)
  var random = CounterRandom(seed: 99, purpose: .generatedImage)
  return try ImageDataset(
    name: "sample", split: .train, shape: shape, classNames: (0..<count).map { "c\($0)" },
    labels: (0..<Int32(count)).map { $0 },
    pixels: (0..<count * shape.count).map { _ in UInt8(random.integer(below: 256)) })
}

struct Batch: Equatable {
  var images: [Float]
  var labels: [Int32]
}

func batch(_ loader: BatchLoader, _ step: Int) throws -> Batch {
  var result = Batch(
    images: [Float](repeating: .nan, count: loader.batch * loader.shape.count),
    labels: [Int32](repeating: -1, count: loader.batch))
  try result.images.withUnsafeMutableBufferPointer { images in
    try result.labels.withUnsafeMutableBufferPointer { labels in
      if let images = images.baseAddress, let labels = labels.baseAddress {
        _ = try loader.fill(step: step, images: images, labels: labels)
      }
    }
  }
  return result
}

@Suite struct BatchLoaderTests {
  func loader(
    _ dataset: ImageDataset, batch: Int, seed: UInt64 = 1,
    augmentation: Augmentation = .standard, mean: MeanSubtraction = .perPixel, shuffle: Bool = true
  ) -> BatchLoader {
    BatchLoader(
      dataset: dataset, preprocessing: Preprocessing(training: dataset, mean: mean),
      augmentation: augmentation, batch: batch, seed: seed, shuffle: shuffle)
  }

  @Test(arguments: [3, 7, 20, 45]) func everyExampleOnceAnEpoch(batchSize: Int) throws {
    let dataset = try sampleDataset(count: 20)
    let loader = loader(dataset, batch: batchSize)
    let labels = try (0..<batchSize * 2).flatMap { try batch(loader, $0).labels }
    var orders: [[Int32]] = []
    for epoch in 0..<labels.count / 20 {
      let order = Array(labels[epoch * 20..<(epoch + 1) * 20])
      #expect(order.sorted() == dataset.labels)
      orders.append(order)
    }
    for (epoch, order) in orders.enumerated() {
      #expect(order == loader.order(epoch: epoch))
      if epoch > 0 { #expect(order != orders[epoch - 1]) }
    }
  }

  @Test func batchesDependOnSeedAndStepOnly() throws {
    let dataset = try sampleDataset(count: 10)
    let first = loader(dataset, batch: 4)
    let forward = try (0..<12).map { try batch(first, $0) }
    let second = loader(dataset, batch: 4)
    for step in (0..<12).reversed() { #expect(try batch(second, step) == forward[step]) }
    #expect(try batch(self.loader(dataset, batch: 4, seed: 2), 0) != forward[0])
    // The sequence does not depend on how it is cut into batches.
    let large = loader(dataset, batch: 8)
    let joined = try batch(large, 1)
    #expect(joined.labels == forward[2].labels + forward[3].labels)
    #expect(joined.images == forward[2].images + forward[3].images)
  }

  @Test func augmentationChangesFromEpochToEpoch() throws {
    let dataset = try sampleDataset(count: 1)
    let loader = loader(dataset, batch: 1)
    let distinct = Set(try (0..<30).map { try batch(loader, $0).images })
    #expect(distinct.count > 20)
  }

  @Test func unshuffledIsInOrder() throws {
    let loader = loader(
      try sampleDataset(count: 5), batch: 3, augmentation: .none, shuffle: false)
    #expect(try batch(loader, 1).labels == [3, 4, 0])
  }

  /// Subtract the mean, pad with zeros, crop, mirror: one step after the other.
  func reference(
    _ dataset: ImageDataset, _ example: Int, _ preprocessing: Preprocessing, _ placement: Placement,
    padding: Int
  ) -> [Float] {
    let shape = dataset.shape
    let (paddedHeight, paddedWidth) = (shape.height + 2 * padding, shape.width + 2 * padding)
    var padded = [Float](repeating: 0, count: paddedHeight * paddedWidth * shape.channels)
    for y in 0..<shape.height {
      for x in 0..<shape.width {
        for c in 0..<shape.channels {
          let i = (y * shape.width + x) * shape.channels + c
          let value = Float(dataset.pixels[example * shape.count + i]) / 255
          padded[((y + padding) * paddedWidth + x + padding) * shape.channels + c] =
            (value - preprocessing.mean[i]) * preprocessing.inverseDeviation[c]
        }
      }
    }
    var result: [Float] = []
    for y in 0..<shape.height {
      for x in 0..<shape.width {
        let column = placement.mirrored ? shape.width - 1 - x : x
        for c in 0..<shape.channels {
          let row = y + placement.row + padding
          result.append(
            padded[(row * paddedWidth + column + placement.column + padding) * shape.channels + c])
        }
      }
    }
    return result
  }

  @Test(arguments: [1, 3, 4], [0, 2, 4, 9])
  func cropAndFlipEqualTheReference(channels: Int, padding: Int) throws {
    let dataset = try sampleDataset(count: 3, channels: channels)
    let preprocessing = Preprocessing(training: dataset, mean: .perPixel, dividesByDeviation: true)
    for row in -padding...padding {
      for column in -padding...padding {
        for mirrored in [false, true] {
          let placement = Placement(row: row, column: column, mirrored: mirrored)
          let expected = reference(dataset, 1, preprocessing, placement, padding: padding)
          var actual = [Float](repeating: .nan, count: dataset.shape.count)
          dataset.pixels.withUnsafeBufferPointer { pixels in
            actual.withUnsafeMutableBufferPointer { actual in
              preprocessing.write(
                UnsafeBufferPointer(rebasing: pixels[dataset.shape.count...]), placement: placement,
                to: actual.baseAddress!)
            }
          }
          for (a, e) in zip(actual, expected) {
            #expect(abs(a - e) < 1e-5, "\(placement)")
            // Padding is exactly zero, not zero minus something.
            if e == 0 { #expect(a == 0) }
          }
        }
      }
    }
  }

  @Test func placementsCoverTheirRangeEvenly() {
    let augmentation = Augmentation(padding: 2, flip: true)
    var rows = [Int: Int]()
    var columns = [Int: Int]()
    var mirrored = 0
    for example in 0..<5000 {
      let placement = Placement(augmentation, seed: 7, epoch: 3, example: example)
      rows[placement.row, default: 0] += 1
      columns[placement.column, default: 0] += 1
      mirrored += placement.mirrored ? 1 : 0
    }
    for counts in [rows, columns] {
      #expect(counts.keys.sorted() == [-2, -1, 0, 1, 2])
      // 1000 ± five standard deviations.
      for (_, count) in counts { #expect((860...1140).contains(count)) }
    }
    #expect((2320...2680).contains(mirrored))
    let cropOnly = Augmentation(padding: 2, flip: false)
    for example in 0..<100 {
      #expect(!Placement(cropOnly, seed: 7, epoch: 0, example: example).mirrored)
      #expect(Placement(.none, seed: 7, epoch: 0, example: example) == .unchanged)
    }
  }

  @Test func batchUsesThePlacementOfEpochAndExample() throws {
    let dataset = try sampleDataset(count: 4)
    let loader = loader(dataset, batch: 4, seed: 5)
    for epoch in 0..<3 {
      let batch = try batch(loader, epoch)
      for slot in 0..<4 {
        let example = Int(batch.labels[slot])
        let expected = reference(
          dataset, example, loader.preprocessing,
          Placement(.standard, seed: 5, epoch: epoch, example: example), padding: 4)
        let actual = batch.images[slot * dataset.shape.count..<(slot + 1) * dataset.shape.count]
        for (a, e) in zip(actual, expected) { #expect(abs(a - e) < 1e-5) }
      }
    }
  }

  @Test func evaluationTakesARangeUnchanged() throws {
    let dataset = try sampleDataset(count: 5)
    let preprocessing = Preprocessing(training: dataset, mean: .perChannel)
    let loader = EvaluationLoader(dataset: dataset, preprocessing: preprocessing)
    let size = dataset.shape.count
    var images = [Float](repeating: .nan, count: 2 * size)
    var labels: [Int32] = [0, 0]
    let count = try images.withUnsafeMutableBufferPointer { images in
      try labels.withUnsafeMutableBufferPointer { labels in
        try loader.fill(3..<5, images: images.baseAddress!, labels: labels.baseAddress!)
      }
    }
    #expect(count == BatchContent(count: 2) && labels == [3, 4])
    for slot in 0..<2 {
      let expected = reference(dataset, 3 + slot, preprocessing, .unchanged, padding: 0)
      for i in 0..<size { #expect(abs(images[slot * size + i] - expected[i]) < 1e-6) }
    }
  }
}
