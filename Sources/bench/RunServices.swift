// What the commands that train need of the engine.
import Experiments

/// Training, its cost, and the engine's name for the record.
struct RunServices: Sendable {
  var executor: any RunExecutor
  var costs: any CostModel
  var engine: EngineIdentity

  /// The services of this build.
  /// - Throws: `ExperimentError` where the build cannot train.
  static func make() throws -> RunServices {
    throw ExperimentError("this build of bench has no engine to train with")
  }
}
