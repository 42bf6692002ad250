// Threads that share out the tasks of one phase at a time.
import CKernels
import Foundation
import Synchronization

/// A group of threads that carries out one phase after another; the caller is one of them.
///
/// A phase is a number of tasks. Which thread takes which task is left to chance, so a task's result
/// must depend on its index alone: that is what makes results equal for any number of threads.
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
    guard threads > 1, tasks > 1 else {
      for task in 0..<tasks { body(task, 0) }
      return
    }
    crew.run(tasks: tasks, body)
  }
}

/// What the threads of a pool share. They own it, so that the pool itself can go away.
private final class Crew: @unchecked Sendable {
  private let helpers: Int
  private let phase = Atomic<Int>(0)
  private let nextTask = Atomic<Int>(0)
  private let busy = Atomic<Int>(0)
  private let sleeping = Atomic<Int>(0)
  private let condition = NSCondition()
  // Written before a phase is announced, read after it is seen.
  private var taskCount = 0
  private var body: ((Int, Int) -> Void)?
  private var dismissed = false

  init(helpers: Int) {
    self.helpers = helpers
    for worker in 0..<helpers {
      let thread = Thread { [self] in work(as: worker + 1) }
      thread.name = "bench worker \(worker + 1)"
      thread.start()
    }
  }

  func dismiss() {
    dismissed = true
    announce()
  }

  func run(tasks: Int, _ body: (Int, Int) -> Void) {
    withoutActuallyEscaping(body) { escaping in
      self.body = escaping
      taskCount = tasks
      nextTask.store(0, ordering: .relaxed)
      busy.store(helpers, ordering: .relaxed)
      announce()
      takeTasks(as: 0)
      while busy.load(ordering: .acquiring) > 0 { bench_pause() }
      self.body = nil
    }
  }

  private func announce() {
    phase.add(1, ordering: .sequentiallyConsistent)
    guard sleeping.load(ordering: .sequentiallyConsistent) > 0 else { return }
    condition.lock()
    condition.broadcast()
    condition.unlock()
  }

  private func takeTasks(as worker: Int) {
    guard let body else { return }
    while true {
      let task = nextTask.add(1, ordering: .relaxed).oldValue
      if task >= taskCount { return }
      body(task, worker)
    }
  }

  private func work(as worker: Int) {
    var seen = 0
    while true {
      waitForPhase(after: seen)
      seen += 1
      if dismissed { return }
      takeTasks(as: worker)
      busy.subtract(1, ordering: .releasing)
    }
  }

  /// Spins for a while, because phases follow each other within microseconds, then sleeps.
  private func waitForPhase(after seen: Int) {
    for _ in 0..<20_000 {
      if phase.load(ordering: .acquiring) != seen { return }
      bench_pause()
    }
    condition.lock()
    sleeping.add(1, ordering: .sequentiallyConsistent)
    while phase.load(ordering: .sequentiallyConsistent) == seen { condition.wait() }
    sleeping.subtract(1, ordering: .sequentiallyConsistent)
    condition.unlock()
  }
}
