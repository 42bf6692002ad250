// Claims on a shared folder: one owner at a time, by counters and by calls whose answers may be wrong.
import Experiments
import Foundation
import Synchronization
import TestSupport
import Testing

@testable import Sweeps

@Suite struct ClaimTests {
  /// A clock that stands until it is set.
  private final class Clock: Sendable {
    private let time = Mutex(1000.0)
    func pass(_ seconds: Double) { time.withLock { $0 += seconds } }
    var now: Double { time.withLock { $0 } }
  }

  private let temporary: TemporaryFolder
  private var path: String { temporary.path("claims") }

  init() throws { temporary = try TemporaryFolder() }

  /// One process's view of the folder.
  private func folder(
    _ clock: Clock, _ calls: SharedFolder.Calls = .init(), limit: Double = 60
  ) throws -> ClaimFolder {
    ClaimFolder(
      folder: try SharedFolder(path: path, calls: calls), limit: limit, clock: { clock.now })
  }

  private func taken(_ outcome: ClaimFolder.Outcome) throws -> RunClaim {
    guard case .taken(let claim) = outcome else {
      throw ExperimentError("not taken but \(outcome)")
    }
    return claim
  }

  private func isHeld(_ outcome: ClaimFolder.Outcome) -> Bool {
    if case .held = outcome { true } else { false }
  }

  private func isFinished(_ outcome: ClaimFolder.Outcome) -> Bool {
    if case .finished = outcome { true } else { false }
  }

  @Test func aPieceHasOneOwnerUntilItIsGivenBackOrFinished() throws {
    let clock = Clock()
    let (first, second) = (try folder(clock), try folder(clock))
    let claim = try taken(first.take("a"))
    #expect(claim.number == 1 && claim.name == "a")
    #expect(try isHeld(second.take("a")) && isHeld(first.take("a")))
    #expect(try taken(second.take("b")).number == 1)
    #expect(try claim.giveBack())
    #expect(try !claim.giveBack() && !claim.finish() && !claim.beat())
    let next = try taken(second.take("a"))
    #expect(next.number == 3)
    #expect(try next.beat() && next.finish())
    #expect(try isFinished(first.take("a")) && isFinished(second.take("a")))
    #expect(try isFinished(folder(clock).take("a")))
  }

  @Test func onlyACounterThatStoodStillForTheLimitIsTakenOver() throws {
    let clock = Clock()
    let (first, second) = (try folder(clock), try folder(clock))
    let claim = try taken(first.take("a"))
    #expect(try isHeld(second.take("a")))
    for _ in 0..<5 {
      clock.pass(59)
      #expect(try isHeld(second.take("a")))
      #expect(try claim.beat())
      // However far the clock jumps between two looks: the counter has moved.
      clock.pass(10_000)
      #expect(try isHeld(second.take("a")))
    }
    clock.pass(59.9)
    #expect(try isHeld(second.take("a")))
    // One who has only come says nothing by the time that others have waited.
    let third = try folder(clock)
    #expect(try isHeld(third.take("a")))
    clock.pass(0.1)
    #expect(try isHeld(third.take("a")))
    let next = try taken(second.take("a"))
    #expect(next.number == 2)
    // The first owner finds out, and can neither finish nor give back what is another's.
    #expect(try !claim.beat() && !claim.finish() && !claim.giveBack())
    #expect(try next.beat() && isHeld(third.take("a")) && next.finish())
  }

  @Test func anOwnerThatWasTakenOverCannotFinishEvenUnawares() throws {
    let clock = Clock()
    let (first, second) = (try folder(clock), try folder(clock))
    let claim = try taken(first.take("a"))
    _ = try second.take("a")
    clock.pass(60)
    let next = try taken(second.take("a"))
    #expect(try !claim.finish())
    #expect(try next.beat() && next.finish())
  }

  /// Neither the times of files nor rests of a process that was killed say anything.
  @Test func timesOfFilesAreNotTrusted() throws {
    let clock = Clock()
    let (first, second) = (try folder(clock), try folder(clock))
    let claim = try taken(first.take("a"))
    #expect(try claim.beat() && isHeld(second.take("a")))
    for date in [Date(timeIntervalSince1970: 0), Date(timeIntervalSinceNow: 1e6)] {
      for name in try FileManager.default.contentsOfDirectory(atPath: "\(path)/a") {
        try FileManager.default.setAttributes(
          [.modificationDate: date], ofItemAtPath: "\(path)/a/\(name)")
      }
      clock.pass(29)
      #expect(try isHeld(second.take("a")))
    }
    clock.pass(2)
    #expect(try taken(second.take("a")).number == 2)
  }

  /// A claim of which a power cut left nothing but the name is held by nobody who gives a sign.
  @Test func anEmptyClaimIsTakenOverAfterTheLimit() throws {
    let clock = Clock()
    let observer = try folder(clock)
    try temporary.write("claims/a/claim.1", "")
    #expect(try isHeld(observer.take("a")))
    clock.pass(60)
    #expect(try taken(observer.take("a")).number == 2)
  }

