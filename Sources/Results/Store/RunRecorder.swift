// Writes down one run in work, also while the database cannot be written.
import Foundation
import Synchronization

/// The way from a run in work to the database. While that is locked, full or not to be written,
/// numbers go into a journal beside it, and from there into it as soon as it can be written again,
/// or at the next start of any run.
public final class RunRecorder: Sendable {
  /// How long a database that could not be written is left alone.
  static let pause: Duration = .seconds(60)

  private struct State {
    var journal: RunJournal
    /// Until then the database is not tried again; nil where nothing is wrong with it.
    var pausedUntil: ContinuousClock.Instant?
    var step = 0
    var total = 0
    var isLost = false
  }

  private let store: ResultsStore
  private let run: AcquiredRun
  private let pause: Duration
  private let wording: ErrorWording
  private let say: @Sendable (String) -> Void
  private let state: Mutex<State>

  /// - Parameters:
  ///   - pause: how long a database that could not be written is left alone.
  ///   - wording: how errors are said in those sentences.
  ///   - say: takes sentences for the user.
  public init(
    _ store: ResultsStore, _ run: AcquiredRun, pause: Duration? = nil,
    wording: @escaping ErrorWording = { "\($0)" },
    say: @escaping @Sendable (String) -> Void
  ) {
    self.store = store
    self.run = run
    self.pause = pause ?? Self.pause
    self.wording = wording
    self.say = say
    let process = store.process
    state = Mutex(
      State(
        journal: RunJournal(
          database: store.path,
          owner: RunJournal.Owner(
            runId: run.runId, attempt: run.attempt, processId: process.pid,
            processStart: process.startTicks, processHost: process.host, bootId: process.bootId))))
  }

  /// Whether another process has taken the run over.
  public var isLost: Bool { state.withLock { $0.isLost } }

  /// Stores metrics of one step, as `ResultsStore.record` does.
  /// - Throws: `ResultsError` if the run is lost, or the journal cannot be written either.
  public func record(
    step: Int, metrics: [(name: String, value: Double)]
  ) throws(ResultsError) {
    let entry = RunJournal.Entry(
      step: step, metrics: Dictionary(metrics.map { ($0.name, $0.value) }) { $1 })
    try write(orKeep: entry) { store throws(ResultsError) in
      try store.record(run, step: step, metrics: metrics)
    }
  }

  /// Stores the answers of the final evaluation, as `ResultsStore.record` does.
  public func record(_ correctness: Correctness) throws(ResultsError) {
    try write(orKeep: RunJournal.Entry(answers: correctness)) { store throws(ResultsError) in
      try store.record(run, correctness)
    }
  }

  /// Says that the process lives, and how far it is.
  public func heartbeat(step: Int, of total: Int) throws(ResultsError) {
    state.withLock { ($0.step, $0.total) = (step, total) }
    try write(orKeep: nil) { store throws(ResultsError) in
      try store.heartbeat(run, step: step, of: total)
    }
  }

  /// Renews the last heartbeat, for times in which a step or an evaluation takes long.
  public func renew() {
    let (step, total) = state.withLock { ($0.step, $0.total) }
    guard total > 0 else { return }
    // What goes wrong is met again, and told, by the thread that trains.
    try? heartbeat(step: step, of: total)
  }

  /// Returns when everything recorded so far is on the disk, as `ResultsStore.settle`.
  public func settle(step: Int, of total: Int) throws(ResultsError) {
    // What is in the journal is on the disk already.
    try write(orKeep: nil) { store throws(ResultsError) in
      try store.settle(run, step: step, of: total)
    }
  }

  /// Ends the attempt, as `ResultsStore.finish` does.
  public func finish(
    status: RunStatus, seconds: Double, weightsHash: String?, message: String?,
    early: EarlyEnd? = nil
  ) throws(ResultsError) {
    let ending = RunJournal.Ending(
      status: status, seconds: seconds, weightsHash: weightsHash, message: message,
      finishedAt: Timestamp.text(Date()), early: early)
    // The last chance: the database is tried even if it was left alone.
    state.withLock { if $0.pausedUntil != nil { $0.pausedUntil = .now } }
    try write(orKeep: RunJournal.Entry(ending: ending)) { store throws(ResultsError) in
      try store.finish(
        run, status: status, seconds: seconds, weightsHash: weightsHash, message: message,
        early: early)
    }
  }

  /// Writes to the database, the journal first; where that is not possible, keeps the entry.
  private func write(
    orKeep entry: RunJournal.Entry?,
    _ body: (ResultsStore) throws(ResultsError) -> Void
  ) throws(ResultsError) {
    let (news, failure) = state.withLock { state -> (String?, ResultsError?) in
      var news: String?
      do throws(ResultsError) {
        if let until = state.pausedUntil, ContinuousClock.now < until {
          if let entry { try state.journal.append(entry) }
          return (nil, nil)
        }
        do throws(ResultsError) {
          if !state.journal.entries.isEmpty { try store.enter(state.journal, of: run) }
          try body(store)
          if state.pausedUntil != nil { news = "the database can be written again" }
          state.pausedUntil = nil
          state.journal.remove()
        } catch {
          guard error.mayPass else { throw error }
          if state.pausedUntil == nil {
            news =
              "\(wording(error)); numbers are kept in \(state.journal.path) until it can be written"
          }
          state.pausedUntil = .now + pause
          do throws(ResultsError) {
            if let entry { try state.journal.append(entry) }
          } catch let second {
            throw ResultsError(
              "\(wording(error)); \(second)", remedy: second.remedy, kind: error.kind)
          }
        }
      } catch {
        if error.kind == .lost {
          state.isLost = true
          state.journal.remove()
        }
        return (news, error)
      }
      return (news, nil)
    }
    if let news { say(news) }
    if let failure { throw failure }
  }
}

extension ResultsStore {
  /// Enters the journal of a run that is still this process's.
  fileprivate func enter(_ journal: RunJournal, of run: AcquiredRun) throws(ResultsError) {
    let step = journal.entries.compactMap(\.step).max() ?? 0
    try write("cannot enter the journal \(journal.path)") { db in
      try self.touch(run, step: step, assignments: "", in: db)
      try journal.enter(into: run.attemptId, in: db)
    }
  }
}
