// The file behind a connection: whether it can be one, and whether it is still where it was.
import Foundation
import GRDB
import Synchronization

enum DatabaseFile {
  /// What keeps a path from being a database's; nil where nothing does, also where nothing is there.
  static func obstacle(_ path: String) -> ResultsError? {
    guard !path.isEmpty else {
      return ResultsError("the path of the results database is empty", remedy: .nameFile)
    }
    var status = stat()
    guard stat(path, &status) == 0 else {
      return errno == ELOOP
        ? ResultsError("\(path) is a link that leads back to itself; name a file") : nil
    }
    switch status.st_mode & S_IFMT {
    case S_IFREG: return nil
    case S_IFDIR:
      return ResultsError("\(path) is a folder, not a results database", remedy: .nameFileInFolder)
    default: return ResultsError("\(path) is a pipe or a device", remedy: .nameFile)
    }
  }
}

/// Notices that a database in use was deleted, renamed or replaced. SQLite does not: it goes on
/// with a file that has no name any more, and all that it writes there is gone with the process.
///
/// Used by the one connection that writes. Databases on network file systems are not watched.
final class DatabaseWatch: Sendable {
  private struct Identity: Equatable {
    var device: UInt64
    var file: UInt64

    init?(_ path: String) {
      var status = stat()
      guard stat(path, &status) == 0 else { return nil }
      (device, file) = (UInt64(status.st_dev), UInt64(status.st_ino))
    }
  }

  private struct State {
    /// Of the database and of its log, by their endings; the log's from the first write on.
    var identities: [String: Identity]
    var loss: ResultsError?
  }

  private let path: String
  private let isWatched: Bool
  private let state: Mutex<State>

  /// - Parameter path: of a database that is open.
  init(_ path: String) {
    self.path = path
    // There a file's number may change while it stays the same file.
    isWatched = NetworkFileSystem.type(database: path) == nil
    state = Mutex(State(identities: Identity(path).map { ["": $0] } ?? [:]))
  }

  /// Once before every write.
  /// - Throws: `ResultsError` of kind `.gone`, the same from then on. Everything that the database
  ///   held is in a file beside it by then, if that can be written.
  func check(_ queue: DatabaseQueue) throws(ResultsError) {
    guard isWatched else { return }
    let loss = state.withLock { state -> ResultsError? in
      if state.loss == nil {
        let changed = state.identities.contains { Identity(path + $0.key) != $0.value }
        if changed { state.loss = rescue(queue) }
        if state.identities["-wal"] == nil, let log = Identity("\(path)-wal") {
          state.identities["-wal"] = log
        }
      }
      return state.loss
    }
    if let loss { throw loss }
  }

  private func rescue(_ queue: DatabaseQueue) -> ResultsError {
    let what = "the results database \(path) was deleted, renamed or replaced while it was in use"
    let names = ["\(path).rescued"] + (2...1000).map { "\(path).rescued-\($0)" }
    do throws(ResultsError) {
      try ResultsError.wrap("cannot make its folder again") {
        try FileManager.default.createDirectory(
          at: URL(fileURLWithPath: path).deletingLastPathComponent(),
          withIntermediateDirectories: true)
      }
      let free = names.first { !FileManager.default.fileExists(atPath: $0) } ?? names[0]
      try DatabaseCopy.write(queue, to: free)
      return ResultsError(
        "\(what); all that it held is in \(free)", remedy: .useRescued, kind: .gone)
    } catch {
      return ResultsError(
        "\(what), and could not be saved: \(error)", remedy: error.remedy, kind: .gone)
    }
  }
}
