// The train-test gap: what a net gets wrong on new images beyond what it gets wrong on its own.
import Results
import Specs

/// A metric made of two stored ones: test error minus training error, in points of a percent.
///
/// The training error is the recorded one, of augmented batches on the way; with augmentation or a
/// large learning rate the gap can be negative.
public enum ErrorGap {
  /// The gap of each run's last errors.
  public static func finals(_ finals: [FinalValue]) -> [FinalValue] {
    let training = Dictionary(
      finals.filter { $0.metric == Metric.trainError.name }.map { ($0.key, $0.value) },
      uniquingKeysWith: { first, _ in first })
    return finals.filter { $0.metric == Metric.testError.name }.compactMap { test in
      training[test.key].map { error in
        var gap = test
        gap.metric = Metric.errorGap.name
        gap.value -= error
        return gap
      }
    }
  }

  /// The gap at each step that has both errors.
  package static func curves(_ curves: [Curve]) -> [Curve] {
    let training = Dictionary(
      curves.filter { $0.metric == Metric.trainError.name }.map { ($0.key, $0.points) },
      uniquingKeysWith: { first, _ in first })
    return curves.filter { $0.metric == Metric.testError.name }.map { test in
      let errors = Dictionary(
        (training[test.key] ?? []).map { ($0.step, $0.value) },
        uniquingKeysWith: { _, last in last })
      let points = test.points.compactMap { point in
        errors[point.step].map { (step: point.step, value: point.value - $0) }
      }
      return Curve(key: test.key, metric: Metric.errorGap.name, points: points)
    }
  }
}
