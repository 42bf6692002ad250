// Single pictures, decoded and scaled as evaluation does it, for those who cut several views out of one.
import Foundation
import Numerics
import Synchronization

/// A decoded and scaled picture.
public struct ScaledPicture: Sendable {
  public let width: Int
  public let height: Int
  /// `[H, W, 3]`, red, green, blue.
  public let pixels: [UInt8]

  public init(width: Int, height: Int, pixels: [UInt8]) {
    self.width = width
    self.height = height
    self.pixels = pixels
  }

  /// A part of it, `[size, size, 3]`.
  /// - Parameters:
  ///   - row: of its first row; the part lies within the picture.
  ///   - column: of its first column.
  public func crop(row: Int, column: Int, size: Int) -> [UInt8] {
    precondition(
      row >= 0 && column >= 0 && row + size <= height && column + size <= width,
      "a crop of \(size) at \(row), \(column) of \(height)x\(width)")
    var crop: [UInt8] = []
    crop.reserveCapacity(3 * size * size)
    for line in row..<row + size {
      let start = 3 * (line * width + column)
      crop += pixels[start..<start + 3 * size]
    }
    return crop
  }

  /// Where torchvision's `CenterCrop` begins.
  public func middle(_ size: Int) -> (row: Int, column: Int) {
    func first(_ side: Int) -> Int { Int((Double(side - size) / 2).rounded(.toNearestOrEven)) }
    return (first(height), first(width))
  }
}

/// Decodes pictures on any number of threads; keeps their memory between pictures.
public final class PictureReader: Sendable {
  private final class Decoder: @unchecked Sendable {
    let decoder: ImageDecoder
    init() throws(DatasetError) { decoder = try ImageDecoder() }
  }

  private let idle = Mutex<[Decoder]>([])

  public init() {}

  /// A picture whose shorter side is as asked for, to the bit that of torchvision's `Resize` on
  /// Pillow's picture.
  /// - Parameters:
  ///   - bytes: the file's.
  ///   - name: the file's, for messages.
  /// - Throws: `DatasetError` where it is no sound picture.
  public func scaled(
    _ bytes: [UInt8], name: String, shorterSide: Int
  ) throws(DatasetError) -> ScaledPicture {
    let known = idle.withLock { $0.popLast() }
    let decoder = if let known { known } else { try Decoder() }
    defer { idle.withLock { $0.append(decoder) } }
    return try decoder.decoder.scaled(bytes, name: name, shorterSide: shorterSide)
  }

  /// The same of a file.
  public func scaled(path: String, shorterSide: Int) throws(DatasetError) -> ScaledPicture {
    try scaled(StoredName(path), shorterSide: shorterSide)
  }

  func scaled(_ place: StoredName, shorterSide: Int) throws(DatasetError) -> ScaledPicture {
    let file = try InputFile(place)
    guard file.size <= ImageDecoder.largestFile else {
      throw DatasetError(
        "\(file.path) has \(file.size) bytes; pictures of at most \(ImageDecoder.largestFile) are "
          + "read")
    }
    return try scaled(
      try file.bytes(file.size, of: file.path), name: file.path, shorterSide: shorterSide)
  }
}

extension ImageFolder {
  /// An example's picture, scaled.
  public func picture(
    _ example: Int, _ reader: PictureReader, shorterSide: Int
  ) throws(DatasetError) -> ScaledPicture {
    try reader.scaled(location(of: example), shorterSide: shorterSide)
  }

  /// A folder of pictures with a folder for each class, as one split; or the split to test with of a
  /// folder that has several.
  /// - Parameters:
  ///   - size: height and width of the images.
  ///   - resize: the picture's shorter side before the middle is cut out.
  /// - Throws: `DatasetError` where there is no picture.
  public static func forEvaluation(
    path: String, size: Int, resize: Int, count: Int? = nil
  ) throws(DatasetError) -> ImageFolder {
    let root = ImageFolders.place(path)
    do throws(DatasetError) {
      return try ImageFolders(
        DatasetRequest(
          name: .imageFolder, path: path, size: size, testCount: count, resize: resize)
      ).test
    } catch {
      guard FolderScan.hasFolders(root),
        !["train", "training"].contains(where: { FolderScan.hasFolders(root.appending($0)) })
      else { throw error }
    }
    return try ImageFolder(
      FolderScan(root), split: .test, classes: nil, size: size, resize: resize, count: count)
  }
}

/// The pictures that a path means.
public enum PictureFiles {
  /// - Parameter path: a file, or a folder, of which all pictures are taken, in the order of their names.
  /// - Throws: `DatasetError` where there is nothing, or a folder without a picture.
  public static func paths(_ path: String) throws(DatasetError) -> [String] {
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
      throw DatasetError("there is no \(path)")
    }
    guard isFolder.boolValue else { return [path] }
    let endings = Set(PictureFormat.endings.map { $0.lowercased() })
    let names = (FileManager.default.enumerator(atPath: path)?.compactMap { $0 as? String } ?? [])
      .filter { name in
        !name.split(separator: "/").contains { $0.hasPrefix(".") }
          && endings.contains { name.lowercased().hasSuffix($0) }
      }
    guard !names.isEmpty else {
      throw DatasetError(
        "\(path) has no pictures (\(PictureFormat.endings.joined(separator: ", ")))")
    }
    return names.sorted().map { "\(path)/\($0)" }
  }
}
