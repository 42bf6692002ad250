// Numbers that the database could not take: a file beside it, merged into it later.
import Foundation
import GRDB

/// The journal of one attempt: `journal/RUN-ATTEMPT.jsonl` beside the database, one JSON object a
/// line. The first line says whose it is.
struct RunJournal {
  struct Owner: Codable, Equatable {
    var runId: String
    var attempt: Int
    var processId: Int32
    var processStart: Int64
    var processHost: String
    var bootId: String

    var process: ProcessIdentity {
      ProcessIdentity(
        host: processHost, bootId: bootId, pid: processId, startTicks: processStart)
    }
  }

  /// A record, the final answers, or how the attempt ended.
  struct Entry: Codable, Equatable {
    var step: Int?
    var metrics: [String: Double]?
    var answers: Correctness?
    var ending: Ending?
  }

  struct Ending: Codable, Equatable {
    var status: RunStatus
    var seconds: Double
    var weightsHash: String?
    var message: String?
    var finishedAt: String
    var early: EarlyEnd?
  }

  private static let nonFinite = (infinity: "inf", minus: "-inf", nan: "nan")
  /// A line is short; a file of many gigabytes is none of ours.
  private static let maximumBytes = 1 << 30

  let path: String
  let owner: Owner
  private(set) var entries: [Entry] = []
  /// Lines that cannot be read: how many, from which line of the file on.
  private(set) var damage: (lines: Int, from: Int)?

  init(database: String, owner: Owner) {
    self.owner = owner
    path = Self.folder(besideDatabase: database) + "/\(owner.runId)-\(owner.attempt).jsonl"
  }

  /// Reads a journal as far as it is whole. A last line without an end is no damage: a process was
  /// killed as it wrote it, and had not relied on it yet.
  /// - Returns: nil where it is none.
  init?(path: String) {
    let attributes = try? FileManager.default.attributesOfItem(atPath: path)
    guard attributes?[.type] as? FileAttributeType == .typeRegular,
      (attributes?[.size] as? Int ?? .max) <= Self.maximumBytes,
      let data = FileManager.default.contents(atPath: path)
    else { return nil }
    let decoder = JSONDecoder()
    decoder.nonConformingFloatDecodingStrategy = .convertFromString(
      positiveInfinity: Self.nonFinite.infinity, negativeInfinity: Self.nonFinite.minus,
      nan: Self.nonFinite.nan)
    let lines = data.split(separator: UInt8(ascii: "\n"))
    guard let first = lines.first, let owner = try? decoder.decode(Owner.self, from: first) else {
      return nil
    }
    self.path = path
    self.owner = owner
    for (index, line) in lines.enumerated().dropFirst() {
      guard let entry = try? decoder.decode(Entry.self, from: line) else {
        let isCutOff = index == lines.count - 1 && data.last != UInt8(ascii: "\n")
        if !isCutOff { damage = (lines.count - index, index + 1) }
        break
      }
      entries.append(entry)
    }
  }

  static func folder(besideDatabase database: String) -> String {
    URL(fileURLWithPath: database).deletingLastPathComponent().appending(path: "journal").path
  }

  /// Paths of all journals beside a database.
  static func files(besideDatabase database: String) -> [String] {
    let folder = folder(besideDatabase: database)
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    return names.sorted().filter { $0.hasSuffix(".jsonl") }.map { "\(folder)/\($0)" }
  }

  /// Appends an entry, on the disk when it returns.
  /// - Throws: `ResultsError` where the file cannot be written either.
  mutating func append(_ entry: Entry) throws(ResultsError) {
    let encoder = JSONEncoder()
    encoder.nonConformingFloatEncodingStrategy = .convertToString(
      positiveInfinity: Self.nonFinite.infinity, negativeInfinity: Self.nonFinite.minus,
      nan: Self.nonFinite.nan)
    try ResultsError.wrap("cannot write the journal \(path) either") {
      var text = Data()
      if entries.isEmpty {
        try FileManager.default.createDirectory(
          atPath: URL(fileURLWithPath: path).deletingLastPathComponent().path,
          withIntermediateDirectories: true)
        try Data().write(to: URL(fileURLWithPath: path))
        text = try encoder.encode(owner) + Data("\n".utf8)
      }
      text += try encoder.encode(entry) + Data("\n".utf8)
      let handle = try FileHandle(forWritingTo: URL(fileURLWithPath: path))
      defer { try? handle.close() }
      let end = try handle.seekToEnd()
      do {
        try handle.write(contentsOf: text)
        try handle.synchronize()
      } catch {
        // Half a line would hide the lines after it, and an empty file would be nobody's.
        if end == 0 { unlink(path) } else { try? handle.truncate(atOffset: end) }
        throw error
      }
    }
    entries.append(entry)
  }

