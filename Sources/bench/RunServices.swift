// What the commands that train need of the engine.
import Engine
import Experiments
import Numerics
import Training

/// Training, its cost, and the engine's name for the record.
struct RunServices: Sendable {
  var executor: any RunExecutor
  var costs: any CostModel
  var engine: EngineIdentity

  /// The services of this build.
  /// - Parameter strictData: whether a broken file fails the run that meets it.
  static func make(strictData: Bool = false) -> RunServices {
    let identity = NumericIdentity.current
    return RunServices(
      executor: TrainingExecutor(strictData: strictData), costs: EngineCostModel(),
      engine: EngineIdentity(
        identity,
        versions: [
          "bench": Bench.version, identity.backend: NumericIdentity.libraryVersion,
          "convolution": identity.convolution,
        ]))
  }
}
