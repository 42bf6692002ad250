// Decodes every picture of a folder once: which are broken, and how fast it goes.
import Foundation
import Numerics
import Synchronization

extension ImageFolder {
  /// What decoding all pictures gave.
  public struct CheckResult: Sendable {
    /// A sentence for each picture that cannot be used, in the order of the examples.
    public let broken: [String]
    /// Of each class how many pictures can be used.
    public let usable: [Int]
    /// Pictures decoded, broken ones included.
    public let count: Int
    /// Seconds of processor time, of all threads together.
    public let processorSeconds: Double

    /// Pictures that one core decodes in a second.
    public var picturesPerCoreSecond: Double { Double(count) / max(processorSeconds, 1e-9) }
  }

  /// Decodes and scales every picture as training does.
  /// - Parameters:
  ///   - threads: at least 1.
  ///   - augmentation: how the pictures are varied.
  public func check(threads: Int, augmentation: Augmentation = .none) -> CheckResult {
    precondition(threads >= 1, "\(threads) threads")
    let preprocessing = Preprocessing(
      shape: shape, mean: [Float](repeating: 0, count: shape.count),
      inverseDeviation: [Float](repeating: 1, count: shape.channels))
    let found = Mutex([(example: Int, sentence: String)]())
    let start = Self.processorSeconds
    DispatchQueue.concurrentPerform(iterations: threads) { thread in
      var image = [Float](repeating: 0, count: shape.count)
      for example in stride(from: thread, to: count, by: threads) {
        do throws(DatasetError) {
          try write(
            example, seed: 0, epoch: 0, augmentation: augmentation, preprocessing: preprocessing,
            to: &image)
        } catch {
          found.withLock { $0.append((example, error.description)) }
        }
      }
    }
    let broken = found.withLock { $0.sorted { $0.example < $1.example } }
    var usable = classCounts
    for (example, _) in broken { usable[Int(labels[example])] -= 1 }
    return CheckResult(
      broken: broken.map(\.sentence), usable: usable, count: count,
      processorSeconds: Self.processorSeconds - start)
  }

  /// Processor time of this process so far.
  private static var processorSeconds: Double {
    var time = timespec()
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
    return Double(time.tv_sec) + 1e-9 * Double(time.tv_nsec)
  }
}
