// Output that cannot be written is said, and what the parser says of options is text.
import Foundation
import Testing

@testable import bench

@Suite struct PrintedOutputTests {
  /// As a full disk does it, a file that was opened for reading alone takes nothing.
  private static let reason = "cannot write the output: Bad file descriptor"

  @Test func whatCannotBeWrittenIsNoted() throws {
    let descriptor = open("/dev/null", O_RDONLY)
    try #require(descriptor >= 0)
    defer { close(descriptor) }
    let output = PrintedOutput(descriptor)
    #expect(output.problem == nil)
    output.write("a")
    #expect(output.problem == Self.reason)
  }

  /// More than a pipe holds, into one that does not wait, arrives whole.
  @Test func aPipeThatDoesNotWait() throws {
    let pipe = Pipe()
    let end = pipe.fileHandleForWriting
    #expect(fcntl(end.fileDescriptor, F_SETFL, O_NONBLOCK) == 0)
    let text = String(repeating: "0123456789", count: 50_000)
    let output = PrintedOutput(end.fileDescriptor)
    Thread.detachNewThread {
      output.write(text)
      // Through its handle, which would otherwise close the number once more, whoever has it then.
      try? end.close()
    }
    let data = try pipe.fileHandleForReading.readToEnd()
    #expect(data.map { String(decoding: $0, as: UTF8.self) } == text)
    #expect(output.problem == nil)
  }

  @Test func commandsEndWithOneWhereTheOutputIsLost() throws {
    let bench = try BuiltBinary()
    for arguments in [
      ["models"], ["models", "resnet-20", "--format", "json"], ["query", "--views"], ["--help"],
      ["data", "list"], ["run", "--help"], ["--version"],
    ] {
      let full = try #require(FileHandle(forReadingAtPath: "/dev/null"))
      let result = try bench.start(arguments, output: full).collect()
      #expect(result.status == 1, "\(arguments)")
      #expect(result.errors == "bench: \(Self.reason)\n", "\(arguments): \(result.errors)")
    }
  }

  /// `bench query | head -1` says nothing.
  @Test func aReaderThatWantsNoMoreIsNoError() throws {
    let bench = try BuiltBinary()
    let pipe = Pipe()
    try pipe.fileHandleForReading.close()
    let result = try bench.start(["models"], output: pipe.fileHandleForWriting).collect()
    #expect(result.errors.isEmpty, "\(result.errors)")
  }

  /// A run is worth more than its lines.
  @Test func aRunGoesOnWithoutOutput() throws {
    let bench = try BuiltBinary()
    let spec = try bench.write("s.json", BadInputTests.spec())
    let full = try #require(FileHandle(forReadingAtPath: "/dev/null"))
    #expect(try bench.start(["run", spec], output: full).collect().status == 0)
    let count = try bench("query", "SELECT count(*) FROM finals WHERE metric = 'testError'")
    #expect(count.output.contains("1"), "\(count.output)")
  }

  private func text(_ arguments: String...) throws -> String {
    do {
      _ = try Bench.parseAsRoot(arguments)
    } catch {
      return Program.text(of: error)
    }
    Issue.record("\(arguments) are taken")
    return ""
  }

  @Test func whatTheParserSaysIsPrintable() throws {
    for text in [
      try text("run", "s.json", "--seeds", "\u{1b}[31m"), try text("run", "s.json", "--\u{1b}[31m"),
      try text("\u{1b}[31m"), try text("query", "--timeout", "\u{1b}[31m"),
    ] {
      let isClean = text.unicodeScalars.allSatisfy { $0 == "\n" || $0.value >= 0x20 }
      #expect(isClean && text.contains("\\u{1B}[31m"), "\(text.debugDescription)")
      #expect(text.hasPrefix("bench: "), "\(text)")
    }
  }

  @Test func optionsAreRefusedInOneStyle() throws {
    #expect(
      try text("data", "check", "shapes", "--threads", "0").hasPrefix(
        "bench: --threads 0: give a number from 1 to 1024\n"))
    let unknown = try text("run", "s.json", "--nope")
    #expect(unknown.hasPrefix("bench: Unknown option '--nope'"), "\(unknown)")
    #expect(unknown.contains("Usage: bench run"), "\(unknown)")
  }

  @Test func noTimeIsNoLimit() throws {
    #expect(try text("run", "s.json", "--time-limit", "0").hasPrefix("bench: --time-limit 0: "))
    #expect(try text("query", "SELECT 1", "--timeout", "0").hasPrefix("bench: --timeout 0.0: "))
    for word in ["0x10", "-0"] {
      for arguments in [
        ["run", "s.json", "--time-limit=\(word)"], ["run", "s.json", "--checkpoint-every=\(word)"],
        ["query", "SELECT 1", "--timeout=\(word)"],
      ] {
        #expect(throws: (any Error).self) { try Bench.parseAsRoot(arguments) }
      }
    }
  }

  @Test func classesWithoutImages() {
    let names = (0..<12).map { "c\($0)" }
    #expect(DataCheckCommand.missingClasses(names, names.map { _ in 1 }) == nil)
    #expect(
      DataCheckCommand.missingClasses(names, names.map { $0 == "c3" ? 60_000 : 0 })
        == "no usable image of 11 of 12 classes: c0, c1, c2, c4, c5, c6, c7, c8 and 3 more")
  }

  @Test func theDatabaseOptionIsFound() throws {
    for command in [["status"], ["run", "s.json"]] {
      let error = #expect(throws: (any Error).self) {
        try Bench.parseAsRoot(command + ["--database", "x.sqlite"])
      }
      let text = error.map { Program.text(of: $0) } ?? ""
      #expect(
        text.hasPrefix("bench: Unknown option '--database'. Did you mean '--db'?\n"), "\(text)")
    }
  }
}