  mutating func remove() {
    entries = []
    unlink(path)
  }

  /// Gives the file a name under which it is not read again, but can be looked at.
  /// - Returns: the new path.
  func putAside() -> String {
    let aside = "\(path).damaged"
    return rename(path, aside) == 0 ? aside : path
  }

  /// Enters everything into the attempt with this id.
  func enter(into attemptId: Int64, in db: Database) throws {
    for entry in entries {
      if let step = entry.step, let metrics = entry.metrics {
        try ResultsStore.insert(
          metrics.map { (name: $0.key, value: $0.value) }, step: step, ofAttempt: attemptId, in: db)
      }
      if let answers = entry.answers {
        try ResultsStore.insert(answers, ofAttempt: attemptId, in: db)
      }
      if let ending = entry.ending {
        try db.execute(
          sql: """
            UPDATE attempt SET finishedAt = ?, seconds = ?, weightsHash = ?,
              message = ?\(ResultsStore.counting(ending.status, ending.early)),
              status = CASE WHEN status = 'diverged' AND ? <> 'failed' THEN status ELSE ? END
            WHERE id = ?
            """,
          arguments: [
            ending.finishedAt, ending.seconds, ending.weightsHash, ending.message,
            ending.status.rawValue, ending.status.rawValue, attemptId,
          ])
      }
    }
  }
}

extension ResultsStore {
  /// Enters the journals beside the database that processes have left, and removes them.
  /// - Parameters:
  ///   - ownToo: also those of this process, which has no run in work any more.
  ///   - say: takes a sentence for the user about each.
  public func mergeJournals(ownToo: Bool, say: (String) -> Void) throws(ResultsError) {
    let folder = RunJournal.folder(besideDatabase: path)
    for file in journalFiles {
      guard var journal = RunJournal(path: file) else {
        say("\(file) is no journal of numbers and was left alone")
        continue
      }
      let worker = journal.owner.process
      let isOwn = ownToo && worker == process
      // The journal of a process that lives is for that one to enter.
      guard isOwn || worker.isAlive(seenFrom: process) != true, let key = try enter(journal) else {
        continue
      }
      say("\(key): its journal is in the database now (entries: \(journal.entries.count))")
      if let damage = journal.damage {
        say(
          "\(key): its journal is damaged: what stands from line \(damage.from) on (lines: "
            + "\(damage.lines)) cannot be read and is kept in \(journal.putAside()); what it held is "
            + "recorded again when the run goes on from its checkpoint")
      } else {
        journal.remove()
      }
    }
    // Gone when empty, and only then.
    rmdir(folder)
  }

  /// Paths of this process's journals that are still to be entered.
  public var ownJournals: [String] {
    journalFiles.filter { RunJournal(path: $0)?.owner.process == process }
  }

  private var journalFiles: [String] { RunJournal.files(besideDatabase: path) }

  /// - Returns: the run's key; nil where this database does not know the run: another may.
  private func enter(_ journal: RunJournal) throws(ResultsError) -> String? {
    let owner = journal.owner
    return try write("cannot enter the journal \(journal.path)") { db in
      let row = try Row.fetchOne(
        db,
        sql: """
          SELECT attempt.*, experiment.name || '/' || variant.name || '/' || run.seed AS key
          FROM attempt JOIN run ON run.id = attempt.runId
            JOIN variant ON variant.id = run.variantId
            JOIN experiment ON experiment.id = variant.experimentId
          WHERE attempt.runId = ? AND attempt.number = ?
          """, arguments: [owner.runId, owner.attempt])
      guard let row else { return nil }
      let known = try RunJournal.Owner(
        runId: owner.runId, attempt: owner.attempt, processId: row.get("processId"),
        processStart: row.get("processStart"), processHost: row.get("processHost"),
        bootId: row.get("bootId"))
      // Where another process has taken the attempt up since, it records these numbers again.
      if known == owner { try journal.enter(into: row.get("id"), in: db) }
      return try row.get("key")
    }
  }
}

/// Numbers of a run that wait to be entered into the database.
public struct WaitingJournal: Hashable, Sendable {
  public let run: RunKey
  /// The file that holds them until then.
  public let path: String
  public let entries: Int
}

extension ResultsReader {
  /// What waits in journals to be entered into this database.
  public func waitingJournals() throws(ResultsError) -> [WaitingJournal] {
    let journals = RunJournal.files(besideDatabase: path).compactMap { RunJournal(path: $0) }
    guard !journals.isEmpty else { return [] }
    let keys = Dictionary(
      try runs().map { ($0.runId, $0.key) }, uniquingKeysWith: { first, _ in first })
    return journals.compactMap { journal in
      keys[journal.owner.runId].map { key in
        WaitingJournal(run: key, path: journal.path, entries: journal.entries.count)
      }
    }
  }
}
