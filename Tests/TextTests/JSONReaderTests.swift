// The JSON reader: positions, exact numbers, and every way in which a text is refused.
import Foundation
import Testing

@testable import Text

@Suite struct JSONReaderTests {
  @Test func positionsCountLinesAndUnicodeScalars() throws {
    let text = "{\"é🙂\": 1,\r\n\t\"b\" : [true,\n  {\"c\": \"x\"}]}"
    let node = try JSONReader.read(Array(text.utf8))
    #expect(node.position == TextPosition(line: 1, column: 1))
    #expect(node.members.map(\.key) == ["é🙂", "b"])
    #expect(node["é🙂"]?.position == TextPosition(line: 1, column: 8))
    #expect(node.members[1].keyPosition == TextPosition(line: 2, column: 2))
    #expect(node["b"]?.elements[0].position == TextPosition(line: 2, column: 9))
    #expect(node["b"]?.elements[1]["c"]?.position == TextPosition(line: 3, column: 9))
  }

  @Test func numbersKeepTheirCharacters() throws {
    let node = try JSONReader.read(
      Array("[0.1, 1e3, 9007199254740993, 0, -2.50, 1E+2, 9223372036854775807, 1.5, 1e17]".utf8))
    let digits = node.elements.map { element -> String in
      guard case .number(let text) = element.content else { return "" }
      return text
    }
    #expect(digits[4] == "-2.50")
    #expect(
      node.elements.map(\.integer)
        == [nil, 1000, 9_007_199_254_740_993, 0, nil, 100, Int.max, nil, nil])
    #expect(node.elements[0].double == 0.1)
  }

  @Test func escapesAreDecoded() throws {
    let node = try JSONReader.read(Array(#""a\"\\\/\b\f\n\r\tA\ud83d\ude42""#.utf8))
    #expect(node.text == "a\"\\/\u{8}\u{c}\n\r\tA🙂")
  }

  @Test(arguments: [
    ("", "1:1: the file is empty; a spec is an object"),
    (" \n ", "2:2: the file is empty; a spec is an object"),
    ("{", "1:2: expected a key, found the end of the file"),
    ("{\"a\" 1}", "1:6: a: expected ':' after a key, found '1'"),
    ("{\"a\": 1 \"b\": 2}", "1:9: expected ',' after a value, found '\"'"),
    ("{\"a\": 1,}", "1:9: expected a key, found '}'"),
    ("{\"a\": [1,]}", "1:10: a[1]: expected a value, found ']'"),
    ("{\"a\": [1 2]}", "1:10: a: expected ',' after a list's element, found '2'"),
    ("{a: 1}", "1:2: expected a key, found 'a'"),
    (
      "{\"a\": 1, \"b\": 2,\n \"a\": 3}",
      "2:2: the key \"a\" stands here for the second time; the first is at 1:2"
    ),
    ("{\"a\": {\"b\": NaN}}", "1:13: a.b: 'NaN' is not JSON; text stands in quotes"),
    ("[tru]", "1:2: [0]: 'tru' is not JSON; text stands in quotes"),
    ("[01]", "1:2: [0]: a number starts with 0"),
    ("[-]", "1:3: [0]: expected a digit, found ']'"),
    ("[1.]", "1:4: [0]: expected a digit, found ']'"),
    ("[1e]", "1:4: [0]: expected a digit, found ']'"),
    ("[+1]", "1:2: [0]: expected a value, found '+'"),
    ("[-0]", "1:2: [0]: -0 is a negative zero; write 0"),
    ("[-0.0e3]", "1:2: [0]: -0.0e3 is a negative zero; write 0"),
    ("[1e999]", "1:2: [0]: 1e999 is beyond every number used here"),
    ("[1] x", "1:5: expected the end of the file, found 'x'"),
    ("[\"a]", "1:2: [0]: the text is not closed by '\"'"),
    ("[\"a\nb\"]", "1:4: [0]: a control character stands in a text; write it as an escape"),
    ("[\"\\x\"]", "1:3: [0]: there is no such escape in JSON"),
    ("[\"\\u12\"]", "1:3: [0]: an escape \\u needs four hexadecimal digits"),
    ("[\"\\u+123\"]", "1:3: [0]: an escape \\u needs four hexadecimal digits"),
    ("[\"\\ud800\"]", "1:3: [0]: the escape is half of a surrogate pair"),
    ("[\"\\ude42x\"]", "1:3: [0]: the escape is half of a surrogate pair"),
    ("[\"\\", "1:3: [0]: the escape is cut off"),
    ("[\u{a0}1]", "1:2: [0]: expected a value, found byte 0xc2"),
    ("// no\n{}", "1:1: expected a value, found '/'"),
  ])
  func malformed(text: String, message: String) {
    #expect(Self.fault(Array(text.utf8)) == message)
  }

  @Test func encodingsThatAreNotUTF8() {
    #expect(
      Self.fault([0xEF, 0xBB, 0xBF, 0x7B, 0x7D])
        == "1:1: the file starts with a byte-order mark; save it as UTF-8 without one")
    #expect(Self.fault([0xFF, 0xFE, 0x7B, 0]) == "1:1: the file is UTF-16; save it as UTF-8")
    #expect(Self.fault([0x5B, 0x22, 0xC3, 0x22, 0x5D]) == "1:2: [0]: the text is not valid UTF-8")
  }

  @Test func limits() {
    let deep = [UInt8](repeating: UInt8(ascii: "["), count: 100_000)
    #expect(Self.fault(deep)?.hasSuffix("nested deeper than 32 levels") == true)
    let fits = String(repeating: "[", count: 32) + String(repeating: "]", count: 32)
    #expect(Self.fault(Array(fits.utf8)) == nil)
    let large = [UInt8](repeating: 0x20, count: JSONReader.maximumBytes + 1)
    #expect(Self.fault(large) == "1:1: the file has 1048577 bytes; at most 1048576 are read")
    let digits = "[" + String(repeating: "1", count: 41) + "]"
    #expect(
      Self.fault(Array(digits.utf8))
        == "1:2: [0]: the number has 41 characters; at most 40 are read")
  }

  @Test func manyKeysTakeNoQuadraticTime() throws {
    let text = "{" + (0..<60_000).map { "\"k\($0)\":1" }.joined(separator: ",") + "}"
    // The processor's time of this thread: a busy machine does not count.
    func seconds() -> Double {
      var time = timespec()
      clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
      return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
    }
    let begin = seconds()
    _ = try JSONReader.read(Array(text.utf8))
    #expect(seconds() - begin < 5)
  }

  private static func fault(_ bytes: [UInt8]) -> String? {
    do {
      _ = try JSONReader.read(bytes)
      return nil
    } catch {
      return "\(error.position): \(error.path.isEmpty ? "" : error.path + ": ")\(error.message)"
    }
  }
}
