// What shells complete of names: the experiments, variants and runs that the database has.
import ArgumentParser
import Foundation
import Results

/// Candidates for a word of the command line, from the database that the line names. Where there is
/// none, or it cannot be read at once, there are no candidates: a shell that asks gets no messages.
enum NameCompletion {
  /// The word with which the shells' scripts ask.
  static let request = "---completion"

  static var experiments: CompletionKind { kind { names, _ in names.experiments } }

  static var runs: CompletionKind { kind { names, _ in names.runs } }

  /// After a variant comes a variant: nothing else can be compared with it.
  static var runsAndVariants: CompletionKind {
    kind { names, earlier in
      names.variants + (earlier.contains(where: names.variants.contains) ? [] : names.runs)
    }
  }

  /// - Parameter choose: the candidates among all names; its second argument are the words before.
  private static func kind(
    _ choose: @escaping @Sendable (StoredNames, [String]) -> [String]
  ) -> CompletionKind {
    .custom { words, index, _ in
      let words = words.map(plain)
      let word = words.indices.contains(index) ? words[index] : ""
      return candidates(for: word, database: database(in: words, without: index)) {
        choose($0, Array(words.prefix(max(0, index))))
      }
    }
  }

  /// The names that go on from `word`; where there are none, the ids of runs that do.
  static func candidates(
    for word: String, database: String, choose: (StoredNames) -> [String]
  ) -> [String] {
    do throws(ResultsError) {
      let reader = try ResultsReader(path: database, patience: 0.1)
      let names = choose(try reader.names()).filter { $0.hasPrefix(word) }
      guard names.isEmpty, !word.isEmpty, word.allSatisfy(\.isHexDigit) else { return names }
      return try reader.runIds(beginning: word)
    } catch {
      return []
    }
  }

  /// The value of the last `--db` on the line, but for the word that is being typed.
  private static func database(in words: [String], without index: Int) -> String {
    var path = DatabaseOptions.defaultPath
    for (i, word) in words.enumerated() where i != index {
      if word.hasPrefix("--db=") { path = String(word.dropFirst("--db=".count)) }
      if word == "--db", i + 1 < words.count, i + 1 != index { path = words[i + 1] }
    }
    return path
  }

  /// A word without the quotes and backslashes that shells pass on, its home folder written out.
  private static func plain(_ word: String) -> String {
    var text = ""
    var quote: Character?
    var isEscaped = false
    for character in word {
      if isEscaped {
        text.append(character)
        isEscaped = false
      } else if character == "\\", quote != "'" {
        isEscaped = true
      } else if character == quote {
        quote = nil
      } else if quote == nil, character == "'" || character == "\"" {
        quote = character
      } else {
        text.append(character)
      }
    }
    guard word == "~" || word.hasPrefix("~/") else { return text }
    return FileManager.default.homeDirectoryForCurrentUser.path + text.dropFirst()
  }

  /// Ends the process without candidates where a disk does not answer: someone is typing.
  static func endInTime() {
    Thread.detachNewThread {
      Thread.sleep(forTimeInterval: 2)
      _exit(0)
    }
  }
}
