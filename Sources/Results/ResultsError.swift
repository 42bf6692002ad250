// The one error of this module.
import Foundation
import GRDB

/// What went wrong with the results database: what, where, and what to do.
public struct ResultsError: Error, Equatable, CustomStringConvertible {
  public let description: String
  /// Where in the SQL text of a refused query the fault lies, in UTF-8 bytes from its start.
  public let sqlOffset: Int?
  public let kind: Kind

  /// What can be done about it.
  public enum Kind: Equatable, Sendable {
    /// The same call will fail again.
    case lasting
    /// The file cannot be written or read at present: disk full, input and output errors.
    case unavailable
    /// Another program holds the file.
    case locked
    /// The file was taken away while it was in use.
    case gone
    /// The run is no longer this process's.
    case lost
  }

  /// Whether the same call may succeed later.
  var mayPass: Bool { kind == .unavailable || kind == .locked }

  public init(_ description: String, sqlOffset: Int? = nil, kind: Kind = .lasting) {
    self.description = description
    self.sqlOffset = sqlOffset
    self.kind = kind
  }
}

extension ResultsError {
  /// The system's word for what went wrong with a file, which Foundation hides.
  private static func reason(_ error: any Error) -> String {
    let underlying = (error as NSError).userInfo[NSUnderlyingErrorKey] as? NSError
    if let underlying, underlying.domain == NSPOSIXErrorDomain {
      return String(cString: strerror(Int32(underlying.code)))
    }
    if let error = error as? POSIXError { return String(cString: strerror(error.code.rawValue)) }
    guard let error = error as? CocoaError else { return "\(error)" }
    return switch error.code {
    case .fileNoSuchFile: "its folder is not there and cannot be made; name another with --db"
    case .fileWriteFileExists, .fileWriteUnknown:
      "a part of its path is a file where a folder is needed; name another with --db"
    default: error.localizedDescription
    }
  }

  /// Runs `body` and words what it throws as a `ResultsError` that begins with `what`.
  static func wrap<Value>(
    _ what: @autoclosure () -> String, _ body: () throws -> Value
  ) throws(ResultsError) -> Value {
    do {
      return try body()
    } catch let error as ResultsError {
      throw error
    } catch let error as DatabaseError {
      throw ResultsError("\(what()): \(error.reason)", kind: error.kind)
    } catch {
      throw ResultsError("\(what()): \(reason(error))")
    }
  }
}

extension DatabaseError {
  /// What is wrong and what a user can do about it; SQLite's own words where it is nothing usual.
  fileprivate var reason: String {
    switch resultCode {
    case .SQLITE_BUSY, .SQLITE_LOCKED:
      "the database is locked: another program holds it; end that program, or wait"
    case .SQLITE_FULL: "the disk is full, or a limit of the account reached; make room"
    case .SQLITE_READONLY:
      "the file or its disk can only be read; see to that, or name another with --db"
    case .SQLITE_CANTOPEN, .SQLITE_PERM, .SQLITE_AUTH:
      "it cannot be opened; check the permissions of the file and of its folder, or name another "
        + "with --db"
    case .SQLITE_CORRUPT:
      "the database is damaged (\(message ?? "malformed")); see `bench db check`, and take a copy "
        + "made by `bench db backup`"
    case .SQLITE_NOTADB:
      "it is no SQLite database, or damaged at its beginning; name another with --db, or take a "
        + "copy made by `bench db backup`"
    default: "\(self)"
    }
  }

  fileprivate var kind: ResultsError.Kind {
    switch resultCode {
    case .SQLITE_BUSY, .SQLITE_LOCKED: .locked
    case .SQLITE_FULL, .SQLITE_IOERR, .SQLITE_READONLY,
      .SQLITE_CANTOPEN, .SQLITE_PERM, .SQLITE_PROTOCOL, .SQLITE_NOMEM, .SQLITE_INTERRUPT:
      .unavailable
    default: .lasting
    }
  }
}
