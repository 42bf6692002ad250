// Whether a network fits this machine's memory, before anything is allocated.
import Foundation

/// This machine's memory.
public enum MachineMemory {
  /// What a network may take of it: the rest is for the system and the data.
  public static var usableBytes: Int {
    Int(clamping: ProcessInfo.processInfo.physicalMemory / 10 * 9)
  }

  /// Nil if that many bytes fit, otherwise a sentence with both numbers.
  public static func obstacle(bytes: Int) -> String? {
    guard bytes > usableBytes else { return nil }
    func gibibytes(_ bytes: Int) -> String { String(format: "%.1f GiB", Double(bytes) / 0x1p30) }
    let all = Int(clamping: ProcessInfo.processInfo.physicalMemory)
    return "needs about \(gibibytes(bytes)) of memory and this machine has \(gibibytes(all)); "
      + "use a smaller batch, smaller images, or a narrower or shallower net"
  }
}
