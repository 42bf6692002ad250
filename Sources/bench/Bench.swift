// The program: one file per command.
import ArgumentParser
import Engine
import Foundation
import Numerics
import Text

struct Bench: AsyncParsableCommand {
  /// The one place of the version; CITATION.cff and CHANGELOG.md are held to it by a test.
  static let version = "1.0.0"

  static let configuration = CommandConfiguration(
    commandName: "bench", abstract: "Ablation studies of deep residual networks.",
    version: version,
    subcommands: [
      RunCommand.self,
      PlanCommand.self,
      SlurmCommand.self,
      SlurmTaskCommand.self,
      StatusCommand.self,
      ShowCommand.self,
      ReportCommand.self,
      VerdictCommand.self,
      CompareCommand.self,
      VerifyCommand.self,
      EvaluateCommand.self,
      PredictCommand.self,
      QueryCommand.self,
      ReproduceCommand.self,
      WeightsCommand.self,
      ModelsCommand.self,
      DataCommand.self,
      DatabaseCommand.self,
      GarbageCommand.self,
      MergeCommand.self,
      PerfCommand.self,
      ManualCommand.self,
    ])
}

/// Runs the command. Bad options end with exit code 2, as every other bad input does.
@main
enum Program {
  /// What is wrong with an environment variable that chooses the engine's code.
  private static func environmentProblem() -> String? {
    let environment = ProcessInfo.processInfo.environment
    for (name, allowed) in [
      ("BENCH_ISA", ["avx512", "avx2", "baseline"]), ("BENCH_GEMM", ["libxsmm", "blas"]),
      ("BENCH_CONV", ["winograd", "direct"]),
      ("BENCH_BF16", ["pairs", "tiles"]),
    ] {
      guard let value = environment[name], !value.isEmpty else { continue }
      guard allowed.contains(value) else {
        return
          "\(name)=\(value) is not known; allowed: \(allowed.joined(separator: ", "))"
      }
      if name == "BENCH_ISA", value != NumericIdentity.current.instructionSet {
        return "BENCH_ISA=\(value) is not possible on this CPU"
      }
    }
    // What libxsmm has no code for goes through OpenBLAS, and would be recorded as libxsmm's.
    if let target = environment["LIBXSMM_TARGET"], !target.isEmpty,
      NumericIdentity.current.backend == "libxsmm", NumericIdentity.current.codeClass == "generic"
    {
      return
        "LIBXSMM_TARGET=\(target) leaves libxsmm without code; give BENCH_GEMM=blas for OpenBLAS, "
        + "or a target such as hsw"
    }
    return nil
  }

  static func main() async {
    // A shell asks while the user types; whatever is wrong is said when the command runs.
    let isCompletion = CommandLine.arguments.dropFirst().first == NameCompletion.request
    if isCompletion {
      NameCompletion.endInTime()
    } else if let problem = environmentProblem() {
      printError(problem)
      end(2)
    }
    do {
      var command = try Bench.parseAsRoot()
      if var asynchronous = command as? any AsyncParsableCommand {
        try await asynchronous.run()
      } else {
        try command.run()
      }
      end(0)
    } catch {
      let code = Bench.exitCode(for: error)
      let message = text(of: error)
      if code == .success {
        print(BashCompletion.completed(message))
        end(0)
      }
      if isCompletion { end(0) }
      if !message.isEmpty { writeError(message) }
      end(code == .validationFailure ? 2 : code.rawValue)
    }
  }

  /// What the parser says of bad options, in the words of all other messages; or the help. What the
  /// user typed stands in it.
  static func text(of error: any Error) -> String {
    var text = Bench.fullMessage(for: error).replacing("\(error)", with: ErrorText.text(error))
    if text.hasPrefix("Error: ") { text = "bench: " + text.dropFirst("Error: ".count) }
    // The parser's own guess sees no likeness.
    let strange = "Unknown option '--database'"
    text = text.replacing(strange, with: strange + ". Did you mean '--db'?")
    return text.printableLines
  }

  /// Ends the process without the exit handlers of libraries: threads of theirs may still be at
  /// work, and tearing down what those use has crashed the process at its very end.
  private static func end(_ code: Int32) -> Never {
    fflush(nil)
    if let problem = PrintedOutput.standard.problem {
      printError(problem)
      _exit(code == 0 ? 1 : code)
    }
    _exit(code)
  }
}
