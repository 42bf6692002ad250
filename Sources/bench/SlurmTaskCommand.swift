// bench slurm-task: what the batch script of `bench slurm` starts.
import ArgumentParser
import Engine
import Experiments
import Foundation
import Numerics
import Reports
import Results
import Specs
import Sweeps
import Text
import Training

/// A folder on this machine's own disk, removed at the end.
final class TaskFolder: Sendable {
  let url: URL

  init() {
    url = FileManager.default.temporaryDirectory
      .appending(path: "bench-\(UUID().uuidString.lowercased())")
    try? FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
  }

  func path(_ name: String) -> String { url.appending(path: name).path }

  deinit { try? FileManager.default.removeItem(at: url) }
}

struct SlurmTaskCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "slurm-task",
    abstract: "Make runs of a sweep until none is free; started by the script of `bench slurm`.",
    discussion: """
      Signals stop it after the step in work, with a checkpoint, however long that takes.

      Exit code: 0 nothing is left to do here; 1 runs failed and are given up; 2 bad input; 75 \
      stopped early, to be started again.
      """,
    shouldDisplay: false)

  @Argument(help: "The sweep's folder.")
  var folder: String

  @Option(help: "Seconds until the task is ended from outside.")
  var secondsLeft: Double?

  @Option(help: "Seconds before that at which it is warned.")
  var warnedAt: Double = 180

  func validate() throws {
    for seconds in [secondsLeft, warnedAt] {
      if let seconds, !(-1e9...1e9).contains(seconds) {
        throw ValidationError("\(seconds) seconds: give a number")
      }
    }
  }

  func run() async throws {
    let start = ContinuousClock.now
    let deadline = secondsLeft.map { start + .seconds($0) }
    let sweep = SweepFolder(path: folder)
    let description = try endingOnBadInput { () throws(ExperimentError) in
      try sweep.description()
    }
    let services = RunServices.make()
    ErrorText.warnOfLesserCore()
    let (spec, plans) = try self.plans(description)
    let local = TaskFolder()
    defer { withExtendedLifetime(local) {} }
    let provenance = await ProvenanceCollector(directory: description.workingFolder).collect(
      engine: services.engine, threads: MachineCores.usable)
    let work = SweepWork(
      folder: sweep, description: description, plans: plans, executor: services.executor,
      provenance: provenance, options: RunOptions(), local: local.url,
      enter: { plan, store in
        let cost = try services.costs.cost(of: plan.variant, threads: plan.threads)
        try store.prepare(
          ExperimentRecord(spec), variants: [VariantRecord(plan.variant, cost: cost)],
          seeds: [plan.seed], newId: description.runId)
      })
    let warnedAt = warnedAt
    // Whatever asks it to stop does so for the end of the task's time, or because others want the
    // machine.
    let stop = StopRequest { signal in
      guard let deadline else { return .preemption }
      let left = (deadline - .now).inSeconds
      return left <= (StopRequest.warnings.contains(signal) ? warnedAt + 120 : 10)
        ? .timeLimit : .preemption
    }
    let display = RunDisplay(plans, mode: .plain)
    let watch = SignalWatch(stop, warnings: StopRequest.warnings + [SIGTERM]) { signal in
      display.note("Signal \(signal): stopping after the step in work.")
    }
    let task = try endingOnBadInput { () throws(ExperimentError) in
      try SweepTask(
        work, stop: stop, deadline: deadline, wording: ErrorText.text,
        say: { display.note($0) },
        observe: { event in
          // Records are in the runs' logs; here there would be thousands of lines of them.
          if case .progress(_, .record) = event { return }
          display.show(event)
        })
    }
    let result: Result<SweepTaskSummary, any Error> = await withCheckedContinuation {
      continuation in
      Thread.detachNewThread { continuation.resume(returning: Result { try task.run() }) }
    }
    display.end()
    try withExtendedLifetime(watch) {
      try conclude(result, sweep, local, stop, seconds: (ContinuousClock.now - start).inSeconds)
    }
  }

  /// The description's runs, from the spec as it stands now.
  private func plans(
    _ description: SweepDescription
  ) throws -> (spec: ExperimentSpec, plans: [RunPlan]) {
    let (spec, variants) = try endingOnBadInput { () throws(SpecError) in
      let spec = try ExperimentSpec(
        path: description.spec, newHead: description.newHead, weights: InitialWeights.opened)
      return (spec, try spec.expand())
    }
    let byName = Dictionary(variants.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
    let threads = MachineCores.usable
    var plans: [RunPlan] = []
    for run in description.runs {
      let known = description.variants[run.variant]
      guard let variant = byName[run.variant],
        variant.configurationHash == known?.configurationHash
      else {
        printError(
          "\(description.spec): the spec has changed since the sweep was submitted (\(run.variant) "
            + "would be trained in another way); restore it, or submit it into another folder")
        throw ExitCode(2)
      }
      plans.append(
        RunPlan(
          experiment: description.experiment, variant: variant, seed: run.seed, threads: threads,
          macs: known?.macs ?? 0))
    }
    return (spec, plans)
  }

  private func conclude(
    _ result: Result<SweepTaskSummary, any Error>, _ sweep: SweepFolder, _ local: TaskFolder,
    _ stop: StopRequest, seconds: Double
  ) throws {
    let summary: SweepTaskSummary
    switch result {
    case .success(let value): summary = value
    case .failure(let error):
      printError(ErrorText.text(error))
      throw ExitCode(1)
    }
    print(SweepText.text(summary, seconds: seconds))
    for (run, reason) in summary.givenUp {
      printError("\(run) is given up: \(reason); --max-timeouts and --max-failures allow more")
    }
    if summary.signal != nil || summary.isOutOfTime {
      throw ExitCode(BatchScript.stoppedCode)
    }
    do {
      let isDone = try SweepDatabase(sweep).publish(
        local: local.url, patience: 60, whileTrue: { !stop.isRequested })
      if !isDone { print("\(sweep.database.printable) is left to the tasks that put it together.") }
    } catch {
      printError("\(sweep.database) was not put together: \(ErrorText.text(error))")
    }
    if !summary.givenUp.isEmpty || summary.left > 0 { throw ExitCode(1) }
  }
}

/// What a task says at its end.
enum SweepText {
  static func text(_ summary: SweepTaskSummary, seconds: Double) -> String {
    let counts = [
      (summary.complete, "complete"), (summary.diverged, "diverged"),
      (summary.lost, "taken over elsewhere"), (summary.givenUp.count, "given up"),
      (summary.left, "left"), (summary.elsewhere, "in other tasks"),
    ]
    let parts = counts.filter { $0.0 > 0 }.map { "\($0.0) \($0.1)" }
    let end = summary.isOutOfTime ? "; what is left of the task's time is too short for more" : ""
    return (parts.isEmpty ? "nothing was left to do" : parts.joined(separator: ", ")) + " in "
      + "\(SpanText.text(seconds))\(end)"
  }
}
