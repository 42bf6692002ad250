// The program: one file per command.
import ArgumentParser
import Foundation

struct Bench: AsyncParsableCommand {
  static let version = "0.1.0"

  static let configuration = CommandConfiguration(
    commandName: "bench", abstract: "Ablation studies of deep residual networks.",
    version: version,
    subcommands: [
      RunCommand.self, PlanCommand.self, StatusCommand.self, ShowCommand.self,
      ReportCommand.self, QueryCommand.self, ModelsCommand.self, DataCommand.self,
      PerfCommand.self,
    ])
}

/// Runs the command. Bad options end with exit code 2, as every other bad input does.
@main
enum Program {
  static func main() async {
    do {
      var command = try Bench.parseAsRoot()
      if var asynchronous = command as? any AsyncParsableCommand {
        try await asynchronous.run()
      } else {
        try command.run()
      }
    } catch {
      guard Bench.exitCode(for: error) == .validationFailure else { Bench.exit(withError: error) }
      FileHandle.standardError.write(Data("\(Bench.fullMessage(for: error))\n".utf8))
      Foundation.exit(2)
    }
  }
}
