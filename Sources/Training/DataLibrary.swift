// The data of all runs, opened once.
import Datasets
import Specs
import Synchronization

/// Data sets that are opened once and shared by all runs.
final class DataLibrary: Sendable {
  struct Prepared {
    let train: any ImageCollection
    let test: any ImageCollection
    /// Which training examples are learned and which are held out.
    let selection: ExampleSelection
    let preprocessing: Preprocessing
  }

  private struct StatisticsKey: Hashable {
    let data: DataSpecification
    let mean: TrainingProtocol.Mean
    let deviation: TrainingProtocol.Deviation
    /// Where the examples depend on it.
    let seed: UInt64?
  }

  private let known = Mutex<[DataSpecification: OpenedDataset]>([:])
  private let statistics = Mutex<[StatisticsKey: Preprocessing]>([:])

  /// - Parameter request: which of the training images are learned does not matter here.
  func opened(_ request: DataSpecification) throws -> OpenedDataset {
    var request = request
    request.trainPerClass = nil
    request.validationCount = 0
    return try known.withLock { known in
      if let opened = known[request] { return opened }
      let opened = try DatasetLoader.open(request.datasetRequest())
      known[request] = opened
      return opened
    }
  }

  func prepared(_ settings: TrainingProtocol, seed: UInt64) throws -> Prepared {
    let opened = try opened(settings.data)
    let selection = try ExampleSelection(
      opened.train, validationCount: settings.data.validationCount,
      perClass: settings.data.trainPerClass,
      seed: seed)
    let mean: MeanSubtraction =
      switch settings.mean {
      case .perPixel: .perPixel
      case .perChannel: .perChannel
      case .none: .none
      }
    let key = StatisticsKey(
      data: settings.data, mean: settings.mean, deviation: settings.deviation,
      seed: settings.data.trainPerClass == nil ? nil : seed)
    let preprocessing = statistics.withLock { known in
      if let done = known[key] { return done }
      let done = Preprocessing(
        training: opened.train, examples: selection.training, mean: mean,
        dividesByDeviation: settings.deviation == .perChannel)
      known[key] = done
      return done
    }
    return Prepared(
      train: opened.train, test: opened.test, selection: selection, preprocessing: preprocessing)
  }
}
