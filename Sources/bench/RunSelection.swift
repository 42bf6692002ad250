// The options that choose among an experiment's runs and share out the cores, as values.
import Specs
import Text
import Training

/// Why what an option says cannot be done; one line for each problem.
struct OptionError: Error, Equatable, CustomStringConvertible {
  let problems: [String]

  init(_ problems: [String]) { self.problems = problems }

  init(_ problem: String) { self.init([problem]) }

  var description: String { problems.joined(separator: "\n") }
}

/// Which of an experiment's runs are wanted.
struct RunSelection: Sendable {
  /// Levels; one of each factor named must be the variant's.
  var levels: [LevelFilter]
  /// Nil for all seeds of the spec.
  var seeds: [Int64]?

  init(levels: [LevelFilter] = [], seeds: [Int64]? = nil) {
    self.levels = levels
    self.seeds = seeds
  }

  /// The variants and seeds that are left.
  /// - Throws: `OptionError` for a factor, a level or a seed that the spec does not have.
  func apply(
    to variants: [Variant], seeds specSeeds: [Int64]
  ) throws(OptionError) -> (variants: [Variant], seeds: [Int64]) {
    var problems = levels.compactMap { $0.problem(in: variants) }
    for seed in seeds ?? [] where !specSeeds.contains(seed) {
      let known = specSeeds.map(String.init).joined(separator: ", ")
      problems.append("--seeds \(seed): the spec does not have this seed. Allowed: \(known)")
    }
    guard problems.isEmpty else { throw OptionError(problems) }
    let byFactor = Dictionary(grouping: levels, by: \.factor)
    let chosen = variants.filter { variant in
      byFactor.values.allSatisfy { filters in filters.contains { $0.matches(variant) } }
    }
    guard !chosen.isEmpty else {
      let text = levels.map(\.text).joined(separator: " ")
      throw OptionError("no variant has all of these levels: \(text)")
    }
    return (chosen, specSeeds.filter { seeds?.contains($0) ?? true })
  }
}

/// `depth=56` on the command line.
struct LevelFilter: Hashable, Sendable {
  var factor: String
  var level: String

  /// The filters of `depth=56` or `depth=20,56`: any of these levels.
  /// - Throws: `OptionError` where the text is not FACTOR=LEVEL,….
  static func filters(_ text: String) throws(OptionError) -> [LevelFilter] {
    let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
    let levels =
      parts.count == 2 ? parts[1].split(separator: ",", omittingEmptySubsequences: false) : []
    guard let factor = parts.first, !factor.isEmpty, !levels.isEmpty,
      levels.allSatisfy({ !$0.isEmpty })
    else {
      throw OptionError(
        "--only \(printable(text)): write FACTOR=LEVEL, such as depth=56 or "
          + "depth=20,56")
    }
    return levels.map { LevelFilter(factor: String(factor), level: String($0)) }
  }

  var text: String { "\(factor)=\(level)" }

  /// Numbers are compared as numbers: `width=2.0` is the level 2.
  func matches(_ variant: Variant) -> Bool {
    guard let found = variant.level(of: factor) else { return false }
    if let number = Double(level), let numeric = found.numeric { return number == numeric }
    return found.level == level
  }

  /// What is wrong with the filter for these variants, nil if nothing is.
  func problem(in variants: [Variant]) -> String? {
    if variants.contains(where: matches) { return nil }
    var factors: [String] = []
    var levels: [String] = []
    for found in variants.flatMap(\.levels) {
      if !factors.contains(found.factor) { factors.append(found.factor) }
      if found.factor == factor, !levels.contains(found.level) { levels.append(found.level) }
    }
    let (factor, level) = (printable(factor), printable(level))
    guard !levels.isEmpty else {
      return "--only \(factor)=\(level): unknown factor; \(suggestion(for: factor, among: factors))"
    }
    return "--only \(factor)=\(level): no variant has it; \(suggestion(for: level, among: levels))"
  }
}

extension CoreShare {
  /// - Parameters:
  ///   - jobs: 1 if nil.
  ///   - threads: cores / jobs if nil.
  ///   - areLimited: whether the machine has more cores than these, which others use.
  /// - Throws: `OptionError` where several jobs have more threads together than there are cores.
  init(
    jobs: Int?, threads: Int?, cores: Int, areLimited: Bool = false
  ) throws(OptionError) {
    for (option, value) in [("--jobs", jobs), ("--threads", threads)] {
      if let value, !(1...4096).contains(value) {
        throw OptionError("\(option) \(value): give a number from 1 to 4096")
      }
    }
    let jobs = jobs ?? 1
    let threads = threads ?? max(1, cores / jobs)
    self.init(jobs: jobs, threads: threads)
    // One run may have more threads than there are cores: slower, and the same numbers.
    guard jobs == 1 || jobs * threads <= cores else {
      throw OptionError(
        "\(jobs) \(jobs == 1 ? "job" : "jobs") of \(threads) "
          + "\(threads == 1 ? "thread" : "threads") need \(jobs * threads) cores, "
          + "this \(areLimited ? "process may use" : "machine has") \(cores); use --jobs \(min(jobs, cores)) "
          + "--threads \(max(1, cores / min(jobs, cores)))")
    }
  }
}
