// Reads the members of a tar archive in the order they come (POSIX ustar, and what GNU tar writes).

/// One regular file in an archive.
struct TarMember: Equatable {
  /// As stored, with the `ustar` prefix; never absolute, never with `..`.
  var name: String
  /// In bytes.
  var size: Int

  /// The part of the name after the last slash.
  var lastComponent: String { String(name.split(separator: "/").last ?? "") }
}

/// Reads an archive from the front, member by member. Nothing is ever written to disk.
final class TarReader {
  private let stream: any ByteStream
  private let path: String
  /// What is left of the current member, and what fills its last block.
  private var unread = 0
  private var padding = 0

  private static let blockSize = 512

  /// - Parameter path: the archive's path, for messages.
  init(_ stream: any ByteStream, path: String) {
    self.stream = stream
    self.path = path
  }

  /// The next regular file, or nil at the end. Folders, links, devices and the extension headers of
  /// pax and GNU tar are passed over: the files looked for have short plain names.
  /// - Throws: `DatasetError` where the archive is damaged, or a name is absolute or has a `..`.
  func next() throws(DatasetError) -> TarMember? {
    while true {
      try skip(unread + padding)
      (unread, padding) = (0, 0)
      guard let header = try header(), header.contains(where: { $0 != 0 }) else { return nil }
      guard Self.octal(header[148..<156]) == Self.checksum(header) else {
        throw damaged("a member's header has a wrong checksum")
      }
      let name = Self.name(header)
      guard let size = Self.octal(header[124..<136]) else {
        throw damaged("the size of \(name.debugDescription) cannot be read")
      }
      let parts = name.split(separator: "/", omittingEmptySubsequences: false)
      guard !name.hasPrefix("/"), !parts.contains("..") else {
        throw DatasetError(
          "\(path) has a member named \(name.debugDescription), which points outside the archive; "
            + "do not trust this file, get it from its source")
      }
      unread = size
      padding = (Self.blockSize - size % Self.blockSize) % Self.blockSize
      // '0', or zero in archives older than ustar, is a regular file.
      if header[156] == UInt8(ascii: "0") || header[156] == 0, !name.hasSuffix("/") {
        return TarMember(name: name, size: size)
      }
    }
  }

  /// The whole content of the member that `next()` gave last. Its size must have been checked.
  func content(of member: TarMember) throws(DatasetError) -> [UInt8] {
    let bytes = try stream.bytes(unread, of: "\(member.name) in \(path)")
    unread = 0
    return bytes
  }

  /// Reads what is left of the file: only then has a compressed one's own checksum been compared.
  func finish() throws(DatasetError) {
    var block = [UInt8](repeating: 0, count: 1 << 16)
    var got = 1
    while got > 0 { got = try read(into: &block) }
  }

  private func header() throws(DatasetError) -> [UInt8]? {
    var block = [UInt8](repeating: 0, count: Self.blockSize)
    let got = try read(into: &block)
    if got == 0 { return nil }
    guard got == Self.blockSize else { throw damaged("it ends inside a header") }
    return block
  }

  private func read(into block: inout [UInt8]) throws(DatasetError) -> Int {
    var got = 0
    var failure: DatasetError?
    block.withUnsafeMutableBytes { buffer in
      do throws(DatasetError) { got = try stream.read(into: buffer) } catch { failure = error }
    }
    if let failure { throw failure }
    return got
  }

  private func skip(_ count: Int) throws(DatasetError) {
    var left = count
    while left > 0 {
      left -= try stream.bytes(min(left, 1 << 16), of: "\(path)").count
    }
  }

  private func damaged(_ reason: String) -> DatasetError {
    DatasetError("\(path) is not a sound tar archive: \(reason); get it again")
  }

  private static func name(_ header: [UInt8]) -> String {
    func text(_ range: Range<Int>) -> String {
      String(decoding: header[range].prefix { $0 != 0 }, as: UTF8.self)
    }
    let prefix = text(257..<262) == "ustar" && header[262] == 0 ? text(345..<500) : ""
    return prefix.isEmpty ? text(0..<100) : prefix + "/" + text(0..<100)
  }

  /// Octal digits between spaces, ended by a space or a zero byte.
  private static func octal(_ field: ArraySlice<UInt8>) -> Int? {
    let digits = field.drop { $0 == UInt8(ascii: " ") }.prefix { $0 != 0 && $0 != 0x20 }
    return Int(String(decoding: digits, as: UTF8.self), radix: 8).flatMap { $0 < 0 ? nil : $0 }
  }

  /// The sum of the header's bytes, its own field taken as spaces.
  private static func checksum(_ header: [UInt8]) -> Int {
    header.indices.reduce(0) { $0 + ((148..<156).contains($1) ? 0x20 : Int(header[$1])) }
  }
}
