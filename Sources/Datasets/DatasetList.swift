// The list of data sets: of each what it is, what it holds, where its files are had, and its reader.

extension DatasetDescription {
  /// All data sets, in the order in which they are listed.
  public static let all: [DatasetDescription] = [
    shapes, cifar10, cifar100, mnist, fashionMNIST, imageFolder,
  ]

  /// Generated images in ten classes of shape; nothing to download.
  static let shapes = DatasetDescription(
    "shapes", "generated images of ten shapes, 16 to 224 pixels, any count", channels: 3,
    size: Shapes.defaultSize, sizes: Shapes.sizes, trainCount: Shapes.defaultCount(.train),
    testCount: Shapes.defaultCount(.test),
    source: .generated { split, count, size throws(DatasetError) in
      try Shapes.dataset(split: split, count: count, size: size)
    })

  /// 32×32 colour photographs in ten classes (Krizhevsky, 2009).
  static let cifar10 = DatasetDescription(
    "cifar-10", "60,000 colour photographs in ten classes, 32 pixels",
    files: [
      File(
        "cifar-10-binary.tar.gz", url: "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz",
        md5: "c32a1d4ab5d03f1284b67883e8d87530")
    ], channels: 3, size: 32, trainCount: 50_000,
    source: .files { _ in CIFARReader(format: .cifar10) })

  /// 32×32 colour photographs in 100 classes, or their 20 superclasses (Krizhevsky, 2009).
  static let cifar100 = DatasetDescription(
    "cifar-100", "60,000 colour photographs in 100 classes (20 with coarse labels), 32 pixels",
    files: [
      File(
        "cifar-100-binary.tar.gz", url: "https://www.cs.toronto.edu/~kriz/cifar-100-binary.tar.gz",
        md5: "03b5dce01913d631647c71ecec9e9cb8")
    ], classes: 100, coarseClasses: 20, channels: 3, size: 32, trainCount: 50_000,
    source: .files { CIFARReader(format: .cifar100($0)) })

  /// 28×28 grey handwritten digits (LeCun et al., 1998).
  static let mnist = DatasetDescription(
    "mnist", "70,000 handwritten digits, grey, 28 pixels",
    files: idxFiles(
      from: "https://ossci-datasets.s3.amazonaws.com/mnist/",
      md5: [
        "f68b3c2dcbeaaa9fbdd348bbdeb94873", "d53e105ee54ea40749a09fcbcd1e9432",
        "9fb629c4189551a2d022fa330f9573f3", "ec29112dd5afa0611ce80d1b7f02629c",
      ]), channels: 1, size: 28, trainCount: 60_000,
    source: .files { _ in IDXReader(name: "mnist", classNames: (0...9).map { String($0) }) })

  /// 28×28 grey pieces of clothing (Xiao et al., 2017).
  static let fashionMNIST = DatasetDescription(
    "fashion-mnist", "70,000 pieces of clothing in ten classes, grey, 28 pixels",
    files: idxFiles(
      from: "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
      md5: [
        "8d4fb7e6c68d591d4c3dfef9ec88bf0d", "25c81989df183df01b3e8a0aad5dffbe",
        "bef4ecab320f06d8554ea6380940ec79", "bb300cfdad3c16e7a12a480ee83cd310",
      ]), installCommand: "apt-get install dataset-fashion-mnist", channels: 1, size: 28,
    trainCount: 60_000,
    source: .files { _ in
      IDXReader(
        name: "fashion-mnist",
        classNames: [
          "T-shirt/top", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker",
          "bag", "ankle boot",
        ])
    })

  /// Anybody's own pictures, a folder for each class; ImageNet's layout.
  static let imageFolder = DatasetDescription(
    "image-folder",
    "your own pictures: PATH/train/CLASS/*.jpg|png|... and PATH/val or test/CLASS/...",
    classes: nil, channels: 3, size: 224, trainCount: nil, testCount: nil, source: .folder)

  private static func idxFiles(from address: String, md5: [String]) -> [File] {
    let names = [
      "train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz", "t10k-images-idx3-ubyte.gz",
      "t10k-labels-idx1-ubyte.gz",
    ]
    return zip(names, md5).map { File($0, url: address + $0, md5: $1) }
  }
}

/// Where the images of a data set come from.
enum DatasetSource: Sendable {
  /// The first `count` images of a split are drawn at the size asked for.
  case generated(
    @Sendable (_ split: DatasetSplit, _ count: Int, _ size: Int) throws(DatasetError) ->
      ImageDataset)
  /// The authors' files are read whole; of two labels of an image the given ones count.
  case files(@Sendable (LabelLevel) -> any DatasetReader)
  /// A folder's pictures are decoded when they are used.
  case folder
}

/// Reads the files of a data set as its authors give them.
protocol DatasetReader: Sendable {
  /// The data set's name, as in the list.
  var name: String { get }

  /// In the order of the labels.
  var classNames: [String] { get }

  /// Whether a folder or an archive holds the data set, as far as names of files tell.
  func isPresent(at place: String) -> Bool

  /// How many examples the files hold, where that is quickly seen; otherwise nil.
  func counts(at place: String) -> (train: Int, test: Int)?

  /// Both splits, before any resizing.
  /// - Parameters:
  ///   - trainCount: the first so many training examples, or nil for all.
  ///   - testCount: likewise.
  /// - Returns: nil where the place does not hold the data set.
  /// - Throws: `DatasetError` naming the file that is missing or wrong.
  func read(
    at place: String, trainCount: Int?, testCount: Int?
  ) throws(DatasetError) -> DatasetSplits?
}

/// A data set's name, one of those in the list.
public struct DatasetName: RawRepresentable, Codable, Hashable, CaseIterable, Sendable {
  public let rawValue: String

  /// - Returns: nil where no data set has the name.
  public init?(rawValue: String) {
    guard let known = Self.allCases.first(where: { $0.rawValue == rawValue }) else { return nil }
    self = known
  }

  /// The name of an entry of the list.
  init(ofEntry name: String) { rawValue = name }

  public static var allCases: [DatasetName] { DatasetDescription.all.map(\.name) }

  public static let shapes: DatasetName = DatasetDescription.shapes.name
  public static let cifar10: DatasetName = DatasetDescription.cifar10.name
  public static let cifar100: DatasetName = DatasetDescription.cifar100.name
  public static let mnist: DatasetName = DatasetDescription.mnist.name
  public static let fashionMNIST: DatasetName = DatasetDescription.fashionMNIST.name
  public static let imageFolder: DatasetName = DatasetDescription.imageFolder.name
}
