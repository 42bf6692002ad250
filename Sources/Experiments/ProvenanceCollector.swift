// Takes down where an attempt's numbers come from: code, machine, command.
import Foundation
import Numerics
import Results
import Subprocess
import Text

/// What the engine says of itself.
public struct EngineIdentity: Hashable, Sendable {
  /// Bits are promised for one such identity.
  public var numericIdentity: NumericIdentity
  /// Versions of bench and of what it is built on, by name.
  public var versions: [String: String]

  public init(_ numericIdentity: NumericIdentity, versions: [String: String]) {
    self.numericIdentity = numericIdentity
    self.versions = versions
  }
}

/// Collects provenance. What is not there is empty: it never fails.
public struct ProvenanceCollector: Sendable {
  /// The longest diff that is kept, in bytes.
  static let diffLimit = 16 << 20
  /// The most untracked files that are listed.
  static let untrackedLimit = 1000

  /// The folder whose repository is looked at.
  private let directory: String

  public init(directory: String = FileManager.default.currentDirectoryPath) {
    self.directory = directory
  }

  /// - Parameters:
  ///   - threads: of each run.
  ///   - arguments: the command as words, by default this process's.
  public func collect(
    engine: EngineIdentity, threads: Int, arguments: [String] = CommandLine.arguments
  ) async -> Provenance {
    let commit = await git(["rev-parse", "--verify", "HEAD"])
    let diff = commit == nil ? nil : await git(["diff", "HEAD", "--no-color", "--no-ext-diff"])
    let untracked = await git(["ls-files", "--others", "--exclude-standard", "-z", "--full-name"])
    return Provenance(
      commit: (commit ?? "").trimmingCharacters(in: .whitespacesAndNewlines),
      diff: diff ?? "", untracked: Self.list(untracked ?? ""),
      host: ProcessInfo.processInfo.hostName, operatingSystem: Self.operatingSystem(),
      cpu: Self.cpu(), numericIdentity: engine.numericIdentity, threads: threads,
      dataChecksum: "",
      versionsJSON: CanonicalJSON.object(engine.versions.mapValues { .text($0) }).text,
      commandLine: arguments.map(Self.quoted).joined(separator: " "))
  }

  /// The output of a git command; nil outside a repository, without git, or beyond the limit.
  private func git(_ arguments: [String]) async -> String? {
    let guarded = ["-C", directory, "-c", "core.fsmonitor=false", "--no-optional-locks"]
    let result = try? await Subprocess.run(
      .name("git"), arguments: Arguments(guarded + arguments),
      output: .string(limit: Self.diffLimit), error: .discarded)
    guard let result, result.terminationStatus.isSuccess else { return nil }
    return result.standardOutput
  }

  /// A list of names, each ended by a NUL, as a JSON array.
  static func list(_ names: String) -> String {
    let all = names.split(separator: "\0").map(String.init)
    var shown = all.prefix(untrackedLimit).map { CanonicalJSON.text($0) }
    if all.count > shown.count { shown.append(.text("… and \(all.count - shown.count) more")) }
    return CanonicalJSON.list(shown).text
  }

  /// A word as a shell would have to be given it.
  public static func quoted(_ word: String) -> String {
    let safe = word.utf8.allSatisfy {
      (0x30...0x39).contains($0) || (0x41...0x5A).contains($0) || (0x61...0x7A).contains($0)
        || "-_./=,:+@%".utf8.contains($0)
    }
    if safe, !word.isEmpty { return word }
    return "'" + word.replacing("'", with: #"'\''"#) + "'"
  }

  private static func operatingSystem() -> String {
    let release = (try? String(contentsOfFile: "/etc/os-release", encoding: .utf8)) ?? ""
    let name = value(of: "PRETTY_NAME", in: release, separator: "=")
    let kernel = (try? String(contentsOfFile: "/proc/sys/kernel/osrelease", encoding: .utf8)) ?? ""
    let parts = [
      name ?? ProcessInfo.processInfo.operatingSystemVersionString,
      kernel.trimmingCharacters(in: .whitespacesAndNewlines),
    ]
    return parts.filter { !$0.isEmpty }.joined(separator: ", kernel ")
  }

  /// This machine's processor as it names itself; empty where it does not.
  public static func cpu() -> String {
    let text = (try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8)) ?? ""
    return value(of: "model name", in: text, separator: ":") ?? ""
  }

  /// The first value of a key in lines of `key SEPARATOR value`, without quotes.
  private static func value(of key: String, in text: String, separator: Character) -> String? {
    for line in text.split(separator: "\n") {
      let parts = line.split(separator: separator, maxSplits: 1)
      guard parts.count == 2, parts[0].trimmingCharacters(in: .whitespaces) == key else { continue }
      return parts[1].trimmingCharacters(in: CharacterSet(charactersIn: " \t\"'"))
    }
    return nil
  }
}
