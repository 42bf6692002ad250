// Folders that live as long as one test, and files in the formats the readers know.
import CZlib
import Foundation
import TestSupport
import Testing

@testable import Datasets

/// Folders that are removed with it; a suite holds one, so that they outlast every test's last line.
final class TemporaryFolders {
  private let path: String

  init() throws {
    let url = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    path = url.path
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  /// A new, empty folder.
  func make() throws -> TemporaryFolder {
    let folder = TemporaryFolder(path: path + "/" + UUID().uuidString)
    try FileManager.default.createDirectory(
      atPath: folder.path, withIntermediateDirectories: true)
    return folder
  }
}

struct TemporaryFolder {
  let path: String

  /// Writes a file, making its folder where needed, and returns its path.
  @discardableResult
  func write(_ bytes: [UInt8], _ name: String) throws -> String {
    let url = URL(fileURLWithPath: path).appending(path: name)
    try FileManager.default.createDirectory(
      at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
    try writeFile(bytes, to: url.path)
    return url.path
  }
}

/// The bytes as a gzip file.
func gzip(_ bytes: [UInt8]) throws -> [UInt8] {
  var stream = z_stream()
  try #require(
    deflateInit2_(
      &stream, 9, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION,
      Int32(MemoryLayout<z_stream>.size)) == Z_OK)
  defer { deflateEnd(&stream) }
  var input = bytes
  var output = [UInt8](repeating: 0, count: bytes.count + bytes.count / 10 + 1000)
  let capacity = output.count
  let status = input.withUnsafeMutableBufferPointer { input in
    output.withUnsafeMutableBufferPointer { output in
      stream.next_in = input.baseAddress
      stream.avail_in = UInt32(input.count)
      stream.next_out = output.baseAddress
      stream.avail_out = UInt32(output.count)
      return deflate(&stream, Z_FINISH)
    }
  }
  try #require(status == Z_STREAM_END)
  return Array(output.prefix(capacity - Int(stream.avail_out)))
}

/// One member of a tar archive: header and padded content.
func tarMember(
  _ name: String, _ content: [UInt8], type: Character = "0", prefix: String = "",
  claimedSize: Int? = nil
) -> [UInt8] {
  var header = [UInt8](repeating: 0, count: 512)
  func put(_ text: String, at offset: Int) {
    header.replaceSubrange(offset..<offset + text.utf8.count, with: text.utf8)
  }
  func octal(_ value: Int, _ digits: Int) -> String {
    let text = String(value, radix: 8)
    return String(repeating: "0", count: digits - text.count) + text
  }
  put(name, at: 0)
  put("0000644", at: 100)
  put(octal(claimedSize ?? content.count, 11), at: 124)
  put("        ", at: 148)
  put(String(type), at: 156)
  put("ustar", at: 257)
  put("00", at: 263)
  put(prefix, at: 345)
  put(octal(header.reduce(0) { $0 + Int($1) }, 6), at: 148)
  header[154] = 0
  let padding = [UInt8](repeating: 0, count: (512 - content.count % 512) % 512)
  return header + content + padding
}

let tarEnd = [UInt8](repeating: 0, count: 1024)

/// The text of the error that the body throws.
func message(
  sourceLocation: SourceLocation = #_sourceLocation, _ body: () throws -> Void
) -> String {
  let error = #expect(throws: DatasetError.self, sourceLocation: sourceLocation) { try body() }
  return error?.description ?? ""
}
