// What a pass over a split gives.
import Engine

/// Sums over the batches of an evaluation.
struct EvaluationTotals {
  let classes: Int
  private var lossSum = 0.0
  private var errors = 0
  private var errorsInFive = 0
  private(set) var images = 0

  init(classes: Int) { self.classes = classes }

  mutating func add(_ result: EvaluationResult) {
    lossSum += result.lossSum
    errors += result.correct.count { !$0 }
    errorsInFive += result.ranks.count { $0 >= 5 }
    images += result.correct.count
  }

  /// Mean cross-entropy in nats and errors in percent: of the first guess and, where there are more
  /// than five classes, of the first five.
  func metrics(prefix: String) -> [(name: String, value: Double)] {
    let count = Double(images)
    var metrics = [
      ("\(prefix)Loss", lossSum / count), ("\(prefix)Error", 100 * Double(errors) / count),
    ]
    if classes > 5 { metrics.append(("\(prefix)Top5Error", 100 * Double(errorsInFive) / count)) }
    return metrics
  }
}
