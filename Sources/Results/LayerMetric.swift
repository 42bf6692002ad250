// Numbers of single layers: kept as metrics of their own, under a name that says of which layer.
import GRDB

/// A metric of one layer. Its name is `QUANTITY:POSITION:LAYER`, such as
/// `responseDeviation:0002:layer1.0.conv1`; the view `layers` takes it apart again.
public struct LayerMetric: Hashable, Sendable {
  /// What was measured, as the view calls it.
  public enum Quantity: String, CaseIterable, Sendable {
    /// Standard deviation of the responses (He et al. 2015, Fig. 7).
    case responseDeviation
    /// Norm of the gradient of the weights.
    case layerGradientNorm
    /// Relative change of the weights in one step.
    case updateRatio
    /// Share of the following rectifier's channels that are always 0.
    case deadShare
  }

  public var quantity: Quantity
  /// The layer's place in the network, from 1.
  public var position: Int
  public var layer: String

  public init(_ quantity: Quantity, position: Int, layer: String) {
    self.quantity = quantity
    self.position = position
    self.layer = layer
  }

  /// The metric's name.
  public var name: String {
    let digits = String(position)
    let padding = String(repeating: "0", count: max(0, 4 - digits.count))
    return "\(quantity.rawValue):\(padding)\(digits):\(layer)"
  }

  /// Whether a metric is one layer's, and not the run's.
  public static func isName(_ name: String) -> Bool { name.contains(":") }
}

/// The fourth migration: layers apart from the series of whole runs. Frozen.
enum LayerSchema {
  static let sql = """
    DROP VIEW curves;
    CREATE VIEW curves AS
      SELECT run.id AS runId, experiment.name AS experiment, variant.name AS variant, run.seed,
        metric.step, metricName.name AS metric, metric.value
      FROM run
        JOIN variant ON variant.id = run.variantId
        JOIN experiment ON experiment.id = variant.experimentId
        JOIN metric ON metric.attemptId = run.currentAttempt
        JOIN metricName ON metricName.id = metric.metricNameId
      WHERE instr(metricName.name, ':') = 0;
    DROP VIEW finals;
    CREATE VIEW finals AS
      SELECT run.id AS runId, experiment.name AS experiment, variant.name AS variant, run.seed,
        metricName.name AS metric, metric.value, metric.step, attempt.status
      FROM run
        JOIN attempt ON attempt.id = run.currentAttempt
          AND attempt.status IN ('complete', 'diverged')
        JOIN variant ON variant.id = run.variantId
        JOIN experiment ON experiment.id = variant.experimentId
        JOIN metricName ON instr(metricName.name, ':') = 0
        CROSS JOIN metric ON metric.attemptId = attempt.id AND metric.metricNameId = metricName.id
          AND metric.step = (
            SELECT max(latest.step) FROM metric AS latest
            WHERE latest.attemptId = attempt.id AND latest.metricNameId = metricName.id);
    CREATE VIEW layers AS
      SELECT run.id AS runId, experiment.name AS experiment, variant.name AS variant, run.seed,
        metric.step,
        CAST(substr(metricName.name, instr(metricName.name, ':') + 1, 4) AS INTEGER) AS position,
        substr(metricName.name, instr(metricName.name, ':') + 6) AS layer,
        substr(metricName.name, 1, instr(metricName.name, ':') - 1) AS quantity, metric.value
      FROM run
        JOIN variant ON variant.id = run.variantId
        JOIN experiment ON experiment.id = variant.experimentId
        JOIN metric ON metric.attemptId = run.currentAttempt
        JOIN metricName ON metricName.id = metric.metricNameId
      WHERE instr(metricName.name, ':') > 0;
    """
}

extension ResultsReader {
  /// The layers of each run's current attempt at the last step at which they were measured. The
  /// responses are those of convolutions alone, as in the paper: no batch norm follows the last
  /// layer, whose responses are the logits.
  /// - Returns: for each run and quantity a curve named after the quantity, whose steps are the
  ///   layers' positions; in the order of the spec, then by seed. Empty for databases of earlier
  ///   versions.
  public func layers(
    experiment: String, quantities: [LayerMetric.Quantity]
  ) throws(ResultsError) -> [Curve] {
    try read { db in
      guard try db.viewExists("layers") else { return [] }
      let marks = quantities.map { _ in "?" }.joined(separator: ", ")
      let rows = try Row.fetchAll(
        db,
        sql: """
          SELECT layers.variant, layers.seed, quantity, layers.position, value
          FROM layers
            JOIN experiment ON experiment.name = layers.experiment
            JOIN variant ON variant.experimentId = experiment.id AND variant.name = layers.variant
          WHERE layers.experiment = ? AND quantity IN (\(marks))
            AND NOT (quantity = 'responseDeviation' AND layer = 'fc') AND step = (
            SELECT max(step) FROM layers AS latest WHERE latest.runId = layers.runId)
          ORDER BY variant.position, layers.variant, layers.seed, quantity, layers.position
          """, arguments: StatementArguments([experiment] + quantities.map(\.rawValue)))
      var curves: [Curve] = []
      for row in rows {
        let key = try RunKey(row, experiment: experiment)
        let metric: String = try row.get("quantity")
        if curves.last?.key != key || curves.last?.metric != metric {
          curves.append(Curve(key: key, metric: metric, points: []))
        }
        curves[curves.count - 1].points.append(
          (step: try row.get("position"), value: try row.get("value")))
      }
      return curves
    }
  }
}
