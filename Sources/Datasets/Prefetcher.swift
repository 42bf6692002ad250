// Prepares the next batches on a thread of its own, beside training.
import Engine
import Foundation

/// One prepared batch. The memory is the prefetcher's and stays valid until the next call of
/// `Prefetcher.next()`, or the prefetcher's end.
public struct PreparedBatch {
  public let step: Int
  /// Examples in the batch.
  public let count: Int
  /// `[count, H, W, C]`.
  public let images: UnsafePointer<Float>
  /// `[count]`.
  public let labels: UnsafePointer<Int32>
}

/// Hands out the batches of consecutive steps, prepared ahead on a background thread.
///
/// The numbers are those of the source, whatever the timing. One thread takes the batches, in order;
/// the background thread ends with the last step, with `stop()`, or with the prefetcher.
public final class Prefetcher {
  private let ring: BatchRing
  private var nextStep: Int

  /// - Parameters:
  ///   - source: what prepares the batches.
  ///   - steps: the steps to hand out, in order.
  ///   - depth: buffers in the ring, at least 2: one in use, the others prepared ahead.
  public init(source: any BatchSource, steps: Range<Int>, depth: Int = 3) {
    precondition(depth >= 2, "depth \(depth) is below 2")
    precondition(steps.lowerBound >= 0, "step \(steps.lowerBound) is negative")
    ring = BatchRing(source: source, steps: steps, depth: depth)
    nextStep = steps.lowerBound
    // The thread holds the ring, not the prefetcher, so that dropping the prefetcher ends it.
    let ring = ring
    let thread = Thread { ring.produce() }
    thread.name = "prefetch"
    thread.start()
  }

  deinit { stop() }

  /// The batch of the next step, or nil after the last one or after `stop()`. The batch handed out
  /// before is given back. Waits only if the batch is not ready yet.
  /// - Throws: `DatasetError` where the source cannot prepare the batch.
  public func next() throws(DatasetError) -> PreparedBatch? {
    guard let batch = try ring.take(step: nextStep) else { return nil }
    nextStep += 1
    return batch
  }

  /// Ends the background thread and waits for it; afterwards `next()` gives nil.
  public func stop() { ring.stop() }
}

/// The ring of buffers between the background thread and the taker.
///
/// Unchecked: everything mutable is guarded by `condition`; the buffers themselves belong to the
/// background thread from `freed` to `produced` and to the taker from there to its next `take`.
private final class BatchRing: @unchecked Sendable {
  private let source: any BatchSource
  private let steps: Range<Int>
  private let images: [UnsafeMutablePointer<Float>]
  private let labels: [UnsafeMutablePointer<Int32>]

  private let condition = NSCondition()
  /// Steps below this one are prepared.
  private var produced: Int
  /// Steps below this one are given back.
  private var freed: Int
  private var failure: DatasetError?
  private var stopping = false
  private var ended = false

  init(source: any BatchSource, steps: Range<Int>, depth: Int) {
    self.source = source
    self.steps = steps
    images = (0..<depth).map { _ in .allocate(capacity: source.batch * source.shape.count) }
    labels = (0..<depth).map { _ in .allocate(capacity: source.batch) }
    produced = steps.lowerBound
    freed = steps.lowerBound
  }

  deinit {
    for buffer in images { buffer.deallocate() }
    for buffer in labels { buffer.deallocate() }
  }

  /// The background thread's whole life.
  func produce() {
    for step in steps {
      condition.lock()
      while !stopping, step - freed >= images.count { condition.wait() }
      let stop = stopping
      condition.unlock()
      if stop { break }
      let slot = step % images.count
      var error: DatasetError?
      do {
        try source.fill(step: step, images: images[slot], labels: labels[slot])
      } catch let problem {
        error = problem
      }
      condition.lock()
      if let error { failure = error } else { produced = step + 1 }
      condition.broadcast()
      condition.unlock()
      if error != nil { break }
    }
    condition.lock()
    ended = true
    condition.broadcast()
    condition.unlock()
  }

  func take(step: Int) throws(DatasetError) -> PreparedBatch? {
    condition.lock()
    defer { condition.unlock() }
    if stopping || step >= steps.upperBound { return nil }
    freed = step
    condition.broadcast()
    while produced <= step {
      if let failure { throw failure }
      if stopping { return nil }
      condition.wait()
    }
    let slot = step % images.count
    return PreparedBatch(
      step: step, count: source.batch, images: UnsafePointer(images[slot]),
      labels: UnsafePointer(labels[slot]))
  }

  func stop() {
    condition.lock()
    stopping = true
    condition.broadcast()
    while !ended { condition.wait() }
    condition.unlock()
  }
}
