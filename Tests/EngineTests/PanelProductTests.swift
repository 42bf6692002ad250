// Products with weights in panels against the model `pairs`, step by step, to the bit.
import CKernels
import Foundation
import Testing

@testable import Engine
@testable import Numerics

/// bf16 and the model `pairs` in the plainest terms, number by number.
enum PairModel {
  /// To the nearest bf16, ties to even, as an fp32 number; every NaN becomes one.
  static func rounded(_ x: Float) -> Float {
    guard !x.isNaN else { return Float(bitPattern: 0x7fc0_0000) }
    guard x.isFinite else { return x }
    let bits = x.bitPattern
    let (low, high) = (bits & 0xffff, bits & 0xffff_0000)
    let isUp = low > 0x8000 || (low == 0x8000 && high & 0x1_0000 != 0)
    return Float(bitPattern: isUp ? high + 0x1_0000 : high)
  }

  /// a · b + c, rounded once, or twice where it is not fused; subnormal numbers count as zero on both
  /// sides.
  static func multiplyAdd(_ a: Float, _ b: Float, _ c: Float, isFused: Bool = true) -> Float {
    func flushed(_ x: Float) -> Float { x.isSubnormal ? (x.sign == .minus ? -0.0 : 0) : x }
    let (a, b, c) = (flushed(a), flushed(b), flushed(c))
    return flushed(isFused ? c.addingProduct(a, b) : c + flushed(a * b))
  }

  /// The chain over pairs of factors: FMA(even, FMA(odd, c)).
  static func chain(_ c: Float, _ factors: [(Float, Float)], isFused: Bool = true) -> Float {
    var sum = c
    for i in stride(from: 0, to: factors.count, by: 2) {
      let odd = i + 1 < factors.count ? factors[i + 1] : (0, 0)
      sum = multiplyAdd(odd.0, odd.1, sum, isFused: isFused)
      sum = multiplyAdd(factors[i].0, factors[i].1, sum, isFused: isFused)
    }
    return sum
  }
}

/// The bits of a number, one for every NaN.
func bits(_ x: Float) -> UInt32 { x.isNaN ? 0x7fc0_0000 : x.bitPattern }

/// Numbers that bf16 can hold: around 1, or anything at all.
func halfNumbers(_ count: Int, seed: UInt64, anything: Bool = false) -> [Float] {
  var random = CounterRandom(seed: seed, purpose: .statistics)
  return (0..<count).map { _ in
    anything
      ? Float(bitPattern: random.next32() & 0xffff_0000) : PairModel.rounded(random.normal())
  }
}

@Suite struct PanelProductTests {
  @Test(arguments: SweepTable.names)
  func roundingIsToTheNearestEven(table name: String) throws {
    let table = try SweepTable.named(name)
    var random = CounterRandom(seed: 5, purpose: .statistics)
    var values: [Float] = [0, -0.0, .infinity, -.infinity, .nan, -.nan, .greatestFiniteMagnitude]
    values += [0x3f80_8000, 0x3f81_8000, 0x3f80_8001, 0x7f7f_8000, 0x7f80_0001, 0xff80_1234].map {
      Float(bitPattern: $0)
    }
    values += (0..<5000).map { _ in Float(bitPattern: random.next32()) }
    let count = values.count
    var stored = [UInt16](repeating: 0, count: count)
    table.half.narrow(&stored, values, count)
    var back = [Float](repeating: 0, count: count)
    table.half.widen(&back, stored, count)
    for (value, result) in zip(values, back) {
      #expect(result.bitPattern == PairModel.rounded(value).bitPattern, "\(value.bitPattern)")
    }
  }

