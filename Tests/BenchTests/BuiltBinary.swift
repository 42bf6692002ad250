// Runs the program that was just built, as a user does.
import Foundation
import TestSupport
import Testing

/// What one call of the program gave.
struct ProgramResult {
  let status: Int32
  let output: String
  let errors: String
}

/// The built program and a folder of its own to work in, removed at the end.
final class BuiltBinary {
  private let temporary: TemporaryFolder
  var folder: URL { temporary.url }
  let root = Repository.root
  let program: URL

  /// - Parameter inMemory: whether the folder is in memory, see `TemporaryFolder`.
  init(inMemory: Bool = false) throws {
    // The tests' own executable lies beside the program.
    program = URL(filePath: CommandLine.arguments[0]).deletingLastPathComponent()
      .appending(path: "bench")
    temporary = try TemporaryFolder(inMemory: inMemory)
  }

  var spec: String { root.appending(path: "experiments/smoke.json").path }

  /// Starts the program in the folder; standard output and errors go into files there.
  /// - Parameters:
  ///   - output: where standard output goes instead.
  ///   - program: another program, which starts this one.
  func start(
    _ arguments: [String], environment: [String: String] = [:], output: FileHandle? = nil,
    program: URL? = nil
  ) throws -> (process: Process, collect: () throws -> ProgramResult) {
    let process = Process()
    process.executableURL = program ?? self.program
    process.arguments = arguments
    process.currentDirectoryURL = folder
    process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
    let id = UUID().uuidString
    let files = ["out", "err"].map { folder.appending(path: "\(id).\($0)") }
    for file in files { try writeFile([], to: file.path) }
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = try output ?? FileHandle(forWritingTo: files[0])
    process.standardError = try FileHandle(forWritingTo: files[1])
    try process.run()
    return (
      process,
      {
        process.waitUntilExit()
        let texts = try files.map { String(decoding: try Data(contentsOf: $0), as: UTF8.self) }
        for file in files { try FileManager.default.removeItem(at: file) }
        return ProgramResult(
          status: process.terminationStatus, output: texts[0], errors: texts[1])
      }
    )
  }

  /// Runs the program to its end.
  @discardableResult
  func callAsFunction(
    _ arguments: String..., environment: [String: String] = [:]
  ) throws -> ProgramResult {
    try start(arguments, environment: environment).collect()
  }

  /// Writes a spec into the folder.
  /// - Returns: its path.
  func write(_ name: String, _ text: String) throws -> String {
    try temporary.write(name, text)
  }
}
