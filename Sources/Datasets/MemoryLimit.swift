// Refuses data that this machine cannot hold, before anything is allocated.
import Foundation

enum MemoryLimit {
  /// - Throws: `DatasetError` where the bytes exceed three quarters of the machine's memory.
  static func check(bytes: Int, purpose: String) throws(DatasetError) {
    let memory = Int(clamping: ProcessInfo.processInfo.physicalMemory)
    guard bytes > memory / 4 * 3 else { return }
    func gibibytes(_ bytes: Int) -> Double { (Double(bytes) / 0x1p30 * 10).rounded() / 10 }
    throw DatasetError(
      "\(purpose) need \(gibibytes(bytes)) GiB and this machine has \(gibibytes(memory)) GiB; "
        + "ask for fewer examples (trainCount, testCount) or a smaller size")
  }
}