  @Test(arguments: [false, true]) func ofManyAtTheSameMomentOneWins(isTakeover: Bool) throws {
    for round in 0..<50 {
      let (clock, name) = (Clock(), "piece-\(round)")
      let folders = try (0..<8).map { _ in try folder(clock) }
      if isTakeover {
        _ = try taken(folder(clock).take(name))
        for folder in folders { #expect(try isHeld(folder.take(name))) }
        clock.pass(60)
      }
      let won = Mutex([RunClaim]())
      DispatchQueue.concurrentPerform(iterations: 8) { index in
        guard case .taken(let claim)? = try? folders[index].take(name) else { return }
        won.withLock { $0.append(claim) }
      }
      let claims = won.withLock { $0 }
      #expect(claims.map(\.number) == [isTakeover ? 2 : 1])
      #expect(try claims.first?.beat() == true)
    }
  }

  // MARK: Calls whose answers are wrong

  @Test(arguments: [EEXIST, EPERM, EIO, ETIMEDOUT])
  func whatWasDoneCountsAlthoughTheCallFailed(code: Int32) throws {
    var calls = SharedFolder.Calls()
    let (link, rename) = (calls.link, calls.rename)
    calls.link = { link($0, $1) == 0 ? code : EEXIST }
    calls.rename = { rename($0, $1) == 0 ? code : EIO }
    let clock = Clock()
    let owner = try folder(clock, calls)
    let claim = try taken(owner.take("a"))
    #expect(try isHeld(owner.take("a")))
    #expect(try claim.beat() && claim.finish())
    #expect(try isFinished(folder(clock).take("a")))
  }

  /// The last try is known by what it wrote where neither the answer nor the count of links tells.
  @Test func anEndWhoseAnswerWasLostIsKnownAgain() throws {
    let isLate = Mutex(false)
    var calls = SharedFolder.Calls()
    let link = calls.link
    calls.link = { old, new in
      guard isLate.withLock({ $0 }) else { return link(old, new) }
      // Done by the server, but under a copy's name, so that the count of links stays 1; and only
      // after this process was told that it failed.
      isLate.withLock { $0 = false }
      try? FileManager.default.copyItem(atPath: old, toPath: new + ".late")
      return EIO
    }
    let clock = Clock()
    let claim = try taken(folder(clock, calls).take("a"))
    isLate.withLock { $0 = true }
    #expect(throws: ExperimentError.self) { try claim.finish() }
    try FileManager.default.moveItem(atPath: "\(path)/a/claim.2.late", toPath: "\(path)/a/claim.2")
    #expect(try claim.finish())
    #expect(try isFinished(folder(clock).take("a")))
  }

  @Test(arguments: [EEXIST, EPERM]) func losersSeeEither(code: Int32) throws {
    var calls = SharedFolder.Calls()
    let link = calls.link
    calls.link = { link($0, $1) == 0 ? 0 : code }
    let clock = Clock()
    let loser = try folder(clock, calls)
    let claim = try taken(loser.take("a"))
    // Another owner comes between the look and the call.
    #expect(try isHeld(folder(clock).take("a")))
    clock.pass(60)
    try temporary.write("claims/a/claim.2", "finished elsewhere\n")
    #expect(try !claim.finish())
    #expect(try isFinished(loser.take("a")))
  }

  @Test func whatFailedIsSaid() throws {
    var calls = SharedFolder.Calls()
    calls.link = { _, _ in EPERM }
    #expect(
      throws: ExperimentError(
        "the folder \(path) cannot be shared: its file system has no hard links; take one on "
          + "another file system")
    ) { _ = try SharedFolder(path: path, calls: calls) }

    let isBroken = Mutex(false)
    calls = SharedFolder.Calls()
    let (link, rename) = (calls.link, calls.rename)
    calls.link = { old, new in isBroken.withLock { $0 } ? EIO : link(old, new) }
    calls.rename = { old, new in isBroken.withLock { $0 } ? ENOSPC : rename(old, new) }
    let owner = try folder(Clock(), calls)
    let claim = try taken(owner.take("a"))
    isBroken.withLock { $0 = true }
    #expect(throws: ExperimentError("cannot make \(path)/b/claim.1: Input/output error")) {
      _ = try owner.take("b")
    }
    #expect(throws: ExperimentError("cannot write \(path)/a/claim.1.beat: No space left on device"))
    {
      _ = try claim.beat()
    }
    isBroken.withLock { $0 = false }
    #expect(try claim.beat() && claim.finish())
    // Nothing is left but what counts.
    let names = try FileManager.default.contentsOfDirectory(atPath: "\(path)/a").sorted()
    #expect(names == ["claim.1", "claim.1.beat", "claim.2"])
    try temporary.write("file", "")
    #expect(throws: ExperimentError.self) {
      _ = try SharedFolder(path: temporary.path("file"))
    }
  }
}
