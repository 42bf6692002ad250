// The readers of bytes that come from outside, each behind one function.
import Engine
import Foundation

@testable import Datasets
@testable import Experiments

/// A reader that libFuzzer feeds.
enum FuzzedReader: String, CaseIterable {
  case spec, records, tar, gzip, array, safetensors, manifest, picture, table

  /// A folder of this process's own, in memory where there is such a file system.
  private static let folder: String = {
    let shared = "/dev/shm"
    let parent = access(shared, W_OK) == 0 ? shared : NSTemporaryDirectory()
    let path = "\(parent)/bench-fuzz-\(getpid())"
    mkdir(path, 0o700)
    return path
  }()

  /// Files of one record each.
  private static let format: CIFARFormat = {
    var format = CIFARFormat.cifar10
    format.shape = ImageShape(height: 1, width: 2, channels: 3)
    format.train = [.init(name: "train.bin", records: 1)]
    format.test = [.init(name: "test.bin", records: 1)]
    return format
  }()

  /// - Throws: the module's own error where the bytes are refused.
  func read(_ bytes: [UInt8]) throws {
    switch self {
    case .spec:
      _ = try ExperimentSpec(bytes: bytes, file: "fuzz.json").expand()
    case .records:
      try Self.write(bytes, "train.bin")
      try Self.write([UInt8](repeating: 0, count: Self.format.recordSize), "test.bin")
      _ = try CIFARReader(format: Self.format).read(.folder(Self.folder))
    case .tar:
      let path = try Self.write(Self.withChecksums(bytes), "a.tar")
      _ = try CIFARReader(format: Self.format).read(.archive(path))
    case .gzip:
      let path = try Self.write(bytes, "a.tar.gz")
      _ = try CIFARReader(format: Self.format).read(.archive(path))
    case .array:
      for name in ["train-images-idx3-ubyte", "t10k-images-idx3-ubyte"] {
        try Self.write(bytes, name)
      }
      for name in ["train-labels-idx1-ubyte", "t10k-labels-idx1-ubyte"] {
        try Self.write([0, 0, 8, 1, 0, 0, 0, 2, 3, 4], name)
      }
      _ = try DatasetLoader.load(DatasetRequest(name: .mnist, path: Self.folder))
    case .picture:
      let path = try Self.write(bytes, "a.jpg")
      let shape = ImageShape(height: 4, width: 4, channels: 3)
      var output = [UInt8](repeating: 0, count: shape.count)
      try ImageDecoder().decode(
        path: path, plan: CropPlan(middleOf: 4), shape: shape, to: &output)
    case .table:
      _ = try SynsetTable.read(StoredName(try Self.write(bytes, "meta.mat")))
    case .safetensors:
      let file = try SafetensorsFile(path: try Self.write(bytes, "a.safetensors"))
      for tensor in file.tensors { _ = try? file.floats(of: tensor) }
    case .manifest:
      let digest = sha256(String(decoding: bytes, as: UTF8.self))
      let path = try Self.write(bytes + Array("\n\(digest)\n".utf8), "a.json")
      _ = try Checkpoint(manifest: path)
    }
  }

  @discardableResult
  private static func write(_ bytes: [UInt8], _ name: String) throws -> String {
    let path = "\(folder)/\(name)"
    try Data(bytes).write(to: URL(fileURLWithPath: path))
    return path
  }

  /// Puts into every tar header the checksum that belongs to it: no search would find it.
  private static func withChecksums(_ archive: [UInt8]) -> [UInt8] {
    var bytes = archive
    for start in stride(from: 0, to: bytes.count - 511, by: 512) {
      guard bytes[start + 257..<start + 262].elementsEqual("ustar".utf8) else { continue }
      bytes.replaceSubrange(start + 148..<start + 156, with: [UInt8](repeating: 0x20, count: 8))
      let sum = bytes[start..<start + 512].reduce(0) { $0 + Int($1) }
      let digits = Array(String(sum, radix: 8).utf8)
      let zeros = [UInt8](repeating: 0x30, count: 6 - digits.count)
      bytes.replaceSubrange(start + 148..<start + 156, with: zeros + digits + [0, 0x20])
    }
    return bytes
  }
}
