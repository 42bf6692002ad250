// The documents' commands are run, with the smoke experiment in place of the long one; their links
// lead somewhere, and their specs are specs.
import Foundation
import Testing

@Suite struct ReadmeTests {
  /// A document of the project: what it shows in blocks of code, and where its links lead.
  private struct Document {
    let name: String
    let folder: URL
    let text: String

    init(_ file: URL) throws {
      name = file.lastPathComponent
      folder = file.deletingLastPathComponent()
      text = try String(contentsOf: file, encoding: .utf8)
    }

    /// README.md, CONTRIBUTING.md and all of docs.
    static func all(root: URL) throws -> [Document] {
      let manuals = try FileManager.default.contentsOfDirectory(
        at: root.appending(path: "docs"), includingPropertiesForKeys: nil
      ).filter { $0.pathExtension == "md" }.sorted { $0.path < $1.path }
      #expect(manuals.count >= 5)
      let first = ["README.md", "CONTRIBUTING.md"].map { root.appending(path: $0) }
      return try (first + manuals).map { try Document($0) }
    }

    private var lines: [Substring] { text.split(separator: "\n", omittingEmptySubsequences: false) }

    /// The blocks of code in a language.
    func blocks(_ language: String) -> [[Substring]] {
      var blocks: [[Substring]] = []
      var isInside = false
      for line in lines {
        if line.hasPrefix("```") {
          isInside = line == "```\(language)"
          if isInside { blocks.append([]) }
        } else if isInside {
          blocks[blocks.count - 1].append(line)
        }
      }
      return blocks
    }

    /// The lines of all `sh` blocks that call the program.
    var commands: [String] {
      blocks("sh").flatMap { $0 }.filter { $0.hasPrefix("bench ") }.map(String.init)
    }

    /// The specs that are shown whole.
    var specs: [String] {
      blocks("json").map { $0.joined(separator: "\n") }.filter { $0.contains("\"$schema\"") }
    }

