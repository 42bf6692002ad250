// The safetensors reader refuses everything that is not exactly the format; the writer writes it.
import Foundation
import TestSupport
import Testing

@testable import Numerics
@testable import Specs
@testable import Text
@testable import Weights

@Suite struct SafetensorsTests {
  static let sound =
    #"{"__metadata__":{"a":"b"},"x":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"#
    + #""y":{"dtype":"I64","shape":[],"data_offsets":[8,16]}}"#

  static func open(_ bytes: [UInt8]) throws -> SafetensorsFile {
    let folder = try TemporaryFolder()
    return try SafetensorsFile(path: folder.write("a.safetensors", bytes))
  }

  /// Why a file is refused, without its path; empty where it is not.
  static func refusal(_ bytes: [UInt8]) throws -> String {
    do {
      _ = try open(bytes)
      return ""
    } catch let error as WeightsError {
      let text = try #require(error.description.components(separatedBy: "safetensors file: ").last)
      return text
    }
  }

  @Test func aSoundFileIsRead() throws {
    let file = try Self.open(WeightsFixture.bytes(Self.sound + "  ", data: 16))
    #expect(file.metadata == ["a": "b"])
    #expect(file.tensors.map(\.name) == ["x", "y"])
    #expect(file.tensors.map(\.shape) == [[2], []])
    #expect(file.tensors.map(\.type) == [.f32, .i64])
    let x = try #require(file.tensor("x"))
    let values = try file.floats(of: x)
    #expect(values.map(\.bitPattern) == [0x0302_0100, 0x0706_0504])
    let y = try #require(file.tensor("y"))
    #expect(throws: WeightsError.self) { try file.floats(of: y) }
    #expect(try Self.open(WeightsFixture.bytes("{}")).tensors.isEmpty)
  }

