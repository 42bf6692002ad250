// gnuplot as tests need it: the real one, or a script in its place.
import Foundation

public enum GnuplotProgram {
  /// Whether the real one can be found.
  public static let isInstalled = (ProcessInfo.processInfo.environment["PATH"] ?? "")
    .split(separator: ":")
    .contains { FileManager.default.isExecutableFile(atPath: "\($0)/gnuplot") }

  /// Puts a shell script in gnuplot's place.
  /// - Parameter folder: where the script is kept.
  /// - Returns: the environment in which a program finds it.
  public static func fake(_ script: String, in folder: URL) throws -> [String: String] {
    let tools = folder.appending(path: "tools")
    try FileManager.default.createDirectory(at: tools, withIntermediateDirectories: true)
    let file = tools.appending(path: "gnuplot")
    try Data("#!/bin/sh\n\(script)\n".utf8).write(to: file)
    try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: file.path)
    return ["PATH": "\(tools.path):\(ProcessInfo.processInfo.environment["PATH"] ?? "")"]
  }
}
