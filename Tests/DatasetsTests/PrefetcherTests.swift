// Prefetching changes when batches are made, never what is in them.
import Foundation
import Synchronization
import Testing

@testable import Datasets
@testable import Numerics

@Suite struct PrefetcherTests {
  func loader() throws -> BatchLoader {
    let dataset = try sampleDataset(count: 11)
    return BatchLoader(
      dataset: dataset, preprocessing: Preprocessing(training: dataset, mean: .perPixel),
      augmentation: .standard, batch: 4, seed: 3)
  }

  @Test(arguments: [2, 3, 8]) func equalsTheLoader(depth: Int) throws {
    let loader = try loader()
    let prefetcher = Prefetcher(source: loader, steps: 5..<45, depth: depth)
    for step in 5..<45 {
      let prepared = try #require(try prefetcher.next())
      // Time for the background thread to do harm, if it could.
      if step % 10 == 0 { Thread.sleep(forTimeInterval: 0.01) }
      #expect(prepared.step == step && prepared.count == 4)
      let expected = try batch(loader, step)
      #expect(
        Array(UnsafeBufferPointer(start: prepared.images, count: expected.images.count))
          == expected.images)
      #expect(Array(UnsafeBufferPointer(start: prepared.labels, count: 4)) == expected.labels)
    }
    #expect(try prefetcher.next() == nil)
    #expect(try prefetcher.next() == nil)
  }

  @Test func stopEndsEarly() throws {
    let prefetcher = Prefetcher(source: try loader(), steps: 0..<1_000_000)
    #expect(try prefetcher.next() != nil)
    prefetcher.stop()
    #expect(try prefetcher.next() == nil)
    prefetcher.stop()
  }

  @Test func emptyRangeGivesNothing() throws {
    #expect(try Prefetcher(source: try loader(), steps: 3..<3).next() == nil)
  }

  /// Counts its calls, and fails at one step.
  final class FailingSource: BatchSource {
    let shape = ImageShape(height: 1, width: 1, channels: 1)
    let batch = 1
    let failingStep: Int
    let calls = Mutex(0)

    init(failingStep: Int) { self.failingStep = failingStep }

    func fill(
      step: Int, images: UnsafeMutablePointer<Float>, labels: UnsafeMutablePointer<Int32>
    ) throws(DatasetError) -> BatchContent {
      calls.withLock { $0 += 1 }
      guard step != failingStep else { throw DatasetError("no step \(step)") }
      images[0] = Float(step)
      labels[0] = 0
      return BatchContent(count: 1)
    }
  }

  @Test func errorsArriveAtTheirStep() throws {
    let prefetcher = Prefetcher(source: FailingSource(failingStep: 3), steps: 0..<9, depth: 4)
    for step in 0..<3 { #expect(try prefetcher.next()?.images[0] == Float(step)) }
    #expect(throws: DatasetError("no step 3")) { try prefetcher.next() }
    #expect(throws: DatasetError("no step 3")) { try prefetcher.next() }
  }

  @Test func noMoreIsPreparedThanThereAreBuffers() throws {
    let source = FailingSource(failingStep: -1)
    let prefetcher = Prefetcher(source: source, steps: 0..<100, depth: 3)
    _ = try prefetcher.next()
    // Stopping waits for the thread, so the count is final.
    Thread.sleep(forTimeInterval: 0.05)
    prefetcher.stop()
    #expect(source.calls.withLock { $0 } <= 3)
  }

  @Test func droppingItEndsTheThread() throws {
    weak var released: FailingSource?
    do {
      let source = FailingSource(failingStep: -1)
      released = source
      let prefetcher = Prefetcher(source: source, steps: 0..<1_000_000)
      _ = try prefetcher.next()
    }
    for _ in 0..<200 where released != nil { Thread.sleep(forTimeInterval: 0.01) }
    #expect(released == nil)
  }
}
