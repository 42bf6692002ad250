// One of the processes that make a sweep's runs: it takes whatever is free, as long as it may.
import Experiments
import Foundation
import Results
import Synchronization
import Text
import Training

/// What a task is given.
public struct SweepWork: Sendable {
  public var folder: SweepFolder
  public var description: SweepDescription
  /// The runs of the description, in its order.
  public var plans: [RunPlan]
  public var executor: any RunExecutor
  public var provenance: Provenance
  /// Prepares one run in a store of its own.
  public var enter: @Sendable (RunPlan, ResultsStore) throws -> Void
  /// How the runs are made; where their files are is the task's to say.
  public var options: RunOptions
  /// A folder on this machine's own disk.
  public var local: URL

  public init(
    folder: SweepFolder, description: SweepDescription, plans: [RunPlan],
    executor: any RunExecutor, provenance: Provenance, options: RunOptions, local: URL,
    enter: @escaping @Sendable (RunPlan, ResultsStore) throws -> Void
  ) {
    self.folder = folder
    self.description = description
    self.plans = plans
    self.executor = executor
    self.provenance = provenance
    self.options = options
    self.local = local
    self.enter = enter
  }
}

/// What a task has done, and what it left.
public struct SweepTaskSummary: Sendable {
  public var complete = 0
  public var diverged = 0
  /// Taken over by others, because this task gave no sign of life for too long.
  public var lost = 0
  /// Runs that are not finished, and in nobody's hands that this task knows of.
  public var left = 0
  /// In the hands of others.
  public var elsewhere = 0
  /// Runs that are not taken any more, with the reason.
  public var givenUp: [(run: RunKey, reason: String)] = []
  /// Whether it ended because what is left of its time is too short for what is left to do.
  public var isOutOfTime = false
  /// The signal that ended it; nil where it ended by itself.
  public var signal: Int32?
}

/// Makes runs of a sweep until none is left, or its time is over.
public final class SweepTask: Sendable {
  private let work: SweepWork
  private let claims: ClaimFolder
  private let stop: StopRequest
  private let deadline: ContinuousClock.Instant?
  private let wording: ErrorWording
  private let observe: @Sendable (RunEvent) -> Void
  private let say: @Sendable (String) -> Void
  private let names: [String]
  /// What this task has in its hands.
  private let current = Mutex<(claim: RunClaim?, run: OwnedRun?)>((nil, nil))

  /// Seconds for which a task's end is awaited by what it does between runs.
  private static let margin = 10.0

  /// - Parameters:
  ///   - deadline: when the task is ended from outside; nil for never.
  ///   - say: takes sentences for the user that are about no run in particular.
  /// - Throws: `ExperimentError` where the folder cannot hold claims.
  public init(
    _ work: SweepWork, stop: StopRequest, deadline: ContinuousClock.Instant?,
    wording: @escaping ErrorWording, say: @escaping @Sendable (String) -> Void,
    observe: @escaping @Sendable (RunEvent) -> Void
  ) throws(ExperimentError) {
    self.work = work
    claims = try ClaimFolder(path: work.folder.runs, limit: work.description.rules.staleAfter)
    self.stop = stop
    self.deadline = deadline
    self.wording = wording
    self.say = say
    self.observe = observe
    names = work.plans.map {
      work.description.folderName(.init(variant: $0.variant.name, seed: $0.seed))
    }
  }

  /// What a look at the runs that are left has given.
  private enum Find {
    case taken(Int, RunClaim)
    /// None is free; so many are in others' hands.
    case none(held: Int)
    /// Some are free, but the time that is left is too short for any.
    case outOfTime
  }

  /// What this task knows of the runs.
  private final class Knowledge {
    var finished: Set<Int> = []
    /// Not to be tried here again.
    var avoided: Set<Int> = []
    var givenUp: [Int: String] = [:]
    var pace = Pace()
  }

  /// Takes and makes runs, one after the other. Blocks.
  /// - Throws: where the shared folder or the disk cannot be read or written.
  public func run() throws -> SweepTaskSummary {
    var summary = SweepTaskSummary()
    let known = Knowledge()
    let pulse = startPulse()
    defer { pulse.set() }
    // Whoever holds a run is watched as long as it takes to know that he is gone.
    let patience = 1.5 * claims.limit
    var waitingSince: ContinuousClock.Instant?
    var pause = min(0.25, claims.limit / 10)
    var held = 0
    search: while !stop.isRequested {
      switch try patiently({ try find(known) }) {
      case .outOfTime:
        summary.isOutOfTime = true
        break search
      case .taken(let index, let claim):
        waitingSince = nil
        pause = min(0.25, claims.limit / 10)
        try make(index, claim, known, &summary)
      case .none(let others):
        held = others
        let now = ContinuousClock.now
        let since = waitingSince ?? now
        if others == 0 || (now - since).inSeconds > patience { break search }
        if waitingSince == nil {
          say("no run is free, \(others) in other hands; watching whether their owners live")
        }
        waitingSince = since
        let wake = now + .seconds(pause)
        while !stop.isRequested, ContinuousClock.now < wake { usleep(50_000) }
        pause = min(2 * pause, claims.limit / 8)
      }
    }
    summary.signal = stop.signal
    summary.elsewhere = summary.signal == nil ? held : 0
    summary.givenUp = known.givenUp.sorted { $0.key < $1.key }.map {
      (work.plans[$0.key].key, $0.value)
    }
    summary.left =
      work.plans.count - known.finished.count - known.givenUp.count
      - (summary.signal == nil ? held : 0)
    if known.finished.count == work.plans.count {
      work.folder.mark(work.folder.completeMark(work.description))
    }
    return summary
  }

