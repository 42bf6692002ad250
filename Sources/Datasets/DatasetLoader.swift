// From a request to the images.

/// Finds, reads or generates what a request asks for.
public enum DatasetLoader {
  /// - Throws: `DatasetError` saying which file is missing or wrong and how to get it.
  public static func load(_ request: DatasetRequest) throws(DatasetError) -> DatasetSplits {
    try request.validate()
    switch request.name {
    case .shapes:
      let size = request.size ?? Shapes.defaultSize
      return DatasetSplits(
        train: try Shapes.dataset(
          split: .train, count: request.trainCount ?? Shapes.defaultCounts[.train] ?? 50_000,
          size: size),
        test: try Shapes.dataset(
          split: .test, count: request.testCount ?? Shapes.defaultCounts[.test] ?? 10_000,
          size: size))
    default: throw DatasetError("\(request.name.rawValue) cannot be read yet")
    }
  }
}
