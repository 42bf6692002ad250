// Recognises what is often found under the name of a safetensors file, and says what to do with it.
import Text

/// A file of another kind, told by its first bytes.
struct ForeignFile {
  /// How many bytes are looked at.
  static let startCount = 1024

  /// Why it is refused: what it is and what to do.
  let reason: String

  /// Nil where the file may be a safetensors file.
  /// - Parameters:
  ///   - start: the file's first bytes, `startCount` where it has as many.
  ///   - path: the file's name for messages.
  init?(start: [UInt8], path: String) {
    // A header begins at the ninth byte; a text or another binary format has no brace there, or has
    // a length that is no file's.
    if start.count > 8, start[8] == UInt8(ascii: "{"), start[4..<8].allSatisfy({ $0 == 0 }) {
      return nil
    }
    guard let (kind, remedy) = Self.recognised(start) else { return nil }
    switch remedy {
    case .convert: reason = "it is \(kind); convert it in Python:\n\(Self.conversion(of: path))"
    case .advice(let advice): reason = "it is \(kind); \(advice)"
    }
  }

  private enum Remedy {
    /// Two lines of Python.
    case convert
    case advice(String)
  }

  private static func recognised(_ start: [UInt8]) -> (kind: String, remedy: Remedy)? {
    let keras = Remedy.advice("export it in Python as docs/weights.md tells")
    func begins(_ bytes: [UInt8]) -> Bool { start.starts(with: bytes) }
    if begins([0x50, 0x4B, 3, 4]) { return archive(start) }
    // A pickle of PyTorch before 1.6 begins with its magic number; others are of whole models.
    if start.count > 1, start[0] == 0x80, (2...5).contains(start[1]) {
      return ("a pickle, such as torch.save writes (.pth, .pt, .bin)", .convert)
    }
    if begins([0x89, 0x48, 0x44, 0x46, 0x0D, 0x0A]) { return ("an HDF5 file (Keras)", keras) }
    if begins([0x12, 1, 0, 0, 0, 0, 0, 0]) {
      return ("a file of MXNet's parameters", keras)
    }
    if begins(Array("GGUF".utf8)) {
      return ("a GGUF file", .advice("use the model's safetensors file"))
    }
    if begins([0x1F, 0x8B]) { return ("compressed by gzip", .advice("unpack it first")) }
    if start.count > 262, Array(start[257..<262]) == Array("ustar".utf8) {
      return ("a tar archive", .advice("unpack it first"))
    }
    return text(start)
  }

  /// A ZIP archive: PyTorch's since 1.6, Keras' and NumPy's have a first file of their own each.
  private static func archive(_ start: [UInt8]) -> (kind: String, remedy: Remedy) {
    let names = String(decoding: start, as: UTF8.self)
    if names.contains("data.pkl") || names.contains("byteorder")
      || names.contains(".format_version")
    {
      return ("a file that torch.save wrote (.pth, .pt, .bin)", .convert)
    }
    if names.contains(".npy") {
      return (
        "a NumPy archive (.npz)",
        .advice("write its arrays with safetensors.numpy.save_file(dict(numpy.load(FILE)), …)")
      )
    }
    if names.contains("metadata.json") || names.contains("config.json") {
      return ("a .keras archive", .advice("export it in Python as docs/weights.md tells"))
    }
    return ("a ZIP archive", .advice("unpack it first"))
  }

  private static func text(_ start: [UInt8]) -> (kind: String, remedy: Remedy)? {
    var bytes = start[...]
    if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { bytes = bytes.dropFirst(3) }
    bytes = bytes.drop { [0x20, 0x09, 0x0A, 0x0D].contains($0) }
    let words = String(decoding: bytes, as: UTF8.self).lowercased()
    if words.hasPrefix("version https://git-lfs.github.com/") {
      return (
        "a pointer of git-lfs to the file",
        .advice("fetch what it points to with git lfs pull, or download the file itself")
      )
    }
    if words.hasPrefix("<!doctype html") || words.hasPrefix("<html") || words.hasPrefix("<head")
      || words.hasPrefix("<!--")
    {
      return (
        "an HTML page",
        .advice("download the file itself, not the page about it, and log in where that is needed")
      )
    }
    if words.hasPrefix("<?xml") {
      return ("an XML text, such as a server's error", .advice("download the file anew"))
    }
    if words.hasPrefix("{") || words.hasPrefix("[") {
      return words.contains("\"weight_map\"")
        ? (
          "the index of a model whose weights are in several files",
          .advice("join these in Python into one with safetensors.torch.save_file")
        ) : ("a JSON text", .advice("name the file of weights itself"))
    }
    return nil
  }

  private static func conversion(of path: String) -> String {
    let name = path.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"")
    let ending = [".pth", ".pt", ".bin", ".tar", ".ckpt"].first { name.hasSuffix($0) } ?? ""
    let isNamedSo = name.hasSuffix(".safetensors")
    let target =
      isNamedSo ? "\(name.dropLast(12))-converted" : String(name.dropLast(ending.count))
    return """
        import torch, safetensors.torch; d = torch.load("\(name)", map_location="cpu", weights_only=True)
        safetensors.torch.save_file({k: v.clone().contiguous() for k, v in d.get("state_dict", \
      d.get("model", d)).items()}, "\(target).safetensors")
      """
  }
}
