// What `bench run` shows: lines that stay, live lines, summary and exit code.
import Experiments
import Foundation
import Synchronization
import Testing

@testable import Specs
@testable import Training
@testable import bench

@Suite struct RunLinesTests {
  /// Runs of plain-20 and plain-56, 100 steps of 8 images; plain-56 costs three times as much.
  static func plans() throws -> [RunPlan] {
    let text = #"""
      {"name": "sample", "title": "A sample",
       "protocol": {"name": "quick", "data": {"name": "shapes"}, "batch": 8, "iterations": 100,
                    "optimizer": {"learningRate": 0.1}},
       "factors": {"network": ["plain"], "depth": [20, 56]}, "seeds": [0]}
      """#
    let spec = try ExperimentSpec(bytes: Array(text.utf8), file: "sample.json")
    return RunPlan.interleaved(
      experiment: spec.name, variants: try spec.expand(), seeds: spec.seeds, threads: 1,
      macs: { $0.architecture.depth == 20 ? 1_000_000 : 3_000_000 })
  }

  @Test func plainOutputTellsEverything() throws {
    let plans = try Self.plans()
    var lines = RunLines(plans, tellsRecords: true)
    #expect(
      lines.take(.started(plans[0], attempt: 2, logFile: "logs/a.log"), now: 0)
        == ["plain-20 seed 0: started (attempt 2), 100 steps, log logs/a.log"])
    #expect(
      lines.take(
        .progress(plans[0], .step(50, loss: 1.5, error: 60, imagesPerSecond: 400)), now: 10) == [])
    // 150 of the 400 units of work remain beside the 200 of the second run: 10 s for 50 of 400.
    #expect(
      lines.take(
        .progress(
          plans[0], .record(step: 50, metrics: [("trainLoss", 1.50004), ("testError", 61.25)])),
        now: 10)
        == [
          "plain-20 seed 0: step 50/100, trainLoss 1.5, testError 61.25, "
            + "experiment 1 min 10 s left"
        ])
    #expect(
      lines.take(.finished(plans[0], .complete(seconds: 20)), now: 20)
        == ["plain-20 seed 0: complete in 20 s, testError 61.2 %"])
    #expect(
      lines.take(.skipped(plans[1], .complete), now: 20)
        == ["plain-56 seed 0: complete already, skipped"])
  }

  @Test func aRunThatGoesOnIsEstimatedFromWhereItWas() throws {
    let plans = try Self.plans()
    var lines = RunLines(plans, tellsRecords: true)
    _ = lines.take(.skipped(plans[1], .complete), now: 0)
    _ = lines.take(.started(plans[0], attempt: 1, logFile: "x"), now: 0)
    #expect(
      lines.take(.resumed(plans[0], step: 60), now: 0)
        == ["plain-20 seed 0: goes on after step 60 of 100"])
    #expect(
      lines.take(.note(plans[0], "a\u{1b}b"), now: 0) == ["plain-20 seed 0: a\\u{1B}b"])
    #expect(lines.liveLines(now: 5, width: 80)[0] == "plain-20 seed 0  step 60/100")
    _ = lines.take(
      .progress(plans[0], .step(80, loss: 1, error: 50, imagesPerSecond: 400)), now: 10)
    // 20 steps took 10 s, 20 are left.
    let live = lines.liveLines(now: 10, width: 80)
    #expect(live.allSatisfy { $0.hasSuffix("10 s left") }, "\(live)")
  }

  @Test(arguments: [
    ("90", 90.0), ("90s", 90), ("1.5m", 90), ("2h", 7200), ("1d", 86400), ("0", 0), ("-1", nil),
    ("h", nil), ("", nil), ("1e99", nil), ("nan", nil), ("3 m", nil),
  ])
  func timesAreRead(text: String, seconds: Double?) {
    #expect(TimeSpan(argument: text)?.seconds == seconds)
  }

  @Test func liveLinesShowEachRunAndTheExperiment() throws {
    let plans = try Self.plans()
    var lines = RunLines(plans, tellsRecords: false)
    #expect(lines.take(.started(plans[0], attempt: 1, logFile: "x"), now: 0) == [])
    #expect(
      lines.liveLines(now: 0, width: 80)
        == ["plain-20 seed 0  step 0/100", "0 of 2 runs done"])
    _ = lines.take(
      .progress(plans[0], .step(50, loss: 1.5, error: 60, imagesPerSecond: 400)), now: 10)
    #expect(
      lines.liveLines(now: 10, width: 80)
        == [
          "plain-20 seed 0  step 50/100  loss 1.500  error 60.0 %  400 images/s  10 s left",
          "0 of 2 runs done, 1 min 10 s left",
        ].map { String($0.prefix(79)) })
    #expect(lines.liveLines(now: 10, width: 17)[0] == "plain-20 seed 0 ")
    _ = lines.take(.finished(plans[0], .diverged(step: 51, seconds: 10)), now: 11)
    #expect(lines.liveLines(now: 11, width: 80).count == 1)
    #expect(lines.liveLines(now: 11, width: 80)[0].hasPrefix("1 of 2 runs done"))
  }

  @Test(arguments: [
    (RunResult.failed("no\u{1b}[31m disk\nat all"), #"failed: no\u{1B}[31m disk\nat all"#),
    (.diverged(step: 7, seconds: 1), "diverged at step 7, which is its result"),
    (.interrupted(step: 7), "interrupted after step 7"),
    (.complete(seconds: 61), "complete in 1 min 01 s"),
  ])
  func endings(result: RunResult, text: String) throws {
    let plans = try Self.plans()
    var lines = RunLines(plans, tellsRecords: false)
    #expect(lines.take(.finished(plans[0], result), now: 0) == ["plain-20 seed 0: \(text)"])
  }

  @Test func theDisplayErasesExactlyItsLiveLines() throws {
    let plans = try Self.plans()
    let output = Mutex("")
    let clock = Mutex(0.0)
    let display = RunDisplay(
      plans, mode: .live(colour: true), width: { 80 }, now: { clock.withLock { $0 } },
      write: { text in output.withLock { $0 += text } })
    let step = { (number: Int) in
      RunEvent.progress(plans[0], .step(number, loss: 1, error: 50, imagesPerSecond: 10))
    }
    display.show(.started(plans[0], attempt: 1, logFile: "x"))
    clock.withLock { $0 = 0.05 }
    display.show(step(1))
    // Too soon to be drawn again.
    #expect(output.withLock { $0 } == "plain-20 seed 0  step 0/100\n0 of 2 runs done\n")
    output.withLock { $0 = "" }
    clock.withLock { $0 = 1 }
    display.show(step(2))
    #expect(output.withLock { $0.hasPrefix("\u{1b}[2A\u{1b}[Jplain-20 seed 0  step 2/100") })
    output.withLock { $0 = "" }
    display.show(.finished(plans[0], .failed("no disk")))
    #expect(
      output.withLock {
        $0.hasPrefix("\u{1b}[2A\u{1b}[J\u{1b}[31mplain-20 seed 0: failed: no disk\u{1b}[0m\n")
      })
    output.withLock { $0 = "" }
    display.end()
    display.end()
    #expect(output.withLock { $0 } == "\u{1b}[1A\u{1b}[J")
  }

  @Test func withoutColourOrATerminalThereAreNoEscapes() throws {
    let plans = try Self.plans()
    for mode in [RunDisplay.Mode.plain, .quiet] {
      let output = Mutex("")
      let display = RunDisplay(
        plans, mode: mode, width: { 80 }, now: { 0 },
        write: { text in output.withLock { $0 += text } })
      display.show(.started(plans[0], attempt: 1, logFile: "x"))
      display.show(.finished(plans[0], .failed("no disk")))
      display.note("stopping")
      display.end()
      let expected =
        mode == .quiet
        ? ""
        : "plain-20 seed 0: started, 100 steps, log x\nplain-20 seed 0: failed: no disk\nstopping\n"
      #expect(output.withLock { $0 } == expected)
    }
    #expect(RunDisplay.Mode.standard(quiet: true, environment: [:]) == .quiet)
  }

  @Test func summaryAndExitCode() throws {
    let plan = try #require(try Self.plans().first)
    func summary(_ results: [RunResult], signal: Int32? = nil) -> RunSummary {
      RunSummary(results: results.map { (plan: plan, result: $0) }, signal: signal)
    }
    let mixed = summary([
      .complete(seconds: 1), .skipped(.complete), .failed("x"), .diverged(step: 1, seconds: 1),
      .complete(seconds: 2),
    ])
    #expect(RunSummaryText.text(mixed) == "2 complete, 1 diverged, 1 skipped, 1 failed")
    #expect(RunSummaryText.exitCode(mixed) == 1)
    #expect(RunSummaryText.exitCode(summary([.diverged(step: 1, seconds: 1)])) == 0)
    #expect(RunSummaryText.exitCode(summary([.failed("x"), .waiting], signal: 2)) == 130)
    #expect(RunSummaryText.exitCode(summary([.interrupted(step: 3)], signal: 15)) == 143)
    let preempted = summary([.preempted(step: 3), .waiting], signal: SIGUSR1)
    #expect(RunSummaryText.exitCode(preempted) == 138)
    #expect(RunSummaryText.text(preempted) == "1 preempted, 1 waiting")
    #expect(RunSummaryText.text(summary([])) == "no runs")
    #expect(RunSummaryText.exitCode(summary([.skipped(.failed)])) == 1)
    #expect(RunSummaryText.exitCode(summary([.skipped(.running), .skipped(.complete)])) == 0)
    #expect(RunSummaryText.exitCode(summary([.outOfTime(step: 3)])) == 1)
    #expect(
      RunSummaryText.text(summary([.outOfTime(step: 3), .waiting])) == "1 out of time, 1 waiting")
  }
}
