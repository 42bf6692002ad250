// Works through the claims of a folder as one of several processes, for the tests, and writes down
// what it did and when: FOLDER LOG PIECES LIMIT SEED.
import Foundation
import Numerics
import Sweeps

let arguments = CommandLine.arguments
guard arguments.count == 6, let pieces = Int(arguments[3]), let limit = Double(arguments[4]),
  let seed = UInt64(arguments[5])
else {
  print("claimant FOLDER LOG PIECES LIMIT SEED")
  exit(2)
}
let log = open(arguments[2], O_WRONLY | O_CREAT | O_APPEND, 0o644)
var random = CounterRandom(seed: seed, purpose: .statistics)

/// A line: what, of which claim, and when in seconds since the machine's start.
@MainActor func note(_ word: String, _ claim: RunClaim, at time: Double) {
  let line = Array("\(word) \(claim.name) \(claim.number) \(time)\n".utf8)
  guard write(log, line, line.count) == line.count else { exit(3) }
}

func now() -> Double { ProcessInfo.processInfo.systemUptime }

@MainActor func work(on claim: RunClaim, _ random: inout CounterRandom) throws {
  note("began", claim, at: now())
  for _ in 0..<3 {
    usleep(UInt32(random.uniform(0, 1000)))
    let time = now()
    guard try claim.beat() else { return note("lost", claim, at: time) }
    note("beat", claim, at: time)
  }
  let time = now()
  if random.uniform(0, 1) < 0.1 {
    note(try claim.giveBack() ? "gave" : "lost", claim, at: time)
  } else {
    note(try claim.finish() ? "finished" : "lost", claim, at: time)
  }
}

let folder = try ClaimFolder(path: arguments[1], limit: limit)
var left = (0..<pieces).map { "piece-\($0)" }
while !left.isEmpty {
  // All processes are about the same few pieces.
  let index = min(Int(random.uniform(0, 16)), left.count - 1)
  switch try folder.take(left[index]) {
  case .taken(let claim): try work(on: claim, &random)
  case .held: usleep(300)
  case .finished, .unwanted: left.remove(at: index)
  }
}
