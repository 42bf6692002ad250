// The binary version of the CIFAR data sets: records of label and planar image.
import Engine
import Foundation

/// How one of the CIFAR data sets lies in its files: records of `labelBytes` bytes, the last of which
/// is the label, then the image as `[C, H, W]`.
struct CIFARFormat: Sendable {
  var name: String
  /// The folder in the archive.
  var folder: String
  var archive: String
  var labelBytes = 1
  var shape = ImageShape(height: 32, width: 32, channels: 3)
  var classNames: [String]
  /// In every file; anything else is refused.
  var recordsPerFile = 10_000
  var trainFiles: [String]
  var testFiles: [String]

  /// <https://www.cs.toronto.edu/~kriz/cifar.html>
  static let cifar10 = CIFARFormat(
    name: DatasetName.cifar10.rawValue, folder: "cifar-10-batches-bin",
    archive: "cifar-10-binary.tar.gz",
    classNames: [
      "airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck",
    ],
    trainFiles: (1...5).map { "data_batch_\($0).bin" }, testFiles: ["test_batch.bin"])

  var files: [String] { trainFiles + testFiles }
  var recordSize: Int { labelBytes + shape.count }
  var fileSize: Int { recordsPerFile * recordSize }
  /// The whole archive, with room for its headers and for the page and the names it carries along.
  var archiveLimit: Int { files.count * fileSize + (1 << 20) }
}

/// Reads a CIFAR data set from its folder or from its archive.
struct CIFARReader {
  let format: CIFARFormat

  /// Whether the path holds the data set as far as names tell: the archive, the folder with the
  /// files, or a folder with either in it.
  func locate(_ path: String) -> Location? {
    let manager = FileManager.default
    var isFolder: ObjCBool = false
    guard manager.fileExists(atPath: path, isDirectory: &isFolder) else { return nil }
    guard isFolder.boolValue else { return .archive(path) }
    for folder in [path, path + "/" + format.folder]
    where format.files.contains(where: { manager.fileExists(atPath: folder + "/" + $0) }) {
      return .folder(folder)
    }
    let archive = path + "/" + format.archive
    return manager.fileExists(atPath: archive) ? .archive(archive) : nil
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
        let path = folder + "/" + file
        guard FileManager.default.fileExists(atPath: path) else {
          throw DatasetError(
            "\(folder) has no \(file); unpack \(format.archive) again, or name it as path")
        }
        let input = try InputFile(path: path)
        try checkSize(input.size, of: path)
        contents[file] = try Records(try input.bytes(input.size, of: path), path, format)
      }
    case .archive(let path):
      contents = try readArchive(path)
    }
    return DatasetSplits(
      train: try join(contents, format.trainFiles, .train, trainCount),
      test: try join(contents, format.testFiles, .test, testCount))
  }

  private func readArchive(_ path: String) throws(DatasetError) -> [String: Records] {
    let stream = try InputFile.stream(path: path, limit: format.archiveLimit)
    let tar = TarReader(stream, path: path)
    var contents: [String: Records] = [:]
    while let member = try tar.next() {
      let file = member.lastComponent
      guard format.files.contains(file) else { continue }
      let place = "\(member.name) in \(path)"
      guard contents[file] == nil else {
        throw DatasetError("\(place) is there twice; get the archive again")
      }
      try checkSize(member.size, of: place)
      contents[file] = try Records(try tar.content(of: member), place, format)
    }
    try tar.finish()
    if let missing = format.files.first(where: { contents[$0] == nil }) {
      throw DatasetError("\(path) has no \(missing); it is not \(format.archive), or incomplete")
    }
    return contents
  }

  private func checkSize(_ size: Int, of path: String) throws(DatasetError) {
    guard size == format.fileSize else {
      throw DatasetError(
        "\(path) has \(size) bytes; \(format.recordsPerFile) records of \(format.recordSize) bytes "
          + "are \(format.fileSize); it is truncated or another file, get it again")
    }
  }

  private func join(
    _ contents: [String: Records], _ files: [String], _ split: DatasetSplit, _ count: Int?
  ) throws(DatasetError) -> ImageDataset {
    var labels: [Int32] = []
    var pixels: [UInt8] = []
    let total = files.count * format.recordsPerFile
    let wanted = try Subset.count(count, of: total, split, format.name)
    pixels.reserveCapacity(wanted * format.shape.count)
    for file in files {
      guard let records = contents[file], labels.count < wanted else { break }
      let part = min(wanted - labels.count, format.recordsPerFile)
      labels += records.labels.prefix(part)
      pixels += records.pixels.prefix(part * format.shape.count)
    }
    return try ImageDataset(
      name: format.name, split: split, shape: format.shape, classNames: format.classNames,
      labels: labels, pixels: pixels)
  }

  /// One file's content, taken apart.
  private struct Records {
    var labels: [Int32]
    /// `[N, H, W, C]`.
    var pixels: [UInt8]

    init(_ bytes: [UInt8], _ path: String, _ format: CIFARFormat) throws(DatasetError) {
      let count = bytes.count / format.recordSize
      labels = (0..<count).map { Int32(bytes[$0 * format.recordSize + format.labelBytes - 1]) }
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
