// What shells complete: names from the database that the line names, and never a message.
import Foundation
import GRDB
import Results
import Testing

@testable import bench

@Suite struct CompletionTests {
  private let bench: BuiltBinary
  private let runId: String

  init() throws {
    bench = try BuiltBinary()
    let database = bench.folder.appending(path: "some where/my.sqlite").path
    let store = try ResultsStore(path: database)
    for (experiment, variants) in [
      ("small", ["plain-8", "resnet-8-shortcut=C"]), ("smaller", ["plain-8"]),
    ] {
      try store.prepare(
        ExperimentRecord(
          name: experiment, title: experiment, specPath: "\(experiment).json", specJSON: "{}",
          specHash: "5e", protocolName: "quick", protocolJSON: "{}", classes: 10),
        variants: variants.map {
          VariantRecord(
            name: $0, configurationJSON: "{}", configurationHash: "hash-\($0)", levels: [],
            parameters: 1, macs: 1)
        }, seeds: [0, 1])
    }
    runId = try #require(try ResultsReader(path: database).runs(experiment: "smaller").first).runId
  }

  /// Asks as the shells' scripts do, for the last of `words`.
  private func candidates(
    _ command: [String], _ argument: String, _ words: [String], environment: [String: String] = [:]
  ) throws -> [String] {
    let line = ["bench"] + words
    let result = try bench.start(
      ["---completion"] + command + [
        "--", argument, "\(line.count - 1)", "\(words.last?.count ?? 0)",
      ] + line, environment: environment
    ).collect()
    #expect(result.status == 0 && result.errors.isEmpty, "\(words): \(result.errors)")
    return result.output.split(separator: "\n").map(String.init)
  }

  private static let database = "some where/my.sqlite"

  @Test func experimentsAreCompleted() throws {
    for command in ["status", "report", "verdict"] {
      let all = try candidates(
        [command], "positional@0", [command, "--db", Self.database, ""])
      #expect(all.sorted() == ["small", "smaller"], "\(command)")
    }
    let one = try candidates(
      ["status"], "positional@0", ["status", "--db=\(Self.database)", "smalle"])
    #expect(one == ["smaller"])
  }

  @Test func runsAreCompletedByNameAndById() throws {
    let runs = try candidates(
      ["show"], "positional@0", ["show", "--db", Self.database, "small/"])
    #expect(
      runs == [
        "small/plain-8/0", "small/plain-8/1", "small/resnet-8-shortcut=C/0",
        "small/resnet-8-shortcut=C/1",
      ])
    for command in [["show"], ["reproduce"], ["weights", "export"]] {
      let word = String(runId.prefix(6))
      let ids = try candidates(
        command, "positional@0", command + ["--db", Self.database, word])
      #expect(ids.contains(runId), "\(command)")
    }
  }

  @Test func aVariantIsComparedWithVariants() throws {
    let first = try candidates(
      ["compare"], "positional@0", ["compare", "--db", Self.database, "smaller/"])
    #expect(first == ["smaller/plain-8", "smaller/plain-8/0", "smaller/plain-8/1"])
    let second = try candidates(
      ["compare"], "positional@1",
      ["compare", "--db", Self.database, "small/plain-8", "smaller/"])
    #expect(second == ["smaller/plain-8"])
  }

  /// Shells pass words on as they were typed.
  @Test(arguments: [
    #""some where/my.sqlite""#, #"some\ where/my.sqlite"#, "'some where'/my.sqlite",
  ])
  func quotesAreTakenOff(path: String) throws {
    #expect(
      try candidates(["status"], "positional@0", ["status", "--db", path, "smalle"]) == ["smaller"])
  }

  /// No database, or none that can be read: no candidates, no message, no wait, nothing written.
  @Test func whatCannotBeReadHasNoCandidates() throws {
    #expect(try candidates(["status"], "positional@0", ["status", ""]) == [])
    #expect(!FileManager.default.fileExists(atPath: bench.folder.path + "/results"))
    try Data("not a database".utf8).write(to: bench.folder.appending(path: "text"))
    #expect(mkfifo(bench.folder.appending(path: "pipe").path, 0o600) == 0)
    for path in ["text", "pipe", "some where", "", "--db"] {
      #expect(
        try candidates(["status"], "positional@0", ["status", "--db", path, ""]) == [], "\(path)")
    }
    let begin = ContinuousClock.now
    let holder = try DatabaseQueue(path: bench.folder.appending(path: Self.database).path)
    try holder.inDatabase { db in
      try db.execute(sql: "PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE")
      _ = try candidates(["status"], "positional@0", ["status", "--db", Self.database, ""])
      try db.execute(sql: "ROLLBACK")
    }
    try holder.close()
    #expect(ContinuousClock.now - begin < .seconds(10))
    let bad = ["BENCH_ISA": "none"]
    #expect(
      try candidates(
        ["status"], "positional@0", ["status", "--db", Self.database, ""], environment: bad
      ).count == 2)
    #expect(try candidates(["nonsense"], "positional@0", ["nonsense", ""]) == [])
  }

  /// Bash splits words at '=' and gives the function the last part only.
  @Test(arguments: [
    (["compare", "small/r"], "small/r", ["small/resnet-8-shortcut=C"]),
    (["compare", "small/resnet-8-shortcut", "="], "", ["C", "C/0", "C/1"]),
    (["compare", "small/resnet-8-shortcut", "=", "C/"], "C/", ["C/0", "C/1"]),
    (
      ["compare", "small/resnet-8-shortcut", "=", "C", " ", "smaller/"], "smaller/",
      ["smaller/plain-8"]
    ),
    (["show", "small/plain-8/"], "small/plain-8/", ["small/plain-8/0", "small/plain-8/1"]),
  ])
  func bashJoinsWords(words: [String], current: String, expected: [String]) throws {
    let script = try bench("--generate-completion-script", "bash")
    #expect(script.status == 0)
    _ = try bench.write("bench.bash", script.output)
    // A " " parts words that stand apart; the others that begin or follow a '=' touch.
    let database = #"some\ where/my.sqlite"#
    let parts = words.dropFirst().filter { $0 != " " }
    let text = words.dropFirst().joined()
    let test = """
      source bench.bash
      COMP_WORDS=("$PROGRAM" \(words[0]) --db '\(database)' \(parts.map { "'\($0)'" }.joined(separator: " ")))
      COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
      COMP_LINE="$PROGRAM \(words[0]) --db "'\(database) \(text)'
      COMP_POINT=${#COMP_LINE}
      __bench_joined bench '\(current)' "${COMP_WORDS[COMP_CWORD - 1]}"
      printf '%s\\n' "${COMPREPLY[@]}"
      """
    let process = Process()
    process.executableURL = URL(filePath: "/bin/bash")
    process.arguments = ["--norc", "-c", test]
    process.currentDirectoryURL = bench.folder
    process.environment = ProcessInfo.processInfo.environment.merging([
      "PROGRAM": bench.program.path
    ]) { $1 }
    let output = Pipe()
    process.standardOutput = output
    try process.run()
    let data = output.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    let lines = String(decoding: data, as: UTF8.self).split(separator: "\n").map(String.init)
    // Of a first word, runs too.
    #expect(lines.filter { expected.contains($0) } == expected, "\(lines)")
    if words.contains(" ") { #expect(lines == expected) }
  }

  @Test(arguments: ["zsh", "fish"]) func otherShellsHaveScripts(shell: String) throws {
    let script = try bench("--generate-completion-script", shell)
    #expect(script.status == 0 && script.output.contains("---completion show -- positional@0"))
    #expect(!script.output.contains("manual"))
  }
}
