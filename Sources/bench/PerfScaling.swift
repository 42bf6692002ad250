// How much faster several threads are than one, beside what the machine itself gains.
import Engine
import Foundation
import Numerics
import Reports

/// One network timed with one thread and with several, in turns.
struct PerfScaling: Encodable {
  struct Point: Encodable {
    let threads: Int
    let milliseconds: Double
    let imagesPerSecond: Double
    /// Median rate of multiply-adds over as long as a step takes.
    let arithmeticGFLOPS: Double
  }

  let name: String
  let mode: String
  let batch: Int
  let input: String
  let steps: Int
  let points: [Point]
  /// Median step of one thread over that of all.
  let stepSpeedUp: Double
  /// The same of multiply-adds in registers, in bursts as long as a step: what disturbs the steps
  /// disturbs them too.
  let arithmeticSpeedUp: Double
  /// The first over the second.
  let efficiency: Double

  /// How often the two take turns, so that a disturbance meets both.
  private static let rounds = 5

  init(
    _ graph: Graph, name: String, batch: Int, threads: Int, steps: Int, isEvaluation: Bool,
    precision: Precision
  ) {
    let measured = [1, threads].map {
      PerfMeasurement(
        graph, batch: batch, threads: $0, isEvaluation: isEvaluation, precision: precision)
    }
    for measurement in measured { measurement.warmUp() }
    for _ in 0..<Self.rounds {
      for measurement in measured {
        measurement.runBesideArithmetic(steps: (steps + Self.rounds - 1) / Self.rounds)
      }
    }
    let points = measured.map {
      Point(
        threads: $0.network.threads, milliseconds: 1000 * $0.medianSeconds,
        imagesPerSecond: Double(batch) / $0.medianSeconds,
        arithmeticGFLOPS: PerfMeasurement.median($0.arithmeticRates))
    }
    self.name = name
    mode = isEvaluation ? "evaluation" : "training"
    self.batch = batch
    input = graph.inputShape.description
    self.steps = measured[0].times.count
    self.points = points
    stepSpeedUp = points[0].milliseconds / points[1].milliseconds
    arithmeticSpeedUp = points[1].arithmeticGFLOPS / points[0].arithmeticGFLOPS
    efficiency = stepSpeedUp / arithmeticSpeedUp
  }

  var text: String {
    let rows = points.map { point in
      [
        "\(point.threads)", PerfText.number(point.milliseconds, 1),
        PerfText.number(point.imagesPerSecond, 1), PerfText.number(point.arithmeticGFLOPS, 0),
      ]
    }
    let table = TextTable(
      header: ["threads", "step ms", "images/s", "FMA, GFLOP/s"], rows: rows,
      rightAligned: [0, 1, 2, 3])
    return """
      \(name), \(mode), batch \(batch) of \(input)
      \(table.text)
      \(points[1].threads) threads are \(PerfText.number(stepSpeedUp, 2)) x as fast as one, \
      multiply-adds \(PerfText.number(arithmeticSpeedUp, 2)) x: \(PerfText.number(efficiency, 2)) of that

      """
  }
}
