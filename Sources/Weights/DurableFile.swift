// Files that are whole or not there: written under another name, on disk before they get theirs.
import Crypto
import Foundation
import Specs
import Text

/// A file in the making. A reader, or a machine that lost its power, finds the old file or the new
/// one under the final name, never a part of it.
package final class DurableFile {
  private static let bufferSize = 1 << 20

  private let path: String
  private let descriptor: Int32
  private var buffer: [UInt8] = []
  private var hash = SHA256()

  /// Writes a file: under a temporary name first, then synchronised, renamed, and the folder
  /// synchronised. Missing folders are made.
  /// - Parameter body: writes the content; if it throws, the file of before stays.
  /// - Returns: SHA-256 of the content, hexadecimal.
  /// - Throws: `WeightsError` with the path and the system's reason, or what `body` throws.
  @discardableResult
  package static func write(
    _ path: String, _ body: (DurableFile) throws(WeightsError) -> Void
  ) throws(WeightsError) -> String {
    let folder = URL(fileURLWithPath: path).deletingLastPathComponent().path
    // A name of this process's own: one that was stopped may wake up while another, which has taken
    // over, writes the same file.
    let temporary = "\(path).partial-\(getpid())"
    var status = stat()
    // A rename would put a file in the place of a device or a pipe.
    guard stat(path, &status) != 0 || status.st_mode & S_IFMT == S_IFREG else {
      throw WeightsError("cannot write \(shown(path)): it is there and is no regular file")
    }
    try makeFolder(folder, for: path)
    let digest: String
    do throws(WeightsError) {
      let file = try DurableFile(path: path, temporary: temporary)
      try body(file)
      digest = try file.synchronise()
      guard rename(temporary, path) == 0 else { throw failure(path) }
    } catch {
      unlink(temporary)
      throw error
    }
    try synchroniseFolder(folder, for: path)
    removeRemains(of: path, in: folder)
    return digest
  }

  /// Removes what processes have left that were killed while they wrote the same file.
  private static func removeRemains(of path: String, in folder: String) {
    let prefix = URL(fileURLWithPath: path).lastPathComponent + ".partial-"
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    for name in names where name.hasPrefix(prefix) {
      guard let pid = pid_t(name.dropFirst(prefix.count)), pid != getpid() else { continue }
      if kill(pid, 0) != 0, errno == ESRCH { unlink("\(folder)/\(name)") }
    }
  }

  private init(path: String, temporary: String) throws(WeightsError) {
    self.path = path
    descriptor = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0o644)
    guard descriptor >= 0 else { throw Self.failure(path) }
    buffer.reserveCapacity(Self.bufferSize)
  }

  deinit { close(descriptor) }

  /// Appends bytes to the content.
  package func append(_ bytes: UnsafeRawBufferPointer) throws(WeightsError) {
    hash.update(bufferPointer: bytes)
    if buffer.count + bytes.count > Self.bufferSize { try flush() }
    if bytes.count > Self.bufferSize {
      try writeAll(bytes)
    } else {
      buffer.append(contentsOf: bytes)
    }
  }

  /// Appends the bytes of numbers, as they are in memory.
  package func append<Number: BitwiseCopyable>(_ numbers: [Number]) throws(WeightsError) {
    var failure: WeightsError?
    numbers.withUnsafeBytes { bytes in
      do throws(WeightsError) { try append(bytes) } catch { failure = error }
    }
    if let failure { throw failure }
  }

  private func flush() throws(WeightsError) {
    let pending = buffer
    buffer.removeAll(keepingCapacity: true)
    var failure: WeightsError?
    pending.withUnsafeBytes { bytes in
      do throws(WeightsError) { try writeAll(bytes) } catch { failure = error }
    }
    if let failure { throw failure }
  }

  private func writeAll(_ bytes: UnsafeRawBufferPointer) throws(WeightsError) {
    var rest = bytes
    while !rest.isEmpty {
      let count = Foundation.write(descriptor, rest.baseAddress, rest.count)
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { throw Self.failure(path) }
      rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(count))
    }
  }

  /// Brings everything to the disk.
  private func synchronise() throws(WeightsError) -> String {
    try flush()
    guard fsync(descriptor) == 0 else { throw Self.failure(path) }
    return hexadecimal(hash.finalize())
  }

  private static func makeFolder(_ folder: String, for path: String) throws(WeightsError) {
    guard !FileManager.default.fileExists(atPath: folder) else { return }
    do {
      try FileManager.default.createDirectory(
        atPath: folder, withIntermediateDirectories: true)
    } catch {
      throw WeightsError("cannot make the folder \(shown(folder)): \(systemReason(error))")
    }
    // The new folder's own entry stands in the one above.
    try synchroniseFolder(URL(fileURLWithPath: folder).deletingLastPathComponent().path, for: path)
  }

  private static func synchroniseFolder(
    _ folder: String, for path: String
  ) throws(WeightsError) {
    let descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { throw failure(path) }
    defer { close(descriptor) }
    // Some file systems cannot synchronise a folder and say so; they keep their own order.
    guard fsync(descriptor) == 0 || errno == EINVAL || errno == ENOTSUP else { throw failure(path) }
  }

  private static func failure(_ path: String) -> WeightsError {
    WeightsError("cannot write \(shown(path)): \(String(cString: strerror(errno)))")
  }

  private static func shown(_ path: String) -> String { printable(path, limit: 4096) }
}
