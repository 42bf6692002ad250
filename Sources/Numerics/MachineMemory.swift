// Whether a network or a data set fits this machine's memory, before anything is allocated.
import Foundation

/// This machine's memory, and how much of it may be taken.
public enum MachineMemory {
  /// All of it.
  private static var totalBytes: Int { Int(clamping: ProcessInfo.processInfo.physicalMemory) }

  /// What a network may take of it: the rest is for the system and the data.
  public static var usableBytes: Int {
    Int(clamping: ProcessInfo.processInfo.physicalMemory / 10 * 9)
  }

  /// Nil if a network of that many bytes fits, otherwise a sentence with both numbers.
  public static func obstacle(bytes: Int) -> String? {
    guard bytes > usableBytes else { return nil }
    func gibibytes(_ bytes: Int) -> String { String(format: "%.1f GiB", Double(bytes) / 0x1p30) }
    return "needs about \(gibibytes(bytes)) of memory and this machine has "
      + "\(gibibytes(totalBytes)); "
      + "use a smaller batch, smaller images, or a narrower or shallower net"
  }

  /// Nil if that many bytes of data are at most three quarters of the memory, otherwise a sentence
  /// with both numbers.
  /// - Parameter purpose: what is loaded, as the sentence's subject, in the plural.
  package static func obstacle(dataBytes bytes: Int, purpose: String) -> String? {
    guard bytes > totalBytes / 4 * 3 else { return nil }
    func gibibytes(_ bytes: Int) -> Double { (Double(bytes) / 0x1p30 * 10).rounded() / 10 }
    return "\(purpose) need \(gibibytes(bytes)) GiB and this machine has "
      + "\(gibibytes(totalBytes)) GiB; "
      + "ask for fewer examples (trainCount, testCount) or a smaller size"
  }
}
