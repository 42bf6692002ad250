// Prepares the next batches on threads of its own, beside training.
import Foundation
import Numerics

/// One prepared batch. The memory is the prefetcher's and stays valid until the next call of
/// `Prefetcher.next()`, or the prefetcher's end.
public struct PreparedBatch {
  public let step: Int
  public let content: BatchContent
  /// `[count, H, W, C]`.
  public let images: UnsafePointer<Float>
  /// `[count]`.
  public let labels: UnsafePointer<Int32>

  /// Examples in the batch.
  public var count: Int { content.count }
}

/// Hands out the batches of consecutive steps, prepared ahead on background threads.
///
/// The numbers are those of the source, whatever the timing. One thread takes the batches, in order;
/// each background thread prepares the next step that none has begun. They end with the last step,
/// with `stop()`, or with the prefetcher.
public final class Prefetcher {
  private let ring: BatchRing
  private var nextStep: Int

  /// - Parameters:
  ///   - source: what prepares the batches.
  ///   - steps: the steps to hand out, in order.
  ///   - threads: background threads, at least 1; more than one for pictures that are decoded.
  ///   - depth: buffers in the ring, at least 2: one in use, the others prepared ahead. By default
  ///     two more than there are threads.
  public init(source: any BatchSource, steps: Range<Int>, threads: Int = 1, depth: Int? = nil) {
    precondition(threads >= 1, "\(threads) threads")
    let depth = depth ?? threads + 2
    precondition(depth >= 2, "depth \(depth) is below 2")
    precondition(steps.lowerBound >= 0, "step \(steps.lowerBound) is negative")
    ring = BatchRing(source: source, steps: steps, depth: depth, threads: threads)
    nextStep = steps.lowerBound
    // The threads hold the ring, not the prefetcher, so that dropping the prefetcher ends them.
    let ring = ring
    for _ in 0..<threads {
      let thread = Thread { ring.produce() }
      thread.name = "prefetch"
      thread.start()
    }
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

  /// Ends the background threads and waits for them; afterwards `next()` gives nil.
  public func stop() { ring.stop() }
}

/// The ring of buffers between the background threads and the taker.
///
/// Unchecked: everything mutable is guarded by `condition`; a buffer belongs to the thread that has
/// begun its step until the step is prepared, and to the taker from there to its next `take`.
private final class BatchRing: @unchecked Sendable {
  private struct Slot {
    let images: UnsafeMutablePointer<Float>
    let labels: UnsafeMutablePointer<Int32>
    /// The step that is prepared here, and what it has.
    var step = -1
    var content = BatchContent(count: 0)
  }

  private let source: any BatchSource
  private let steps: Range<Int>

  private let condition = NSCondition()
  private var slots: [Slot]
  /// The next step that no thread has begun.
  private var next: Int
  /// Steps below this one are given back.
  private var freed: Int
  /// The first step that could not be prepared.
  private var failure: (step: Int, error: DatasetError)?
  private var stopping = false
  private var working: Int

  init(source: any BatchSource, steps: Range<Int>, depth: Int, threads: Int) {
    self.source = source
    self.steps = steps
    slots = (0..<depth).map { _ in
      Slot(
        images: .allocate(capacity: source.batch * source.shape.count),
        labels: .allocate(capacity: source.batch))
    }
    next = steps.lowerBound
    freed = steps.lowerBound
    working = threads
  }

  deinit {
    for slot in slots {
      slot.images.deallocate()
      slot.labels.deallocate()
    }
  }

  /// A background thread's whole life.
  func produce() {
    while let (step, slot) = begin() {
      var content = BatchContent(count: 0)
      var problem: DatasetError?
      do throws(DatasetError) {
        content = try source.fill(step: step, images: slot.images, labels: slot.labels)
      } catch {
        problem = error
      }
      condition.lock()
      if let problem {
        if failure.map({ step < $0.step }) ?? true { failure = (step, problem) }
      } else {
        slots[step % slots.count].step = step
        slots[step % slots.count].content = content
      }
      condition.broadcast()
      condition.unlock()
    }
    condition.lock()
    working -= 1
    condition.broadcast()
    condition.unlock()
  }

  /// Takes the next step, once there is a buffer for it; nil when there is nothing more to do.
  private func begin() -> (step: Int, slot: Slot)? {
    condition.lock()
    defer { condition.unlock() }
    while !stopping, failure == nil, next < steps.upperBound, next - freed >= slots.count {
      condition.wait()
    }
    guard !stopping, failure == nil, next < steps.upperBound else { return nil }
    next += 1
    return (next - 1, slots[(next - 1) % slots.count])
  }

  func take(step: Int) throws(DatasetError) -> PreparedBatch? {
    condition.lock()
    defer { condition.unlock() }
    if stopping || step >= steps.upperBound { return nil }
    freed = step
    condition.broadcast()
    let index = step % slots.count
    while slots[index].step != step {
      if let failure, failure.step <= step { throw failure.error }
      if stopping { return nil }
      condition.wait()
    }
    return PreparedBatch(
      step: step, content: slots[index].content, images: UnsafePointer(slots[index].images),
      labels: UnsafePointer(slots[index].labels))
  }

  func stop() {
    condition.lock()
    stopping = true
    condition.broadcast()
    while working > 0 { condition.wait() }
    condition.unlock()
  }
}
