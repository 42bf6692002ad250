// The program: one file per command.
import ArgumentParser

@main
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
