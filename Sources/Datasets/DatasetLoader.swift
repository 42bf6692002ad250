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
    guard request.name == .imageFolder else {
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
  /// `shapes` is drawn at the size.
  ///
  /// - Throws: `DatasetError` saying which file is missing or wrong and how to get it.
  public static func load(_ request: DatasetRequest) throws(DatasetError) -> DatasetSplits {
    try request.validate()
    let splits = try original(request)
    guard request.name != .shapes, request.name != .imageFolder, let size = request.size else {
      return splits
    }
    return DatasetSplits(
      train: try splits.train.resized(height: size, width: size),
      test: try splits.test.resized(height: size, width: size))
  }

  /// Before resizing.
  private static func original(_ request: DatasetRequest) throws(DatasetError) -> DatasetSplits {
    let (trainCount, testCount) = (request.trainCount, request.testCount)
    switch request.name {
    case .shapes:
      let size = request.size ?? Shapes.defaultSize
      return DatasetSplits(
        train: try Shapes.dataset(
          split: .train, count: trainCount ?? Shapes.defaultCount(.train), size: size),
        test: try Shapes.dataset(
          split: .test, count: testCount ?? Shapes.defaultCount(.test), size: size))
    case .cifar10, .cifar100:
      let reader = CIFARReader(name: request.name, labels: request.labels ?? .fine)
      guard let location = reader.locate(try place(request)) else { throw missing(request) }
      return try reader.read(location, trainCount: trainCount, testCount: testCount)
    case .mnist, .fashionMNIST:
      return try IDXReader(name: request.name).read(
        folder: try place(request), trainCount: trainCount, testCount: testCount)
    case .imageFolder:
      let folder = try ImageFolders(request)
      return DatasetSplits(train: try folder.train.decoded(), test: try folder.test.decoded())
    }
  }

  /// Whether a folder (or archive) holds the data set, as far as file names tell.
  static func isPresent(_ name: DatasetName, at path: String) -> Bool {
    let path = expanded(path)
    return switch name {
    case .shapes: false
    case .imageFolder: FolderScan.hasFolders(path + "/train")
    case .cifar10, .cifar100: CIFARReader(name: name, labels: .fine).locate(path) != nil
    case .mnist, .fashionMNIST: IDXReader(name: name).isPresent(in: path)
    }
  }

  private static func place(_ request: DatasetRequest) throws(DatasetError) -> String {
    let description = DatasetDescription.of(request.name)
    guard let place = description.location(path: request.path) else { throw missing(request) }
    return expanded(place)
  }

  private static func missing(_ request: DatasetRequest) -> DatasetError {
    let description = DatasetDescription.of(request.name)
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

extension CIFARReader {
  init(name: DatasetName, labels: LabelLevel) {
    self.init(format: name == .cifar10 ? .cifar10 : .cifar100(labels))
  }
}

extension IDXReader {
  init(name: DatasetName) {
    self.init(
      name: name.rawValue,
      classNames: name == .mnist
        ? (0...9).map { String($0) }
        : [
          "T-shirt/top", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker",
          "bag", "ankle boot",
        ])
  }
}
