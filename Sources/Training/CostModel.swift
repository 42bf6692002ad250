// What training a variant costs, as values; `EngineCostModel` finds them out.
import Specs

/// What one variant costs.
public struct VariantCost: Hashable, Sendable {
  /// Trainable parameters.
  public var parameters: Int64
  /// Multiply-adds of one image's forward pass.
  public var macs: Int64
  /// Bytes that training it needs at its batch size, data included.
  public var memoryBytes: Int64
  /// What a user should know before it is trained.
  public var warnings: [String]

  public init(parameters: Int64, macs: Int64, memoryBytes: Int64, warnings: [String] = []) {
    self.parameters = parameters
    self.macs = macs
    self.memoryBytes = memoryBytes
    self.warnings = warnings
  }
}

/// How fast a variant trains.
public struct TrainingPace: Hashable, Sendable {
  public var secondsPerStep: Double
  /// Of a pass over the test images.
  public var secondsPerTestImage: Double

  public init(secondsPerStep: Double, secondsPerTestImage: Double) {
    self.secondsPerStep = secondsPerStep
    self.secondsPerTestImage = secondsPerTestImage
  }

  /// Seconds of all steps and evaluations after this step.
  package func seconds(_ plan: TrainingProtocol, after step: Int = 0) -> Double {
    let left = Double(max(0, plan.totalSteps - step))
    let share = left / Double(max(1, plan.totalSteps))
    let images = Double(plan.evaluationCount) * Double(plan.data.testCount)
    return left * secondsPerStep + share * images * secondsPerTestImage
  }
}

/// Knows what variants cost.
public protocol CostModel: Sendable {
  /// Nothing is allocated for the answer.
  /// - Throws: an error with the reason, where the net cannot be built for the data's images.
  func cost(of variant: Variant, threads: Int) throws -> VariantCost
  /// From a measurement of a few seconds at most.
  func pace(of variant: Variant, threads: Int) throws -> TrainingPace
}
