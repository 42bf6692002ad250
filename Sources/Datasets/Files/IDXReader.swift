// The IDX format of MNIST and Fashion-MNIST, plain or compressed.
import Foundation
import Numerics

/// The four files of a data set in IDX format (<http://yann.lecun.com/exdb/mnist/>), in one folder.
struct IDXReader: DatasetReader {
  let name: String
  let classNames: [String]

  /// Bounds of what is believed of a header.
  private static let sides = 1...1024

  /// Whether the folder holds any of the files.
  func isPresent(at folder: String) -> Bool {
    DatasetSplit.allCases.contains { split in
      [File.images, .labels].contains { Self.find($0, split, in: folder) != nil }
    }
  }

  /// - Parameters:
  ///   - folder: holds the four files.
  ///   - trainCount: the first so many training examples, or nil for all.
  ///   - testCount: likewise.
  /// - Throws: `DatasetError` naming the file that is missing or wrong.
  func read(
    at folder: String, trainCount: Int?, testCount: Int?
  ) throws(DatasetError) -> DatasetSplits? {
    let train = try read(.train, folder, trainCount)
    let test = try read(.test, folder, testCount)
    guard train.shape == test.shape else {
      throw DatasetError(
        "the training images in \(folder) are \(train.shape), the test images \(test.shape); "
          + "they are of different data sets, get all four files again")
    }
    return DatasetSplits(train: train, test: test)
  }

  func counts(at folder: String) -> (train: Int, test: Int)? {
    let counts = DatasetSplit.allCases.compactMap { split -> Int? in
      guard let path = Self.find(.labels, split, in: folder) else { return nil }
      return try? IDXArray(path: path, dimensions: 1).sizes[0]
    }
    return counts.count == 2 ? (counts[0], counts[1]) : nil
  }

  private func read(
    _ split: DatasetSplit, _ folder: String, _ count: Int?
  ) throws(DatasetError) -> ImageDataset {
    let images = try IDXArray(path: try path(.images, split, folder), dimensions: 3)
    let labels = try IDXArray(path: try path(.labels, split, folder), dimensions: 1)
    let (height, width) = (images.sizes[1], images.sizes[2])
    guard Self.sides.contains(height), Self.sides.contains(width) else {
      throw DatasetError(
        "\(images.path) says its images are \(height)x\(width); allowed are "
          + "\(Self.sides.lowerBound) to \(Self.sides.upperBound) pixels a side; get it again")
    }
    guard images.sizes[0] == labels.sizes[0] else {
      throw DatasetError(
        "\(images.path) has \(images.sizes[0]) images, but \(labels.path) has \(labels.sizes[0]) "
          + "labels; they do not belong together, get both again")
    }
    let wanted = try Subset.count(count, of: images.sizes[0], split, name)
    let values = try labels.values()
    if let index = values.firstIndex(where: { Int($0) >= classNames.count }) {
      throw DatasetError(
        "\(labels.path) has label \(values[index]) at example \(index); allowed are 0 to "
          + "\(classNames.count - 1); it is damaged or another data set, get it again")
    }
    var pixels = try images.values()
    pixels.removeLast((images.sizes[0] - wanted) * height * width)
    return try ImageDataset(
      name: name, split: split, shape: ImageShape(height: height, width: width, channels: 1),
      classNames: classNames, labels: values.prefix(wanted).map { Int32($0) }, pixels: pixels)
  }

  private enum File: String {
    case images = "images-idx3"
    case labels = "labels-idx1"
  }

  /// The names under which the file is looked for; the archives in use write it in two ways.
  private static func names(_ file: File, _ split: DatasetSplit) -> [String] {
    let stem = split == .train ? "train" : "t10k"
    let plain = [
      "\(stem)-\(file.rawValue)-ubyte",
      "\(stem)-\(file.rawValue.replacing("-idx", with: ".idx"))-ubyte",
    ]
    return plain + plain.map { $0 + ".gz" }
  }

  private static func find(_ file: File, _ split: DatasetSplit, in folder: String) -> String? {
    // Kaggle's archive unpacks into folders that have the files' names.
    names(file, split).flatMap { ["\(folder)/\($0)", "\(folder)/\($0)/\($0)"] }
      .first { StoredName($0).isRegularFile }
  }

  private func path(
    _ file: File, _ split: DatasetSplit, _ folder: String
  ) throws(DatasetError) -> String {
    if let path = Self.find(file, split, in: folder) { return path }
    throw DatasetError(
      "\(folder) has no \(Self.names(file, split)[0]), plain or .gz; "
        + "a complete \(name) has four files, get the missing one")
  }
}

/// An array of bytes in an IDX file: a magic number, sizes, values.
private struct IDXArray {
  let path: String
  let sizes: [Int]
  private let stream: any ByteStream

  /// Reads the header and checks it against the file's size, so that nothing is allocated for a
  /// header's word alone.
  init(path: String, dimensions: Int) throws(DatasetError) {
    let file = try InputFile(path: path)
    let isCompressed = path.hasSuffix(".gz")
    // Deflate's best ratio is 1032 to 1.
    let ceiling = isCompressed ? min(file.size * 1032, 1 << 34) : file.size
    let stream: any ByteStream = isCompressed ? try GzipStream(file, limit: ceiling) : file
    let header = try stream.bytes(4 + 4 * dimensions, of: "the header of \(path)")
    func number(_ i: Int) -> Int { header[(4 * i)..<(4 * i + 4)].reduce(0) { $0 << 8 | Int($1) } }
    // Two zeros, 8 for unsigned bytes, the number of dimensions.
    let magic = 0x0800 | dimensions
    guard number(0) == magic else {
      throw DatasetError(
        "\(path) starts with \(number(0)) where IDX files of \(dimensions) dimensions have \(magic); "
          + "it is another file, get the right one")
    }
    let sizes = (1...dimensions).map(number)
    var needed = 1
    for size in sizes {
      let (product, overflow) = needed.multipliedReportingOverflow(by: size)
      needed = overflow ? .max : product
    }
    let body = ceiling - header.count
    guard needed > 0, isCompressed ? needed <= body : needed == body else {
      throw DatasetError(
        "\(path) says it holds \(sizes.map { String($0) }.joined(separator: "x")) bytes, which does "
          + "not fit its size of \(file.size); it is truncated or damaged, get it again")
    }
    guard sizes[0] <= DatasetRequest.maximumCount else {
      throw DatasetError(
        "\(path) says it holds \(sizes[0]) examples; at most \(DatasetRequest.maximumCount) are read"
      )
    }
    self.path = path
    self.sizes = sizes
    self.stream = stream
  }

  func values() throws(DatasetError) -> [UInt8] {
    let count = sizes.reduce(1, *)
    try MachineMemory.check(dataBytes: count, purpose: "the contents of \(path)")
    let values = try stream.bytes(count, of: path)
    guard try stream.isAtEnd() else {
      throw DatasetError("\(path) goes on after its \(count) bytes; it is damaged, get it again")
    }
    return values
  }
}
