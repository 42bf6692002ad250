// A folder of pictures as a data set that is decoded while it is used.
import Crypto
import Dispatch
import Foundation
import Numerics
import Synchronization
import Text

/// One split of a folder of pictures. Nothing but names is kept in memory.
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
  /// Of the problems those of classes without a picture.
  let emptyClasses: [String]
  public let missingClasses: [Int]
  public let isDecodedOnTheFly = true

  /// The split's folder, and the paths of all files from there, one after the other, with the end of
  /// each example's.
  private let folder: StoredName
  private let paths: [UInt8]
  private let ends: [Int]
  /// The classes' names as they are stored.
  let storedClasses: [StoredName]
  /// The shorter side of the scaled picture out of whose middle the image is cut.
  package let resize: Int
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

    func decode(_ place: StoredName, _ plan: CropPlan) throws(DatasetError) {
      try decoder.decode(place, plan: plan, shape: shape, to: &image)
    }
  }

  /// - Parameters:
  ///   - scan: the split's classes and files.
  ///   - classes: the names of the classes of the training split, where this is another.
  ///   - size: height and width of the images.
  ///   - resize: the picture's shorter side before the middle is cut out, at least `size`.
  ///   - decoding: how pictures are decoded that are scaled at random.
  ///   - count: the first so many examples, or nil for all.
  /// - Throws: `DatasetError` where there is no class, a class too many, or no picture.
  init(
    _ scan: FolderScan, split: DatasetSplit, classes: [StoredName]?, size: Int, resize: Int,
    decoding: DecodingMode = .scaled, count: Int?
  ) throws(DatasetError) {
    let folder = scan.folder
    let known = classes ?? scan.classNames
    guard !scan.classNames.isEmpty else {
      throw DatasetError(
        "\(folder.text) has no folders; make one for each class, with its pictures")
    }
    let numbers = Dictionary(uniqueKeysWithValues: known.enumerated().map { ($1, Int32($0)) })
    if let stranger = scan.classNames.first(where: { numbers[$0] == nil }) {
      throw DatasetError(
        "\(folder.text) has the class \(stranger.text), which the training pictures do not have; "
          + "both need the same folders")
    }
    let total = scan.files.reduce(0) { $0 + $1.count }
    guard total > 0 else {
      throw DatasetError(
        "\(folder.text) has no pictures (\(PictureFormat.endings.joined(separator: ", "))) in its "
          + "class folders")
    }
    let wanted = try Subset.count(count, of: total, split, DatasetName.imageFolder.rawValue)
    var (paths, ends, labels): ([UInt8], [Int], [Int32]) = ([], [], [])
    ends.reserveCapacity(wanted)
    labels.reserveCapacity(wanted)
    var rank = 0
    while ends.count < wanted {
      for (files, label) in zip(scan.files, scan.classNames.map { numbers[$0] ?? 0 })
      where rank < files.count && ends.count < wanted {
        paths += files[rank].bytes
        ends.append(paths.count)
        labels.append(label)
      }
      rank += 1
    }
    self.folder = folder
    self.split = split
    self.paths = paths
    self.ends = ends
    self.labels = labels
    self.resize = resize
    self.decoding = decoding
    storedClasses = known
    let texts = ClassTexts.of(known)
    classNames = texts
    // Of the test pictures a class may be missing altogether: one sentence for all of them.
    let present = Set(zip(scan.classNames, scan.files).filter { !$0.1.isEmpty }.map(\.0))
    missingClasses = known.indices.filter { !present.contains(known[$0]) }
    let missing = missingClasses.map { texts[$0] }
    if split == .train || missing.isEmpty {
      emptyClasses = scan.emptyClasses
    } else {
      let few = missing.prefix(8).joined(separator: ", ")
      let more = missing.count > 8 ? " and \(missing.count - 8) more" : ""
      emptyClasses = [
        "\(folder.text) has no pictures of \(missing.count) of \(known.count) classes: \(few)\(more)"
      ]
    }
    problems = scan.problems + emptyClasses
    shape = ImageShape(height: size, width: size, channels: 3)
  }

  /// The path of an example's file from the split's folder.
  private func fileName(of example: Int) -> StoredName {
    StoredName(Array(paths[(example == 0 ? 0 : ends[example - 1])..<ends[example]]))
  }

  /// Where an example's file is.
  func location(of example: Int) -> StoredName { folder.appending(fileName(of: example)) }

  /// The file of an example, as it is shown.
  public func path(of example: Int) -> String { location(of: example).text }

  /// SHA-256, in hexadecimal, over the version of the pixels, the class names and of each file its name, size and, where all
  /// files together have at most `mostHashedBytes`, its content.
  public var checksum: String {
    cachedChecksum.withLock { cached in
      if let cached { return cached }
      let sizes = (0..<count).map { example in
        location(of: example).status.map { Int($0.st_size) } ?? -1
      }
      let readsContent = sizes.reduce(0) { $0 + max(0, $1) } <= Self.mostHashedBytes
      var hash = SHA256()
      func add(_ text: String) { hash.update(data: Data("\(text)\0".utf8)) }
      func add(_ name: StoredName) { hash.update(data: Data(name.bytes + [0])) }
      add("pixels \(ImageDecoder.version)")
      add(readsContent ? "names and contents" : "names and sizes")
      for name in storedClasses { add(name) }
      for example in 0..<count {
        add("\(labels[example]) \(sizes[example])")
        add(fileName(of: example))
        guard readsContent, let file = try? InputFile(location(of: example)),
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
    try decoder.decode(location(of: example), plan)
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
        guard (try? decoder.decode(location(of: example), CropPlan(middleOf: resize))) != nil else {
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
    try MachineMemory.check(
      dataBytes: count * shape.count, purpose: "\(count) images of \(folder.text)")
    let decoder = try takeDecoder()
    var pixels: [UInt8] = []
    var kept: [Int32] = []
    pixels.reserveCapacity(count * shape.count)
    for example in 0..<count {
      guard (try? decoder.decode(location(of: example), CropPlan(middleOf: resize))) != nil else {
        continue
      }
      pixels += decoder.image
      kept.append(labels[example])
    }
    return try ImageDataset(
      name: name, split: split, shape: shape, classNames: classNames, labels: kept, pixels: pixels)
  }
}
