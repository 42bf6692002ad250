// The README's commands are run, with the smoke experiment in place of the long one.
import Foundation
import Testing

@Suite struct ReadmeTests {
  /// The lines of all `sh` blocks that call the program.
  private static func commands(in text: String) -> [String] {
    var commands: [String] = []
    var isInside = false
    for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
      if line.hasPrefix("```") {
        isInside = line == "```sh"
      } else if isInside, line.hasPrefix("bench ") {
        commands.append(String(line))
      }
    }
    return commands
  }

  /// Splits at spaces outside of double quotes.
  private static func words(_ line: String) -> [String] {
    var words = [""]
    var isQuoted = false
    for character in line {
      if character == "\"" {
        isQuoted.toggle()
      } else if character == " " && !isQuoted {
        words.append("")
      } else {
        words[words.count - 1].append(character)
      }
    }
    return words.filter { !$0.isEmpty }
  }

  @Test func everyCommandOfTheReadmeWorks() throws {
    let bench = try BuiltBinary()
    let readme = try String(contentsOf: bench.root.appending(path: "README.md"), encoding: .utf8)
    let commands = Self.commands(in: readme)
    #expect(commands.count >= 10)
    for command in commands {
      let short =
        command
        .replacingOccurrences(of: "experiments/degradation.json", with: bench.spec)
        .replacingOccurrences(of: "degradation/plain-56/0", with: "smoke/plain-8/0")
        .replacingOccurrences(of: "degradation/resnet-20/0", with: "smoke/resnet-8/0")
        .replacingOccurrences(of: " degradation ", with: " smoke ")
        .replacingOccurrences(of: "plain-56", with: "plain-8")
      let arguments = Array(Self.words(short).dropFirst())
      let result = try bench.start(arguments).collect()
      #expect(result.status == 0, "\(command): \(result.output)\(result.errors)")
      let isQuery = arguments.first == "query" && arguments.count > 1
      #expect(result.output.split(separator: "\n").count >= (isQuery ? 2 : 1), "\(command)")
    }
  }
}
