// Both splits of a folder of pictures, and what is counted in them.
import Foundation
import Synchronization

/// Both splits of a folder of pictures (see `FolderLayout`).
struct ImageFolders {
  let train: ImageFolder
  let test: ImageFolder

  /// - Throws: `DatasetError` where a folder is missing or its classes do not fit.
  init(_ request: DatasetRequest) throws(DatasetError) {
    let root = Self.place(request.path ?? "")
    let size = request.size ?? DatasetDescription.of(.imageFolder).size
    let resize = request.resize ?? size
    let layout = try FolderLayout(
      root, share: request.testShare, seed: request.testSeed ?? 0)
    train = try ImageFolder(
      layout.train, split: .train, classes: nil, size: size, resize: resize,
      decoding: request.decode ?? .scaled, count: request.trainCount)
    if let classes = request.classes, classes != train.classNames.count {
      throw DatasetError(
        "\(layout.train.folder.text) has \(train.classNames.count) class folders, not \(classes) as "
          + "classes says")
    }
    test = try ImageFolder(
      layout.test, split: .test, classes: train.storedClasses, size: size, resize: resize,
      count: request.testCount)
  }

  /// The folder that a path means: the one of that name, or, where there is none, the one that is shown
  /// so.
  static func place(_ path: String) -> StoredName {
    let path = DatasetLoader.expanded(path)
    let literal = StoredName(path)
    guard literal.status == nil, let shown = StoredName(shown: path), shown.status != nil else {
      return literal
    }
    return shown
  }
}

/// How many classes and pictures a folder has, counted once in the life of the process, so that every
/// variant of an experiment has the same.
public struct FolderCounts: Sendable {
  public let classes: Int
  public let train: Int
  public let test: Int
  /// What a user should know although the folder can be used, a sentence each.
  public let warnings: [String]

  private struct Key: Hashable {
    let path: String
    let share: Double?
    let seed: Int?
  }

  private static let known = Mutex<[Key: FolderCounts]>([:])

  /// Whether there is anything to be counted.
  package static func isThere(_ path: String) -> Bool {
    ImageFolders.place(path).status != nil
  }

  /// Whether two paths lead to one place that is there.
  package static func areOne(_ a: String, _ b: String) -> Bool {
    guard let first = ImageFolders.place(a).status, let second = ImageFolders.place(b).status
    else { return false }
    return first.st_dev == second.st_dev && first.st_ino == second.st_ino
  }

  /// - Parameters:
  ///   - testShare: how much is tested with, as in `DatasetRequest`.
  ///   - testSeed: which of it.
  /// - Throws: `DatasetError` where the folder is not there or has another layout.
  public static func of(
    _ path: String, testShare: Double? = nil, testSeed: Int? = nil
  ) throws(DatasetError) -> FolderCounts {
    let key = Key(path: path, share: testShare, seed: testSeed)
    if let counts = known.withLock({ $0[key] }) { return counts }
    // No size matters for counting.
    let folders = try ImageFolders(
      DatasetRequest(
        name: .imageFolder, path: path, testShare: testShare, testSeed: testSeed))
    let untested = folders.test.emptyClasses.map { "\($0); the test error leaves these out" }
    let counts = FolderCounts(
      classes: folders.train.classNames.count, train: folders.train.count,
      test: folders.test.count, warnings: folders.train.emptyClasses + untested)
    known.withLock { $0[key] = counts }
    return counts
  }
}
