// bench verify: statements of the papers that can be checked without training for long.
import ArgumentParser
import Engine
import Experiments
import Foundation
import Numerics

struct VerifyCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "verify", abstract: "Check statements that hold exactly, in seconds.",
    subcommands: [VerifyIdentityCommand.self])
}

struct VerifyIdentityCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "identity",
    abstract:
      "Check that residual blocks can be identities, so that deeper nets contain shallower.",
    discussion: """
      Why should a deeper net not be worse? Because its added blocks could do nothing. A residual \
      block does nothing where its last batch norm is zero; a plain block cannot be switched off in \
      that way. Nets of three sizes are built, the shallow ones trained for \
      \(IdentityCheck.trainingSteps) steps on generated images, and outputs compared bit by bit.

      The exit code is 1 if a statement does not hold.
      """)

  @Option(help: "Threads; all cores of the machine by default.")
  var threads: Int?

  @Option(help: "fp32 or bf16: how activations are kept and products made.")
  var precision = Precision.fp32

  func validate() throws {
    if let threads, !(1...1024).contains(threads) {
      throw ValidationError("--threads \(threads) is not between 1 and 1024")
    }
    if let obstacle = precision.obstacle { throw ValidationError("--precision: \(obstacle)") }
  }

  func run() throws {
    ErrorText.warnOfLesserCore()
    let count = threads ?? MachineCores.usable
    let findings = try IdentityCheck(threads: count, precision: precision).findings()
    for finding in findings {
      print("\(finding.holds ? "holds" : "DOES NOT HOLD"): \(finding.statement)")
      print("  \(finding.detail)")
    }
    if findings.contains(where: { !$0.holds }) { throw ExitCode(1) }
  }
}
