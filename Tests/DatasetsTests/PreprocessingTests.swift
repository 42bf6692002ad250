// Statistics of the training set.
import Testing

@testable import Datasets
@testable import Numerics

@Suite struct PreprocessingTests {
  /// Two images of one row, two pixels, two channels.
  func dataset() throws -> ImageDataset {
    try ImageDataset(
      name: "two", split: .train, shape: ImageShape(height: 1, width: 2, channels: 2),
      classNames: ["a"], labels: [0, 0], pixels: [0, 10, 20, 30, 100, 110, 140, 150])
  }

  @Test func meansByHand() throws {
    let dataset = try dataset()
    let perPixel = Preprocessing(training: dataset, mean: .perPixel)
    #expect(perPixel.mean == [50, 60, 80, 90].map { $0 / 255 })
    let perChannel = Preprocessing(training: dataset, mean: .perChannel)
    #expect(perChannel.mean == [65, 75, 65, 75].map { $0 / 255 })
    let none = Preprocessing(training: dataset, mean: .none)
    #expect(none.mean == [0, 0, 0, 0])
    #expect(none.inverseDeviation == [1, 1])
  }

  @Test func deviationByHand() throws {
    let both = Preprocessing(training: try dataset(), mean: .perChannel, dividesByDeviation: true)
    // Squares around 65: 4225, 2025, 1225, 5625; their mean is 3275. The other channel is the same.
    let expected = 255 / Float(3275).squareRoot()
    for inverse in both.inverseDeviation { #expect(abs(inverse - expected) < 1e-4) }
  }

  @Test func constantChannelIsNotDivided() throws {
    let flat = try ImageDataset(
      name: "flat", split: .train, shape: ImageShape(height: 1, width: 1, channels: 1),
      classNames: ["a"], labels: [0, 0], pixels: [9, 9])
    let preprocessing = Preprocessing(training: flat, mean: .perPixel, dividesByDeviation: true)
    #expect(preprocessing.inverseDeviation == [1])
  }

  @Test func preprocessedTrainingSetHasMeanZeroAndDeviationOne() throws {
    let dataset = try sampleDataset(count: 50)
    let preprocessing = Preprocessing(
      training: dataset, mean: .perChannel, dividesByDeviation: true)
    let loader = BatchLoader(
      dataset: dataset, preprocessing: preprocessing, augmentation: .none, batch: 50, seed: 1)
    let images = try batch(loader, 0).images
    for channel in 0..<3 {
      let values = stride(from: channel, to: images.count, by: 3).map { Double(images[$0]) }
      let mean = values.reduce(0, +) / Double(values.count)
      let square = values.reduce(0) { $0 + $1 * $1 } / Double(values.count)
      #expect(abs(mean) < 1e-5 && abs(square - 1) < 1e-4)
    }
  }
}
