// One run to be made, and which runs an experiment has.
import Results

/// One variant with one seed.
public struct RunPlan: Hashable, Sendable {
  public var experiment: String
  public var variant: Variant
  public var seed: Int64
  /// Threads that train it.
  public var threads: Int
  /// Multiply-adds of one image's forward pass, for estimates of time.
  public var macs: Int64

  public init(experiment: String, variant: Variant, seed: Int64, threads: Int, macs: Int64) {
    self.experiment = experiment
    self.variant = variant
    self.seed = seed
    self.threads = threads
    self.macs = macs
  }

  public var key: RunKey { RunKey(experiment: experiment, variant: variant.name, seed: seed) }

  /// Training steps.
  public var steps: Int { variant.trainingProtocol.totalSteps }

  /// Multiply-adds of one training step: forward, and backward at twice its cost.
  public var workPerStep: Double { 3 * Double(macs) * Double(variant.trainingProtocol.batch) }

  /// `plain-56 seed 0`
  public var label: String { "\(variant.name) seed \(seed)" }
}

/// Which of an experiment's runs are wanted.
public struct RunSelection: Sendable {
  /// Levels; one of each factor named must be the variant's.
  public var levels: [LevelFilter]
  /// Nil for all seeds of the spec.
  public var seeds: [Int64]?

  public init(levels: [LevelFilter] = [], seeds: [Int64]? = nil) {
    self.levels = levels
    self.seeds = seeds
  }

  /// The variants and seeds that are left.
  /// - Throws: `ExperimentError` for a factor, a level or a seed that the spec does not have.
  public func apply(
    to variants: [Variant], seeds specSeeds: [Int64]
  ) throws(ExperimentError) -> (variants: [Variant], seeds: [Int64]) {
    var problems = levels.compactMap { $0.problem(in: variants) }
    for seed in seeds ?? [] where !specSeeds.contains(seed) {
      let known = specSeeds.map(String.init).joined(separator: ", ")
      problems.append("--seeds \(seed): the spec does not have this seed. Allowed: \(known)")
    }
    guard problems.isEmpty else { throw ExperimentError(problems) }
    let byFactor = Dictionary(grouping: levels, by: \.factor)
    let chosen = variants.filter { variant in
      byFactor.values.allSatisfy { filters in filters.contains { $0.matches(variant) } }
    }
    guard !chosen.isEmpty else {
      let text = levels.map(\.text).joined(separator: " ")
      throw ExperimentError("no variant has all of these levels: \(text)")
    }
    return (chosen, specSeeds.filter { seeds?.contains($0) ?? true })
  }
}

/// `depth=56` on the command line.
public struct LevelFilter: Hashable, Sendable {
  public var factor: String
  public var level: String

  /// The filters of `depth=56` or `depth=20,56`: any of these levels.
  /// - Throws: `ExperimentError` where the text is not FACTOR=LEVEL,….
  public static func filters(_ text: String) throws(ExperimentError) -> [LevelFilter] {
    let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
    let levels =
      parts.count == 2 ? parts[1].split(separator: ",", omittingEmptySubsequences: false) : []
    guard let factor = parts.first, !factor.isEmpty, !levels.isEmpty,
      levels.allSatisfy({ !$0.isEmpty })
    else {
      throw ExperimentError(
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

extension RunPlan {
  /// The runs of an experiment, interleaved by seed: all variants of the first seed, then of the
  /// next, so that an experiment stopped early has comparable runs.
  public static func interleaved(
    experiment: String, variants: [Variant], seeds: [Int64], threads: Int,
    macs: (Variant) -> Int64
  ) -> [RunPlan] {
    let costs = variants.map(macs)
    return seeds.flatMap { seed in
      variants.indices.map { index in
        RunPlan(
          experiment: experiment, variant: variants[index], seed: seed, threads: threads,
          macs: costs[index])
      }
    }
  }
}

/// How the cores are shared out.
public struct CoreShare: Hashable, Sendable {
  /// Runs at the same time.
  public var jobs: Int
  /// Threads of each run.
  public var threads: Int

  /// - Parameters:
  ///   - jobs: 1 if nil.
  ///   - threads: cores / jobs if nil.
  /// - Throws: `ExperimentError` where several jobs have more threads together than there are cores.
  public init(jobs: Int?, threads: Int?, cores: Int) throws(ExperimentError) {
    for (option, value) in [("--jobs", jobs), ("--threads", threads)] {
      if let value, !(1...4096).contains(value) {
        throw ExperimentError("\(option) \(value): give a number from 1 to 4096")
      }
    }
    self.jobs = jobs ?? 1
    self.threads = threads ?? max(1, cores / self.jobs)
    // One run may have more threads than there are cores: slower, and the same numbers.
    guard self.jobs == 1 || self.jobs * self.threads <= cores else {
      throw ExperimentError(
        "\(self.jobs) \(self.jobs == 1 ? "job" : "jobs") of \(self.threads) "
          + "\(self.threads == 1 ? "thread" : "threads") need \(self.jobs * self.threads) cores, "
          + "this machine has \(cores); use --jobs \(min(self.jobs, cores)) "
          + "--threads \(max(1, cores / min(self.jobs, cores)))")
    }
  }
}
