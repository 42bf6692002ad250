// The numbers of single layers, whose metrics are named `QUANTITY:POSITION:LAYER`.
import GRDB

extension ResultsReader {
  /// The layers of each run's current attempt at the last step at which they were measured. The
  /// responses are those of convolutions alone, as in the paper: no batch norm follows the last
  /// layer, whose responses are the logits.
  /// - Returns: for each run and quantity a curve named after the quantity, whose steps are the
  ///   layers' positions; in the order of the spec, then by seed. Empty for databases of earlier
  ///   versions.
  public func layers(
    experiment: String, quantities: [String]
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
          """, arguments: StatementArguments([experiment] + quantities))
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