  // MARK: Taking

  private func find(_ known: Knowledge) throws -> Find {
    let folder = work.folder
    guard SweepFolder.opens(folder.descriptionFile) else {
      throw ExperimentError(
        "the sweep's folder \(printable(folder.path, limit: 4096)) was removed, or cannot be read")
    }
    let (done, begun, back) = (
      SweepFolder.names(folder.done), SweepFolder.names(folder.runs),
      SweepFolder.names(folder.back)
    )
    for index in names.indices where done.contains(names[index]) { known.finished.insert(index) }
    let open = names.indices.filter { !known.finished.contains($0) && !known.avoided.contains($0) }
    // What was given back goes first, then what nobody has begun; then all others, whose owners may
    // be gone.
    let first = open.filter { back.contains(names[$0]) }
    let second = open.filter { !begun.contains(names[$0]) }
    let quick = Set(first + second)
    let ordered = fitting(first + second, known.pace)
    if ordered.isEmpty, !quick.isEmpty { return .outOfTime }
    for index in ordered {
      if let claim = try take(index, known) { return .taken(index, claim) }
    }
    var held = 0
    for index in open where !quick.contains(index) {
      if stop.isRequested { break }
      if let claim = try take(index, known) { return .taken(index, claim) }
      if !known.finished.contains(index), known.givenUp[index] == nil { held += 1 }
    }
    return .none(held: held)
  }

  /// Does what needs the shared folder, again and again while that fails, for the time that a claim
  /// holds without a sign: servers are started anew, and connections come back.
  private func patiently<Value>(_ body: () throws -> Value) throws -> Value {
    let end = ContinuousClock.now + .seconds(claims.limit)
    var isSaid = false
    while true {
      do {
        return try body()
      } catch  where ContinuousClock.now < end && !stop.isRequested {
        if !isSaid { say("\(wording(error)); trying again") }
        isSaid = true
        usleep(UInt32(min(5, claims.limit / 20) * 1e6))
      }
    }
  }

  private func take(_ index: Int, _ known: Knowledge) throws -> RunClaim? {
    let rules = work.description.rules
    let outcome = try claim(index)
    known.givenUp[index] = nil
    switch outcome {
    case .taken(let claim): return claim
    case .held: return nil
    case .finished: known.finished.insert(index)
    case .unwanted(let note): known.givenUp[index] = RunNote(note).obstacle(rules)
    }
    return nil
  }

  /// Claims a run, if it is free and not given up. What became of an owner who vanished is in the new
  /// claim's note from the beginning, lest it be forgotten with the next one.
  func claim(_ index: Int) throws -> ClaimFolder.Outcome {
    let rules = work.description.rules
    return try claims.take(names[index]) { text, silent in
      var note = RunNote(text)
      if let silent {
        let path = work.folder.latestSeries(names[index], before: silent + 1)?.path
        let reader = path.flatMap { try? ResultsReader(snapshot: $0) }
        let run = reader.flatMap { try? $0.runs().first { $0.key == work.plans[index].key } }
        let step = run?.step ?? 0
        // One that vanished before it had got anywhere may do so again, for want of memory.
        if step <= note.step { note.ends.failures += 1 }
        note.step = max(step, note.step)
      }
      // Taken all the same where that was the last time: the failure is written down then.
      return silent == nil && note.obstacle(rules) != nil ? nil : note.text
    }
  }

  /// Those that can be begun in the time that is left: first those that can also be finished, in their
  /// order; else those that reach a checkpoint.
  private func fitting(_ runs: [Int], _ pace: Pace) -> [Int] {
    guard let deadline else { return runs }
    let left = (deadline - .now).inSeconds - Self.margin
    func estimate(_ index: Int) -> (whole: Double, step: Double)? {
      let plan = work.plans[index]
      let known = work.description.variants[plan.variant.name]?.seconds
      return pace.seconds(plan, estimate: known).map { ($0, $0 / Double(max(1, plan.steps))) }
    }
    var (whole, part): ([Int], [Int]) = ([], [])
    for index in runs {
      guard let needs = estimate(index) else {
        // Nothing is known of its length.
        if left > 30 { part.append(index) }
        continue
      }
      if needs.whole <= left {
        whole.append(index)
      } else if 3 * needs.step + Self.margin <= left {
        part.append(index)
      }
    }
    return whole.isEmpty ? part : whole
  }

