// bench reproduce: trains a recorded run again and compares it bit by bit.
import ArgumentParser
import Experiments
import Foundation
import Results
import Specs
import Training

struct ReproduceCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "reproduce",
    abstract: "Train a recorded run again and compare every number bit by bit.",
    discussion: """
      The configuration is the one stored with the run's current attempt, not the spec file's. \
      Nothing is written: neither the database nor the run's log.

      Exit code: 0 identical, 1 not identical, 2 bad input, 130, 138, 140 or 143 \
      interrupted.
      """)

  @Argument(
    help: ArgumentHelp(
      "A run's id, the beginning of one, or EXPERIMENT/VARIANT/SEED.", valueName: "run"),
    completion: NameCompletion.runs)
  var name: String

  @Option(help: "Train only this many steps and compare what was recorded until then.")
  var steps: Int?

  @Option(help: "Threads; the result does not depend on them. (default: the recorded run's)")
  var threads: Int?

  @Option(
    help: "The data's folder or archive. (default: where the spec has it)", completion: .file())
  var data: String?

  @Option(
    help: "The file of weights that the run started from. (default: where the spec has it)",
    completion: .file(extensions: ["safetensors"]))
  var initialWeights: String?

  @OptionGroup var database: DatabaseOptions

  func validate() throws {
    for (option, value, most) in [("--steps", steps, 100_000_000), ("--threads", threads, 1024)] {
      if let value, !(1...most).contains(value) {
        throw ValidationError("\(option) \(value): give a number from 1 to \(most)")
      }
    }
  }

  func run() async throws {
    let reader = try database.reader()
    let attempt = try endingOnBadInput { () throws(ResultsError) in
      try reader.recordedAttempt(ofRun: name)
    }
    let (plan, configuration, last) = try endingOnBadInput { () throws(ExperimentError) in
      let (plan, differences) = try Reproducer.plan(
        attempt, threads: threads, dataPath: data, weightsPath: initialWeights)
      return (plan, differences, try Reproducer.lastStep(attempt, plan: plan, steps: steps))
    }
    let services = RunServices.make()
    var now = await ProvenanceCollector().collect(engine: services.engine, threads: plan.threads)
    now.numericIdentity = now.numericIdentity.with(plan.arithmetic)
    do {
      now.dataChecksum = try services.executor.dataChecksum(plan.variant.trainingProtocol.data)
    } catch {
      printError(ErrorText.text(error))
      throw ExitCode(2)
    }
    let differences = ProvenanceDifference.all(attempt.provenance, now)
    print(ReproduceText.heading(attempt, plan, lastStep: last))
    if differences.contains(where: { $0.kind == .data }) {
      print(ReproduceText.otherData(attempt.provenance, now))
      throw ExitCode(1)
    }
    let stop = StopRequest()
    let result = try await train(attempt, plan, last, stop, services)
    guard let result else {
      printError("interrupted before the end; nothing was compared")
      throw ExitCode(128 + (stop.signal ?? SIGINT))
    }
    print(
      ReproduceText.text(
        result, isMixed: !attempt.provenance.numericChanges.isEmpty, differences: differences,
        configuration: configuration))
    if !result.isIdentical { throw ExitCode(1) }
  }

  /// Trains on a thread of its own, because it blocks for as long as the run takes.
  private func train(
    _ attempt: RecordedAttempt, _ plan: RunPlan, _ last: Int, _ stop: StopRequest,
    _ services: RunServices
  ) async throws -> Reproduction? {
    let mode = RunDisplay.Mode.standard(
      quiet: false, environment: ProcessInfo.processInfo.environment)
    let display = RunDisplay([plan], mode: mode == .plain ? .quiet : mode)
    let watch = SignalWatch(stop) { _ in
      display.note("Stopping after the step in work. Once more stops at once.")
    }
    display.show(.started(plan, attempt: attempt.run.attempt ?? 1, logFile: ""))
    let result = await withCheckedContinuation { continuation in
      let thread = Thread {
        continuation.resume(
          returning: Result {
            try Reproducer(executor: services.executor).reproduce(
              attempt, as: plan, lastStep: last, stop: stop,
              observe: { display.show(.progress(plan, $0)) })
          })
      }
      thread.stackSize = 8 << 20
      thread.start()
    }
    display.end()
    return try withExtendedLifetime(watch) {
      do {
        return try result.get()
      } catch {
        printError("the run could not be trained: \(ErrorText.text(error))")
        throw ExitCode(1)
      }
    }
  }
}
