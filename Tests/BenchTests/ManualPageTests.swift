// The manual page has every command and option, and the version stands in one place.
import ArgumentParser
import Foundation
import Testing

@testable import bench

@Suite struct ManualPageTests {
  private let page: String

  init() throws { page = try ManualPage(dump: Bench._dumpHelp(), version: Bench.version).text }

  /// All commands below one, with their full names.
  private static func commands(
    below command: any ParsableCommand.Type, _ path: [String]
  ) -> [(type: any ParsableCommand.Type, name: [String])] {
    command.configuration.subcommands.filter { $0.configuration.shouldDisplay }.flatMap { type in
      let name = path + [type.configuration.commandName ?? ""]
      return [(type, name)] + commands(below: type, name)
    }
  }

  @Test func everyCommandAndOptionIsInIt() {
    let commands = Self.commands(below: Bench.self, ["bench"])
    #expect(commands.count > 20)
    for (type, name) in commands {
      #expect(page.contains("\n.SS \(name.joined(separator: " "))\n"), "\(name)")
      let options = Bench.helpMessage(for: type).matches(of: /(?m)^  (--[a-z-]+)/)
        .map { String($0.1) }
      for option in options where option != "--version" {
        #expect(page.contains(option.replacing("-", with: #"\-"#)), "\(name) \(option)")
      }
    }
    #expect(!page.contains("bench manual\n"))
  }

  @Test func theProgramPrintsItAndDoesNotListIt() throws {
    let bench = try BuiltBinary()
    #expect(try bench("manual").output == page)
    #expect(try !bench("--help").output.contains("manual"))
  }

  /// No line is taken for a request that is none, and no letter for an escape.
  @Test func itIsSoundRoff() {
    let requests: Set = [
      ".TH", ".SH", ".SS", ".B", ".BR", ".I", ".PP", ".TP", ".nf", ".fi", ".RS", ".RE", ".nh",
      ".ad",
    ]
    for line in page.split(separator: "\n") where line.hasPrefix(".") || line.hasPrefix("'") {
      let word = String(line.prefix { $0 != " " })
      #expect(requests.contains(word) || word == #".\""#, "\(line)")
    }
    #expect(page.allSatisfy { $0.isASCII })
    #expect(page.matches(of: /\\(.)/).allSatisfy { "(-[f& \"".contains($0.1) })
  }

  /// The program, its page and a script for each shell come to their places.
  @Test func makeInstallsAllOfIt() throws {
    let bench = try BuiltBinary()
    let make = Process()
    make.executableURL = URL(filePath: "/usr/bin/env")
    make.arguments = [
      "make", "-s", "-o", "build", "install", "BENCH=\(bench.program.path)",
      "DESTDIR=\(bench.folder.path)", "PREFIX=/usr",
    ]
    make.currentDirectoryURL = bench.root
    try make.run()
    make.waitUntilExit()
    #expect(make.terminationStatus == 0)
    let share = bench.folder.appending(path: "usr/share")
    func text(_ name: String) throws -> String {
      try String(contentsOf: share.appending(path: name), encoding: .utf8)
    }
    #expect(try text("man/man1/bench.1") == page)
    for (name, line) in [
      ("bash-completion/completions/bench", "complete -o filenames -F __bench_joined bench"),
      ("zsh/site-functions/_bench", "#compdef bench"),
      ("fish/vendor_completions.d/bench.fish", "complete -c 'bench' -f"),
    ] {
      #expect(try text(name).contains(line), "\(name)")
    }
    let program = bench.folder.appending(path: "usr/bin/bench").path
    #expect(FileManager.default.isExecutableFile(atPath: program))
  }

  @Test func theVersionIsThatOfTheDocuments() throws {
    let bench = try BuiltBinary()
    #expect(try bench("--version").output == "\(Bench.version)\n")
    func text(_ name: String) throws -> String {
      try String(contentsOf: bench.root.appending(path: name), encoding: .utf8)
    }
    #expect(try text("CITATION.cff").contains("\nversion: \(Bench.version)\n"))
    #expect(try text("CHANGELOG.md").contains("\n## [\(Bench.version)] - "))
    #expect(page.contains("\"bench \(Bench.version)\""))
  }
}
