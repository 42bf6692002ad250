// Learning rates as functions of the step.
import Foundation

/// How the learning rate changes during training.
public struct Schedule: Hashable, Sendable {
  public enum Kind: String, CaseIterable, Sendable {
    /// The same rate throughout.
    case constant
    /// Multiplied by `factor` at every milestone (He et al. 2015, section 4.2).
    case step
    /// Half a cosine from the base rate to zero (Loshchilov and Hutter 2017, without restarts).
    case cosine
  }

  /// A lower constant rate for the first steps. He et al. 2015 keep it "until the training error is
  /// below 80 %"; a fixed number of steps is a departure from that.
  public struct WarmUp: Hashable, Sendable {
    public var steps: Int
    public var learningRate: Double

    public init(steps: Int, learningRate: Double) {
      self.steps = steps
      self.learningRate = learningRate
    }
  }

  public var kind: Kind
  /// Ascending; in steps, or in epochs where the protocol's length is given in epochs.
  public var milestones: [Int]
  public var factor: Double
  public var warmUp: WarmUp?

  public init(
    kind: Kind = .constant, milestones: [Int] = [], factor: Double = 0.1, warmUp: WarmUp? = nil
  ) {
    self.kind = kind
    self.milestones = milestones
    self.factor = factor
    self.warmUp = warmUp
  }

  public static let constant = Schedule()

  public static func step(milestones: [Int], factor: Double = 0.1) -> Schedule {
    Schedule(kind: .step, milestones: milestones, factor: factor)
  }

  public static let cosine = Schedule(kind: .cosine)

  /// The rate of every step; steps count from 0, and the step that a milestone names is the first
  /// with the new rate. Computed in Double and rounded once.
  ///
  /// - Parameters:
  ///   - base: the optimizer's rate.
  ///   - totalSteps: steps of the whole run; the cosine reaches zero there.
  ///   - stepsOfMilestone: turns a milestone into a step; where milestones count epochs, the first
  ///     step of that epoch.
  public func learningRate(
    base: Double, totalSteps: Int, stepsOfMilestone: (Int) -> Int = { $0 }
  ) -> @Sendable (Int) -> Float {
    let milestones = kind == .step ? milestones.map(stepsOfMilestone) : []
    let (kind, factor, warmUp) = (kind, factor, warmUp)
    let start = warmUp?.steps ?? 0
    return { step in
      if let warmUp, step < warmUp.steps { return Float(warmUp.learningRate) }
      switch kind {
      case .constant: return Float(base)
      case .step:
        return Float(milestones.reduce(base) { step >= $1 ? $0 * factor : $0 })
      case .cosine:
        let part = Double(step - start) / Double(max(1, totalSteps - start))
        return Float(base / 2 * (1 + cos(.pi * min(1, part))))
      }
    }
  }
}
