// Which test examples a run got right: stored one bit each, read for comparisons of two runs.
import Foundation
import GRDB

/// The answers of one evaluation, example by example.
public struct Correctness: Codable, Equatable, Sendable {
  /// Steps done when the test set was evaluated.
  public var step: Int
  /// Whether each answer was right, in the order of the test set.
  public var correct: [Bool]
  /// SHA-256 of the test examples, hexadecimal: only equal ones can be paired.
  public var testChecksum: String

  public init(step: Int, correct: [Bool], testChecksum: String) {
    self.step = step
    self.correct = correct
    self.testChecksum = testChecksum
  }

  /// One bit for each example, the first in the lowest bit of the first byte.
  var bits: Data {
    var bytes = [UInt8](repeating: 0, count: (correct.count + 7) / 8)
    for (index, isRight) in correct.enumerated() where isRight {
      bytes[index / 8] |= 1 << (index % 8)
    }
    return Data(bytes)
  }

  /// The first `count` bits; nil where there are fewer.
  static func unpacked(_ bits: Data, count: Int) -> [Bool]? {
    let bytes = [UInt8](bits)
    guard count >= 0, bytes.count == (count + 7) / 8 else { return nil }
    return (0..<count).map { index in
      let mask: UInt8 = 1 << (index % 8)
      return bytes[index / 8] & mask != 0
    }
  }
}

extension ResultsStore {
  /// Stores the answers of a run's final evaluation, in place of earlier ones.
  /// - Throws: `ResultsError` if the database cannot be written, or the run is no longer this
  ///   process's.
  public func record(_ run: AcquiredRun, _ correctness: Correctness) throws(ResultsError) {
    try write("cannot record the test examples of run \(run.key)") { db in
      try self.touch(run, step: correctness.step, assignments: "", in: db)
      try Self.insert(correctness, ofAttempt: run.attemptId, in: db)
    }
  }

  static func insert(_ correctness: Correctness, ofAttempt id: Int64, in db: Database) throws {
    try db.execute(
      sql: """
        INSERT INTO correctness (attemptId, step, count, testChecksum, bits)
        VALUES (?, ?, ?, ?, ?)
        ON CONFLICT DO UPDATE SET step = excluded.step, count = excluded.count,
          testChecksum = excluded.testChecksum, bits = excluded.bits
        """,
      arguments: [
        id, correctness.step, correctness.correct.count, correctness.testChecksum,
        correctness.bits,
      ])
  }
}

extension ResultsReader {
  /// The answers of a run's current attempt; nil where none were stored, as by earlier versions.
  public func correctness(ofRun runId: String) throws(ResultsError) -> Correctness? {
    try read { db in
      guard try db.tableExists("correctness") else { return nil }
      let row = try Row.fetchOne(
        db,
        sql: """
          SELECT correctness.* FROM correctness
            JOIN run ON run.currentAttempt = correctness.attemptId
          WHERE run.id = ?
          """, arguments: [runId])
      guard let row,
        let correct = Correctness.unpacked(try row.get("bits"), count: try row.get("count"))
      else { return nil }
      return Correctness(
        step: try row.get("step"), correct: correct, testChecksum: try row.get("testChecksum"))
    }
  }
}
