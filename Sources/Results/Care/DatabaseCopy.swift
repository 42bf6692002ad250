// A copy of the database that is whole, checked and on the disk, or not there at all.
import Foundation
import GRDB

enum DatabaseCopy {
  /// Copies a database, also one that is being written to, into one new file.
  /// - Throws: `ResultsError` if the file exists, cannot be written, or the copy is damaged.
  static func write(_ source: DatabaseQueue, to path: String) throws(ResultsError) {
    guard !FileManager.default.fileExists(atPath: path) else { throw existing(path) }
    guard !path.isEmpty else { throw ResultsError("the name of the copy is empty; name a file") }
    let partial = "\(path).partial-\(ProcessInfo.processInfo.processIdentifier)"
    defer { for end in ["", "-wal", "-shm", "-journal"] { unlink(partial + end) } }
    try ResultsError.wrap("cannot copy the database to \(path)") {
      for end in ["", "-wal", "-shm", "-journal"] { unlink(partial + end) }
      // SQLite's own words would not say what is wrong with the place.
      let descriptor = open(partial, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
      guard descriptor >= 0 else { throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO) }
      close(descriptor)
      let target = try DatabaseQueue(path: partial)
      try source.backup(to: target)
      let verdict = try target.writeWithoutTransaction { db in
        // One file, without a log beside it.
        _ = try String.fetchOne(db, sql: "PRAGMA journal_mode = DELETE")
        return try String.fetchOne(db, sql: "PRAGMA quick_check(1)")
      }
      try target.close()
      guard verdict == "ok" else {
        throw ResultsError(
          "the copy is damaged, and so is the database: \(verdict ?? "no answer")", remedy: .check)
      }
      try synchronize(partial)
      // A second name for the file first: unlike renaming, that cannot replace one made meanwhile.
      if link(partial, path) != 0 {
        guard errno != EEXIST else { throw existing(path) }
        try FileManager.default.moveItem(atPath: partial, toPath: path)
      }
      try synchronize(URL(fileURLWithPath: path).deletingLastPathComponent().path)
    }
  }

  private static func existing(_ path: String) -> ResultsError {
    ResultsError("\(path) exists already; a copy never replaces a file, so name another")
  }

  /// Waits until a file, or a folder's entries, are on the disk.
  private static func synchronize(_ path: String) throws {
    let descriptor = open(path, O_RDONLY)
    guard descriptor >= 0 else { throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO) }
    defer { close(descriptor) }
    guard fsync(descriptor) == 0 else { throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO) }
  }
}

extension ResultsReader {
  /// Copies the database, also while runs write to it, into one new file.
  /// - Throws: `ResultsError` if the file exists, cannot be written, or the database is damaged.
  public func backUp(to path: String) throws(ResultsError) {
    try DatabaseCopy.write(queue, to: path)
  }
}
