// What `bench run` and `bench plan` have in common: the spec and which of its runs are selected.
import ArgumentParser
import Engine
import Foundation
import Specs
import Training

/// `0,1` on the command line.
struct SeedList: ExpressibleByArgument {
  var seeds: [Int64]

  init?(argument: String) {
    let parts = argument.split(separator: ",", omittingEmptySubsequences: false)
    let seeds = parts.compactMap { Int64($0) }
    guard !seeds.isEmpty, seeds.count == parts.count else { return nil }
    self.seeds = seeds
  }
}

/// The spec, and the selection among its runs.
struct ExperimentSelection: ParsableArguments {
  @Argument(help: "The experiment's spec file.", completion: .file(extensions: ["json"]))
  var spec: String

  @Option(
    help: ArgumentHelp(
      "Only variants with this level, such as depth=56, or one of these, such as depth=20,56. "
        + "Repeated: any of one factor's levels, all of the factors.", valueName: "factor=levels"))
  var only: [String] = []

  @Option(help: ArgumentHelp("Only these seeds of the spec, such as 0,1.", valueName: "list"))
  var seeds: SeedList?

  @Flag(
    help: "Start the classifier anew where initialWeights has another number of classes.")
  var newHead = false

  /// Reads the spec and selects among its runs, or ends the command with exit code 2.
  func load() throws -> (
    spec: ExperimentSpec, all: [Variant], variants: [Variant], seeds: [Int64]
  ) {
    let (spec, all) = try endingOnBadInput { () throws(SpecError) in
      let spec = try ExperimentSpec(
        path: self.spec, newHead: newHead, weights: InitialWeights.opened)
      return (spec, try spec.expand())
    }
    return try endingOnBadInput { () throws(OptionError) in
      var filters: [LevelFilter] = []
      for text in only { filters += try LevelFilter.filters(text) }
      let selection = RunSelection(levels: filters, seeds: seeds?.seeds)
      let (variants, seeds) = try selection.apply(to: all, seeds: spec.seeds)
      return (spec, all, variants, seeds)
    }
  }
}

/// The spec, the selection among its runs, and how the cores are shared out.
struct ExperimentOptions: ParsableArguments {
  @OptionGroup var selection: ExperimentSelection

  @Option(help: "Threads of each run (default: cores / jobs).")
  var threads: Int?

  @Option(
    help: "Runs at the same time; several jobs have at most as many threads together as cores.")
  var jobs: Int = 1

  /// A spec with the selected runs.
  struct Chosen {
    var spec: ExperimentSpec
    /// All variants of the spec.
    var allVariants: [Variant]
    var variants: [Variant]
    var seeds: [Int64]
    var share: CoreShare
  }

  /// Reads the spec and applies the options, or ends the command with exit code 2.
  func load(cores: Int = MachineCores.usable) throws -> Chosen {
    let (spec, all, variants, seeds) = try selection.load()
    return try endingOnBadInput { () throws(OptionError) in
      let share = try CoreShare(
        jobs: jobs, threads: threads, cores: cores, areLimited: MachineCores.areLimited)
      return Chosen(
        spec: spec, allVariants: all, variants: variants, seeds: seeds, share: share)
    }
  }
}
