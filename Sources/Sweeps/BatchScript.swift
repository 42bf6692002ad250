// The script that SLURM starts for each task of a sweep.
import Experiments
import Foundation
import Text

/// What a task asks of SLURM, and the script that asks it.
public struct BatchScript: Sendable {
  public var folder: SweepFolder
  public var description: SweepDescription
  /// Absolute path of the program on every node.
  public var program: String
  /// Of one array: how many tasks there are.
  public var tasks: Int
  /// Tasks that may run at the same time; nil for all.
  public var maximumRunning: Int?
  /// Seconds that a task may take: whole minutes.
  public var timeLimit: Int
  public var cpus: Int
  /// As `sbatch --mem` reads it.
  public var memory: String
  public var partition: String?
  public var account: String?
  /// Further options of `sbatch`, each one word.
  public var arguments: [String]
  /// How time and memory were found, a sentence each.
  public var notes: [String]

  public init(
    folder: SweepFolder, description: SweepDescription, program: String, tasks: Int,
    maximumRunning: Int?, timeLimit: Int, cpus: Int, memory: String, partition: String?,
    account: String?, arguments: [String], notes: [String]
  ) {
    self.folder = folder
    self.description = description
    self.program = program
    self.tasks = tasks
    self.maximumRunning = maximumRunning
    self.timeLimit = timeLimit
    self.cpus = cpus
    self.memory = memory
    self.partition = partition
    self.account = account
    self.arguments = arguments
    self.notes = notes
  }

  /// Seconds before its end at which a task is warned. SLURM may be a minute and a half early.
  public var warning: Int { min(180, timeLimit / 3) }

  /// `0-59%8`
  public func array(_ tasks: Int) -> String {
    "0-\(max(0, tasks - 1))" + (maximumRunning.map { "%\($0)" } ?? "")
  }

  /// `1-02:30:00`
  static func time(_ seconds: Int) -> String {
    let minutes = (seconds + 59) / 60
    let (days, hours) = (minutes / 1440, minutes / 60 % 24)
    return (days > 0 ? "\(days)-" : "") + String(format: "%02d:%02d:00", hours, minutes % 60)
  }

  private static func quoted(_ word: String) -> String { ProvenanceCollector.quoted(word) }

  /// The options as lines of the script. SLURM reads words in quotes there.
  private func directives(array: String) -> [String] {
    func quoted(_ text: String) -> String {
      text.contains { " \t\"'\\#".contains($0) }
        ? "\"\(text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\""))\"" : text
    }
    var options = [
      "--job-name=\(quoted("bench-\(description.experiment)"))",
      "--array=\(array)",
      "--time=\(Self.time(timeLimit))",
      "--nodes=1",
      "--ntasks=1",
      "--cpus-per-task=\(cpus)",
      "--mem=\(memory)",
      "--requeue",
      "--open-mode=append",
      "--signal=B:USR1@\(warning)",
      "--chdir=\(quoted(description.workingFolder))",
      "--output=\(quoted("\(folder.output.replacing("%", with: "%%"))/%A_%a.out"))",
    ]
    if let partition { options.append("--partition=\(quoted(partition))") }
    if let account { options.append("--account=\(quoted(account))") }
    return options + arguments
  }

  public var text: String {
    """
    #!/bin/bash
    \(directives(array: array(tasks)).map { "#SBATCH \($0)" }.joined(separator: "\n"))

    # \(description.experiment): \(description.runs.count) runs, written by bench \(description.version).
    # Every task takes whatever run is free, so the number of tasks decides only how many runs are made
    # at the same time; submitting it again makes what is missing.
    \(notes.map { "# \($0)" }.joined(separator: "\n"))

    folder=\(Self.quoted(folder.path))
    program=\(Self.quoted(program))
    limit=\(timeLimit)

    # All is done: the task has come too late.
    [ -e "$folder/\(URL(fileURLWithPath: folder.completeMark(description)).lastPathComponent)" ] && exit 0

    # SLURM's warning comes to this shell alone, and TERM sometimes to it, sometimes to the step. The
    # step, told by USR1 or USR2, stops with a checkpoint and exits with code \(Self.stoppedCode); TERM
    # would make srun kill it at once.
    step='' signal=''
    forward() { signalled=yes; signal=$1; [ -n "$step" ] && kill -s "$1" "$step" 2>/dev/null; }
    trap 'forward USR1' USR1
    trap 'forward USR2' USR2 TERM

    # Since version 22.05 of SLURM a step does not take over the CPUs of its job.
    srun --export=ALL --ntasks=1 --cpus-per-task=\(cpus) "$program" slurm-task "$folder" \\
      --seconds-left $((limit - SECONDS)) --warned-at \(warning) &
    step=$!
    # It may have come while there was no step yet.
    [ -n "$signal" ] && kill -s "$signal" "$step" 2>/dev/null
    while :; do
      signalled=
      wait "$step"
      code=$?
      # A signal ends the waiting, not the step.
      [ -z "$signalled" ] && break
    done

    # Stopped before all was done, or killed, as by a want of memory: once more, where SLURM allows it
    # (--requeue starts no job again that came to its time limit). Who has cancelled the job does not
    # want that; SLURM shows it as completing then, also where it starts it again by itself.
    if [ "$code" = \(Self.stoppedCode) ] || { [ "$code" -gt 128 ] && [ "${SLURM_RESTART_COUNT:-0}" -lt 5 ]; }; then
      if [ -n "${SLURM_ARRAY_JOB_ID:-}" ]; then
        job="${SLURM_ARRAY_JOB_ID}_${SLURM_ARRAY_TASK_ID}"
      else
        job=$SLURM_JOB_ID
      fi
      # Requeueing ends this script.
      trap '' TERM
      for pause in 2 5 10 0; do
        state=$(squeue --noheader --jobs="$job" --format='%T %r' 2>/dev/null) || state=unknown
        case $state in
          RUNNING* | *TimeLimit | unknown)
            echo "job.sh: code $code, requeueing $job"
            scontrol requeue "$job" && break
            sleep "$pause"
            ;;
          *)
            echo "job.sh: code $code, not requeued: SLURM says ${state:-nothing}"
            break
            ;;
        esac
      done
    fi
    exit "$code"

    """
  }

  /// The exit code of a task that stopped early, with checkpoints: sysexits.h calls it EX_TEMPFAIL.
  public static let stoppedCode: Int32 = 75
}
