// Reading a file that may be anything: size-checked, never blocking, errors with the path.
import CZlib
import Foundation

/// A source of bytes that are read once, from the front.
protocol ByteStream: AnyObject {
  /// Fills as much of the buffer as there are bytes left.
  /// - Returns: the bytes written; fewer than the buffer holds only at the end.
  func read(into buffer: UnsafeMutableRawBufferPointer) throws(DatasetError) -> Int
}

extension ByteStream {
  /// Exactly `count` bytes. Callers have checked that `count` is believable.
  func bytes(_ count: Int, of what: String) throws(DatasetError) -> [UInt8] {
    var failure: DatasetError?
    var got = 0
    let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
      do throws(DatasetError) {
        got = try read(into: UnsafeMutableRawBufferPointer(buffer))
      } catch {
        failure = error
      }
      initialized = got
    }
    if let failure { throw failure }
    guard got == count else {
      throw DatasetError(
        "\(what) ends after \(got) of \(count) bytes; the file is truncated, get it again")
    }
    return bytes
  }

  /// Whether nothing follows.
  func isAtEnd() throws(DatasetError) -> Bool {
    var byte: UInt8 = 0
    var failure: DatasetError?
    let got = withUnsafeMutableBytes(of: &byte) { buffer -> Int in
      do throws(DatasetError) { return try read(into: buffer) } catch {
        failure = error
        return 0
      }
    }
    if let failure { throw failure }
    return got == 0
  }
}

/// A regular file, opened for reading.
final class InputFile: ByteStream {
  let path: String
  /// In bytes, when it was opened.
  let size: Int
  private let descriptor: Int32

  /// - Throws: `DatasetError` where there is no such regular file, or it may not be read.
  convenience init(path: String) throws(DatasetError) { try self.init(StoredName(path)) }

  /// - Throws: `DatasetError` where there is no such regular file, or it may not be read.
  init(_ place: StoredName) throws(DatasetError) {
    let path = place.text
    guard !place.bytes.contains(0) else {
      throw DatasetError("the path \(path.debugDescription) has a zero byte; correct the path")
    }
    // Without O_NONBLOCK opening a pipe would wait for a writer.
    let descriptor = place.withPath { open($0, O_RDONLY | O_NONBLOCK | O_CLOEXEC) }
    guard descriptor >= 0 else {
      throw DatasetError("cannot open \(path): \(String(cString: strerror(errno)))")
    }
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
      close(descriptor)
      throw DatasetError("\(path) is not a regular file; name a data file or its folder")
    }
    self.path = path
    self.descriptor = descriptor
    size = Int(status.st_size)
  }

  deinit { close(descriptor) }

  func read(into buffer: UnsafeMutableRawBufferPointer) throws(DatasetError) -> Int {
    var total = 0
    while total < buffer.count, let base = buffer.baseAddress {
      let got = Foundation.read(descriptor, base + total, buffer.count - total)
      if got < 0, errno == EINTR { continue }
      guard got >= 0 else {
        throw DatasetError("cannot read \(path): \(String(cString: strerror(errno)))")
      }
      if got == 0 { break }
      total += got
    }
    return total
  }

  /// The file itself, or what is compressed in it where its name ends in `.gz` or `.tgz`.
  /// - Parameter limit: the most decompressed bytes that make sense.
  static func stream(path: String, limit: Int) throws(DatasetError) -> any ByteStream {
    let file = try InputFile(path: path)
    return path.hasSuffix(".gz") || path.hasSuffix(".tgz")
      ? try GzipStream(file, limit: limit) : file
  }
}

/// The decompressed content of a gzip file, read as it is decompressed.
final class GzipStream: ByteStream {
  private let file: InputFile
  private let limit: Int
  private var produced = 0
  private var stream = z_stream()
  private let input: UnsafeMutableRawBufferPointer
  private var ended = false

  /// - Parameter limit: the most bytes that the content may have; more is an error, so that a small
  ///   file cannot fill the memory or keep us busy for hours.
  init(_ file: InputFile, limit: Int) throws(DatasetError) {
    // Deflate makes nothing larger by more than a fraction of a percent.
    guard file.size <= limit + limit / 8 + (1 << 20) else {
      throw DatasetError(
        "\(file.path) has \(file.size) bytes, but at most \(limit) are expected even unpacked; "
          + "it is another file, get the right one")
    }
    self.file = file
    self.limit = limit
    input = .allocate(byteCount: 1 << 16, alignment: 16)
    // 15 bits of window, +16: a gzip header is required.
    let status = inflateInit2_(
      &stream, 15 + 16, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
    guard status == Z_OK else {
      input.deallocate()
      throw DatasetError("cannot decompress \(file.path): zlib says \(status)")
    }
  }

  deinit {
    inflateEnd(&stream)
    input.deallocate()
  }

  func read(into buffer: UnsafeMutableRawBufferPointer) throws(DatasetError) -> Int {
    var total = 0
    while total < buffer.count, !ended, let base = buffer.baseAddress {
      if stream.avail_in == 0 {
        let got = try file.read(into: input)
        guard got > 0 else { throw broken("it ends in the middle") }
        stream.next_in = input.baseAddress?.assumingMemoryBound(to: UInt8.self)
        stream.avail_in = UInt32(got)
      }
      let room = min(buffer.count - total, 1 << 30)
      stream.next_out = (base + total).assumingMemoryBound(to: UInt8.self)
      stream.avail_out = UInt32(room)
      let status = inflate(&stream, Z_NO_FLUSH)
      let written = room - Int(stream.avail_out)
      total += written
      produced += written
      guard produced <= limit else {
        throw DatasetError(
          "\(file.path) unpacks to more than the \(limit) bytes expected; "
            + "it is another file or a damaged one, get the right one")
      }
      switch status {
      case Z_OK, Z_BUF_ERROR: break
      case Z_STREAM_END: try startNextMember()
      default: throw broken(stream.msg.map { String(cString: $0) } ?? "zlib says \(status)")
      }
    }
    return total
  }

  /// A gzip file may be several, one after the other.
  private func startNextMember() throws(DatasetError) {
    // Zeros that fill a block of a tape or a disk are no member, as gzip has it.
    if try onlyZerosFollow() {
      ended = true
    } else {
      inflateReset(&stream)
    }
  }

  /// Whether nothing but zeros follows; what is not zero stays to be read.
  private func onlyZerosFollow() throws(DatasetError) -> Bool {
    while true {
      while stream.avail_in > 0, let next = stream.next_in, next.pointee == 0 {
        stream.next_in = next + 1
        stream.avail_in -= 1
      }
      if stream.avail_in > 0 { return false }
      let got = try file.read(into: input)
      if got == 0 { return true }
      stream.next_in = input.baseAddress?.assumingMemoryBound(to: UInt8.self)
      stream.avail_in = UInt32(got)
    }
  }

  private func broken(_ reason: String) -> DatasetError {
    DatasetError("\(file.path) is not a sound gzip file: \(reason); get it again")
  }
}
