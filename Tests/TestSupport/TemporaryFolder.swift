// Where tests write, and where the project's own files are.
import Foundation

/// A folder that disappears with the value.
public final class TemporaryFolder {
  public let url: URL

  /// - Parameter inMemory: on Linux's file system in memory, where that can be written: for a
  ///   test that waits for the disk hundreds of times, and to which only the system's calls matter.
  public init(inMemory: Bool = false) throws {
    let memory = URL(filePath: "/dev/shm")
    let parent =
      inMemory && FileManager.default.isWritableFile(atPath: memory.path)
      ? memory : FileManager.default.temporaryDirectory
    url = parent.appending(path: "bench-test-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(at: url) }

  /// Where a results database goes.
  public var database: String { path("bench.sqlite") }

  public func path(_ name: String) -> String { url.appending(path: name).path }

  /// Writes a file, making its folder where needed, and gives its path.
  @discardableResult
  public func write(_ name: String, _ bytes: some Sequence<UInt8>) throws -> String {
    let file = url.appending(path: name)
    try FileManager.default.createDirectory(
      at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
    try writeFile(bytes, to: file.path)
    return file.path
  }

  /// Writes a text file and gives its path.
  @discardableResult
  public func write(_ name: String, _ text: String) throws -> String {
    try write(name, text.utf8)
  }

  /// The names of what is in it, in order.
  public var files: [String] {
    get throws { try FileManager.default.contentsOfDirectory(atPath: url.path).sorted() }
  }
}

/// Puts a new file in the place of what has the path, without waiting for the disk, as `Data.write`
/// does: some tests write thousands of files.
/// - Throws: `POSIXError`.
public func writeFile(_ bytes: some Sequence<UInt8>, to path: String) throws {
  // Some file systems begin to write at once where a file is only cut off and filled anew.
  unlink(path)
  guard let file = fopen(path, "w") else { throw POSIXError(.init(rawValue: errno) ?? .EIO) }
  let bytes = Array(bytes)
  let written = fwrite(bytes, 1, bytes.count, file)
  guard fclose(file) == 0, written == bytes.count else {
    throw POSIXError(.init(rawValue: errno) ?? .EIO)
  }
}

/// The project's own files, found from this file's place.
public enum Repository {
  public static let root = URL(filePath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
}
