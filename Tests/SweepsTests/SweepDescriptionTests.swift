// A sweep's description and script: what may be submitted into the same folder, and what it says.
import Experiments
import Foundation
import Results
import TestSupport
import Testing

@testable import Sweeps

@Suite struct SweepDescriptionTests {
  private func description(
    _ variants: [String: String] = ["a": "1", "b": "2"], seeds: [Int64] = [0],
    experiment: String = "sample", engine: String = "7"
  ) -> SweepDescription {
    SweepDescription(
      experiment: experiment, spec: "/s.json", workingFolder: "/", newHead: false, version: "1",
      engineVersion: engine,
      variants: variants.mapValues { .init(configurationHash: $0, macs: 1, seconds: 2) },
      runs: variants.keys.sorted().flatMap { name in seeds.map { .init(variant: name, seed: $0) } },
      rules: .init())
  }

  @Test func moreRunsJoinAndTheSameStaysTheSame() throws {
    let first = description()
    #expect(try first.joined(to: first, in: "f") == first)
    let more = description(["b": "2", "c": "3"], seeds: [0, 1])
    let joined = try more.joined(to: first, in: "f")
    #expect(joined.id == first.id && joined.runs.count == 5)
    #expect(Set(joined.variants.keys) == ["a", "b", "c"])
    #expect(joined.runsDigest != first.runsDigest)
    let key = RunKey(experiment: "sample", variant: "a", seed: 0)
    #expect(joined.runId(key) == first.runId(key) && UUID(uuidString: joined.runId(key)) != nil)
    #expect(more.runId(key) != first.runId(key))
  }

