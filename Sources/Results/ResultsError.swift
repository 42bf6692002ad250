// The one error of this module.
import Foundation
import GRDB

/// How an error is said to people: the program can name the commands and options that help.
public typealias ErrorWording = @Sendable (any Error) -> String

/// What went wrong with the results database: what, where, and what to do.
public struct ResultsError: Error, Equatable, CustomStringConvertible {
  /// What is wrong, and where.
  public let description: String
  /// What can be done about it where that takes a command or an option, which only the program can
  /// name; nil where the description says everything.
  public let remedy: Remedy?
  /// Where in the SQL text of a refused query the fault lies, in UTF-8 bytes from its start.
  public let sqlOffset: Int?
  public let kind: Kind

  /// What a user can do.
  public enum Remedy: Hashable, Sendable, CaseIterable {
    /// Name a file as the database.
    case nameFile
    /// Name the file in the folder that was named.
    case nameFileInFolder
    /// Name another file as the database.
    case nameAnother
    /// The same, or take an earlier copy in place of this file.
    case nameAnotherOrRestore
    /// Use the version of the program that wrote the file, or name another file.
    case nameAnotherOrUpgrade
    /// Make the file writable, or name another.
    case permitWriting
    /// See to the permissions of file and folder, or name another.
    case permitOpening
    /// Look at what is damaged.
    case check
    /// Look at what is damaged, and take an earlier copy.
    case checkAndRestore
    /// Run an experiment, which makes the database, or name another.
    case runOrNameAnother
    /// Run an experiment, which writes into the file.
    case runIntoFile
    /// Run an experiment, which enters it.
    case enterExperiment
    /// Run the experiment, which makes the run.
    case makeRun
    /// Run the experiment, which takes the run over from a process that is gone.
    case takeOver
    /// Run anything, or drop garbage: both bring a file of an earlier version up to date.
    case migrate
    /// List the runs.
    case listRuns
    /// Ask for less, or allow a query more time.
    case allowMoreTime
    /// Go on with the rescued copy, or take it over into another database.
    case useRescued
  }

  /// Whether the same call may succeed later, and what has become of the file or the run.
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

  public init(
    _ description: String, remedy: Remedy? = nil, sqlOffset: Int? = nil, kind: Kind = .lasting
  ) {
    self.description = description
    self.remedy = remedy
    self.sqlOffset = sqlOffset
    self.kind = kind
  }
}

extension ResultsError {
  /// The system's word for what went wrong with a file, which Foundation hides.
  private static func reason(_ error: any Error) -> (text: String, remedy: Remedy?) {
    let underlying = (error as NSError).userInfo[NSUnderlyingErrorKey] as? NSError
    if let underlying, underlying.domain == NSPOSIXErrorDomain {
      return (String(cString: strerror(Int32(underlying.code))), nil)
    }
    if let error = error as? POSIXError {
      return (String(cString: strerror(error.code.rawValue)), nil)
    }
    guard let error = error as? CocoaError else { return ("\(error)", nil) }
    return switch error.code {
    case .fileNoSuchFile: ("its folder is not there and cannot be made", .nameAnother)
    case .fileWriteFileExists, .fileWriteUnknown:
      ("a part of its path is a file where a folder is needed", .nameAnother)
    default: (error.localizedDescription, nil)
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
      let (text, remedy) = error.reason
      throw ResultsError("\(what()): \(text)", remedy: remedy, kind: error.kind)
    } catch {
      let (text, remedy) = reason(error)
      throw ResultsError("\(what()): \(text)", remedy: remedy)
    }
  }
}

extension DatabaseError {
  /// What is wrong and what a user can do about it; SQLite's own words where it is nothing usual.
  fileprivate var reason: (text: String, remedy: ResultsError.Remedy?) {
    switch resultCode {
    case .SQLITE_BUSY, .SQLITE_LOCKED:
      ("the database is locked: another program holds it; end that program, or wait", nil)
    case .SQLITE_FULL: ("the disk is full, or a limit of the account reached; make room", nil)
    case .SQLITE_READONLY: ("the file or its disk can only be read", .permitWriting)
    case .SQLITE_CANTOPEN, .SQLITE_PERM, .SQLITE_AUTH: ("it cannot be opened", .permitOpening)
    case .SQLITE_CORRUPT:
      ("the database is damaged (\(message ?? "malformed"))", .checkAndRestore)
    case .SQLITE_NOTADB:
      ("it is no SQLite database, or damaged at its beginning", .nameAnotherOrRestore)
    default: ("\(self)", nil)
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
