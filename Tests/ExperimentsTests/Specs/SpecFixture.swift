// Specs as tests write them: a small valid one, and ways to change it.
import Foundation

@testable import Specs

enum SpecFixture {
  /// Text of a spec; every part can be replaced, nil leaves a key out.
  static func text(
    name: String? = #""sample""#, title: String? = #""A sample""#,
    proto: String? = SpecFixture.proto(),
    factors: String? = #"{"network": ["plain", "residual"], "depth": [20, 56]}"#,
    seeds: String? = "[0, 1]", more: String = ""
  ) -> String {
    let members = [
      ("name", name), ("title", title), ("protocol", proto), ("factors", factors), ("seeds", seeds),
    ]
    let lines = members.compactMap { key, value in value.map { "  \"\(key)\": \($0)" } }
    return "{\n" + (lines + (more.isEmpty ? [] : ["  \(more)"])).joined(separator: ",\n") + "\n}\n"
  }

  /// Text of a protocol on one line; `more` comes last.
  static func proto(
    data: String = #"{"name": "shapes", "size": 16}"#, length: String = #""iterations": 600"#,
    more: String = ""
  ) -> String {
    let rest = more.isEmpty ? "" : ", \(more)"
    return #"{"name": "quick", "data": \#(data), "batch": 128, \#(length), "#
      + #""optimizer": {"learningRate": 0.1}\#(rest)}"#
  }

  static func spec(_ text: String) throws -> ExperimentSpec {
    try ExperimentSpec(bytes: Array(text.utf8), file: "sample.json")
  }

  static func variants(_ text: String) throws -> [Variant] { try spec(text).expand() }

  /// What is wrong with a spec, without the file's name; empty where nothing is.
  static func problems(_ text: String) -> [String] {
    do {
      _ = try variants(text)
      return []
    } catch let error as SpecError {
      return error.problems.map { $0.replacing("sample.json:", with: "") }
    } catch {
      return ["\(error)"]
    }
  }
}
