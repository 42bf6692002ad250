// Which images a variant learns: every field explicit, defaults filled in.
import Datasets

/// Which images are learned.
public struct DataRequest: Hashable, Sendable {
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

  public init(
    name: String, path: String? = nil, size: Int, trainCount: Int, testCount: Int,
    labels: LabelLevel? = nil
  ) {
    self.name = name
    self.path = path
    self.size = size
    self.trainCount = trainCount
    self.testCount = testCount
    self.labels = labels
  }

  /// What is known of the data set; nil where the name is none.
  public var description: DatasetDescription? {
    DatasetName(rawValue: name).map(DatasetDescription.of)
  }

  /// How many classes the images have; nil where unknown.
  public var classes: Int? { description?.classes(labels ?? .fine) }

  /// The request as the loader takes it.
  /// - Throws: `ExperimentError` where there is no such data set.
  func datasetRequest() throws(ExperimentError) -> DatasetRequest {
    guard let name = DatasetName(rawValue: name) else {
      throw ExperimentError("there is no data set named \(printable(name))")
    }
    return DatasetRequest(
      name: name, path: path, size: size, trainCount: trainCount, testCount: testCount,
      labels: labels)
  }

  /// Every field with its value. `path` is left out: moving files makes no other protocol. Fields
  /// that only some data sets have are there only where they are set.
  var canonicalJSON: CanonicalJSON {
    var members: [String: CanonicalJSON] = [
      "name": .text(name), "size": .integer(size), "trainCount": .integer(trainCount),
      "testCount": .integer(testCount),
    ]
    if let labels { members["labels"] = .text(labels.rawValue) }
    return .object(members)
  }
}
