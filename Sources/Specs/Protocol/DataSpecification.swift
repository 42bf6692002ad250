// Which images a variant learns: every field explicit, defaults filled in.
import Datasets
import Text

/// Which images are learned.
public struct DataSpecification: Hashable, Sendable {
  /// The data set's name, a `DatasetName`.
  public var name: String
  /// Where the files are; nil searches the usual places. Says where, not what, so it is no part of
  /// the configuration.
  public var path: String?
  /// Height and width in pixels.
  public var size: Int
  /// The first this many training images.
  public var trainCount: Int
  /// The first this many test images.
  public var testCount: Int
  /// Which labels count where the data set has two for each image, else nil.
  public var labels: LabelLevel?
  /// How many classes the images have; nil where unknown.
  public var classCount: Int?
  /// The shorter side to which a folder's pictures are scaled before the image is cut out of their
  /// middle; nil elsewhere.
  public var resize: Int?
  /// How the pictures of a folder are decoded for training; nil elsewhere, and for the default.
  public var decode: DecodingMode?
  /// How much of each class of a folder is held for testing, where it has no other test pictures.
  public var testShare: Double?
  /// Which pictures these are; nil for the default, 0.
  public var testSeed: Int?
  /// How many training images of each class are learned, chosen by the run's seed; nil for all.
  public var trainPerClass: Int?
  /// How many training images are held out for validation, the same ones for every seed.
  public var validationCount = 0

  public init(
    name: String, path: String? = nil, size: Int, trainCount: Int, testCount: Int,
    labels: LabelLevel? = nil, classCount: Int? = nil, resize: Int? = nil
  ) {
    self.name = name
    self.path = path
    self.size = size
    self.trainCount = trainCount
    self.testCount = testCount
    self.labels = labels
    self.classCount = classCount
    self.resize = resize
  }

  /// Whether the images are a folder's pictures, decoded when they are used.
  public var isFolder: Bool { description?.isFolder ?? false }

  /// What is known of the data set; nil where the name is none.
  public var description: DatasetDescription? {
    DatasetName(rawValue: name).map(DatasetDescription.of)
  }

  /// How many classes the images have; nil where unknown.
  public var classes: Int? { classCount ?? description?.classes(labels ?? .fine) }

  /// How many images an epoch has.
  public var epochCount: Int {
    guard let trainPerClass, let classes else { return trainCount - validationCount }
    return trainPerClass * classes
  }

  /// Bytes of memory that the images take; pictures of a folder are decoded when they are used.
  package var memoryBytes: Int {
    guard !isFolder else { return 0 }
    return size * size * (description?.channels ?? 3) * (trainCount + testCount)
  }

  /// The request as the loader takes it.
  /// - Throws: `SpecError` where there is no such data set.
  package func datasetRequest() throws(SpecError) -> DatasetRequest {
    guard let name = DatasetName(rawValue: name) else {
      throw SpecError("there is no data set named \(printable(name))")
    }
    return DatasetRequest(
      name: name, path: path, size: size, trainCount: trainCount, testCount: testCount,
      labels: labels, resize: resize, classes: isFolder ? classCount : nil, decode: decode,
      testShare: testShare, testSeed: testSeed)
  }

  /// Every field with its value. `path` is left out: moving files makes no other protocol. Fields
  /// that only some data sets have are there only where they are set.
  var canonicalJSON: CanonicalJSON {
    var members: [String: CanonicalJSON] = [
      "name": .text(name), "size": .integer(size), "trainCount": .integer(trainCount),
      "testCount": .integer(testCount),
    ]
    if let labels { members["labels"] = .text(labels.rawValue) }
    if let resize {
      members["resize"] = .integer(resize)
      members["classes"] = classCount.map { .integer($0) } ?? .null
    }
    if let decode { members["decode"] = .text(decode.rawValue) }
    if let testShare { members["testShare"] = .number(testShare) }
    if let testSeed { members["testSeed"] = .integer(testSeed) }
    if let trainPerClass { members["trainPerClass"] = .integer(trainPerClass) }
    if validationCount > 0 { members["validationCount"] = .integer(validationCount) }
    return .object(members)
  }
}
