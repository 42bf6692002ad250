// Trains one run on the engine: the loop over steps, and what is measured at which of them.
import Datasets
import Engine
import Foundation
import Networks
import Numerics
import Results
import Specs
import Text
import Weights

/// Trains runs with the project's own engine.
public final class TrainingExecutor: RunExecutor {
  private let library = DataLibrary()
  private let strictData: Bool

  /// - Parameter strictData: whether a broken file fails the run that meets it; otherwise it is
  ///   named, counted and passed over.
  public init(strictData: Bool = false) { self.strictData = strictData }

  /// Background threads that prepare batches; more than one only where pictures are decoded.
  static func prefetchThreads(_ data: DataSpecification, threads: Int) -> Int {
    data.isFolder ? max(1, min(16, threads / 2)) : 1
  }

  public func dataChecksum(_ data: DataSpecification) throws -> String {
    let opened = try library.opened(data)
    let problems = opened.train.problems + opened.test.problems
    if strictData, !problems.isEmpty { throw DatasetError(problems.joined(separator: "\n")) }
    return sha256("\(opened.train.checksum) \(opened.test.checksum)")
  }

  public func execute(
    _ run: RunPlan, keeping: RunKeeping, report: (RunProgress) throws -> Void,
    shouldStop: () -> Bool
  ) throws -> RunOutcome {
    let settings = run.variant.trainingProtocol
    let seed = UInt64(bitPattern: run.seed)
    let data = try library.prepared(settings, seed: seed)
    for images in [data.train, data.test] { try settings.data.checkFacts(of: images) }
    let graph = try run.variant.graph()
    try run.variant.checkStatistics(of: graph)
    let network = NetworkExecutor(
      graph, batch: settings.batch, pool: WorkerPool(threads: run.threads),
      arithmetic: run.arithmetic)
    let weights = NetworkWeights(run.variant.architecture, graph)
    let optimizer = settings.optimizer.settings.optimizer
    if let checkpoint = keeping.resumed {
      try weights.restore(
        checkpoint.file, into: network.state, for: optimizer, steps: checkpoint.position.step)
    } else {
      network.state.initialize(seed: seed)
      try run.variant.initialWeights?.load(into: network.state, weights)
    }
    let files = FileNotes(isStrict: strictData, datasets: [data.train, data.test])
    let threads = Self.prefetchThreads(settings.data, threads: run.threads)
    let session = TrainingSession(
      run, network, weights, at: keeping.resumed?.position ?? TrainingPosition(),
      evaluation: SplitEvaluation(
        data, batch: settings.batch, tenCrop: settings.evaluation.tenCrop, threads: threads,
        files: files),
      files: files, keeping: keeping)
    let loader = BatchLoader(
      dataset: data.train, examples: data.selection.training, preprocessing: data.preprocessing,
      augmentation: settings.augmentation, batch: settings.batch, seed: seed,
      shuffle: settings.shuffle,
      brokenFiles: files.broken)
    let outcome = try session.train(
      loader, threads: threads, optimizer: optimizer, report: report, shouldStop: shouldStop)
    if case .complete = outcome, let path = keeping.weightsFile {
      let metadata = weights.metadata(of: run, images: ImageFacts(data.train)).merging(
        data.metadata(settings)
      ) { own, _ in own }
      try SafetensorsWriter.write(
        weights.entries(of: network.state, steps: settings.totalSteps), metadata: metadata, to: path
      )
    }
    return outcome
  }
}

extension DataLibrary.Prepared {
  /// What a file of weights says of the images that they were trained on.
  fileprivate func metadata(_ settings: TrainingProtocol) -> [String: String] {
    let channels = preprocessing.shape.channels
    return NetworkWeights.metadata(
      classNames: train.classNames,
      mean: settings.mean == .perPixel ? nil : Array(preprocessing.mean.prefix(channels)),
      deviation: preprocessing.inverseDeviation.map { 1 / $0 }, resize: settings.data.resize)
  }
}

extension NetworkWeights {
  /// What a run's final weights say of themselves.
  fileprivate func metadata(of run: RunPlan, images: ImageFacts) -> [String: String] {
    var metadata = metadata(of: images)
    metadata["run"] = run.key.description
    metadata["step"] = String(run.steps)
    metadata["configurationHash"] = run.variant.configurationHash
    metadata["engine"] = NumericIdentity.current.with(run.arithmetic).label
    return metadata
  }
}
