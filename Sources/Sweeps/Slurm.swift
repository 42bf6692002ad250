// What is asked of SLURM's own programs.
import Experiments
import Foundation
import Subprocess
import Text

/// SLURM on this machine. Of its answers only those are used that it gives for certain: what has
/// become of a job is not among them.
public struct Slurm: Sendable {
  /// The largest array where SLURM does not say: its own default.
  public static let usualArraySize = 1001

  public init() {}

  /// `MaxArraySize`: a job's highest index is below it. Nil where SLURM is not here or does not answer.
  public func maximumArraySize() async -> Int? {
    guard let answer = await Self.answer("scontrol", ["show", "config"]), answer.isSuccess else {
      return nil
    }
    return Self.maximumArraySize(in: answer.output)
  }

  private struct Answer {
    var isSuccess: Bool
    var output: String
    var errors: String
  }

  /// What a program says; nil where there is none of the name.
  private static func answer(_ program: String, _ arguments: [String]) async -> Answer? {
    let result = try? await Subprocess.run(
      .name(program), arguments: Arguments(arguments), output: .string(limit: 1 << 20),
      error: .string(limit: 1 << 16))
    return result.map {
      Answer(
        isSuccess: $0.terminationStatus.isSuccess, output: $0.standardOutput,
        errors: $0.standardError)
    }
  }

  static func maximumArraySize(in text: String) -> Int? {
    for line in text.split(separator: "\n") {
      let parts = line.split(separator: "=", maxSplits: 1)
      if parts.count == 2, parts[0].trimmingCharacters(in: .whitespaces) == "MaxArraySize" {
        return Int(parts[1].trimmingCharacters(in: .whitespaces))
      }
    }
    return nil
  }

  /// Submits a script.
  /// - Parameter arguments: of `sbatch`, before the script.
  /// - Returns: the job's id.
  /// - Throws: `ExperimentError` with SLURM's own message, or where `sbatch` is not here.
  public func submit(_ script: String, _ arguments: [String]) async throws(ExperimentError)
    -> String
  {
    guard let answer = await Self.answer("sbatch", ["--parsable"] + arguments + [script]) else {
      throw ExperimentError(
        "there is no sbatch on this machine; submit \(printable(script, limit: 4096)) where SLURM is"
      )
    }
    let said = answer.errors.trimmingCharacters(in: .whitespacesAndNewlines)
    guard answer.isSuccess else {
      throw ExperimentError(
        "sbatch did not take \(printable(script, limit: 4096)): "
          + (said.isEmpty ? "it ended without a word" : said))
    }
    // `12`, or `12;cluster`
    let id = answer.output.split { $0 == ";" || $0.isNewline }.first
    guard let id, Int(id) != nil else {
      throw ExperimentError("sbatch gave no job's id but \"\(answer.output)\"")
    }
    return String(id)
  }
}