    /// Where the links lead that stay in the project.
    var links: [String] {
      text.matches(of: /\]\(([^)\s]+)\)/).map { String($0.1) }.filter { !$0.contains("://") }
    }

    /// The project's files and folders that are named between backquotes; of `NAME.swift` and the
    /// like the folder alone.
    var paths: [String] {
      text.matches(of: /`((?:Sources|Tests|experiments|docs|findings)\/[\w\/.+-]*)`/).map {
        $0.1.split(separator: "/").prefix { !$0.contains("NAME") }.joined(separator: "/")
      }
    }

    /// The sources and tests that are named without their folder.
    var fileNames: [String] {
      text.matches(of: /`(\w+\.swift)`/).map { String($0.1) }.filter { $0 != "Package.swift" }
    }

    /// The names of suites: `ReadmeTests`.
    var suites: [String] {
      text.matches(of: /`(\w+Tests)`|--filter (\w+Tests)/).map { String($0.1 ?? $0.2 ?? "") }
    }

    /// The headings as a link names them: words in lower case, joined by hyphens.
    var anchors: Set<String> {
      Set(
        lines.filter { $0.hasPrefix("#") }.map { line in
          line.drop { $0 == "#" }.dropFirst().lowercased().replacing(" ", with: "-")
            .filter { $0.isLetter || $0.isNumber || $0 == "-" || $0 == "_" }
        })
    }
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

  /// What a command becomes where the smoke experiment stands for the long one.
  private static func arguments(_ command: String, spec: String) -> [String] {
    let short =
      command
      .replacingOccurrences(of: "experiments/degradation.json", with: spec)
      .replacingOccurrences(of: "degradation/plain-56/0", with: "smoke/plain-8/0")
      .replacingOccurrences(of: "degradation/resnet-20/0", with: "smoke/resnet-8/0")
      .replacingOccurrences(of: "plain-56", with: "plain-8")
    return words(short).dropFirst().map { $0 == "degradation" ? "smoke" : $0 }
  }

  /// Each document has a folder of its own. README begins in an empty one, as a stranger does; the
  /// others begin where the experiment has run.
  @Test func everyCommandOfTheDocumentsWorks() throws {
    let finished = try BuiltBinary()
    let made = try finished("run", finished.spec)
    #expect(made.status == 0, "\(made.output)\(made.errors)")
    var count = 0
    for document in try Document.all(root: finished.root) {
      let commands = document.commands
      count += commands.count
      if document.name == "README.md" { #expect(commands.count >= 10) }
      guard !commands.isEmpty else { continue }
      let bench = try BuiltBinary()
      if document.name != "README.md" {
        try FileManager.default.copyItem(
          at: finished.folder.appending(path: "results"),
          to: bench.folder.appending(path: "results"))
      }
      for command in commands {
        let arguments = Self.arguments(command, spec: bench.spec)
        let result = try bench.start(arguments).collect()
        #expect(
          result.status == 0, "\(document.name): \(command): \(result.output)\(result.errors)")
        let isQuery = arguments.first == "query" && arguments.count > 1
        #expect(
          result.output.split(separator: "\n").count >= (isQuery ? 2 : 1),
          "\(document.name): \(command)")
      }
    }
    #expect(count >= 30)
  }

  @Test func everySpecOfTheDocumentsExpands() throws {
    let bench = try BuiltBinary()
    let specs = try Document.all(root: bench.root).flatMap(\.specs)
    #expect(specs.count >= 2)
    for spec in specs {
      let result = try bench("plan", "--no-calibration", try bench.write("spec.json", spec))
      #expect(result.status == 0, "\(spec): \(result.errors)")
    }
  }

  /// README's example of a mistake is one in its own spec.
  @Test func theMistakeThatIsShownIsRefusedSo() throws {
    let bench = try BuiltBinary()
    let readme = try Document(bench.root.appending(path: "README.md"))
    let spec = try #require(readme.specs.first)
    #expect(readme.specs.count == 1 && spec.contains("\"quick\""))
    let file = try bench.write("degradation.json", spec.replacing("\"quick\"", with: "\"quik\""))
    let refused = try bench("plan", "--no-calibration", file)
    let place = try #require(refused.errors.range(of: "degradation.json:"))
    let message = refused.errors[place.lowerBound...].trimmingCharacters(in: .newlines)
    #expect(refused.status == 2 && readme.text.contains("\n    \(message)\n"), "\(message)")
  }

  @Test func everyLinkOfTheDocumentsLeadsSomewhere() throws {
    let root = try BuiltBinary().root
    var count = 0
    for document in try Document.all(root: root) {
      for link in document.links {
        count += 1
        let parts = link.split(separator: "#", maxSplits: 1, omittingEmptySubsequences: false)
        let file =
          parts[0].isEmpty
          ? document.folder.appending(path: document.name)
          : document.folder.appending(path: String(parts[0]))
        #expect(
          FileManager.default.fileExists(atPath: file.standardizedFileURL.path),
          "\(document.name): \(link)")
        guard parts.count == 2, file.pathExtension == "md" else { continue }
        #expect(
          try Document(file.standardizedFileURL).anchors.contains(String(parts[1])),
          "\(document.name): \(link)")
      }
    }
    #expect(count >= 20)
  }

  /// A recipe with a file that was moved since leads nowhere.
  @Test func everyFileThatTheDocumentsNameIsThere() throws {
    let root = try BuiltBinary().root
    var count = 0
    var files: Set<String> = []
    for folder in ["Sources", "Tests"] {
      let all = FileManager.default.enumerator(atPath: root.appending(path: folder).path)
      for case let path as String in try #require(all) {
        files.insert(URL(filePath: path).lastPathComponent)
      }
    }
    for document in try Document.all(root: root) {
      for path in document.paths {
        count += 1
        #expect(
          FileManager.default.fileExists(atPath: root.appending(path: path).path),
          "\(document.name): \(path)")
      }
      for name in document.fileNames {
        #expect(files.contains(name), "\(document.name): \(name)")
      }
      for suite in document.suites {
        #expect(
          files.contains(suite) || files.contains(suite + ".swift"), "\(document.name): \(suite)")
      }
    }
    #expect(count >= 30)
  }

  /// What is longer belongs into `docs`.
  @Test func theReadmeIsShort() throws {
    let root = try BuiltBinary().root
    let readme = try String(contentsOf: root.appending(path: "README.md"), encoding: .utf8)
    #expect(readme.split(whereSeparator: \.isWhitespace).count <= 1200)
  }
}
