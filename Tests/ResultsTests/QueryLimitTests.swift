// Queries that would run for ever, or fill the memory.
import Foundation
import TestSupport
import Testing

@testable import Results

@Suite struct QueryLimitTests {
  let folder: TemporaryFolder
  let reader: ResultsReader
  static let endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) "

  init() throws {
    folder = try TemporaryFolder()
    _ = try ResultsStore(path: folder.database)
    reader = try ResultsReader(path: folder.database)
  }

  @Test func anEndlessQueryIsStopped() throws {
    let clock = ContinuousClock()
    let start = clock.now
    let error = #expect(throws: ResultsError.self) {
      try reader.query(Self.endless + "SELECT count(*) FROM n", timeout: .milliseconds(300))
    }
    #expect(error?.description.contains("stopped after 0.3 seconds") == true)
    #expect(error?.remedy == .allowMoreTime)
    #expect(clock.now - start >= .milliseconds(300))
    #expect(clock.now - start < .seconds(30))
    // The connection goes on, without the limit.
    #expect(try reader.query("SELECT 1").rows == [[.integer(1)]])
  }

  @Test func timeIsNotLimitedUnlessAsked() throws {
    let sql = Self.endless + "SELECT i FROM n LIMIT 3"
    #expect(try reader.query(sql).rows.count == 3)
    #expect(try reader.query(sql, timeout: .seconds(60)).rows.count == 3)
  }

  @Test func anAnswerHasABound() {
    let error = #expect(throws: ResultsError.self) {
      try reader.query(Self.endless + "SELECT zeroblob(33554432) FROM n", timeout: .seconds(60))
    }
    #expect(error?.description.contains("512 MB") == true)
  }

  @Test func aSingleValueHasABound() {
    #expect(throws: ResultsError.self) { try reader.query("SELECT length(zeroblob(500000000))") }
  }
}