  @Test func whatWouldMixIsRefused() throws {
    let first = description()
    func message(_ other: SweepDescription) -> String {
      do {
        _ = try other.joined(to: first, in: "f")
        return ""
      } catch {
        return "\(error)"
      }
    }
    #expect(
      message(description(["a": "9", "b": "2"]))
        == "the spec has changed since f was begun: a would be trained in another way")
    #expect(message(description(engine: "8")).contains("was begun with version 7 of the engine"))
    #expect(message(description(experiment: "other")).contains("another experiment, sample"))
  }

  @Test func namesOfFilesTellRunsApart() {
    let names = ["plain-8", "plain-8,rate=0.1", "plain-8 rate=0.1", ".hidden", "größe"]
    let sweep = description(
      Dictionary(uniqueKeysWithValues: names.map { ($0, "same") }), seeds: [0, 1])
    let files = sweep.runs.map(sweep.folderName)
    #expect(Set(files).count == 10)
    for file in files {
      #expect(file.utf8.count <= 200 && file.first != ".")
      #expect(
        file.allSatisfy {
          $0.isASCII && ($0.isLetter || $0.isNumber || "-_=.".contains($0))
        }, "\(file)")
    }
    var changed = sweep
    changed.variants["plain-8"]?.configurationHash = "other"
    let run = SweepDescription.Run(variant: "plain-8", seed: 0)
    #expect(changed.folderName(run) != sweep.folderName(run))
  }

  @Test func notesSayWhatTheyWereGiven() {
    let note = RunNote(step: 120, ends: EarlyEnds(timeouts: 1, preemptions: 7, failures: 2))
    #expect(RunNote(note.text) == note)
    #expect(RunNote("") == RunNote() && RunNote("step=x failures=-1 =3 odd") == RunNote())
    #expect(note.obstacle(.init(maximumTimeouts: 2, maximumFailures: 3)) == nil)
    #expect(note.obstacle(.init(maximumTimeouts: 1, maximumFailures: 3)) != nil)
    #expect(note.obstacle(.init(maximumTimeouts: 2, maximumFailures: 2)) != nil)
  }

  // MARK: The script

  private func script(
    running: Int? = nil, arguments: [String] = [], folder: String = "/shared/it's here"
  ) -> BatchScript {
    BatchScript(
      folder: SweepFolder(path: folder), description: description(), program: "/p/bench x",
      tasks: 60, maximumRunning: running, timeLimit: 93_600, cpus: 2, memory: "800M",
      partition: "long", account: nil, arguments: arguments, notes: ["Why so much."])
  }

  @Test func theScriptAsksForWhatWasGiven() throws {
    let text = script(running: 8, arguments: ["--qos=low"]).text
    for line in [
      "#SBATCH --array=0-59%8", "#SBATCH --time=1-02:00:00", "#SBATCH --cpus-per-task=2",
      "#SBATCH --mem=800M", "#SBATCH --partition=long", "#SBATCH --qos=low", "#SBATCH --requeue",
      "#SBATCH --open-mode=append", "#SBATCH --signal=B:USR1@180",
      "#SBATCH --output=\"/shared/it's here/output/%A_%a.out\"", "# Why so much.", "limit=93600",
    ] {
      #expect(text.split(separator: "\n").contains(Substring(line)), "\(line)")
    }
    #expect(!text.contains("--account"))
  }

  /// The shell reads the script, and its words are those that were meant.
  @Test func theShellUnderstandsIt() throws {
    let temporary = try TemporaryFolder()
    let folder = temporary.path("it's \"here\" $HOME")
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    // A step that shows what it was given, and takes a signal as a task does.
    let srun = try temporary.write(
      "bin/srun",
      """
      #!/bin/bash
      printf '%s\\n' "$@"
      trap 'echo warned; exit 75' USR2
      kill -TERM $PPID
      while :; do sleep 0.1; done
      """)
    let squeue = try temporary.write("bin/squeue", "#!/bin/bash\necho RUNNING None\n")
    let scontrol = try temporary.write("bin/scontrol", "#!/bin/bash\necho scontrol \"$@\"\n")
    for file in [srun, squeue, scontrol] { chmod(file, 0o755) }
    let file = try temporary.write("job.sh", script(folder: folder).text)
    let process = Process()
    process.executableURL = URL(filePath: "/bin/bash")
    process.arguments = [file]
    process.environment = [
      "PATH": "\(temporary.path("bin")):/usr/bin:/bin", "SLURM_ARRAY_JOB_ID": "12",
      "SLURM_ARRAY_TASK_ID": "3",
    ]
    let pipe = Pipe()
    process.standardOutput = pipe
    // The threads of tests have signals blocked, which the shell would inherit.
    var (none, before) = (sigset_t(), sigset_t())
    sigemptyset(&none)
    pthread_sigmask(SIG_SETMASK, &none, &before)
    try process.run()
    pthread_sigmask(SIG_SETMASK, &before, nil)
    let output = String(
      decoding: try pipe.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
    process.waitUntilExit()
    #expect(process.terminationStatus == 75, "\(output)")
    let lines = output.split(separator: "\n").map(String.init)
    for line in [
      "/p/bench x", "slurm-task", folder, "--warned-at", "180", "warned",
      "job.sh: code 75, requeueing 12_3", "scontrol requeue 12_3",
    ] { #expect(lines.contains(line), "\(line) in \(output)") }
    // Once all is done, no step is started any more.
    let sweep = SweepFolder(path: folder)
    sweep.mark(sweep.completeMark(script(folder: folder).description))
    let done = Process()
    done.executableURL = URL(filePath: "/bin/bash")
    done.arguments = [file]
    done.environment = ["PATH": "/usr/bin:/bin"]
    try done.run()
    done.waitUntilExit()
    #expect(done.terminationStatus == 0)
  }

  @Test func whatSlurmAnswersIsRead() {
    let text = "Configuration data as of today\nMaxArraySize            = 1001\nMaxDBDMsgs = 20\n"
    #expect(Slurm.maximumArraySize(in: text) == 1001)
    #expect(Slurm.maximumArraySize(in: "slurm_load_ctl_conf error") == nil)
    #expect(BatchScript.time(60) == "00:01:00" && BatchScript.time(86_400) == "1-00:00:00")
  }
}
