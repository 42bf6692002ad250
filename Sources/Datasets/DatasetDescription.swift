// What is known of each data set: where it is looked for, and how to get it.
import Foundation

/// A data set as `bench data list` and the message about a missing one present it.
public struct DatasetDescription: Sendable {
  public let name: DatasetName
  /// One line for people.
  public let summary: String
  /// One file that can be fetched.
  public struct File: Sendable, Equatable {
    public let name: String
    /// Nil where no stable address is known.
    public let url: String?
    /// MD5 of the file as its authors publish it, in hexadecimal.
    public let md5: String

    init(_ name: String, url: String? = nil, md5: String) {
      self.name = name
      self.url = url
      self.md5 = md5
    }
  }
  /// The authors' files; empty for a generated data set.
  public let files: [File]
  /// A command that installs the data set on Debian, where there is one.
  public let installCommand: String?
  /// Classes of the images; with coarse labels see `classes(_:)`. Nil in anybody's own folder.
  let fineClasses: Int?
  /// 3 for colour, 1 for grey.
  public let channels: Int
  /// The data set's own height and width, in pixels.
  public let size: Int
  /// Heights and widths that the images can be brought to or drawn at, in pixels.
  public let sizes: ClosedRange<Int>
  /// Images for training; of a generated data set, those made where no number is asked for. Nil in
  /// anybody's own folder.
  public let trainCount: Int?
  /// Images for testing, likewise.
  public let testCount: Int?

  /// Whether the images are generated, any number of them, so that there are no files.
  public var isGenerated: Bool { name == .shapes }

  /// How many classes there are with these labels; nil in anybody's own folder.
  public func classes(_ labels: LabelLevel = .fine) -> Int? {
    name == .cifar100 && labels == .coarse ? 20 : fineClasses
  }

  private init(
    _ name: DatasetName, _ summary: String, files: [File], installCommand: String? = nil,
    classes: Int? = 10, channels: Int, size: Int, sizes: ClosedRange<Int> = 8...512,
    trainCount: Int?, testCount: Int? = 10_000
  ) {
    self.name = name
    self.summary = summary
    self.files = files
    self.installCommand = installCommand
    fineClasses = classes
    self.channels = channels
    self.size = size
    self.sizes = sizes
    self.trainCount = trainCount
    self.testCount = testCount
  }

  public static let all = DatasetName.allCases.map { of($0) }

  public static func of(_ name: DatasetName) -> DatasetDescription {
    switch name {
    case .shapes:
      DatasetDescription(
        name, "generated images of ten shapes, 16 to 224 pixels, any count", files: [],
        channels: 3, size: Shapes.defaultSize, sizes: Shapes.sizes,
        trainCount: Shapes.defaultCount(.train), testCount: Shapes.defaultCount(.test))
    case .cifar10:
      DatasetDescription(
        name, "60,000 colour photographs in ten classes, 32 pixels",
        files: [
          File(
            "cifar-10-binary.tar.gz",
            url: "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz",
            md5: "c32a1d4ab5d03f1284b67883e8d87530")
        ], channels: 3, size: 32, trainCount: 50_000)
    case .cifar100:
      DatasetDescription(
        name, "60,000 colour photographs in 100 classes (20 with coarse labels), 32 pixels",
        files: [
          File(
            "cifar-100-binary.tar.gz",
            url: "https://www.cs.toronto.edu/~kriz/cifar-100-binary.tar.gz",
            md5: "03b5dce01913d631647c71ecec9e9cb8")
        ], classes: 100, channels: 3, size: 32, trainCount: 50_000)
    case .mnist:
      DatasetDescription(
        name, "70,000 handwritten digits, grey, 28 pixels",
        files: idxFiles(
          from: "https://ossci-datasets.s3.amazonaws.com/mnist/",
          md5: [
            "f68b3c2dcbeaaa9fbdd348bbdeb94873", "d53e105ee54ea40749a09fcbcd1e9432",
            "9fb629c4189551a2d022fa330f9573f3", "ec29112dd5afa0611ce80d1b7f02629c",
          ]), channels: 1, size: 28, trainCount: 60_000)
    case .fashionMNIST:
      DatasetDescription(
        name, "70,000 pieces of clothing in ten classes, grey, 28 pixels",
        files: idxFiles(
          from: "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
          md5: [
            "8d4fb7e6c68d591d4c3dfef9ec88bf0d", "25c81989df183df01b3e8a0aad5dffbe",
            "bef4ecab320f06d8554ea6380940ec79", "bb300cfdad3c16e7a12a480ee83cd310",
          ]), installCommand: "apt-get install dataset-fashion-mnist", channels: 1, size: 28,
        trainCount: 60_000)
    case .imageFolder:
      DatasetDescription(
        name, "your own pictures: PATH/train/CLASS/*.jpg|jpeg|png and PATH/val or test/CLASS/...",
        files: [], classes: nil, channels: 3, size: 224, trainCount: nil, testCount: nil)
    }
  }

  private static func idxFiles(from address: String, md5: [String]) -> [File] {
    let names = [
      "train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz", "t10k-images-idx3-ubyte.gz",
      "t10k-labels-idx1-ubyte.gz",
    ]
    return zip(names, md5).map { File($0, url: address + $0, md5: $1) }
  }

  /// The folders that are searched, in this order, where a request names no path:
  /// `$BENCH_DATA/NAME`, `data/NAME` in the working directory, `$XDG_DATA_HOME/bench/NAME` (by
  /// default `~/.local/share/bench/NAME`), `/usr/local/share/datasets/NAME` and
  /// `/usr/share/datasets/NAME`, where Debian's packages put them.
  public var searchedFolders: [String] {
    searchedFolders(environment: ProcessInfo.processInfo.environment)
  }

  func searchedFolders(environment: [String: String]) -> [String] {
    guard !files.isEmpty else { return [] }
    var parents: [String] = []
    if let folder = environment["BENCH_DATA"], !folder.isEmpty { parents.append(folder) }
    parents.append("data")
    if let folder = environment["XDG_DATA_HOME"], !folder.isEmpty {
      parents.append(folder + "/bench")
    } else if let home = environment["HOME"], !home.isEmpty {
      parents.append(home + "/.local/share/bench")
    }
    parents += ["/usr/local/share/datasets", "/usr/share/datasets"]
    return parents.map { $0 + "/" + name.rawValue }
  }

  /// Where the data set is found without being told, or nil.
  public func location(path: String? = nil) -> String? {
    (path.map { [$0] } ?? searchedFolders).first { DatasetLoader.isPresent(name, at: $0) }
  }

  /// How to get the data set: a command or addresses, with checksums, and where to put it.
  public var instructions: String {
    guard name != .imageFolder else { return "Name the folder as path." }
    guard !isGenerated else { return "it is generated; nothing to get" }
    var lines: [String] = []
    if let installCommand { lines.append("Run: \(installCommand)") }
    lines.append(installCommand == nil ? "Get:" : "Or get:")
    for file in files { lines.append("  \(file.url ?? file.name) (md5 \(file.md5))") }
    lines.append("and put it into data/\(name.rawValue), or name its place as path.")
    return lines.joined(separator: "\n")
  }
}
