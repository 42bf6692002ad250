// Files in a folder that several machines share, made and replaced by calls that hold there too.
import Experiments
import Foundation
import Text

/// A folder on a disk or a network file system. Of such a system nothing is assumed but that `link`
/// and `rename` happen as a whole: what they return may be wrong, attributes and names may be stale.
struct SharedFolder: Sendable {
  /// The system's calls, which give `errno`, or 0; tests put failing ones in their place.
  struct Calls: Sendable {
    var link: @Sendable (_ old: String, _ new: String) -> Int32 = {
      Foundation.link($0, $1) == 0 ? 0 : errno
    }
    var rename: @Sendable (_ old: String, _ new: String) -> Int32 = {
      Foundation.rename($0, $1) == 0 ? 0 : errno
    }
  }

  let path: String
  private let calls: Calls

  /// A folder to read from.
  init(existing path: String) {
    self.path = path
    calls = Calls()
  }

  /// Makes the folder where it is missing, and tries whether names in it can be taken.
  /// - Throws: `ExperimentError` where it cannot be made or written, or has no hard links.
  init(path: String, calls: Calls = Calls()) throws(ExperimentError) {
    self.path = path
    self.calls = calls
    do {
      try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    } catch {
      throw ExperimentError(
        "cannot make the folder \(printable(path, limit: 4096)): \(systemReason(error))")
    }
    let probe = ".probe-\(UUID().uuidString)"
    defer { unlink(file(probe)) }
    guard try create(probe, probe) else {
      throw ExperimentError(
        "the folder \(printable(path, limit: 4096)) cannot be shared: its file system has no hard "
          + "links; take one on another file system")
    }
  }

  /// Makes a file that is not there yet; of all that try, on any machine, one succeeds.
  /// - Parameter text: of this attempt alone, such as one with a UUID, since it tells whose file
  ///   stands there.
  /// - Returns: whether this call made it.
  /// - Throws: `ExperimentError` where neither can be said; the file may be there then.
  func create(_ name: String, _ text: String) throws(ExperimentError) -> Bool {
    let own = temporaryName(for: name)
    try write(own, text)
    defer { unlink(file(own)) }
    let code = calls.link(file(own), file(name))
    if code == 0 || linkCount(own) == 2 { return true }
    // A repeated request finds what the first one, whose answer was lost, has done; and not every
    // file system counts links.
    let found = try read(name)
    if found == text { return true }
    // Another owner has finished, and removed what it took for the remains of the dead.
    if code == ENOENT, found != nil, access(file(own), F_OK) != 0 { return false }
    // Some say "not permitted" where the name is taken.
    guard code == EEXIST || code == EPERM else { throw failure("make", name, code) }
    return false
  }

  /// Puts a file in the place of another, or of none.
  /// - Throws: `ExperimentError` where it could not be done.
  func replace(_ name: String, _ text: String) throws(ExperimentError) {
    let own = temporaryName(for: name)
    try write(own, text)
    let code = calls.rename(file(own), file(name))
    // Where the old name is gone, it was done although the call says that it was not.
    guard code != 0, access(file(own), F_OK) == 0 else { return }
    unlink(file(own))
    throw failure("write", name, code)
  }

  /// - Returns: the file's text; nil if there is no such file.
  /// - Throws: `ExperimentError` where it cannot be read.
  func read(_ name: String) throws(ExperimentError) -> String? {
    var code: Int32 = 0
    // A file that another machine replaces while it is read is stale; the next one is there.
    for _ in 0..<10 {
      switch content(name) {
      case .success(let text): return text
      case .failure(let error) where error.code == .ENOENT: return nil
      case .failure(let error): code = error.code.rawValue
      }
      guard code == ESTALE || code == EINTR else { break }
    }
    throw failure("read", name, code)
  }

  private func content(_ name: String) -> Result<String, POSIXError> {
    func failed() -> Result<String, POSIXError> {
      .failure(POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO))
    }
    let descriptor = open(file(name), O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return failed() }
    defer { close(descriptor) }
    // What is written here is shorter.
    var bytes = [UInt8](repeating: 0, count: 4096)
    let count = Foundation.read(descriptor, &bytes, bytes.count)
    guard count >= 0 else { return failed() }
    return .success(String(decoding: bytes.prefix(count), as: UTF8.self))
  }

  /// Opened for it, because that asks the server anew.
  private func linkCount(_ name: String) -> Int {
    let descriptor = open(file(name), O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return 0 }
    defer { close(descriptor) }
    var status = stat()
    return fstat(descriptor, &status) == 0 ? Int(status.st_nlink) : 0
  }

  private func write(_ name: String, _ text: String) throws(ExperimentError) {
    let descriptor = open(file(name), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { throw failure("write", name, errno) }
    let bytes = Array(text.utf8)
    let count = Foundation.write(descriptor, bytes, bytes.count)
    var code: Int32 = count == bytes.count ? 0 : count < 0 ? errno : ENOSPC
    // A network file system may report only here that its disk is full.
    if close(descriptor) != 0, code == 0 { code = errno }
    guard code == 0 else {
      unlink(file(name))
      throw failure("write", name, code)
    }
  }

  /// Makes a folder in it, where it is missing.
  func makeFolder(_ name: String) throws(ExperimentError) {
    guard mkdir(file(name), 0o777) == 0 || errno == EEXIST else {
      throw failure("make", name, errno)
    }
  }

  /// Removes what killed processes have left of files that never got their names.
  func removeRemains(_ name: String) {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: file(name))) ?? []
    for left in names where left.hasPrefix(Self.newPrefix) { unlink("\(file(name))/\(left)") }
  }

  private static let newPrefix = ".new-"

  /// In the same folder: some file systems have no links from one to another.
  private func temporaryName(for name: String) -> String {
    let folder = name.split(separator: "/").dropLast().map { "\($0)/" }.joined()
    return "\(folder)\(Self.newPrefix)\(UUID().uuidString)"
  }

  private func file(_ name: String) -> String { "\(path)/\(name)" }

  private func failure(_ verb: String, _ name: String, _ code: Int32) -> ExperimentError {
    ExperimentError(
      "cannot \(verb) \(printable(file(name), limit: 4096)): \(String(cString: strerror(code)))")
  }
}
