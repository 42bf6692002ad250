// Which process works on a run, and whether it still does.
import Foundation

/// A process, told apart from any other that had or will have its number.
struct ProcessIdentity: Equatable, Sendable {
  var host: String
  /// Changes with every start of the machine; empty where the system does not tell.
  var bootId: String
  var pid: Int32
  /// Clock ticks from the machine's start to the process's; 0 where the system does not tell.
  var startTicks: Int64

  static let current = ProcessIdentity(
    host: ProcessInfo.processInfo.hostName, bootId: readBootId(),
    pid: ProcessInfo.processInfo.processIdentifier,
    startTicks: readStatus(pid: ProcessInfo.processInfo.processIdentifier)?.startTicks ?? 0)

  /// Whether the process lives, as far as this process can tell; nil for one of another host.
  func isAlive(seenFrom observer: ProcessIdentity = .current) -> Bool? {
    guard host == observer.host else { return nil }
    guard bootId == observer.bootId else { return false }
    guard kill(pid, 0) == 0 || errno == EPERM else { return false }
    guard startTicks != 0, let status = Self.readStatus(pid: pid) else { return true }
    return status.startTicks == startTicks && !status.isDead
  }

  private static func readBootId() -> String {
    let text = try? String(contentsOfFile: "/proc/sys/kernel/random/boot_id", encoding: .utf8)
    return text?.trimmingCharacters(in: .whitespacesAndNewlines) ?? ""
  }

  /// Fields 22 and 3 of `/proc/PID/stat`; the second field may hold spaces and parentheses. A dead
  /// process stays in the list until its parent asks for it, in many containers for ever.
  private static func readStatus(pid: Int32) -> (startTicks: Int64, isDead: Bool)? {
    guard let text = try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8),
      let end = text.lastIndex(of: ")")
    else { return nil }
    let fields = text[text.index(after: end)...].split(separator: " ")
    guard fields.count > 19, let ticks = Int64(fields[19]) else { return nil }
    return (ticks, ["Z", "X"].contains(fields[0]))
  }
}
