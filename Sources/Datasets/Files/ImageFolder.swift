// A folder of pictures as a data set that is decoded while it is used.
import Crypto
import Dispatch
import Foundation
import Numerics
import Synchronization
import Text

/// One split of a folder of pictures, `CLASS/*.jpg|jpeg|png`. Nothing but names is kept in memory.
///
/// The classes are the folders' names, sorted. The examples come from all classes in turn: the first
/// picture of each class, then the second of each and so on, so that any first `k` are balanced.
public final class ImageFolder: ImageCollection {
  public let name = DatasetName.imageFolder.rawValue
  public let split: DatasetSplit
  public let shape: ImageShape
  public let classNames: [String]
  public let labels: [Int32]
  /// What the scan found that is no picture, a sentence each.
  public let problems: [String]
  /// Of the problems those of class folders without a picture.
  let emptyClasses: [String]
  public let isDecodedOnTheFly = true

  /// The split's folder, and of each example the file's name in its class's folder.
  private let folder: String
  private let files: [String]
  /// The shorter side of the scaled picture out of whose middle the image is cut.
  private let resize: Int
  private let decoding: DecodingMode
  private let idleDecoders = Mutex<[Decoder]>([])
  private let cachedChecksum = Mutex<String?>(nil)

  /// A decoder with room for one image, handed from thread to thread.
  private final class Decoder: @unchecked Sendable {
    private let decoder: ImageDecoder
    private let shape: ImageShape
    /// `[H, W, C]`.
    private(set) var image: [UInt8]

    init(_ shape: ImageShape) throws(DatasetError) {
      decoder = try ImageDecoder()
      self.shape = shape
      image = [UInt8](repeating: 0, count: shape.count)
    }

    func decode(_ path: String, _ plan: CropPlan) throws(DatasetError) {
      try decoder.decode(path: path, plan: plan, shape: shape, to: &image)
    }
  }

  /// - Parameters:
  ///   - folder: holds one folder for each class.
  ///   - classNames: the classes of the training split, where this is another.
  ///   - size: height and width of the images.
  ///   - resize: the picture's shorter side before the middle is cut out, at least `size`.
  ///   - decoding: how pictures are decoded that are scaled at random.
  ///   - count: the first so many examples, or nil for all.
  /// - Throws: `DatasetError` where there is no class, a class too many, or no picture.
  init(
    folder: String, split: DatasetSplit, classNames: [String]?, size: Int, resize: Int,
    decoding: DecodingMode = .scaled, count: Int?
  ) throws(DatasetError) {
    let scan = try FolderScan(folder)
    let known = classNames ?? scan.classNames
    guard !scan.classNames.isEmpty else {
      throw DatasetError("\(folder) has no folders; make one for each class, with its pictures")
    }
    let numbers = Dictionary(uniqueKeysWithValues: known.enumerated().map { ($1, Int32($0)) })
    if let stranger = scan.classNames.first(where: { numbers[$0] == nil }) {
      throw DatasetError(
        "\(folder) has the class \(stranger), which the training pictures do not have; "
          + "both need the same folders")
    }
    let total = scan.files.reduce(0) { $0 + $1.count }
    guard total > 0 else {
      throw DatasetError("\(folder) has no pictures (.jpg, .jpeg, .png) in its class folders")
    }
    let wanted = try Subset.count(count, of: total, split, DatasetName.imageFolder.rawValue)
    var files: [String] = []
    var labels: [Int32] = []
    files.reserveCapacity(wanted)
    labels.reserveCapacity(wanted)
    var rank = 0
    while files.count < wanted {
      for (names, label) in zip(scan.files, scan.classNames.map { numbers[$0] ?? 0 })
      where rank < names.count && files.count < wanted {
        files.append(names[rank])
        labels.append(label)
      }
      rank += 1
    }
    self.folder = folder
    self.split = split
    self.classNames = known
    self.files = files
    self.labels = labels
    self.resize = resize
    self.decoding = decoding
    emptyClasses = scan.emptyClasses
    problems = scan.problems + emptyClasses
    shape = ImageShape(height: size, width: size, channels: 3)
  }

  /// The file of an example.
  public func path(of example: Int) -> String {
    "\(folder)/\(classNames[Int(labels[example])])/\(files[example])"
  }

  /// SHA-256, in hexadecimal, over the version of the pixels, the class names and of each file its name, size and, where all
  /// files together have at most `mostHashedBytes`, its content.
  public var checksum: String {
    cachedChecksum.withLock { cached in
      if let cached { return cached }
      let sizes = (0..<count).map { example in
        var status = stat()
        return stat(path(of: example), &status) == 0 ? Int(status.st_size) : -1
      }
      let readsContent = sizes.reduce(0) { $0 + max(0, $1) } <= Self.mostHashedBytes
      var hash = SHA256()
      func add(_ text: String) { hash.update(data: Data("\(text)\0".utf8)) }
      add("pixels \(ImageDecoder.version)")
      add(readsContent ? "names and contents" : "names and sizes")
      for name in classNames { add(name) }
      for example in 0..<count {
        add("\(labels[example]) \(files[example]) \(sizes[example])")
        guard readsContent, let file = try? InputFile(path: path(of: example)),
          let bytes = try? file.bytes(file.size, of: file.path)
        else { continue }
        hash.update(data: bytes)
      }
      let text = hexadecimal(hash.finalize())
      cached = text
      return text
    }
  }

  /// Larger folders, such as ImageNet, would take too long at every start.
  static let mostHashedBytes = 2 << 30

