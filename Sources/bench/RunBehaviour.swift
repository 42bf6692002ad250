// The options of `bench run` that say how runs are trained.
import ArgumentParser
import Experiments
import Foundation

/// `90`, `90s`, `30m`, `2h`, `1h30m` on the command line.
struct TimeSpan: ExpressibleByArgument {
  var seconds: Double

  init(seconds: Double) { self.seconds = seconds }

  init?(argument: String) {
    let units: [Character: Double] = ["s": 1, "m": 60, "h": 3600, "d": 86_400]
    var digits = ""
    seconds = 0
    // A number alone is of seconds.
    let isBare = !argument.contains { units[$0] != nil }
    for character in isBare ? argument + "s" : argument {
      guard let unit = units[character] else {
        digits.append(character)
        continue
      }
      // Double reads hexadecimal numbers, signs and "nan" too.
      guard digits.allSatisfy({ $0 == "." || ("0"..."9").contains($0) }),
        let number = Double(digits), (0...1e9).contains(number)
      else { return nil }
      seconds += number * unit
      digits = ""
    }
    guard digits.isEmpty else { return nil }
  }

  var duration: Duration { .seconds(seconds) }

  var defaultValueDescription: String { String(format: "%gs", seconds) }
}

/// How runs are made.
struct RunBehaviour: ParsableArguments {
  enum Retried: String, ExpressibleByArgument, CaseIterable {
    case failed
  }

  @Option(
    help: ArgumentHelp(
      "'failed': make failed runs again, from their last checkpoint where there is one.",
      valueName: "failed"))
  var retry: Retried?

  @Flag(
    help: ArgumentHelp(
      "Make all runs again from their beginning, as new attempts; old ones are kept. To go on with "
        + "them after an interruption, leave it out.")
  )
  var force = false

  @Flag(help: "End everything at the first failure; without it, the other runs are made.")
  var failFast = false

  @Flag(
    help: ArgumentHelp(
      "Go on with interrupted runs although data, engine or machine have changed so that bits may "
        + "differ. It is recorded with the run."))
  var allowNumericChange = false

  @Flag(help: "Make runs that need more memory than the machine has; they will be very slow.")
  var allowSwap = false

  @Option(
    help: ArgumentHelp(
      "Interrupt each run after this time, such as 90s, 30m or 2h; the same command goes on with "
        + "it.", valueName: "time"))
  var timeLimit: TimeSpan?

  @Option(
    help: ArgumentHelp(
      "Time between two checkpoints of a run, which is what a power cut costs at most; 0 for one "
        + "after every step. (default: 2m, or longer where they would take more than 1 % of the "
        + "time)", valueName: "time"))
  var checkpointEvery: TimeSpan?

  @Flag(
    inversion: .prefixedNo,
    help: "Keep each run's final weights in a folder beside the database.")
  var weights = true

  func validate() throws {
    if timeLimit?.seconds == 0 {
      throw ValidationError("--time-limit 0: no step can be made in no time; give some, such as 8h")
    }
  }

  var options: RunOptions {
    var options = RunOptions()
    options.retriesFailed = retry == .failed
    options.forces = force
    options.failsFast = failFast
    options.allowsNumericChange = allowNumericChange
    options.timeLimit = timeLimit?.duration
    options.keepsWeights = weights
    options.checkpointInterval = checkpointEvery?.duration
    return options
  }
}
