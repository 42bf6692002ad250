// One run to be made, and which runs an experiment has.
import Engine
import Numerics
import Results
import Specs
import Text

/// One variant with one seed.
public struct RunPlan: Hashable, Sendable {
  public var experiment: String
  public var variant: Variant
  public var seed: Int64
  /// Threads that train it.
  public var threads: Int
  /// Multiply-adds of one image's forward pass, for estimates of time.
  public var macs: Int64
  /// The order of sums in bf16; nil for this machine's own (`HalfModel.current`).
  public var model: HalfModel?

  public init(experiment: String, variant: Variant, seed: Int64, threads: Int, macs: Int64) {
    self.experiment = experiment
    self.variant = variant
    self.seed = seed
    self.threads = threads
    self.macs = macs
  }

  public var key: RunKey { RunKey(experiment: experiment, variant: variant.name, seed: seed) }

  /// What it computes in.
  public var arithmetic: Arithmetic {
    let precision = variant.trainingProtocol.precision
    return model.map { Arithmetic(precision, $0) } ?? .current(precision)
  }

  /// Training steps.
  public var steps: Int { variant.trainingProtocol.totalSteps }

  /// Multiply-adds of one training step: forward, and backward at twice its cost.
  public var workPerStep: Double { 3 * Double(macs) * Double(variant.trainingProtocol.batch) }

  /// `plain-56 seed 0`
  public var label: String { "\(variant.name) seed \(seed)" }
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

  public init(jobs: Int, threads: Int) {
    self.jobs = jobs
    self.threads = threads
  }
}
