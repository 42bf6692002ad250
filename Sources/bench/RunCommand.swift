// bench run: trains every variant with every seed.
import ArgumentParser
import Experiments
import Foundation
import Numerics
import Reports
import Results
import Specs
import Text
import Training

struct RunCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "run",
    abstract: "Train every variant of an experiment with every seed.",
    discussion: """
      The variants are interleaved by seed. Runs that are complete are skipped and interrupted \
      ones go on from their last checkpoint, bit by bit as if nothing had happened: the same \
      command continues an experiment. Ctrl-C stops after the step in work, or in the middle of \
      one that takes longer than 7 seconds; a second one at once.

      SIGUSR1 and SIGUSR2, by which schedulers such as SLURM warn of the end, stop after the step \
      in work, however long it takes.

      Exit code: 0 all done, 1 a run failed or ran out of time, 2 bad input, 130 or 143 \
      interrupted, 138 or 140 preempted by SIGUSR1 or SIGUSR2.
      """)

  @OptionGroup var experiment: ExperimentOptions
  @OptionGroup var database: DatabaseOptions

  @Flag(help: "A picture that cannot be used fails the run; without this it is named and counted.")
  var strictData = false

  @Flag(help: "Print failures only.")
  var quiet = false

  @OptionGroup var behaviour: RunBehaviour

  func run() async throws {
    let chosen = try experiment.load()
    let services = RunServices.make(strictData: strictData)
    ErrorText.warnOfLesserCore()
    let (store, plans) = try prepare(chosen, services)
    try checkData(of: plans, in: store, services)

    let provenance = await ProvenanceCollector().collect(
      engine: services.engine, threads: chosen.share.threads)
    let mode = RunDisplay.Mode.standard(
      quiet: quiet, environment: ProcessInfo.processInfo.environment)
    let display = RunDisplay(plans, mode: mode)
    let stop = StopRequest()
    let start = monotonicSeconds()
    let runner = ExperimentRunner(
      store: store, executor: services.executor, provenance: provenance, stop: stop,
      options: behaviour.options, wording: ErrorText.text, observe: display.show)
    let watch = SignalWatch(stop) { signal in
      store.hurry()
      guard !StopRequest.warnings.contains(signal) else {
        return display.note("Preempted: stopping after the step in work.")
      }
      display.note("Stopping after the step in work. Once more stops at once.")
      Self.endInTime(runner, signal: stop.signal ?? signal)
    }
    let summary = await withCheckedContinuation { continuation in
      Thread.detachNewThread {
        continuation.resume(returning: runner.run(plans, jobs: chosen.share.jobs))
      }
    }
    display.end()
    try withExtendedLifetime(watch) {
      try conclude(summary, store, seconds: monotonicSeconds() - start)
    }
  }

  /// Ends the process soon although a step, or the disk, takes long.
  private static func endInTime(_ runner: ExperimentRunner, signal: Int32) {
    let queue = DispatchQueue.global()
    queue.asyncAfter(deadline: .now() + 7) {
      printError("the step in work takes too long; it will be done again")
      // The database may keep it waiting.
      queue.asyncAfter(deadline: .now() + 1.5) { _exit(128 + signal) }
      runner.abandon()
      _exit(128 + signal)
    }
  }

  /// Enters the experiment in the database and lists the selected runs.
  private func prepare(
    _ chosen: ExperimentOptions.Chosen, _ services: RunServices
  ) throws -> (store: ResultsStore, plans: [RunPlan]) {
    // All variants, not only the chosen ones: the database knows the whole experiment.
    let plan = try endingOnBadInput { () throws(ExperimentError) in
      try ExperimentPlan(
        experiment: chosen.spec.name, variants: chosen.allVariants,
        seeds: Array(chosen.spec.seeds.prefix(1)), share: chosen.share, costs: services.costs,
        calibrates: false)
    }
    try checkMemory(plan, for: chosen)
    if let warning = ErrorText.networkWarning(database: database.path) {
      printError("warning: \(warning)")
    }
    for note in chosen.spec.notes { printError("note: \(note)") }
    for warning in plan.warnings { printError("warning: \(warning)") }
    let costs = Dictionary(
      plan.rows.map { ($0.run.variant.name, $0.cost) }, uniquingKeysWith: { first, _ in first })
    let store = try endingOnBadInput { () throws(ResultsError) in
      let store = try ResultsStore(path: database.path)
      try store.mergeJournals(ownToo: false) { printError($0) }
      return store
    }
    let preparation = try endingOnBadInput { () throws(ResultsError) in
      try store.prepare(
        ExperimentRecord(chosen.spec),
        variants: chosen.allVariants.compactMap { variant in
          costs[variant.name].map { VariantRecord(variant, cost: $0) }
        }, seeds: chosen.spec.seeds)
    }
    let plans = RunPlan.interleaved(
      experiment: chosen.spec.name, variants: chosen.variants, seeds: chosen.seeds,
      threads: chosen.share.threads, macs: { costs[$0.name]?.macs ?? 0 })
    say("\(chosen.spec.name): \(chosen.spec.title.printable)")
    say(
      "\(PlanText.protocolText(chosen.spec.baseProtocol)); \(plans.count) "
        + "run\(plans.count == 1 ? "" : "s"), \(PlanText.shareText(chosen.share))")
    for key in preparation.outdated {
      say(
        "\(key.variant) seed \(key.seed): the spec has changed; its earlier result does not count")
    }
    return (store, plans)
  }

  /// Ends the command with exit code 2 where the chosen runs need more memory than there is.
  private func checkMemory(
    _ plan: ExperimentPlan, for chosen: ExperimentOptions.Chosen
  ) throws {
    let wanted = Set(chosen.variants.map(\.name))
    var plan = plan
    plan.rows.removeAll { !wanted.contains($0.run.variant.name) }
    var problems = plan.memoryProblems
    if problems.isEmpty, chosen.share.jobs > 1,
      let obstacle = MachineMemory.obstacle(bytes: Int(plan.peakMemoryBytes))
    {
      problems = ["\(chosen.share.jobs) runs at the same time: \(obstacle), or fewer --jobs"]
    }
    guard !problems.isEmpty else { return }
    if behaviour.allowSwap {
      for problem in problems { printError("warning: \(problem)") }
    } else {
      for problem in problems { printError(problem) }
      printError("nothing was started; --allow-swap makes them all the same")
      throw ExitCode(2)
    }
  }

  /// Opens the data of the runs that are still to be made, or ends the command with exit code 2.
  private func checkData(
    of plans: [RunPlan], in store: ResultsStore, _ services: RunServices
  ) throws {
    var seen: Set<DataSpecification> = []
    for plan in plans {
      let status = try endingOnBadInput { () throws(ResultsError) in
        try store.status(of: plan.key)
      }
      let data = plan.variant.trainingProtocol.data
      guard behaviour.force || status?.isFinal != true, seen.insert(data).inserted else { continue }
      do {
        _ = try services.executor.dataChecksum(data)
      } catch {
        printError(ErrorText.text(error))
        throw ExitCode(2)
      }
    }
  }

  /// Prints a line in its place among those of the display, unless quiet.
  private func say(_ line: String) {
    if !quiet { writeToStandardOutput(line + "\n") }
  }

  /// Says what has become of the runs, and ends with the exit code that tells it.
  private func conclude(
    _ summary: RunSummary, _ store: ResultsStore, seconds: Double
  ) throws {
    say("\(RunSummaryText.text(summary)) in \(SpanText.text(seconds)); see \(database.path)")
    for failure in summary.failures {
      printError("\(failure.plan.label) failed: \(failure.message)")
    }
    let elsewhere = summary.count { $0 == .skipped(.running) }
    if elsewhere > 0 {
      printError(
        "\(elsewhere) run\(elsewhere == 1 ? " is" : "s are") in work in another process, and this "
          + "one did not wait for \(elsewhere == 1 ? "it" : "them"); see `bench status`")
    }
    try? store.mergeJournals(ownToo: true) { printError($0) }
    let journals = store.ownJournals
    if !journals.isEmpty {
      printError(
        "the database cannot be written; the latest numbers are in \(journals.joined(separator: ", "))"
          + " and come into it with the next `bench run`")
    }
    let failedBefore = summary.count { $0 == .skipped(.failed) }
    if failedBefore > 0 {
      printError(
        "\(failedBefore) run\(failedBefore == 1 ? " has" : "s have") failed before; --retry failed "
          + "makes \(failedBefore == 1 ? "it" : "them") again")
    }
    if summary.signal != nil || !summary.failures.isEmpty {
      // With --force it would begin again.
      let words = ["bench", "run"] + CommandLine.arguments.dropFirst(2).filter { $0 != "--force" }
      let again = words.map(ProvenanceCollector.quoted).joined(separator: " ")
      printError("to make the runs that are missing: \(again)")
    }
    let code = RunSummaryText.exitCode(summary)
    if code != 0 { throw ExitCode(code) }
    if !journals.isEmpty { throw ExitCode(1) }
  }
}
