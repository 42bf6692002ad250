// The binary version of the CIFAR data sets: records of label and planar image.
import Foundation
import Numerics

/// How one of the CIFAR data sets lies in its files: records of `labelBytes` bytes, one of which is
/// the label wanted, then the image as `[C, H, W]`.
struct CIFARFormat: Sendable {
  /// A file with the number of records that it has from its authors.
  struct File: Sendable {
    var name: String
    var records: Int
  }

  var name: String
  /// The folder in the archive.
  var folder: String
  var archive: String
  var labelBytes = 1
  /// Which of the label bytes counts.
  var labelIndex = 0
  var shape = ImageShape(height: 32, width: 32, channels: 3)
  var classNames: [String]
  var train: [File]
  var test: [File]

  /// <https://www.cs.toronto.edu/~kriz/cifar.html>
  static let cifar10 = CIFARFormat(
    name: DatasetName.cifar10.rawValue, folder: "cifar-10-batches-bin",
    archive: "cifar-10-binary.tar.gz", classNames: CIFARClasses.ten,
    train: (1...5).map { File(name: "data_batch_\($0).bin", records: 10_000) },
    test: [File(name: "test_batch.bin", records: 10_000)])

  /// Each record has the label of the superclass (coarse) first, then that of the class (fine).
  static func cifar100(_ labels: LabelLevel) -> CIFARFormat {
    CIFARFormat(
      name: DatasetName.cifar100.rawValue, folder: "cifar-100-binary",
      archive: "cifar-100-binary.tar.gz", labelBytes: 2, labelIndex: labels == .coarse ? 0 : 1,
      classNames: labels == .coarse ? CIFARClasses.twenty : CIFARClasses.hundred,
      train: [File(name: "train.bin", records: 50_000)],
      test: [File(name: "test.bin", records: 10_000)])
  }

  var files: [File] { train + test }
  var recordSize: Int { labelBytes + shape.count }
  func size(of file: File) -> Int { file.records * recordSize }
  /// The whole archive, with room for its headers and for the page and the names it carries along.
  var archiveLimit: Int { files.reduce(1 << 20) { $0 + size(of: $1) } }
}

/// Reads a CIFAR data set from its folder or from its archive.
struct CIFARReader: DatasetReader {
  let format: CIFARFormat

  var name: String { format.name }
  var classNames: [String] { format.classNames }

  /// Whether the path holds the data set as far as names tell: the archive, the folder with the
  /// files, or a folder with either in it.
  func locate(_ path: String) -> Location? {
    let manager = FileManager.default
    var isFolder: ObjCBool = false
    guard manager.fileExists(atPath: path, isDirectory: &isFolder) else { return nil }
    guard isFolder.boolValue else { return .archive(path) }
    for folder in [path, path + "/" + format.folder]
    where format.files.contains(where: { manager.fileExists(atPath: folder + "/" + $0.name) }) {
      return .folder(folder)
    }
    let archive = path + "/" + format.archive
    return manager.fileExists(atPath: archive) ? .archive(archive) : nil
  }

  func isPresent(at place: String) -> Bool { locate(place) != nil }

  func read(
    at place: String, trainCount: Int?, testCount: Int?
  ) throws(DatasetError) -> DatasetSplits? {
    guard let location = locate(place) else { return nil }
    return try read(location, trainCount: trainCount, testCount: testCount)
  }

  enum Location: Equatable {
    case folder(String)
    case archive(String)
  }

