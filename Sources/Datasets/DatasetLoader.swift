// From a request to the images.
import Foundation

/// A data set as training uses it: in memory, or decoded from files as it is used.
public struct OpenedDataset: Sendable {
  public let train: any ImageCollection
  public let test: any ImageCollection
}

/// Finds, reads or generates what a request asks for.
public enum DatasetLoader {
  /// Opens both splits: folders of pictures are only listed, everything else is loaded.
  /// - Throws: `DatasetError` saying which file is missing or wrong and how to get it.
  public static func open(_ request: DatasetRequest) throws(DatasetError) -> OpenedDataset {
    guard request.dataset.isFolder else {
      let splits = try load(request)
      return OpenedDataset(train: splits.train, test: splits.test)
    }
    try request.validate()
    let folder = try ImageFolders(request)
    return OpenedDataset(train: folder.train, test: folder.test)
  }

  /// Loads both splits into memory: found (`DatasetDescription.searchedFolders`, or the request's
  /// path), checked, cut to the first `trainCount` and `testCount`, brought to `size`.
  ///
  /// Files smaller or larger than the asked size are resized bilinearly (`ImageDataset.resized`);
  /// generated ones are drawn at the size.
  ///
  /// - Throws: `DatasetError` saying which file is missing or wrong and how to get it.
  public static func load(_ request: DatasetRequest) throws(DatasetError) -> DatasetSplits {
    try request.validate()
    let known = request.dataset
    let (trainCount, testCount) = (request.trainCount, request.testCount)
    switch known.source {
    case .generated(let draw):
      let size = request.size ?? known.size
      return DatasetSplits(
        train: try draw(.train, trainCount ?? known.trainCount ?? 0, size),
        test: try draw(.test, testCount ?? known.testCount ?? 0, size))
    case .folder:
      let folder = try ImageFolders(request)
      return DatasetSplits(train: try folder.train.decoded(), test: try folder.test.decoded())
    case .files(let reader):
      guard let place = known.location(path: request.path),
        let splits = try reader(request.labels ?? .fine).read(
          at: expanded(place), trainCount: trainCount, testCount: testCount)
      else { throw missing(request) }
      guard let size = request.size else { return splits }
      return DatasetSplits(
        train: try splits.train.resized(height: size, width: size),
        test: try splits.test.resized(height: size, width: size))
    }
  }

  private static func missing(_ request: DatasetRequest) -> DatasetError {
    let description = request.dataset
    let files = description.files.map(\.name).joined(separator: ", ")
    let searched = request.path.map { [$0] } ?? description.searchedFolders
    return DatasetError(
      "the data set \(request.name.rawValue)\(files.isEmpty ? "" : " (\(files))") is not in \(searched.joined(separator: ", "))"
        + "\n" + description.instructions)
  }

  /// `~/` is the user's home.
  static func expanded(_ path: String) -> String {
    guard path.hasPrefix("~/"), let home = ProcessInfo.processInfo.environment["HOME"] else {
      return path
    }
    return home + path.dropFirst()
  }
}
