// A file system that fails at the k-th operation, for the built program alone.
import Foundation
import Testing

/// The preloaded layer of `Tests/FaultInjection/fault.c`, compiled once.
final class FaultyDisk: Sendable {
  enum Kind: String, CaseIterable {
    /// One operation fails, the next ones work.
    case eio
    /// The disk is full from then on.
    case enospc
    /// The process is killed in the middle.
    case kill
  }

  private let library: String

  /// Compiles the layer with the compiler that the Swift toolchain brings along.
  init(root: URL, into folder: URL) throws {
    library = folder.appending(path: "fault.so").path
    let compiler = Process()
    compiler.executableURL = URL(filePath: "/usr/bin/env")
    compiler.arguments = [
      "clang", "-O1", "-Wall", "-Werror", "-shared", "-fPIC", "-o", library,
      root.appending(path: "Tests/FaultInjection/fault.c").path, "-ldl",
    ]
    try compiler.run()
    compiler.waitUntilExit()
    try #require(compiler.terminationStatus == 0, "fault.c was not compiled")
  }

  /// What the program must be started with.
  /// - Parameters:
  ///   - folder: only files below it count.
  ///   - at: number of the failing operation, 0 for none.
  ///   - count: a file that receives the number of operations.
  func environment(
    folder: URL, at: Int, kind: Kind = .eio, count: URL? = nil
  ) -> [String: String] {
    var environment = [
      "LD_PRELOAD": library, "FAULT_FOLDER": folder.path, "FAULT_AT": "\(at)",
      "FAULT_KIND": kind.rawValue,
    ]
    if let count { environment["FAULT_COUNT"] = count.path }
    return environment
  }
}
