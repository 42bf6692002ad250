// What the owners of a run tell each other in their claims.
import Results

/// How a run stood when its owner gave it back, or took it: `step=120 timeouts=1 preemptions=0
/// failures=0`.
struct RunNote: Hashable, Sendable {
  /// Steps done, as its checkpoint has them.
  var step = 0
  var ends = EarlyEnds()

  init(step: Int = 0, ends: EarlyEnds = EarlyEnds()) {
    self.step = step
    self.ends = ends
  }

  /// What is missing or cannot be read is 0.
  init(_ text: String) {
    for word in text.split(separator: " ") {
      let parts = word.split(separator: "=", maxSplits: 1)
      guard parts.count == 2, let number = Int(parts[1]), number >= 0 else { continue }
      switch parts[0] {
      case "step": step = number
      case "timeouts": ends.timeouts = number
      case "preemptions": ends.preemptions = number
      case "failures": ends.failures = number
      default: break
      }
    }
  }

  var text: String {
    "step=\(step) timeouts=\(ends.timeouts) preemptions=\(ends.preemptions) "
      + "failures=\(ends.failures)"
  }

  /// Why the run is not taken any more; nil where it is.
  func obstacle(_ rules: SweepDescription.Rules) -> String? {
    if ends.failures >= rules.maximumFailures {
      return "it has failed \(ends.failures) time\(ends.failures == 1 ? "" : "s")"
    }
    if ends.timeouts >= rules.maximumTimeouts {
      return "it came to the time limit \(ends.timeouts) time\(ends.timeouts == 1 ? "" : "s")"
    }
    return nil
  }
}

extension EarlyEnds {
  /// Of each kind the larger number: what vanished early is in claims alone, the rest in the database.
  func joined(_ other: EarlyEnds) -> EarlyEnds {
    EarlyEnds(
      timeouts: max(timeouts, other.timeouts), preemptions: max(preemptions, other.preemptions),
      failures: max(failures, other.failures))
  }
}
