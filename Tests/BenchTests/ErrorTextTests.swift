// Remedies are worded here alone, in commands and options that exist.
import ArgumentParser
import Experiments
import Foundation
import Results
import Specs
import TestSupport
import Testing
import Weights

@testable import bench

@Suite struct ErrorTextTests {
  /// The long names of all options of all commands.
  private static var options: Set<String> {
    let names = Bench._dumpHelp().matches(of: /"kind" : "long",\s+"name" : "([a-z-]+)"/)
    return Set(names.map { "--\($0.1)" })
  }

  private static var commands: Set<String> {
    Set(Bench.configuration.subcommands.compactMap { $0.configuration.commandName })
  }

  private static var texts: [String] {
    ResultsError.Remedy.allCases.map { ErrorText.words($0) } + [
      ErrorText.text(ExperimentError("", remedy: .keepConditionsOrAllowNumericChange(earlier: []))),
      ErrorText.text(
        ExperimentError("", remedy: .keepConditionsOrAllowNumericChange(earlier: ["A=b"]))),
      ErrorText.mixed(changes: ""),
      ErrorText.text(ExperimentError("", about: .steps(3))),
      ErrorText.text(ExperimentError("", about: .initialWeights(path: "a"))),
      ErrorText.text(SpecError("", remedy: .runAnew)),
      ErrorText.text(WeightsError("", remedy: .runAnew)), ErrorText.outdated(changes: ""),
    ]
  }

  @Test(arguments: texts) func remediesNameWhatThereIs(text: String) {
    let options = text.matches(of: /--[a-z-]+/).map { String($0.0) }
    let commands = text.matches(of: /`bench ([a-z]+)/).map { String($0.1) }
    #expect(Self.options.isSuperset(of: options), "\(text)")
    #expect(Self.commands.isSuperset(of: commands), "\(text)")
    #expect(!options.isEmpty || !commands.isEmpty, "\(text)")
  }

  @Test func everyRemedyHasItsOwnWords() {
    #expect(Set(Self.texts).count == Self.texts.count)
    #expect(
      ErrorText.text(ResultsError("x is damaged", remedy: .checkAndRestore))
        == "x is damaged; see `bench db check`, and take a copy made by `bench db backup`")
    #expect(
      ErrorText.text(ExperimentError("give more", about: .steps(3))) == "--steps 3: give more")
    #expect(
      ErrorText.text(ExperimentError(["a", "b"], remedy: .runAnew))
        == "a\nb; make the run again with `bench run SPEC --force`")
    #expect(
      ErrorText.text(
        ExperimentError(
          "a differs", remedy: .keepConditionsOrAllowNumericChange(earlier: ["A=b", "C=d"])))
        == "a differs. Finish it as it was begun, with A=b and C=d; or give --allow-numeric-change to "
        + "go on all the same, which is recorded, or --force to make the run anew")
    #expect(
      ErrorText.text(ResultsError("x")) == "x" && ErrorText.text(CocoaError(.fileNoSuchFile)) != "")
  }

  /// What is a library to the program speaks of no command and no option of it.
  @Test(arguments: [
    "Results", "Experiments", "Specs", "Training", "Verdicts", "Weights", "Statistics", "Text",
  ])
  func librariesNameNoOptions(module: String) throws {
    let folder = Repository.root.appending(path: "Sources/\(module)")
    let names = try #require(FileManager.default.enumerator(atPath: folder.path))
      .compactMap { $0 as? String }.filter { $0.hasSuffix(".swift") }
    #expect(!names.isEmpty)
    let options = Self.options
    for name in names {
      let text = try String(contentsOf: folder.appending(path: name), encoding: .utf8)
      for line in text.split(separator: "\n") where line.contains("\"") {
        let found = line.matches(of: /--[a-z-]+/).map { String($0.0) }
          .filter { options.contains($0) }
        #expect(found.isEmpty && !line.contains("`bench "), "\(name): \(line)")
      }
    }
  }
}