  /// Random shapes of one product: any number of runs, odd lengths and widths, gaps, a last panel
  /// that is not full, as fp32 and as bf16.
  @Test(arguments: SweepTable.names, [false, true])
  func productsFollowTheModel(table name: String, anything: Bool) throws {
    let table = try SweepTable.named(name)
    let isFused = name != "baseline"
    flushingSubnormals {
      for i in 0..<120 {
        var trial = Trial(i, of: anything ? 31 : 30)
        let (rows, columns, results) = (trial.size(1...3), trial.size(1...27), trial.size(1...40))
        let lengths = (0..<trial.size(1...4)).map { _ in trial.size(1...13) }
        let starts = lengths.map { _ in trial.size(0...9) }
        let (operandColumn, operandRow) = (trial.size(1...9), trial.size(1...40))
        let (resultColumn, resultRow) = (results + trial.size(0...2), 27 * 45)
        let operands = zip(starts, lengths).map(+).max() ?? 0
        let x = halfNumbers(
          operands + (columns - 1) * operandColumn + (rows - 1) * operandRow, seed: UInt64(i),
          anything: anything)
        let depth = lengths.reduce(0) { $0 + WeightPanels.depth($1) }
        // Weights as a matrix, and in panels.
        let numbers = lengths.reduce(0, +)
        let w = halfNumbers(numbers * results, seed: UInt64(1000 + i), anything: anything)
        var panels = [Float](
          repeating: 0, count: WeightPanels.count(depth: depth, results: results))
        var (from, to) = (0, 0)
        for length in lengths {
          panels.withUnsafeMutableBufferPointer { panels in
            w.withUnsafeBufferPointer { w in
              guard let panels = panels.baseAddress, let w = w.baseAddress else { return }
              table.panels(
                panels + to * 16, 16 * depth, w + from * results,
                bench_matrix(rows: length, columns: results, rowStride: results, columnStride: 1),
                1)
            }
          }
          from += length
          to += WeightPanels.depth(length)
        }
        for isHalf in [false, true] {
          let y = Guarded<Float>(gaps: 2 * rows * resultRow)
          var product = bench_product(
            rows: rows, columns: columns, operandRow: operandRow, operandColumn: operandColumn,
            resultRow: resultRow, resultColumn: resultColumn, results: results, depth: depth,
            runs: lengths.count, runStarts: nil, runLengths: nil)
          starts.withUnsafeBufferPointer { starts in
            lengths.withUnsafeBufferPointer { lengths in
              product.runStarts = starts.baseAddress
              product.runLengths = lengths.baseAddress
              table.panel_product(y.pointer(), isHalf ? 1 : 0, x, panels, &product)
            }
          }
          let written = y.values.withUnsafeBytes { bytes in
            (0..<rows * columns * results).map { at -> Float in
              let (row, column, c) = (
                at / (columns * results), at / results % columns, at % results
              )
              let place = row * resultRow + column * resultColumn + c
              return isHalf
                ? Float(
                  bitPattern: UInt32(bytes.load(fromByteOffset: 2 * place, as: UInt16.self)) << 16)
                : bytes.load(fromByteOffset: 4 * place, as: Float.self)
            }
          }
          var wrong = 0
          for (at, value) in written.enumerated() {
            let (row, column, c) = (at / (columns * results), at / results % columns, at % results)
            var sum: Float = 0
            var first = 0
            for (start, length) in zip(starts, lengths) {
              let place = start + row * operandRow + column * operandColumn
              sum = PairModel.chain(
                sum, (0..<length).map { (x[place + $0], w[(first + $0) * results + c]) },
                isFused: isFused)
              first += length
            }
            let expected = isHalf ? PairModel.rounded(sum) : sum
            wrong += bits(value) == bits(expected) ? 0 : 1
          }
          #expect(wrong == 0 && y.isIntact, "\(name) \(rows)x\(columns)→\(results) \(lengths)")
        }
      }
    }
  }

  /// Random shapes of a weight gradient, whole or in parts, added to what is there.
  @Test(arguments: SweepTable.names, [false, true])
  func weightGradientsFollowTheModel(table name: String, anything: Bool) throws {
    let table = try SweepTable.named(name)
    let isFused = name != "baseline"
    flushingSubnormals {
      for i in 0..<120 {
        var trial = Trial(i, of: anything ? 33 : 32)
        let (rows, columns, results) = (trial.size(1...5), trial.size(1...9), trial.size(1...40))
        let lengths = (0..<trial.size(1...3)).map { _ in trial.size(1...31) }
        let starts = lengths.map { _ in trial.size(0...9) }
        let (operandColumn, operandRow) = (trial.size(1...9), trial.size(1...40))
        let gradientRow = columns * results + trial.size(0...5)
        let operands = zip(starts, lengths).map(+).max() ?? 0
        let x = halfNumbers(
          operands + (columns - 1) * operandColumn + (rows - 1) * operandRow, seed: UInt64(i),
          anything: anything)
        let dy = halfNumbers(
          (rows - 1) * gradientRow + columns * results, seed: UInt64(2000 + i), anything: anything)
        let inputs = lengths.reduce(0, +)
        let before = halfNumbers(inputs * results, seed: UInt64(3000 + i))
        let dw = Guarded(before)
        let first = trial.size(0...inputs - 1)
        let end = first + trial.size(1...inputs - first)
        let firstResult = trial.size(0...(results - 1) / 16) * 16
        var product = bench_weight_product(
          rows: rows, columns: columns, operandRow: operandRow, operandColumn: operandColumn,
          gradientRow: gradientRow, gradientColumn: results, results: results, firstInput: first,
          endInput: end, firstResult: firstResult, endResult: results, runs: lengths.count,
          runStarts: nil, runLengths: nil)
        starts.withUnsafeBufferPointer { starts in
          lengths.withUnsafeBufferPointer { lengths in
            product.runStarts = starts.baseAddress
            product.runLengths = lengths.baseAddress
            table.panel_weight_gradient(dw.pointer(), x, dy, &product)
          }
        }
        let places = zip(starts, lengths).flatMap { start, length in (start..<start + length) }
        var wrong = 0
        for (at, value) in dw.values.enumerated() {
          let (input, c) = (at / results, at % results)
          var sum = before[at]
          if (first..<end).contains(input), c >= firstResult {
            for row in 0..<rows {
              sum = PairModel.chain(
                sum,
                (0..<columns).map {
                  (
                    x[places[input] + row * operandRow + $0 * operandColumn],
                    dy[row * gradientRow + $0 * results + c]
                  )
                }, isFused: isFused)
            }
          }
          wrong += bits(value) == bits(sum) ? 0 : 1
        }
        #expect(wrong == 0 && dw.isIntact, "\(name) \(rows)x\(columns)→\(results) \(lengths)")
      }
    }
  }
}
