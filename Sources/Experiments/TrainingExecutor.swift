// Trains one run on the engine: the loop over steps, and what is measured at which of them.
import Datasets
import Engine
import Foundation
import Networks
import Synchronization

/// Trains runs with the project's own engine.
public final class TrainingExecutor: RunExecutor {
  private let library = DataLibrary()

  public init() {}

  public func dataChecksum(_ data: DataRequest) throws -> String {
    let splits = try library.splits(data)
    return sha256("\(splits.train.checksum) \(splits.test.checksum)")
  }

  public func execute(
    _ run: RunPlan, keeping: RunKeeping, report: (RunProgress) throws -> Void,
    shouldStop: () -> Bool
  ) throws -> RunOutcome {
    let plan = run.variant.trainingProtocol
    let data = try library.prepared(plan)
    let graph = try run.variant.architecture.graph(
      input: data.train.shape, classes: data.train.classNames.count)
    let network = NetworkExecutor(graph, batch: plan.batch, pool: WorkerPool(threads: run.threads))
    let seed = UInt64(bitPattern: run.seed)
    let weights = NetworkWeights(run.variant.architecture, graph)
    if let checkpoint = keeping.resumed {
      try weights.restore(checkpoint.file, into: network.state)
    } else {
      network.state.initialize(seed: seed)
      try run.variant.initialWeights?.load(into: network.state, weights)
    }
    let loader = BatchLoader(
      dataset: data.train, preprocessing: data.preprocessing,
      augmentation: Datasets.Augmentation(
        padding: plan.augmentation.padding, flip: plan.augmentation.flip),
      batch: plan.batch, seed: seed, shuffle: plan.shuffle)
    let session = TrainingSession(
      run, network, weights, at: keeping.resumed?.position ?? TrainingPosition(),
      test: EvaluationLoader(dataset: data.test, preprocessing: data.preprocessing),
      keeping: keeping)
    let optimizer = SGD(
      momentum: Float(plan.optimizer.momentum), weightDecay: Float(plan.optimizer.weightDecay),
      nesterov: plan.optimizer.nesterov)
    let outcome = try session.train(
      loader, optimizer: optimizer, report: report, shouldStop: shouldStop)
    if case .complete = outcome, let path = keeping.weightsFile {
      let metadata = weights.metadata(
        of: run, input: data.train.shape, classes: data.train.classNames.count)
      try SafetensorsWriter.write(
        weights.entries(of: network.state, steps: plan.totalSteps), metadata: metadata, to: path)
    }
    return outcome
  }
}

/// Data sets that are loaded once and shared by all runs.
private final class DataLibrary: Sendable {
  struct Prepared {
    let train: ImageDataset
    let test: ImageDataset
    let preprocessing: Preprocessing
  }

  private let loaded = Mutex<[DataRequest: DataSplits]>([:])
  private let statistics = Mutex<[String: Preprocessing]>([:])

  func splits(_ request: DataRequest) throws -> DataSplits {
    try loaded.withLock { known in
      if let splits = known[request] { return splits }
      let splits = try DatasetLoader.load(request.datasetRequest())
      known[request] = splits
      return splits
    }
  }

  func prepared(_ plan: TrainingProtocol) throws -> Prepared {
    let splits = try splits(plan.data)
    let mean: MeanSubtraction =
      switch plan.mean {
      case .perPixel: .perPixel
      case .perChannel: .perChannel
      case .none: .none
      }
    let key = "\(splits.train.checksum) \(mean.rawValue)"
    let preprocessing = statistics.withLock { known in
      if let done = known[key] { return done }
      let done = Preprocessing(training: splits.train, mean: mean)
      known[key] = done
      return done
    }
    return Prepared(train: splits.train, test: splits.test, preprocessing: preprocessing)
  }
}

private typealias DataSplits = DatasetSplits
