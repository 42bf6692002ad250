// Eight processes share 2,000 pieces of work while some are killed and some stand still: every piece
// is finished once, and nobody takes over what an owner works on.
import Foundation
import Numerics
import TestSupport
import Testing

@Suite struct ClaimProcessesTests {
  private static let limit = 0.3
  private static let pieces = 2000

  /// A claim as its owner's log tells it, in seconds of the machine's one clock.
  private struct Record {
    var began: Double?
    var beats: [Double] = []
    /// `finished`, `gave` or `lost`; nil where the owner was killed.
    var end: String?
    var ended = 0.0
  }

  private let temporary: TemporaryFolder
  private let program: URL

  init() throws {
    temporary = try TemporaryFolder(inMemory: true)
    program = URL(filePath: CommandLine.arguments[0]).deletingLastPathComponent()
      .appending(path: "claimant")
  }

  private func start(_ number: Int) throws -> Process {
    let process = Process()
    process.executableURL = program
    process.arguments = [
      temporary.path("claims"), temporary.path("log-\(number)"), "\(Self.pieces)",
      "\(Self.limit)", "\(number)",
    ]
    try process.run()
    return process
  }

  /// Every owner's record, by piece and number of the claim.
  private func records(logs: Int) throws -> [String: [Int: Record]] {
    var records: [String: [Int: Record]] = [:]
    for number in 0..<logs {
      let path = temporary.path("log-\(number)")
      guard FileManager.default.fileExists(atPath: path) else { continue }
      for line in try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n") {
        let words = line.split(separator: " ")
        try #require(words.count == 4, "\(line)")
        let (piece, claim) = (String(words[1]), try #require(Int(words[2])))
        let time = try #require(Double(words[3]))
        var record = records[piece]?[claim] ?? Record()
        switch words[0] {
        case "began":
          // Two owners of one claim would be two lines.
          #expect(record.began == nil, "\(line)")
          record.began = time
        case "beat": record.beats.append(time)
        default:
          #expect(record.end == nil, "\(line)")
          (record.end, record.ended) = (String(words[0]), time)
        }
        records[piece, default: [:]][claim] = record
      }
    }
    return records
  }

  @Test func everyPieceIsFinishedOnceHoweverItsOwnersEnd() throws {
    var random = CounterRandom(seed: 14, purpose: .statistics)
    var started = 8
    var processes = try (0..<8).map { try start($0) }
    var (kills, stops) = (0, 0)
    while processes.contains(where: \.isRunning) {
      usleep(UInt32(random.uniform(2_000, 10_000)))
      let index = random.integer(below: 8)
      let process = processes[index]
      guard process.isRunning, kills + stops < 60 else { continue }
      if random.uniform() < 0.6 {
        kills += 1
        kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
        processes[index] = try start(started)
        started += 1
      } else {
        stops += 1
        kill(process.processIdentifier, SIGSTOP)
        usleep(UInt32(1.5e6 * Self.limit))
        kill(process.processIdentifier, SIGCONT)
      }
    }
    for process in processes {
      #expect(process.terminationReason == .exit && process.terminationStatus == 0)
    }
    let records = try records(logs: started)
    var (takeovers, lost) = (0, 0)
    for piece in 0..<Self.pieces {
      let name = "piece-\(piece)"
      let claims = records[name] ?? [:]
      let finished = claims.filter { $0.value.end == "finished" }.map(\.key)
      #expect(finished.count <= 1, "\(name) was finished by \(finished)")
      // The last claim of all is the end; one that was killed at once did not write it down.
      var last = 0
      while FileManager.default.fileExists(
        atPath: temporary.path("claims/\(name)/claim.\(last + 1)"))
      {
        last += 1
      }
      let text = try String(
        contentsOfFile: temporary.path("claims/\(name)/claim.\(last)"), encoding: .utf8)
      #expect(text.hasPrefix("finished "), "\(name)")
      #expect(finished.allSatisfy { $0 == last - 1 })
      for (number, claim) in claims {
        guard let next = claims[number + 1]?.began, let began = claim.began else { continue }
        // The next number is an owner's, not this one's end: it was taken over.
        takeovers += 1
        if claim.end != nil { lost += 1 }
        #expect(claim.end == nil || claim.end == "lost", "\(name).\(number)")
        // Its counter stood still for the limit; a heartbeat in work at the takeover may end after it.
        let times = [began] + claim.beats
        #expect(times.count { $0 > next - Self.limit } <= 1, "\(name).\(number)")
        #expect(claim.beats.allSatisfy { $0 <= next }, "\(name).\(number) went on")
      }
    }
    print("\(kills) kills, \(stops) stops, \(takeovers) taken over, \(lost) noticed")
    #expect(takeovers > 0 && kills > 0 && stops > 0)
  }
}