  public func write(
    _ example: Int, seed: UInt64, epoch: Int, augmentation: Augmentation,
    preprocessing: Preprocessing, to output: UnsafeMutablePointer<Float>
  ) throws(DatasetError) {
    let decoder = try takeDecoder()
    defer { idleDecoders.withLock { $0.append(decoder) } }
    var placement = Placement(augmentation, seed: seed, epoch: epoch, example: example)
    var plan = CropPlan(middleOf: resize)
    if let scale = augmentation.scale {
      plan = CropPlan(
        scale: scale, flip: augmentation.flip, seed: seed, epoch: epoch, example: example)
      plan.allowsScaledDecoding = decoding == .scaled
      placement = Placement(mirrored: plan.mirrored)
    }
    try decoder.decode(path(of: example), plan)
    decoder.image.withUnsafeBufferPointer { image in
      preprocessing.write(image, placement: placement, to: output)
    }
  }

  private func takeDecoder() throws(DatasetError) -> Decoder {
    if let decoder = idleDecoders.withLock({ $0.popLast() }) { return decoder }
    return try Decoder(shape)
  }

  /// Sums over the middles of the pictures; of more than `mostForStatistics` examples those at even
  /// distances. Pictures that cannot be decoded are left out.
  public func pixelSums(of examples: [Int32]?, withSquares: Bool) -> PixelSums {
    let total = examples?.count ?? count
    let used = min(total, Self.mostForStatistics)
    let sums = Mutex(PixelSums(shape: shape))
    let piece = 64
    DispatchQueue.concurrentPerform(iterations: (used + piece - 1) / piece) { number in
      guard let decoder = try? takeDecoder() else { return }
      defer { idleDecoders.withLock { $0.append(decoder) } }
      var part = PixelSums(shape: shape)
      for position in number * piece..<min(used, (number + 1) * piece) {
        let place = position * total / used
        let example = examples.map { Int($0[place]) } ?? place
        guard (try? decoder.decode(path(of: example), CropPlan(middleOf: resize))) != nil else {
          continue
        }
        decoder.image.withUnsafeBufferPointer { part.add($0, withSquares: withSquares) }
      }
      sums.withLock { $0.add(part) }
    }
    return sums.withLock { $0 }
  }

  static let mostForStatistics = 4096

  /// All images in memory, as they are tested with, for looking at them.
  /// Pictures that cannot be decoded are left out.
  /// - Throws: `DatasetError` where they do not fit, or none can be decoded.
  func decoded() throws(DatasetError) -> ImageDataset {
    try MachineMemory.check(dataBytes: count * shape.count, purpose: "\(count) images of \(folder)")
    let decoder = try takeDecoder()
    var pixels: [UInt8] = []
    var kept: [Int32] = []
    pixels.reserveCapacity(count * shape.count)
    for example in 0..<count {
      guard (try? decoder.decode(path(of: example), CropPlan(middleOf: resize))) != nil else {
        continue
      }
      pixels += decoder.image
      kept.append(labels[example])
    }
    return try ImageDataset(
      name: name, split: split, shape: shape, classNames: classNames, labels: kept, pixels: pixels)
  }
}

/// Both splits of a folder of pictures: `train`, and `test` or else `val`.
struct ImageFolders {
  let train: ImageFolder
  let test: ImageFolder

  /// - Throws: `DatasetError` where a folder is missing or its classes do not fit.
  init(_ request: DatasetRequest) throws(DatasetError) {
    let path = DatasetLoader.expanded(request.path ?? "")
    let size = request.size ?? DatasetDescription.of(.imageFolder).size
    let testFolder = try Self.testFolder(path)
    train = try ImageFolder(
      folder: path + "/train", split: .train, classNames: nil, size: size,
      resize: request.resize ?? size, decoding: request.decode ?? .scaled,
      count: request.trainCount)
    if let classes = request.classes, classes != train.classNames.count {
      throw DatasetError(
        "\(path)/train has \(train.classNames.count) class folders, not \(classes) as classes says")
    }
    test = try ImageFolder(
      folder: testFolder, split: .test, classNames: train.classNames, size: size,
      resize: request.resize ?? size, count: request.testCount)
  }

  /// ImageNet's own test folder has no classes, so `val` is taken there.
  private static func testFolder(_ path: String) throws(DatasetError) -> String {
    guard FolderScan.hasFolders(path + "/train") else {
      throw DatasetError(
        "\(path) has no folder train with a folder for each class; an image-folder is "
          + "PATH/train/CLASS/*.jpg and PATH/val (or test)/CLASS/*.jpg")
    }
    let found = ["test", "val"].map { path + "/" + $0 }.first { FolderScan.hasFolders($0) }
    guard let found else {
      throw DatasetError(
        "\(path) has no folder test or val with a folder for each class; an image-folder is "
          + "PATH/train/CLASS/*.jpg and PATH/val (or test)/CLASS/*.jpg")
    }
    return found
  }
}

/// How many classes and pictures a folder has, counted once in the life of the process, so that every
/// variant of an experiment has the same.
public struct FolderCounts: Sendable {
  public let classes: Int
  public let train: Int
  public let test: Int
  /// What a user should know although the folder can be used, a sentence each.
  public let warnings: [String]

  private static let known = Mutex<[String: FolderCounts]>([:])

  /// Whether there is anything to be counted.
  package static func isThere(_ path: String) -> Bool {
    FileManager.default.fileExists(atPath: DatasetLoader.expanded(path))
  }

  /// - Throws: `DatasetError` where the folder is not there or has another layout.
  public static func of(_ path: String) throws(DatasetError) -> FolderCounts {
    if let counts = known.withLock({ $0[path] }) { return counts }
    // No size matters for counting.
    let folders = try ImageFolders(DatasetRequest(name: .imageFolder, path: path))
    let counts = FolderCounts(
      classes: folders.train.classNames.count, train: folders.train.count,
      test: folders.test.count, warnings: folders.train.emptyClasses)
    known.withLock { $0[path] = counts }
    return counts
  }
}