  /// - Parameters:
  ///   - trainCount: the first so many training examples, or nil for all.
  ///   - testCount: likewise.
  /// - Throws: `DatasetError` naming the file that is missing or wrong.
  func read(
    _ location: Location, trainCount: Int? = nil, testCount: Int? = nil
  ) throws(DatasetError) -> DatasetSplits {
    var contents: [String: Records] = [:]
    switch location {
    case .folder(let folder):
      for file in format.files {
        let path = folder + "/" + file.name
        guard FileManager.default.fileExists(atPath: path) else {
          var status = stat()
          if lstat(path, &status) == 0 {
            throw DatasetError("\(path) is a link that leads to no file; correct it")
          }
          throw DatasetError(
            "\(folder) has no \(file.name); unpack \(format.archive) again, or name it as path")
        }
        let input = try InputFile(path: path)
        try checkSize(input.size, of: path, file)
        contents[file.name] = try Records(try input.bytes(input.size, of: path), path, format)
      }
    case .archive(let path):
      contents = try readArchive(path)
    }
    return DatasetSplits(
      train: try join(contents, format.train, .train, trainCount),
      test: try join(contents, format.test, .test, testCount))
  }

  private func readArchive(_ path: String) throws(DatasetError) -> [String: Records] {
    let stream = try InputFile.stream(path: path, limit: format.archiveLimit)
    let tar = TarReader(stream, path: path)
    var contents: [String: Records] = [:]
    while let member = try tar.next() {
      guard let file = format.files.first(where: { $0.name == member.lastComponent }) else {
        continue
      }
      let place = "\(member.name) in \(path)"
      guard contents[file.name] == nil else {
        throw DatasetError("\(place) is there twice; get the archive again")
      }
      try checkSize(member.size, of: place, file)
      contents[file.name] = try Records(try tar.content(of: member), place, format)
    }
    try tar.finish()
    if let missing = format.files.first(where: { contents[$0.name] == nil }) {
      throw DatasetError(
        "\(path) has no \(missing.name); it is not \(format.archive), or incomplete")
    }
    return contents
  }

  private func checkSize(
    _ size: Int, of path: String, _ file: CIFARFormat.File
  ) throws(DatasetError) {
    guard size > 0, size % format.recordSize == 0 else {
      throw DatasetError(
        "\(path) has \(size) bytes, which are no whole records of \(format.recordSize) bytes; "
          + "\(file.records) records are \(format.size(of: file)) bytes; it is truncated or another "
          + "file, get it again")
    }
    guard size / format.recordSize <= DatasetRequest.maximumCount else {
      throw DatasetError(
        "\(path) has \(size / format.recordSize) records; at most "
          + "\(DatasetRequest.maximumCount) are read")
    }
    try MachineMemory.check(dataBytes: size, purpose: "the contents of \(path)")
  }

  private func join(
    _ contents: [String: Records], _ files: [CIFARFormat.File], _ split: DatasetSplit, _ count: Int?
  ) throws(DatasetError) -> ImageDataset {
    var labels: [Int32] = []
    var pixels: [UInt8] = []
    let total = files.reduce(0) { $0 + (contents[$1.name]?.labels.count ?? 0) }
    let unusual = files.compactMap { file in
      contents[file.name].flatMap {
        $0.labels.count == file.records ? nil : "\(file.name) has \($0.labels.count) records"
      }
    }
    let wanted = try Subset.count(count, of: total, split, format.name)
    pixels.reserveCapacity(wanted * format.shape.count)
    for file in files {
      guard let records = contents[file.name], labels.count < wanted else { break }
      let part = min(wanted - labels.count, records.labels.count)
      labels += records.labels.prefix(part)
      pixels += records.pixels.prefix(part * format.shape.count)
    }
    return try ImageDataset(
      name: format.name, split: split, shape: format.shape, classNames: format.classNames,
      labels: labels, pixels: pixels,
      notes: unusual.isEmpty
        ? []
        : [
          "of \(format.name), \(unusual.joined(separator: ", ")); the published files have other "
            + "numbers of records"
        ])
  }

  /// How many examples the files of a folder hold, where these are whole records.
  func counts(at place: String) -> (train: Int, test: Int)? {
    guard case .folder(let folder) = locate(place) else { return nil }
    func count(_ files: [CIFARFormat.File]) -> Int? {
      var total = 0
      for file in files {
        guard let status = StoredName(folder + "/" + file.name).status,
          status.st_size > 0, Int(status.st_size) % format.recordSize == 0
        else { return nil }
        total += Int(status.st_size) / format.recordSize
      }
      return total
    }
    guard let train = count(format.train), let test = count(format.test) else { return nil }
    return (train, test)
  }

