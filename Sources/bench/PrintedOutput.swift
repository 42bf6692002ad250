// What commands print on standard output, and whether it arrives.
import Foundation
import Synchronization

/// Takes printed text and keeps in mind the first failure: a full disk must not leave a cut file
/// behind a command that says that all went well.
final class PrintedOutput: Sendable {
  static let standard = PrintedOutput(STDOUT_FILENO)

  private let descriptor: Int32
  /// The `errno` of the first failure; nothing is written after it.
  private let failure = Mutex<Int32>(0)

  init(_ descriptor: Int32) { self.descriptor = descriptor }

  /// Writes the whole text at once, or notes why that cannot be.
  func write(_ text: String) {
    var text = text
    failure.withLock { failure in
      guard failure == 0 else { return }
      failure = text.withUTF8 { write(UnsafeRawBufferPointer($0)) }
    }
  }

  /// - Returns: `errno` where not everything was written, otherwise 0.
  private func write(_ bytes: UnsafeRawBufferPointer) -> Int32 {
    var rest = bytes
    while let start = rest.baseAddress, !rest.isEmpty {
      let count = Foundation.write(descriptor, start, rest.count)
      if count >= 0 {
        rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(count))
      } else if errno == EAGAIN {
        // Another program has made this terminal or pipe one that does not wait.
        var place = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        poll(&place, 1, -1)
      } else if errno != EINTR {
        return errno
      }
    }
    return 0
  }

  /// What to tell the user; nil where everything arrived, or the reader wanted no more (`| head`).
  var problem: String? {
    let number = failure.withLock { $0 }
    guard number != 0, number != EPIPE else { return nil }
    return "cannot write the output: \(String(cString: strerror(number)))"
  }
}

/// Prints in place of Swift's own, which says nothing where text cannot be written; `Program` ends
/// with exit code 1 then.
func print(_ text: String, terminator: String = "\n") {
  PrintedOutput.standard.write(text + terminator)
}
