// `bench status` and `bench show`: what they say, and the estimate of the time left.
import Foundation
import Results
import Testing

@testable import Reports

@Suite struct StatusTests {
  private func started(_ fake: FakeExperiment, secondsAgo: Double) throws -> [StoredRun] {
    try fake.reader().runs().map { run in
      var run = run
      guard run.startedAt != nil else { return run }
      let now = Date(timeIntervalSince1970: 1_000_000)
      run.startedAt = Timestamp.text(now.addingTimeInterval(-secondsAgo))
      run.heartbeatAt = Timestamp.text(now)
      return run
    }
  }

  private let now = Date(timeIntervalSince1970: 1_000_000)

  @Test func theTimeLeftFollowsFromTheWorkLeft() throws {
    let fake = try FakeExperiment(seeds: [0])
    try fake.run(fake.nets[0], seed: 0, upTo: 300, status: nil)
    let runs = try started(fake, secondsAgo: 30).map { run in
      var run = run
      if run.key.variant == "plain-20" { run.status = .running }
      return run
    }
    let running = try #require(runs.first { $0.status == .running })
    #expect(Progress.remainingSeconds(of: running, now: now) == 30)
    // Half of a 20-layer run in 30 s: the rest is 0.5 + 1 of 20 layers and two of 56.
    let left = try #require(Progress(runs: runs, now: now).remainingSeconds)
    #expect(abs(left - 60 * (0.5 + 1 + 2 * 56.0 / 20)) < 1e-6)
  }

  @Test func nothingInWorkHasNoEstimate() throws {
    let fake = try FakeExperiment(seeds: [0])
    try fake.run(fake.nets[0], seed: 0)
    #expect(Progress(runs: try fake.reader().runs()).remainingSeconds == nil)
  }

  @Test func statusNamesEveryRun() throws {
    let fake = try FakeExperiment(title: "Depth\u{1B}[2J")
    try fake.run(fake.nets[0], seed: 0)
    try fake.run(fake.nets[0], seed: 1, upTo: 300, status: .interrupted)
    try fake.run(fake.nets[1], seed: 0, upTo: 200, status: .failed)
    let experiment = try #require(try fake.reader().experiments().first)
    let text = StatusText.text(experiment, runs: try fake.reader().runs())
    #expect(
      text == """
        degradation: Depth\\u{1B}[2J (protocol quick)
          8 runs: 1 complete, 5 waiting, 1 interrupted, 1 failed
          interrupted plain-20 seed 1, step 300 of 600 (50 %)
          failed      plain-56 seed 0, step 200 of 600 (33 %)
          waiting     resnet-20 (seeds 0, 1), resnet-56 (seeds 0, 1), plain-56 (seed 1)
          complete    plain-20 (seed 0)
          nothing is running; `bench run experiments/degradation.json` does the rest

        """)
  }

  @Test func aRunIsShownWithTheCommandThatRepeatsIt() throws {
    let fake = try FakeExperiment()
    try fake.run(fake.nets[1], seed: 1)
    let details = try fake.reader().details(ofRun: "degradation/plain-56/1")
    #expect(
      RunText.rerunCommand(details, database: nil)
        == "bench run experiments/degradation.json --only network=plain --only depth=56 --seeds 1")
    let text = RunText.text(details, database: "my results/b.sqlite", diff: false)
    for part in [details.run.runId, "complete, attempt 1 of 1", "testError", "ab12", "blas"] {
      #expect(text.contains(part))
    }
    #expect(text.contains("--seeds 1 --db 'my results/b.sqlite'"))
  }

  @Test(arguments: [
    ("plain-56", "plain-56"), ("depth=56", "depth=56"), ("", "''"), ("a b", "'a b'"),
    ("it's", #"'it'\''s'"#), ("$(id)", "'$(id)'"), ("é", "'é'"),
  ])
  func wordsForAShell(word: String, quoted: String) {
    #expect(RunText.shellWord(word) == quoted)
  }

  @Test(arguments: [
    (-1.0, "0 s"), (59.4, "59 s"), (59.6, "1 min 00 s"), (3725, "1 h 02 min"),
    (200_000, "2 d 7 h"), (.infinity, "unknown"),
  ])
  func spansInWords(seconds: Double, text: String) {
    #expect(SpanText.text(seconds) == text)
  }
}
