// A database that is deleted, renamed or replaced under a run: noticed, and all of it saved.
import Foundation
import GRDB
import TestSupport
import Testing

@testable import Results

@Suite struct LostDatabaseTests {
  let folder: TemporaryFolder
  let store: ResultsStore

  init() throws {
    folder = try TemporaryFolder()
    store = try ResultsStore(path: folder.database)
    try store.prepare(Fixture.experiment(), variants: Fixture.variants, seeds: [0, 1])
  }

  private func values(_ path: String) throws -> [Double] {
    try ResultsReader(path: path).curves(experiment: "degradation", metrics: ["trainLoss"])
      .flatMap(\.points).map(\.value)
  }

  @Test(arguments: ["deleted", "renamed", "replaced", "without its log", "without its folder"])
  func isSaved(how: String) throws {
    let run = try store.acquired("plain-20", 0)
    try store.record(run, step: 1, metrics: [("trainLoss", 0.5)])
    let path = folder.database
    let manager = FileManager.default
    switch how {
    case "deleted": for end in ["", "-wal", "-shm"] { try manager.removeItem(atPath: path + end) }
    case "renamed": try manager.moveItem(atPath: path, toPath: path + ".old")
    case "replaced":
      try manager.removeItem(atPath: path)
      try Data().write(to: URL(fileURLWithPath: path))
    case "without its log": try manager.removeItem(atPath: path + "-wal")
    default: try manager.removeItem(at: URL(fileURLWithPath: path).deletingLastPathComponent())
    }
    for step in 2...3 {
      let error = #expect(throws: ResultsError.self) {
        try store.record(run, step: step, metrics: [("trainLoss", 0.25)])
      }
      #expect(error?.kind == .gone && error?.remedy == .useRescued)
      let text = "was deleted, renamed or replaced while it was in use; all that it held is in"
      #expect(error?.description.contains(text) == true, "\(error?.description ?? "")")
    }
    // Once, and nothing else under that name.
    #expect(!manager.fileExists(atPath: path + ".rescued-2"))
    #expect(try values(path + ".rescued") == [0.5])
    #expect(try ResultsReader(path: path + ".rescued").check().allSatisfy { !$0.isProblem })
  }

  /// An earlier rescue is not replaced by a later one.
  @Test func isSavedUnderAFreeName() throws {
    let path = folder.database
    try Data("mine".utf8).write(to: URL(fileURLWithPath: path + ".rescued"))
    let run = try store.acquired("plain-20", 0)
    try FileManager.default.removeItem(atPath: path)
    #expect(throws: ResultsError.self) {
      try store.record(run, step: 1, metrics: [("trainLoss", 0.5)])
    }
    #expect(FileManager.default.contents(atPath: path + ".rescued") == Data("mine".utf8))
    #expect(try values(path + ".rescued-2") == [])
  }

  /// A copy made beside it, a checkpoint of the log and other readers are no loss.
  @Test func othersAtWorkAreNoLoss() throws {
    let run = try store.acquired("plain-20", 0)
    try store.record(run, step: 1, metrics: [("trainLoss", 0.5)])
    let reader = try ResultsReader(path: folder.database)
    try reader.backUp(to: folder.database + ".copy")
    try store.queue.writeWithoutTransaction { db in
      _ = try Row.fetchAll(db, sql: "PRAGMA wal_checkpoint(TRUNCATE)")
    }
    do {
      let other = try ResultsStore(path: folder.database)
      try other.prepare(Fixture.experiment(), variants: Fixture.variants, seeds: [0, 1, 2])
    }
    try store.record(run, step: 2, metrics: [("trainLoss", 0.25)])
    #expect(try values(folder.database) == [0.5, 0.25])
  }
}