  /// One file's content, taken apart.
  private struct Records {
    var labels: [Int32]
    /// `[N, H, W, C]`.
    var pixels: [UInt8]

    init(_ bytes: [UInt8], _ path: String, _ format: CIFARFormat) throws(DatasetError) {
      let count = bytes.count / format.recordSize
      labels = (0..<count).map { Int32(bytes[$0 * format.recordSize + format.labelIndex]) }
      if let record = labels.firstIndex(where: { Int($0) >= format.classNames.count }) {
        throw DatasetError(
          "\(path) has label \(labels[record]) in record \(record); allowed are 0 to "
            + "\(format.classNames.count - 1); it is damaged or another data set, get it again")
      }
      let plane = format.shape.pixels
      let channels = format.shape.channels
      pixels = [UInt8](unsafeUninitializedCapacity: count * format.shape.count) { output, filled in
        bytes.withUnsafeBufferPointer { input in
          for record in 0..<count {
            let source = record * format.recordSize + format.labelBytes
            let target = record * format.shape.count
            for channel in 0..<channels {
              for pixel in 0..<plane {
                output[target &+ pixel &* channels &+ channel] =
                  input[source &+ channel &* plane &+ pixel]
              }
            }
          }
        }
        filled = count * format.shape.count
      }
    }
  }
}

/// The first `k` of a set.
enum Subset {
  /// - Throws: `DatasetError` where more are asked for than there are.
  static func count(
    _ wanted: Int?, of total: Int, _ split: DatasetSplit, _ name: String
  ) throws(DatasetError) -> Int {
    guard let wanted else { return total }
    guard (1...max(1, total)).contains(wanted) else {
      throw DatasetError(
        "\(split.rawValue)Count \(wanted) is not possible; the \(split.rawValue) split of \(name) "
          + "has \(total) examples")
    }
    return wanted
  }
}

/// <https://www.cs.toronto.edu/~kriz/cifar.html>
enum CIFARClasses {
  static let ten = [
    "airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck",
  ]

  /// CIFAR-100's superclasses, five classes each: the coarse labels.
  static let twenty = [
    "aquatic mammals", "fish", "flowers", "food containers", "fruit and vegetables",
    "household electrical devices", "household furniture", "insects", "large carnivores",
    "large man-made outdoor things", "large natural outdoor scenes",
    "large omnivores and herbivores", "medium mammals", "non-insect invertebrates", "people",
    "reptiles", "small mammals", "trees", "vehicles 1", "vehicles 2",
  ]

  /// CIFAR-100's classes: the fine labels.
  static let hundred = [
    "apple", "aquarium fish", "baby", "bear", "beaver", "bed", "bee", "beetle", "bicycle",
    "bottle", "bowl", "boy", "bridge", "bus", "butterfly", "camel", "can", "castle", "caterpillar",
    "cattle", "chair", "chimpanzee", "clock", "cloud", "cockroach", "couch", "crab", "crocodile",
    "cup", "dinosaur", "dolphin", "elephant", "flatfish", "forest", "fox", "girl", "hamster",
    "house", "kangaroo", "keyboard", "lamp", "lawn mower", "leopard", "lion", "lizard", "lobster",
    "man", "maple tree", "motorcycle", "mountain", "mouse", "mushroom", "oak tree", "orange",
    "orchid", "otter", "palm tree", "pear", "pickup truck", "pine tree", "plain", "plate", "poppy",
    "porcupine", "possum", "rabbit", "raccoon", "ray", "road", "rocket", "rose", "sea", "seal",
    "shark", "shrew", "skunk", "skyscraper", "snail", "snake", "spider", "squirrel", "streetcar",
    "sunflower", "sweet pepper", "table", "tank", "telephone", "television", "tiger", "tractor",
    "train", "trout", "tulip", "turtle", "wardrobe", "whale", "willow tree", "wolf", "woman",
    "worm",
  ]
}
