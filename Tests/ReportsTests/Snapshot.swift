// Comparing text with a file beside the tests; a file that is missing is a failure.
import Foundation
import Testing

/// Expects the text to equal `Fixtures/NAME`. With BENCH_RECORD_SNAPSHOTS set, writes the file and
/// fails, so that recording is never mistaken for passing.
func expectSnapshot(
  _ text: String, _ name: String, sourceLocation: SourceLocation = #_sourceLocation
) throws {
  let url = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .appending(path: "Fixtures/\(name)")
  if ProcessInfo.processInfo.environment["BENCH_RECORD_SNAPSHOTS"] != nil {
    try Data(text.utf8).write(to: url)
    Issue.record("recorded \(name); look at it and commit it", sourceLocation: sourceLocation)
    return
  }
  let stored = try? String(contentsOf: url, encoding: .utf8)
  let expected = try #require(
    stored, "there is no snapshot \(name); BENCH_RECORD_SNAPSHOTS=1 records it",
    sourceLocation: sourceLocation)
  #expect(text == expected, sourceLocation: sourceLocation)
}