  // MARK: Making

  private func make(
    _ index: Int, _ claim: RunClaim, _ known: Knowledge, _ summary: inout SweepTaskSummary
  ) throws {
    let plan = work.plans[index]
    work.folder.mark("\(work.folder.back)/\(claim.name)", false)
    // Taking over what others have left may take long.
    current.withLock { $0 = (claim, nil) }
    defer { current.withLock { $0 = (nil, nil) } }
    let owned: OwnedRun
    do {
      owned = try own(plan, claim)
    } catch {
      if try claim.giveBack(note: claim.note) {
        work.folder.mark("\(work.folder.back)/\(claim.name)")
      }
      throw error
    }
    defer { owned.clear() }
    current.withLock { $0 = (claim, owned) }
    if let reason = owned.note.obstacle(work.description.rules) {
      known.givenUp[index] = reason
      _ = try owned.giveBack()
      return
    }
    // Before anything else, so that whoever takes over from this task knows what it knew.
    owned.publish()
    var options = work.options
    options.retriesFailed = true
    options.place = owned.runPlace
    let runner = ExperimentRunner(
      store: owned.store, executor: work.executor, provenance: work.provenance, stop: stop,
      options: options, wording: wording, observe: observe)
    let begin = ContinuousClock.now
    let result = runner.run([plan], jobs: 1).results.first?.result ?? .waiting
    guard !owned.isLost else {
      summary.lost += 1
      return
    }
    switch result {
    case .complete, .diverged, .skipped(.complete), .skipped(.diverged):
      guard try patiently({ try owned.finish() }) else {
        summary.lost += 1
        return
      }
      known.finished.insert(index)
      if case .complete(let seconds) = result {
        summary.complete += 1
        let part = min(seconds, (ContinuousClock.now - begin).inSeconds)
        known.pace.learn(
          plan, estimate: work.description.variants[plan.variant.name]?.seconds,
          seconds: max(seconds, part))
      } else {
        summary.diverged += 1
      }
    case .failed:
      let before = owned.note.ends.failures
      let note = try patiently { try owned.giveBack() }
      // It was not even begun: another machine may be the right one.
      if note.ends.failures == before { known.avoided.insert(index) }
      if let reason = note.obstacle(work.description.rules) { known.givenUp[index] = reason }
    case .interrupted, .preempted, .outOfTime, .waiting:
      let note = try patiently { try owned.giveBack() }
      if let reason = note.obstacle(work.description.rules) { known.givenUp[index] = reason }
      if result == .waiting, !stop.isRequested { known.avoided.insert(index) }
    case .lost, .skipped:
      _ = try owned.giveBack()
      known.avoided.insert(index)
    }
  }

  /// A run that was claimed, with what its earlier owners have left.
  func own(_ plan: RunPlan, _ claim: RunClaim) throws -> OwnedRun {
    try OwnedRun(
      plan, claim, in: work.folder, local: work.local.appending(path: claim.name),
      enter: { try work.enter(plan, $0) }, say: { [observe] in observe(.note(plan, $0)) })
  }

  /// Says that the owner of the run in work lives, and shows how far it is, also while a step takes
  /// long.
  private func startPulse() -> PulseStop {
    let end = PulseStop()
    let interval = max(0.05, claims.limit / 9)
    let thread = Thread { [self] in
      var last = ContinuousClock.now
      while !end.isSet {
        usleep(UInt32(min(interval, 0.2) * 1e6))
        guard (ContinuousClock.now - last).inSeconds >= interval else { continue }
        last = .now
        let (claim, owned) = current.withLock { $0 }
        // Where it fails, the run's numbers cannot be written either, which is said.
        _ = try? claim?.beat()
        if let owned, !owned.isLost { owned.publish(after: .seconds(60)) }
      }
    }
    thread.name = "claims"
    thread.start()
    return end
  }
}

/// How long runs take here: the estimates that came with the sweep, corrected by those that were made.
struct Pace: Sendable {
  private var estimated = 0.0
  private var work = 0.0
  private var seconds = 0.0

  /// Takes a whole run's time into account.
  mutating func learn(_ plan: RunPlan, estimate: Double?, seconds: Double) {
    self.seconds += seconds
    work += plan.workPerStep * Double(plan.steps)
    estimated += estimate ?? 0
  }

  /// Seconds of a whole run; nil where nothing is known.
  func seconds(_ plan: RunPlan, estimate: Double?) -> Double? {
    if let estimate { return estimated > 0 ? estimate * seconds / estimated : estimate }
    guard work > 0 else { return nil }
    return plan.workPerStep * Double(plan.steps) * seconds / work
  }
}

/// Ends the thread that gives signs of life when set.
private final class PulseStop: Sendable {
  private let flag = Atomic<Bool>(false)

  var isSet: Bool { flag.load(ordering: .relaxed) }

  func set() { flag.store(true, ordering: .relaxed) }
}
