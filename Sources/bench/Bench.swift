// The program: one file per command.
import ArgumentParser

@main
struct Bench: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "bench", abstract: "Ablation studies of deep residual networks.",
    subcommands: [
      ModelsCommand.self, DataCommand.self, QueryCommand.self, StatusCommand.self,
      ShowCommand.self, ReportCommand.self, PerfCommand.self,
    ])
}
