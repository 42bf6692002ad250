// Where the two splits of a folder of pictures are: the layouts that data sets are given in.
import Foundation
import Numerics

/// Both splits of a folder of pictures, found and scanned.
struct FolderLayout {
  private(set) var train: FolderScan
  private(set) var test: FolderScan

  private static let trainNames = ["train", "training"]
  /// ImageNet's own test folder has no classes, so `val` is taken there.
  private static let testNames = ["test", "testing", "val", "valid", "validation"]

  static let description =
    "an image-folder is PATH/train/CLASS/*.jpg and PATH/val (or test, valid, …)/CLASS/*.jpg, or, with "
    + "\"testShare\", PATH/CLASS/*.jpg"

  /// - Parameters:
  ///   - root: the folder that the request names.
  ///   - share: how much of the training pictures is tested with, where there are no others.
  ///   - seed: which of them.
  /// - Throws: `DatasetError` where a split is missing, or cannot be read.
  init(_ root: StoredName, share: Double?, seed: Int) throws(DatasetError) {
    let folders = try Self.folders(of: root)
    let train = folders.first(of: Self.trainNames) { FolderScan.hasFolders($0) }
    let tests = Self.testNames.flatMap { name in
      folders.all(of: [name]).map { (name: name, place: $0) }
    }
    if let share {
      if let test = tests.first(where: { FolderScan.hasFolders($0.place) })?.place, train != nil {
        throw DatasetError(
          "testShare is for folders without pictures to test with, but there is \(test.text); leave "
            + "testShare out")
      }
      let whole = try FolderScan(train ?? root)
      (self.train, test) = Self.divided(whole, share: share, seed: seed)
      return
    }
    guard let train else {
      throw DatasetError(
        "\(root.text) has no folder train with a folder for each class; \(Self.description)")
    }
    self.train = try FolderScan(train)
    let classes = Set(self.train.classNames)
    for (name, place) in tests {
      if let listed = try LabelledPictures.find(
        place, split: name, root: root, classes: self.train.classNames)
      {
        test = listed
        return
      }
      if Self.folderNames(of: place).contains(where: { classes.contains($0) }) {
        test = try FolderScan(place)
        return
      }
    }
    // Folders of other names are classes that training does not have, which is said by who reads them.
    if let other = tests.first(where: {
      !Set(Self.folderNames(of: $0.place)).isSubset(of: Self.inner)
    }) {
      test = try FolderScan(other.place)
      return
    }
    guard
      let first = tests.first(where: {
        Self.hasPictures($0.place) || Self.hasPictures($0.place.appending("images"))
      })
    else {
      throw DatasetError(
        "\(root.text) has no folder test or val with a folder for each class; \(Self.description). "
          + "Where there is none to test with, \"testShare\": 0.1 takes a tenth of each class")
    }
    throw DatasetError(
      "\(first.place.text) has pictures, but neither a folder for each class nor a list of their "
        + "labels; give one of \(LabelledPictures.names(of: first.name).joined(separator: ", ")), "
        + "with a file and its class in each line")
  }

  /// The folders of a folder, by their names in lower case.
  private struct Folders {
    var entries: [(lower: String, place: StoredName)] = []

    func all(of names: [String]) -> [StoredName] {
      names.flatMap { name in entries.filter { $0.lower == name }.map(\.place) }
    }

    func first(of names: [String], _ isFit: (StoredName) -> Bool) -> StoredName? {
      all(of: names).first(where: isFit)
    }
  }

  private static func folders(of root: StoredName) throws(DatasetError) -> Folders {
    var folders = Folders()
    guard root.isFolder else { return folders }
    for entry in try FolderEntry.entries(of: root) where entry.kind == .folder {
      folders.entries.append((entry.name.text.lowercased(), root.appending(entry.name)))
    }
    // `train` before `Train`.
    folders.entries.sort {
      let (a, b) = (
        $0.place.lastComponent.text == $0.lower, $1.place.lastComponent.text == $1.lower
      )
      return a && !b
    }
    return folders
  }

  /// What stands for no class: Tiny-ImageNet's pictures of all classes.
  private static let inner: Set<StoredName> = [StoredName("images")]

  private static func folderNames(of folder: StoredName) -> [StoredName] {
    let entries = (try? FolderEntry.entries(of: folder)) ?? []
    return entries.filter { $0.kind == .folder }.map(\.name)
  }

  private static func hasPictures(_ folder: StoredName) -> Bool {
    let entries = (try? FolderEntry.entries(of: folder)) ?? []
    return entries.contains { $0.name.ends(inOneOf: PictureFormat.endings) }
  }

  /// Whether there is anything that could be such a folder.
  static func isPresent(_ root: StoredName) -> Bool {
    (try? folders(of: root))?.first(of: trainNames) { FolderScan.hasFolders($0) } != nil
  }

  /// Of each class a share of its pictures, at least one where it has two, is held for testing.
  private static func divided(
    _ whole: FolderScan, share: Double, seed: Int
  ) -> (FolderScan, FolderScan) {
    var (train, test): ([[StoredName]], [[StoredName]]) = ([], [])
    for (label, files) in whole.files.enumerated() {
      var random = CounterRandom(
        seed: UInt64(bitPattern: Int64(seed)), purpose: .subset, epoch: 2, index: label)
      let order = random.permutation(of: files.count)
      let count =
        files.count < 2
        ? 0 : min(files.count - 1, max(1, Int((share * Double(files.count)).rounded())))
      test.append(order.prefix(count).sorted().map { files[Int($0)] })
      train.append(order.dropFirst(count).sorted().map { files[Int($0)] })
    }
    return (
      FolderScan(
        folder: whole.folder, classNames: whole.classNames, files: train,
        problems: whole.problems + whole.emptyClasses),
      FolderScan(folder: whole.folder, classNames: whole.classNames, files: test)
    )
  }
}
