// Comparing text with a file of the project, and writing the file where that is asked for.
import Foundation
import Testing

/// Expects the text to equal the file's; a file that is missing is a failure. `make schema` and
/// `make snapshots` set BENCH_RECORD_SNAPSHOTS: then a file of other text is written, and the test
/// fails, so that recording is never mistaken for passing.
public func expectStored(
  _ text: String, in file: URL, sourceLocation: SourceLocation = #_sourceLocation
) throws {
  let stored = try? String(contentsOf: file, encoding: .utf8)
  if ProcessInfo.processInfo.environment["BENCH_RECORD_SNAPSHOTS"] != nil {
    guard stored != text else { return }
    try Data(text.utf8).write(to: file)
    Issue.record(
      "recorded \(file.lastPathComponent); look at it and commit it",
      sourceLocation: sourceLocation)
    return
  }
  let expected = try #require(
    stored, "there is no \(file.path); make snapshots records it", sourceLocation: sourceLocation)
  #expect(text == expected, sourceLocation: sourceLocation)
}