  @Test func anEmptyPathIsSaid() {
    #expect(
      throws: WeightsError("the path of the weights is empty; name a .safetensors file")
    ) { try SafetensorsFile(path: "") }
  }

  @Test func everyTypeOfWeightsIsConverted() throws {
    for (type, bytes, value) in [
      ("F32", [0, 0, 0xA0, 0x3F], Float(1.25)), ("F16", [0x00, 0x3D], 1.25),
      ("BF16", [0xA0, 0x3F], 1.25), ("F64", [0, 0, 0, 0, 0, 0, 0xF4, 0x3F], 1.25),
    ] as [(String, [UInt8], Float)] {
      let header =
        #"{"x":{"dtype":"\#(type)","shape":[1],"data_offsets":[0,\#(bytes.count)]}}"#
      let file = try Self.open(WeightsFixture.bytes(header) + bytes)
      let values = try file.floats(of: file.tensors[0])
      #expect(values == [value], "\(type)")
    }
  }

  /// What the format's own library 0.8 reads is listed here too.
  @Test func whateverTheLibraryReadsIsListed() throws {
    for (type, bits) in [
      ("BOOL", 8), ("F4", 4), ("F6_E2M3", 6), ("F6_E3M2", 6), ("U8", 8), ("I8", 8),
      ("F8_E5M2", 8), ("F8_E4M3", 8), ("F8_E8M0", 8), ("F8_E4M3FNUZ", 8), ("F8_E5M2FNUZ", 8),
      ("I16", 16), ("U16", 16), ("F16", 16), ("BF16", 16), ("I32", 32), ("U32", 32), ("F32", 32),
      ("C64", 64), ("F64", 64), ("I64", 64), ("U64", 64),
    ] {
      let bytes = 4 * bits / 8
      let file = try Self.open(
        WeightsFixture.bytes(Self.one(type, "[2,1,2]", "[0,\(bytes)]"), data: bytes))
      #expect(file.tensors.map(\.type.rawValue) == [type])
      #expect(file.tensors.map(\.count) == [4])
    }
    #expect(SafetensorsFile.ElementType.allCases.count == 22)
    for extra in [
      #","device":"cpu""#,
      #","a":[1,{"b":-0,"b":null}],"a":"\#(String(repeating: "9", count: 60))""#,
      #","deep":"# + String(repeating: "[", count: 124) + String(repeating: "]", count: 124),
    ] {
      let header = Self.one("F32", "[1]", "[0,4]", more: extra)
      #expect(try Self.open(WeightsFixture.bytes(header, data: 4)).tensors.map(\.name) == ["x"])
    }
    let many = "[" + [String](repeating: "1", count: 300).joined(separator: ",") + "]"
    let file = try Self.open(WeightsFixture.bytes(Self.one("F32", many, "[0,4]"), data: 4))
    #expect(file.tensors[0].shape.count == 300)
    let unsaid = try Self.open(WeightsFixture.bytes(#"{"__metadata__":null}"#))
    #expect(unsaid.metadata.isEmpty && unsaid.tensors.isEmpty)
    // One name in two Unicode forms is two names.
    let forms =
      #"{"\u00fc":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"#
      + #""u\u0308":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}}"#
    #expect(try Self.open(WeightsFixture.bytes(forms, data: 2)).tensors.count == 2)
    // Tensors of nothing stand anywhere, of any size.
    let empty =
      #"{"a":{"dtype":"F32","shape":[0,9223372036854775807],"data_offsets":[4,4]},"#
      + #""x":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#
    #expect(try Self.open(WeightsFixture.bytes(empty, data: 4)).tensors.map(\.count) == [1, 0])
  }

  @Test func filesOfOtherKindsAreRecognised() throws {
    let lfs = "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 102469840\n"
    for (start, reason) in [
      (Array(lfs.utf8), "it is a pointer of git-lfs to the file; fetch what it points to"),
      (Array("\n<!DOCTYPE html>\n<html>".utf8), "it is an HTML page; download the file itself"),
      (Array("<HTML><head>".utf8), "it is an HTML page"),
      (Array("<?xml version=\"1.0\"?><Error>".utf8), "it is an XML text"),
      (Array(#"{"weight_map": {"a": "b"}}"#.utf8), "it is the index of a model"),
      (Array(#"{"name": "resnet"}"#.utf8), "it is a JSON text"),
      ([0x50, 0x4B, 3, 4] + Array("resnet18/data.pkl".utf8), "a file that torch.save wrote"),
      ([0x50, 0x4B, 3, 4] + Array("arr_0.npy".utf8), "a NumPy archive"),
      ([0x80, 2, 0x8A, 0x0A, 0x6C, 0xFC, 0x9C, 0x46, 0xF9], "a pickle, such as torch.save writes"),
      ([0x89] + Array("HDF\r\n\u{1A}\n".utf8), "an HDF5 file (Keras)"),
      ([0x12, 1, 0, 0, 0, 0, 0, 0, 0, 0], "a file of MXNet's parameters"),
      ([0x1F, 0x8B, 8, 0], "compressed by gzip"),
    ] {
      let refusal = try Self.refusal(start)
      #expect(refusal.contains(reason), "\(refusal)")
      #expect(!start.starts(with: [0x50]) || refusal.contains("Python") || reason.contains("NumPy"))
    }
    let folder = try TemporaryFolder()
    let path = try folder.write("net.pth", [0x50, 0x4B, 3, 4] + Array("net/data.pkl".utf8))
    let error = #expect(throws: WeightsError.self) { try SafetensorsFile(path: path) }
    let lines = error?.description.split(separator: "\n").map(String.init) ?? []
    #expect(lines.count == 3)
    #expect(lines.last?.hasSuffix(#"\#(folder.path("net")).safetensors")"#) == true)
  }

  static func one(_ dtype: String, _ shape: String, _ offsets: String, more: String = "") -> String
  {
    #"{"x":{"dtype":"\#(dtype)","shape":\#(shape),"data_offsets":\#(offsets)\#(more)}}"#
  }

  @Test(arguments: [
    (WeightsFixture.bytes("{}").prefix(7).map { $0 }, "too few for the length"),
    ([255, 255, 255, 255, 255, 255, 255, 255, 123, 125], "18446744073709551615 bytes, and 2"),
    ([3, 0, 0, 0, 0, 0, 0, 0, 123, 125], "has 3 bytes, and 2 follow"),
    (WeightsFixture.bytes(""), "no JSON object"),
    (WeightsFixture.bytes("[]"), "no JSON object"),
    (WeightsFixture.bytes("{"), "expected a key"),
    (WeightsFixture.bytes("{} {}"), "expected the end"),
    (WeightsFixture.bytes("{\"a\u{1}\":1}"), "control character"),
    (WeightsFixture.bytes(#"{"x":1,"x":1}"#), "for the second time"),
    (WeightsFixture.bytes(#"{"x":1}"#), "dtype is missing"),
    (WeightsFixture.bytes(#"{"__metadata__":1}"#), "not an object"),
    (WeightsFixture.bytes(#"{"__metadata__":{"a":1}}"#), "not a text"),
    (WeightsFixture.bytes(one("F31", "[1]", "[0,4]"), data: 4), "dtype F31 is not known"),
    (WeightsFixture.bytes(one("F32", "1", "[0,4]"), data: 4), "shape is not a list"),
    (WeightsFixture.bytes(one("F32", "[-1]", "[0,4]"), data: 4), "sizes are whole numbers"),
    (WeightsFixture.bytes(one("F32", "[0.5]", "[0,4]"), data: 4), "sizes are whole numbers"),
    (
      WeightsFixture.bytes(one("F32", "[4294967296,4294967296]", "[0,0]")),
      "beyond every file"
    ),
    (WeightsFixture.bytes(one("F32", "[2]", "[0,4]"), data: 4), "needs 8 bytes"),
    (WeightsFixture.bytes(one("F32", "[1]", "[4,0]"), data: 4), "ascending"),
    (WeightsFixture.bytes(one("F32", "[1]", "[-4,0]"), data: 4), "ascending"),
    (WeightsFixture.bytes(one("F32", "[1]", "[0,4,8]"), data: 4), "ascending"),
    (WeightsFixture.bytes(one("F32", "[1]", "[0,4]"), data: 3), "truncated"),
    (WeightsFixture.bytes(one("F32", "[1]", "[0,4]"), data: 5), "and 5 follow the header"),
    (WeightsFixture.bytes(one("F32", "[1]", "[1,5]"), data: 5), "overlap or leave a gap"),
    (
      WeightsFixture.bytes(one("F32", "[1]", "[0,4]", more: #","shape":[1]"#), data: 4),
      "key shape for the second time"
    ),
    (
      WeightsFixture.bytes(
        #"{"__metadata__":{},"__metadata__":null}"#), #"key "__metadata__" for the second time"#
    ),
    (WeightsFixture.bytes(one("F4", "[3]", "[0,2]"), data: 2), "F4 [3] has 12 bits"),
    (WeightsFixture.bytes(one("F6_E2M3", "[2]", "[0,2]"), data: 2), "has 12 bits"),
    (WeightsFixture.bytes(one("I4", "[2]", "[0,1]"), data: 1), "dtype I4 is not known"),
    (
      WeightsFixture.bytes(
        #"{"x":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"#
          + #""y":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#, data: 4),
      "overlap or leave a gap"
    ),
  ])
  func whatIsNotTheFormatIsRefused(bytes: [UInt8], reason: String) throws {
    let refusal = try Self.refusal(bytes)
    #expect(refusal.contains(reason), "\(refusal)")
  }

  @Test func aHugeHeaderIsRefusedUnread() throws {
    let folder = try TemporaryFolder()
    let path = try folder.write("a.safetensors", [0, 0, 0, 16, 0, 0, 0, 0])
    // A file of holes: large, and nothing on the disk.
    let handle = try FileHandle(forWritingTo: URL(fileURLWithPath: path))
    try handle.truncate(atOffset: 1 << 33)
    try handle.close()
    #expect(
      throws: WeightsError(
        "\(path) is not a sound safetensors file: its header has 268435456 bytes; at most 100000000 "
          + "are read")
    ) { try SafetensorsFile(path: path) }
  }

  @Test func onlyRegularFilesAreOpened() throws {
    let folder = try TemporaryFolder()
    #expect(mkfifo(folder.path("pipe"), 0o600) == 0)
    for (name, reason) in [
      ("pipe", "is not a regular file"), ("", "is not a regular file"), ("none", "No such file"),
    ] {
      let error = #expect(throws: WeightsError.self) {
        try SafetensorsFile(path: folder.path(name))
      }
      #expect(error?.description.contains(reason) == true, "\(name)")
    }
  }

  @Test func whatIsWrittenIsReadAgain() throws {
    let folder = try TemporaryFolder()
    let path = folder.path("new/b.safetensors")
    let numbers: [Float] = [1, -0.0, 3, .pi, 5, .leastNonzeroMagnitude]
    let entries = [
      SafetensorsEntry(name: "w", shape: [2, 3], numbers: .floats { numbers }),
      SafetensorsEntry(name: "quoted \"\u{e9}\"", shape: [], numbers: .integers([-2])),
      SafetensorsEntry(name: "none", shape: [0], numbers: .floats { [] }),
    ]
    let digest = try SafetensorsWriter.write(entries, metadata: ["k": "line\nline"], to: path)
    let file = try SafetensorsFile(path: path)
    #expect(try file.sha256() == digest)
    #expect(file.metadata == ["k": "line\nline"])
    let w = try #require(file.tensor("w"))
    #expect(w.shape == [2, 3])
    let bits = try file.floats(of: w).map(\.bitPattern)
    #expect(bits == numbers.map(\.bitPattern))
    #expect(file.tensor("quoted \"\u{e9}\"")?.type == .i64)
    #expect(file.tensor("none")?.count == 0)
    #expect(try folder.files == ["new"])
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path("new")).count == 1)
    try file.copy(to: folder.path("c.safetensors"))
    #expect(try SafetensorsFile(path: folder.path("c.safetensors")).sha256() == digest)
  }

  @Test func aFailingWriteLeavesTheOldFile() throws {
    let folder = try TemporaryFolder()
    let path = try folder.write("a", [1, 2, 3])
    #expect(throws: WeightsError("no")) {
      try DurableFile.write(path) { file throws(WeightsError) in
        try file.append([UInt8](repeating: 7, count: 3 << 20))
        throw WeightsError("no")
      }
    }
    #expect(try Array(Data(contentsOf: URL(fileURLWithPath: path))) == [1, 2, 3])
    #expect(try folder.files == ["a"])
    #expect(throws: WeightsError.self) { try DurableFile.write(path + "/b") { _ in } }
    // Neither a pipe nor a folder is replaced.
    let pipe = folder.path("pipe")
    #expect(mkfifo(pipe, 0o600) == 0)
    for other in [pipe, folder.url.path] {
      #expect(
        throws: WeightsError("cannot write \(other): it is there and is no regular file")
      ) { try DurableFile.write(other) { _ in } }
    }
  }

  /// Damaged files are read or refused: no crash, and what is read is within the file.
  @Test func mutationsAreReadOrRefused() throws {
    let folder = try TemporaryFolder()
    let sources = try [
      WeightsFixture.bytes(Self.sound, data: 16),
      Array(Data(contentsOf: WeightsFixture.folder.appending(path: "pytorch-basic.safetensors"))),
    ]
    var random = CounterRandom(seed: 20, purpose: .statistics)
    var read = 0
    for round in 0..<8000 {
      var bytes = sources[round % 4 == 0 ? 1 : 0]
      let header = min(bytes.count, 200)
      for _ in 0...Int(random.uniform(0, 3)) {
        let place = Int(random.uniform(0, Float(random.uniform(0, 1) < 0.9 ? header : bytes.count)))
        guard place < bytes.count else { continue }
        switch Int(random.uniform(0, 5)) {
        case 0: bytes[place] ^= 1 << UInt8(random.uniform(0, 7.99))
        case 1: bytes[place] = UInt8(random.uniform(0, 255.9))
        case 2: bytes.remove(at: place)
        case 3: bytes.insert(UInt8(ascii: "9"), at: place)
        default: bytes.removeLast(min(bytes.count, Int(random.uniform(0, 40))))
        }
      }
      let path = try folder.write("m.safetensors", bytes)
      guard let file = try? SafetensorsFile(path: path) else { continue }
      read += 1
      let end = file.tensors.map(\.bytes.upperBound).max() ?? 0
      #expect(end <= bytes.count - 8)
      for tensor in file.tensors where tensor.type.isFloatingPoint {
        let count = try file.floats(of: tensor).count
        #expect(count == tensor.count)
      }
    }
    #expect((100..<4000).contains(read), "\(read) of 8000 were still sound")
  }
}
