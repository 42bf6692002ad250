// What multiplies shortcuts: the sweeps against their definitions, and what a dropout draws.
import CKernels
import Foundation
import Testing

@testable import Engine
@testable import Numerics

@Suite struct MultiplierTests {
  private func sigmoid(_ z: Float) -> Double { 1 / (1 + exp(-Double(z))) }

  @Test(arguments: SweepTable.names)
  func scale(table name: String) throws {
    let table = try SweepTable.named(name)
    for i in 0..<30 {
      var trial = Trial(i, of: 41)
      let x = Guarded(trial.numbers(trial.size(1...70)))
      let factor: Float = trial.pick([0.5, -2, 0])
      let truth = x.values.map { Double($0 * factor) }
      let out = trial.flag() ? x : Guarded<Float>(gaps: x.count)
      table.single.scale(out.pointer(), x.pointer(), x.count, factor)
      expectClose(out, truth, tolerance: 1e-9, "\(name) \(x.count)")
    }
  }

  /// Also where the sigmoid is all but 0 or 1, and for logits beyond what exponentials can hold.
  @Test(arguments: SweepTable.names)
  func gate(table name: String) throws {
    let table = try SweepTable.named(name)
    for i in 0..<60 {
      var trial = Trial(i, of: 42)
      let count = trial.size(1...70)
      let spread: Float = trial.pick([1, 10, 300])
      let (x, g) = (Guarded(trial.numbers(count)), Guarded(trial.numbers(count)))
      let z = Guarded(trial.numbers(count).map { spread * $0 })
      let sign: Float = trial.pick([1, -1])
      let values = zip(x.values, z.values).map { Double($0) * sigmoid(sign * $1) }
      let slopes = zip(zip(g.values, x.values), z.values).map {
        Double($0.0) * Double($0.1) * Double(sign) * sigmoid($1) * sigmoid(-$1)
      }
      let slope = Guarded<Float>(gaps: count)
      table.single.gate_gradient(
        slope.pointer(), g.pointer(), x.pointer(), z.pointer(), count, sign)
      expectClose(slope, slopes, tolerance: 1e-6, "\(name) gradient, \(count) of \(spread)")
      let out = trial.flag() ? x : Guarded<Float>(gaps: count)
      table.single.gate(out.pointer(), x.pointer(), z.pointer(), count, sign)
      expectClose(out, values, tolerance: 1e-6, "\(name) \(count) of \(spread)")
    }
  }

  /// Not a number stays one: a diverged run must be seen.
  @Test(arguments: SweepTable.names)
  func gateOfNaN(table name: String) throws {
    let table = try SweepTable.named(name)
    let out = Guarded<Float>(gaps: 3)
    let z = Guarded<Float>([.nan, 0, .infinity])
    table.single.gate(out.pointer(), Guarded<Float>([1, 1, 1]).pointer(), z.pointer(), 3, 1)
    #expect(out.values[0].isNaN && out.values[1] == 0.5 && out.values[2] == 1)
  }

  @Test(arguments: SweepTable.names)
  func dropoutIsTheMask(table name: String) throws {
    let table = try SweepTable.named(name)
    for i in 0..<40 {
      var trial = Trial(i, of: 43)
      let count = trial.size(1...200)
      let mask = DropoutMask(
        rate: trial.pick([0, 0.25, 0.5, 0.9]), key: UInt64(i), layer: ValueID(i % 5), image: i % 7)
      let x = Guarded(trial.numbers(count))
      let truth = x.values.enumerated().map { mask.keeps($0) ? Double($1) : 0 }
      let out = trial.flag() ? x : Guarded<Float>(gaps: count)
      table.single.dropout(
        out.pointer(), x.pointer(), count, mask.keys.0, mask.keys.1, mask.threshold)
      expectClose(out, truth, tolerance: 0, "\(name) \(count)")
    }
  }

  /// The share of zeros is the rate, and neither neighbours, images, layers nor steps go together.
  @Test(arguments: [0.1, 0.5, 0.8] as [Float])
  func masksAreRandom(rate: Float) {
    let count = 20_000
    func kept(_ key: UInt64, _ layer: Int, _ image: Int) -> [Bool] {
      let mask = DropoutMask(rate: rate, key: key, layer: ValueID(layer), image: image)
      return (0..<count).map(mask.keeps)
    }
    let first = kept(1, 2, 3)
    let zeros = Double(first.count { !$0 }) / Double(count)
    let p = Double(rate)
    // Five standard deviations of a proportion.
    let bound = 5 * (p * (1 - p) / Double(count)).squareRoot()
    #expect(abs(zeros - p) < bound)
    let independent = p * p + (1 - p) * (1 - p)
    let deviation = 5 * (independent * (1 - independent) / Double(count)).squareRoot()
    let neighbour = Array(first.dropFirst() + [first[0]])
    for other in [neighbour, kept(2, 2, 3), kept(1, 3, 3), kept(1, 2, 4)] {
      let equal = Double(zip(first, other).count { $0 == $1 }) / Double(count)
      #expect(abs(equal - independent) < deviation)
    }
  }
}
