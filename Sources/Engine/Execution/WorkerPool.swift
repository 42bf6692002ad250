// Threads that share out the tasks of one phase at a time.
import CKernels
import Foundation
import Synchronization

/// A group of threads that carries out one phase after another; the caller is one of them.
///
/// A phase is a number of tasks. Which thread takes which task is left to chance, so a task's result
/// must depend on its index alone: that is what makes results equal for any number of threads.
///
/// Tasks take subnormal numbers as zero and give zero for them (FTZ and DAZ), on every thread; the
/// caller's own way of treating them is as before when a phase has ended.
public final class WorkerPool: Sendable {
  /// How many threads work, the caller included.
  public let threads: Int
  private let crew: Crew

  /// - Parameter threads: at least 1; 1 starts no thread.
  public init(threads: Int) {
    precondition(threads >= 1, "a pool of \(threads) threads")
    self.threads = threads
    crew = Crew(helpers: threads - 1)
  }

  deinit { crew.dismiss() }

  /// Carries out `body(task, worker)` for every task in 0..<tasks and waits for all of them.
  ///
  /// `worker` is below `threads` and unique among the calls under way, so it can index scratch
  /// memory. Only one thread may call this at a time.
  func run(tasks: Int, _ body: (_ task: Int, _ worker: Int) -> Void) {
    flushingSubnormals {
      guard threads > 1, tasks > 1 else {
        for task in 0..<tasks { body(task, 0) }
        return
      }
      crew.run(tasks: tasks, body)
    }
  }
}

/// Carries out `body` on this thread with subnormal numbers taken as zero; afterwards they are treated
/// as before.
func flushingSubnormals<Result>(_ body: () -> Result) -> Result {
  let before = bench_flush_subnormals()
  defer { bench_restore_subnormals(before) }
  return body()
}

/// What the threads of a pool share. They own it, so that the pool itself can go away.
///
/// A phase ends when its tasks are done, not when every thread has seen it: a thread that the
/// system has put aside holds up nobody unless it is in the middle of a task.
private final class Crew: @unchecked Sendable {
  private let helpers: Int
  /// Phase, number of tasks and next task in one word, so that a task is claimed in one exchange.
  private let ticket = Atomic<UInt64>(0)
  private let remaining = Atomic<Int>(0)
  private let sleeping = Atomic<Int>(0)
  private let condition = NSCondition()
  private let dismissed = Atomic<Bool>(false)
  /// Valid for whoever holds a task of the present phase, because that phase cannot end before.
  private var body: ((Int, Int) -> Void)?

  private static let taskBits: UInt64 = 20
  private static let mostTasks = 1 << 20

  init(helpers: Int) {
    self.helpers = helpers
    for worker in 0..<helpers {
      let thread = Thread { [self] in work(as: worker + 1) }
      thread.name = "bench worker \(worker + 1)"
      thread.start()
    }
  }

  func dismiss() {
    dismissed.store(true, ordering: .sequentiallyConsistent)
    announce(tasks: 0)
  }

  func run(tasks: Int, _ body: (Int, Int) -> Void) {
    precondition(tasks < Self.mostTasks, "\(tasks) tasks in one phase")
    withoutActuallyEscaping(body) { escaping in
      self.body = escaping
      remaining.store(tasks, ordering: .relaxed)
      announce(tasks: tasks)
      takeTasks(as: 0)
      var spins = 0
      while remaining.load(ordering: .acquiring) > 0 {
        bench_pause()
        spins += 1
        // Somebody in the middle of a task may be waiting for this very core.
        if spins % 1000 == 0 { sched_yield() }
      }
      self.body = nil
    }
  }

  private func announce(tasks: Int) {
    let phase = (ticket.load(ordering: .relaxed) >> (2 * Self.taskBits)) &+ 1
    let word = phase << (2 * Self.taskBits) | UInt64(tasks) << Self.taskBits
    ticket.store(word, ordering: .sequentiallyConsistent)
    guard sleeping.load(ordering: .sequentiallyConsistent) > 0 else { return }
    condition.lock()
    condition.broadcast()
    condition.unlock()
  }

  /// The next task of the present phase; nil when all are taken.
  private func claim() -> Int? {
    let mask = UInt64(Self.mostTasks - 1)
    var word = ticket.load(ordering: .acquiring)
    while true {
      let next = word & mask
      guard next < (word >> Self.taskBits) & mask else { return nil }
      let result = ticket.compareExchange(
        expected: word, desired: word + 1, ordering: .acquiringAndReleasing)
      if result.exchanged { return Int(next) }
      word = result.original
    }
  }

  private func takeTasks(as worker: Int) {
    while let task = claim() {
      perform(task, as: worker)
      remaining.subtract(1, ordering: .releasing)
    }
  }

  /// Apart from its caller, so that what it holds of the body while it runs is given back before
  /// the task counts as done: the caller of `run` may then be gone, and Swift checks that nobody
  /// still holds its closure.
  @inline(never)
  private func perform(_ task: Int, as worker: Int) { body?(task, worker) }

  private func work(as worker: Int) {
    _ = bench_flush_subnormals()
    while !dismissed.load(ordering: .sequentiallyConsistent) {
      let seen = ticket.load(ordering: .acquiring) >> (2 * Self.taskBits)
      takeTasks(as: worker)
      waitForPhase(after: seen)
    }
  }

  /// Spins for a while, because phases follow each other within microseconds, then sleeps.
  private func waitForPhase(after seen: UInt64) {
    func isNext(_ word: UInt64) -> Bool { word >> (2 * Self.taskBits) != seen }
    for _ in 0..<20_000 {
      if isNext(ticket.load(ordering: .acquiring)) { return }
      bench_pause()
    }
    condition.lock()
    sleeping.add(1, ordering: .sequentiallyConsistent)
    while !isNext(ticket.load(ordering: .sequentiallyConsistent)) { condition.wait() }
    sleeping.subtract(1, ordering: .sequentiallyConsistent)
    condition.unlock()
  }
}
