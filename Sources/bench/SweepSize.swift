// How much a sweep asks of a cluster, from what its runs are estimated to cost.
import ArgumentParser
import Experiments
import Reports

/// A time limit as `sbatch` reads it, or as this program's other options do; whole minutes.
struct SlurmTime: ExpressibleByArgument {
  var seconds: Int

  init?(argument: String) {
    guard let seconds = Self.seconds(argument), (1...31_536_000).contains(seconds) else {
      return nil
    }
    self.seconds = (seconds + 59) / 60 * 60
  }

  /// `90` are minutes; `M:SS`, `H:MM:SS`, `D-HH`, `D-HH:MM`, `D-HH:MM:SS`.
  private static func seconds(_ text: String) -> Int? {
    func numbers(_ text: Substring) -> [Int]? {
      let parts = text.split(separator: ":", omittingEmptySubsequences: false)
      let values = parts.compactMap { part in
        part.allSatisfy { ("0"..."9").contains($0) } && part.count < 9 ? Int(part) : nil
      }
      return values.count == parts.count ? values : nil
    }
    if text.contains(where: { "smhd".contains($0) }) {
      return TimeSpan(argument: text).map { Int($0.seconds.rounded(.up)) }
    }
    let halves = text.split(separator: "-", omittingEmptySubsequences: false)
    if halves.count == 2 {
      guard let days = numbers(halves[0]), days.count == 1, let rest = numbers(halves[1]),
        rest.count <= 3
      else { return nil }
      let padded = rest + [0, 0]
      return days[0] * 86_400 + padded[0] * 3600 + padded[1] * 60 + (rest.count == 3 ? rest[2] : 0)
    }
    guard halves.count == 1, let parts = numbers(halves[0]) else { return nil }
    switch parts.count {
    case 1: return parts[0] * 60
    case 2: return parts[0] * 60 + parts[1]
    case 3: return parts[0] * 3600 + parts[1] * 60 + parts[2]
    default: return nil
    }
  }
}

/// Tasks, time and memory, and how they were found.
struct SweepSize {
  private(set) var tasks: Int
  /// Seconds, whole minutes.
  private(set) var timeLimit: Int
  private(set) var memory: String
  private(set) var maximumTimeouts: Int
  /// A sentence for each that was not given.
  private(set) var notes: [String] = []

  /// Where runs are short, the tasks that there are at most.
  static let usualTasks = 20

  /// - Parameters:
  ///   - runs: what is to be made; at least one.
  ///   - time: the limit that was asked for; nil where it follows from the estimate.
  ///   - chunk: runs for each task that were asked for.
  init(
    _ runs: [ExperimentPlan.Row], time: SlurmTime?, chunk: Int?, maximumTimeouts: Int?,
    memory: String?
  ) {
    let seconds = runs.compactMap(\.seconds)
    let isKnown = seconds.count == runs.count
    let total = seconds.reduce(0, +)
    let mean = isKnown ? total / Double(runs.count) : 3600
    let longest = seconds.max() ?? 3600
    // As many as take an hour, but short runs are spread over some tasks too: those that come too late
    // cost next to nothing.
    let spread = (runs.count + Self.usualTasks - 1) / Self.usualTasks
    let chunk = chunk ?? max(1, min(spread, Int(3600 / max(mean, 0.001))))
    tasks = (runs.count + chunk - 1) / chunk
    if let time {
      timeLimit = time.seconds
    } else {
      let estimate = max(longest, Double(chunk) * mean)
      let wanted = 2 * estimate + 600
      let limit = min(wanted, 86_400)
      timeLimit = Int((limit / 300).rounded(.up)) * 300
      notes.append(
        "Time: a task's runs are estimated to take \(SpanText.text(estimate)) on this machine"
          + (limit < wanted
            ? "; the limit is a day, after which they go on in the next task."
            : "; the limit is twice that and 10 minutes."))
    }
    if let memory {
      self.memory = memory
    } else {
      let bytes = runs.map(\.cost.memoryBytes).max() ?? 0
      let megabytes = (Double(bytes) * 1.25 / 1_048_576 + 200) / 100
      self.memory = "\(Int(megabytes.rounded(.up)) * 100)M"
      notes.append(
        "Memory: the largest run is estimated to need \(bytes / 1_048_576) MB; a quarter more and "
          + "200 MB are asked for.")
    }
    let needed = Int((2 * longest / Double(timeLimit)).rounded(.up))
    self.maximumTimeouts = maximumTimeouts ?? (isKnown ? max(3, 2 * needed) : 3)
    if self.maximumTimeouts > 3, maximumTimeouts == nil {
      notes.append(
        "Time-outs: the longest run needs about \(needed) tasks one after the other, and is given "
          + "up after \(self.maximumTimeouts) time-outs.")
    }
  }
}
