// The sweeps over parameters, and those that move numbers about, against their definitions.
import CKernels
import Foundation
import Testing

@Suite struct SweepParameterTests {
  @Test(arguments: SweepTable.names)
  func sgd(table name: String) throws {
    let table = try SweepTable.named(name)
    for i in 0..<40 {
      var trial = Trial(i, of: 21)
      let count = trial.size(1...150)
      let (rate, momentum): (Float, Float) = (trial.pick([0.1, 1]), trial.pick([0, 0.9]))
      let decay: Float = trial.pick([0, 0.01])
      let nesterov = trial.flag()
      let weight = Guarded(trial.numbers(count))
      let velocity = Guarded(trial.numbers(count))
      let gradient = Guarded(trial.numbers(count))
      let (w, v, g) = (weight.values, velocity.values, gradient.values)
      let steps = w.indices.map { at -> (velocity: Double, weight: Double) in
        let d = Double(g[at]) + Double(decay) * Double(w[at])
        let speed = Double(momentum) * Double(v[at]) + d
        let step = nesterov ? d + Double(momentum) * speed : speed
        return (speed, Double(w[at]) - Double(rate) * step)
      }
      table.sgd(
        weight.pointer(), velocity.pointer(), gradient.pointer(), count, rate, momentum, decay,
        nesterov ? 1 : 0)
      let what = "\(name) \(count), nesterov \(nesterov)"
      expectClose(velocity, steps.map(\.velocity), tolerance: 1e-6, what)
      expectClose(weight, steps.map(\.weight), tolerance: 1e-6, what)
    }
  }

  @Test(arguments: SweepTable.names)
  func sums(table name: String) throws {
    let table = try SweepTable.named(name)
    for i in 0..<60 {
      var trial = Trial(i, of: 22)
      let count = trial.size(1...300)
      let x = Guarded(trial.numbers(count))
      let squares = x.values.reduce(0) { $0 + Double($1) * Double($1) }
      let sum = table.sum_of_squares(x.pointer(), count)
      #expect(abs(sum - squares) <= 1e-13 * squares, "\(name) \(count)")

      let (parts, length) = (trial.size(1...17), trial.size(1...70))
      let stride = length + trial.pick([0, 3, 16])
      let pieces = Guarded(trial.numbers((parts - 1) * stride + length))
      let out = Guarded<Float>(gaps: length)
      table.sum_parts(out.pointer(), pieces.pointer(), parts, stride, length)
      let values = pieces.values
      let truth = (0..<length).map { c in
        (0..<parts).reduce(0.0) { $0 + Double(values[$1 * stride + c]) }
      }
      expectClose(out, truth, tolerance: 5e-6, "\(name) \(parts) parts of \(length)")
      // In order: the very bits of adding one after another.
      let inOrder = (0..<length).map { c in
        (1..<parts).reduce(values[c]) { $0 + values[$1 * stride + c] }
      }
      #expect(out.values == inOrder, "\(name) \(parts) parts of \(length)")
    }
  }

  @Test(arguments: SweepTable.names)
  func transpose(table name: String) throws {
    let table = try SweepTable.named(name)
    for i in 0..<60 {
      var trial = Trial(i, of: 23)
      let (rows, columns) = (trial.channels(), trial.channels())
      let (from, to) = (columns + trial.pick([0, 5]), rows + trial.pick([0, 3]))
      let x = Guarded(trial.numbers((rows - 1) * from + columns))
      let out = Guarded<Float>(gaps: (columns - 1) * to + rows)
      table.transpose(out.pointer(), to, x.pointer(), from, rows, columns)
      var truth = [Double](repeating: gapValue, count: out.count)
      let values = x.values
      for r in 0..<rows {
        for c in 0..<columns { truth[c * to + r] = Double(values[r * from + c]) }
      }
      expectClose(out, truth, tolerance: 0, "\(name) \(rows)x\(columns)")
    }
  }

  /// The loop that measures the machine's limit computes what it is counted for.
  @Test(arguments: SweepTable.names)
  func multiplyAdd(table name: String) throws {
    let table = try SweepTable.named(name)
    let sink = Guarded<Float>(gaps: 1)
    let operations = table.pairs.multiply_add(100, sink.pointer())
    #expect(operations == 2 * 16 * 12 * 100)
    let shrunk = pow(Double(Float(0.999)), 100)
    let added = Double(Float(0.001)) * (1 - shrunk) / (1 - Double(Float(0.999)))
    expectClose(sink, [66 * shrunk + 12 * added], tolerance: 1e-5, name)
  }
}
