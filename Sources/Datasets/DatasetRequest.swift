// Which images an experiment wants, as its specification writes it.

/// Which labels count, where a data set has two for each image.
public enum LabelLevel: String, Codable, CaseIterable, Sendable {
  /// The classes: 100 in CIFAR-100.
  case fine
  /// The superclasses: 20 in CIFAR-100.
  case coarse
}

/// How the pictures of a folder are decoded for training where they are scaled at random; for testing
/// they are always decoded exactly.
public enum DecodingMode: String, Codable, CaseIterable, Sendable {
  /// A JPEG at 1/2, 1/4 or 1/8 of its size, where at least twice the wanted size is left.
  case scaled
  /// At full size.
  case exact
}

/// The two halves of a data set.
public enum DatasetSplit: String, Codable, CaseIterable, Sendable {
  case train
  case test
}

/// A data set with the size and the subset wanted of it.
public struct DatasetRequest: Codable, Hashable, Sendable {
  public var name: DatasetName
  /// Where the files are: a folder, or the archive itself. Nil searches the usual places
  /// (`DatasetDescription.searchedFolders`). `shapes` has no files and refuses a path, folders of
  /// pictures need one.
  public var path: String?
  /// Height and width in pixels. Nil keeps the data set's own size (32 for `shapes`, 224 for folders
  /// of pictures).
  public var size: Int?
  /// The first this many training examples. Nil takes all (50,000 of `shapes`).
  public var trainCount: Int?
  /// The first this many test examples. Nil takes all (10,000 of `shapes`).
  public var testCount: Int?
  /// CIFAR-100's classes or superclasses. Nil takes the classes; other data sets refuse it.
  public var labels: LabelLevel?
  /// For folders of pictures: the shorter side to which a picture is scaled before the image is cut
  /// out of its middle, in pixels. Nil takes the image's size.
  public var resize: Int?
  /// For folders of pictures: how many classes are expected. Nil takes what is there.
  public var classes: Int?
  /// For folders of pictures: how they are decoded for training. Nil takes `scaled`.
  public var decode: DecodingMode?
  /// For folders of pictures without any to test with: how much of each class is held for testing,
  /// between 0 and 1. Nil takes the test pictures that are there.
  public var testShare: Double?
  /// Which pictures `testShare` holds. Nil takes 0.
  public var testSeed: Int?

  public init(
    name: DatasetName, path: String? = nil, size: Int? = nil, trainCount: Int? = nil,
    testCount: Int? = nil, labels: LabelLevel? = nil, resize: Int? = nil,
    classes: Int? = nil, decode: DecodingMode? = nil, testShare: Double? = nil,
    testSeed: Int? = nil
  ) {
    self.name = name
    self.path = path
    self.size = size
    self.trainCount = trainCount
    self.testCount = testCount
    self.labels = labels
    self.resize = resize
    self.classes = classes
    self.decode = decode
    self.testShare = testShare
    self.testSeed = testSeed
  }

  /// What is known of the data set.
  var dataset: DatasetDescription { .of(name) }

  /// The shorter sides to which pictures can be scaled.
  public static let shorterSides = 8...2048

  /// The most examples that one split can have.
  public static let maximumCount = 10_000_000

  /// Checks what can be checked without looking at any file.
  /// - Throws: `DatasetError` naming the field, the value and what is allowed.
  public func validate() throws(DatasetError) {
    if dataset.isGenerated, path != nil {
      throw DatasetError(
        "the data set \(name.rawValue) is generated and takes no path; leave path out")
    }
    if labels != nil, !dataset.hasCoarseLabels {
      throw DatasetError(
        "the data set \(name.rawValue) has one label for each image; leave labels out")
    }
    if dataset.isFolder {
      if path == nil {
        throw DatasetError("an image-folder needs a path: the folder with train and val or test")
      }
      let smallest = size ?? dataset.size
      if let resize, resize < smallest || !Self.shorterSides.contains(resize) {
        throw DatasetError(
          "resize \(resize) is not possible; allowed are \(smallest) (the size) to "
            + "\(Self.shorterSides.upperBound) pixels")
      }
      if let testShare, !(testShare > 0 && testShare < 1) {
        throw DatasetError(
          "testShare \(testShare) is not possible; allowed is what lies between 0 and 1")
      }
    } else if resize != nil || classes != nil || decode != nil || testShare != nil
      || testSeed != nil
    {
      throw DatasetError(
        "resize, classes, decode, testShare and testSeed belong to image-folder, not "
          + "\(name.rawValue); leave them out")
    }
    let sizes = dataset.sizes
    if let size, !sizes.contains(size) {
      throw DatasetError(
        "size \(size) is not possible for \(name.rawValue); "
          + "allowed are \(sizes.lowerBound) to \(sizes.upperBound) pixels")
    }
    for (field, count) in [("trainCount", trainCount), ("testCount", testCount)] {
      if let count, !(1...Self.maximumCount).contains(count) {
        throw DatasetError(
          "\(field) \(count) is not possible; allowed are 1 to \(Self.maximumCount) examples")
      }
    }
  }
}

/// A data set as it is trained on and tested with.
public struct DatasetSplits: Sendable {
  public let train: ImageDataset
  public let test: ImageDataset

  public init(train: ImageDataset, test: ImageDataset) {
    self.train = train
    self.test = test
  }
}
