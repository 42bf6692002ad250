// Products with weights in panels against plain loops of the two models, step by step, to the bit.
import CKernels
import Foundation
import Testing

@testable import Engine
@testable import Numerics

/// bf16 and its two models in the plainest terms, number by number.
enum PlainModel {
  /// To the nearest bf16, ties to even, as an fp32 number; every NaN becomes one.
  static func rounded(_ x: Float) -> Float {
    guard !x.isNaN else { return Float(bitPattern: 0x7fc0_0000) }
    guard x.isFinite else { return x }
    let bits = x.bitPattern
    let (low, high) = (bits & 0xffff, bits & 0xffff_0000)
    let isUp = low > 0x8000 || (low == 0x8000 && high & 0x1_0000 != 0)
    return Float(bitPattern: isUp ? high + 0x1_0000 : high)
  }

  /// Subnormal numbers count as zero.
  private static func flushed(_ x: Float) -> Float {
    x.isSubnormal ? (x.sign == .minus ? -0.0 : 0) : x
  }

  /// a · b + c, rounded once, or twice where it is not fused; subnormal numbers count as zero on both
  /// sides.
  static func multiplyAdd(_ a: Float, _ b: Float, _ c: Float, isFused: Bool = true) -> Float {
    let (a, b, c) = (flushed(a), flushed(b), flushed(c))
    return flushed(isFused ? c.addingProduct(a, b) : c + flushed(a * b))
  }

  static func add(_ a: Float, _ b: Float) -> Float { flushed(flushed(a) + flushed(b)) }
}

extension HalfModel {
  typealias Factors = [(Float, Float)]

  /// The sum over one run of factors, added to c.
  func sum(_ c: Float, _ run: Factors, isFused: Bool = true) -> Float {
    switch self {
    case .pairs:
      // FMA(even, FMA(odd, c)), pair by pair.
      var sum = c
      for i in stride(from: 0, to: run.count, by: 2) {
        let odd = i + 1 < run.count ? run[i + 1] : (0, 0)
        sum = PlainModel.multiplyAdd(odd.0, odd.1, sum, isFused: isFused)
        sum = PlainModel.multiplyAdd(run[i].0, run[i].1, sum, isFused: isFused)
      }
      return sum
    case .tiles:
      // 32 at a time: the chain over the even ones and that over the odd ones, from zero, together.
      var sum = c
      for first in stride(from: 0, to: run.count, by: 32) {
        var chains: [Float] = [0, 0]
        for i in first..<min(first + 32, run.count) {
          chains[i % 2] = PlainModel.multiplyAdd(
            run[i].0, run[i].1, chains[i % 2], isFused: isFused)
        }
        sum = PlainModel.add(sum, PlainModel.add(chains[0], chains[1]))
      }
      return sum
    }
  }

  /// The same over several runs, one after the other.
  func sum(_ c: Float, runs: [Factors], isFused: Bool = true) -> Float {
    runs.reduce(c) { sum($0, $1, isFused: isFused) }
  }

  /// What belongs together in a weights' gradient: rows of pixels, or the whole image.
  func gradientRuns(_ rows: [Factors]) -> [Factors] {
    self == .pairs ? rows : [rows.flatMap { $0 }]
  }
}

/// The bits of a number, one for every NaN.
func bits(_ x: Float) -> UInt32 { x.isNaN ? 0x7fc0_0000 : x.bitPattern }

/// Numbers that bf16 can hold: around 1, or anything at all.
func halfNumbers(_ count: Int, seed: UInt64, anything: Bool = false) -> [Float] {
  var random = CounterRandom(seed: seed, purpose: .statistics)
  return (0..<count).map { _ in
    anything
      ? Float(bitPattern: random.next32() & 0xffff_0000) : PlainModel.rounded(random.normal())
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
      #expect(result.bitPattern == PlainModel.rounded(value).bitPattern, "\(value.bitPattern)")
    }
  }

  @Test(arguments: SweepTable.names, HalfModel.allCases)
  func productsFollowTheModel(table name: String, model: HalfModel) throws {
    let table = try SweepTable.named(name)
    flushingSubnormals {
      for i in 0..<160 {
        let product = ProductTrial(i, suitsUnit: false)
        for isHalf in [false, true] {
          let wrong = product.differences(
            table, table.emulated(model), isNative: false, isHalf: isHalf, model,
            isFused: name != "baseline")
          #expect(wrong == 0, "\(name) \(model) \(product.shape)")
        }
      }
    }
  }

  @Test(arguments: SweepTable.names, HalfModel.allCases)
  func weightGradientsFollowTheModel(table name: String, model: HalfModel) throws {
    let table = try SweepTable.named(name)
    flushingSubnormals {
      for i in 0..<160 {
        let product = GradientTrial(i)
        let wrong = product.differences(table.emulated(model), model, isFused: name != "baseline")
        #expect(wrong == 0, "\(name) \(model) \(product.shape)")
      }
    }
  }

  /// The loops around the units' instructions, which are imitated, against the same model.
  @Test(
    .enabled(if: bench_imitated_products("tiles") != nil, "needs FMA"),
    arguments: HalfModel.allCases)
  func imitatedUnitsFollowTheModel(model: HalfModel) throws {
    follow(model, try #require(bench_imitated_products(model.rawValue)).pointee, trials: 400)
  }

  /// The CPU's own units.
  @Test(
    .enabled(if: HalfModel.allCases.contains(where: HalfUnits.isNative), "the CPU has no unit"),
    arguments: HalfModel.allCases.filter(HalfUnits.isNative))
  func unitsFollowTheModel(model: HalfModel) throws {
    follow(model, try #require(HalfUnits.products(model)), trials: 400)
  }

  private func follow(_ model: HalfModel, _ unit: bench_products, trials: Int) {
    flushingSubnormals {
      for i in 0..<trials {
        let product = ProductTrial(i, suitsUnit: true)
        for isHalf in [false, true] {
          let wrong = product.differences(
            sweeps, unit, isNative: true, isHalf: isHalf, model, isFused: true)
          #expect(wrong == 0, "\(model) \(product.shape)")
        }
        let gradient = GradientTrial(i, suitsUnit: true)
        #expect(gradient.differences(unit, model, isFused: true) == 0, "\(model) \(gradient.shape)")
      }
    }
  }
}

/// A random product: any number of runs, odd lengths and widths, gaps, a last panel that is not full.
private struct ProductTrial {
  let rows, columns, results: Int
  let starts, lengths: [Int]
  let operandRow, operandColumn, resultColumn: Int
  let x, w: [Float]
  private let resultRow = 80 * 90

  var shape: String {
    "\(rows)x\(columns)→\(results) runs \(lengths) at \(starts), \(operandRow) \(operandColumn)"
  }

  /// - Parameter suitsUnit: whether the runs are alike and even, and the rows of many shapes join.
  init(_ i: Int, suitsUnit: Bool) {
    var trial = Trial(i, of: suitsUnit ? 34 : 30)
    rows = trial.size(1...(suitsUnit ? 7 : 3))
    columns = trial.size(1...(suitsUnit ? 40 : 27))
    results = trial.size(1...40)
    let runs = trial.size(1...4)
    if suitsUnit {
      let channels = 2 * trial.size(1...24)
      lengths = .init(repeating: channels * trial.size(1...3), count: runs)
      operandColumn = channels * trial.size(1...2)
      let width = columns + trial.size(0...3)
      let row = trial.pick([0, 1]) == 0 ? width * operandColumn : trial.size(1...90)
      operandRow = row
      starts = (0..<runs).map { $0 * row }
    } else {
      lengths = (0..<runs).map { _ in trial.size(1...70) }
      starts = lengths.map { _ in trial.size(0...9) }
      (operandColumn, operandRow) = (trial.size(1...9), trial.size(1...40))
    }
    resultColumn = results + trial.size(0...2)
    let operands = zip(starts, lengths).map(+).max() ?? 0
    let anything = i % 4 == 3
    x = halfNumbers(
      operands + (columns - 1) * operandColumn + (rows - 1) * operandRow, seed: UInt64(i),
      anything: anything)
    w = halfNumbers(
      lengths.reduce(0, +) * results, seed: UInt64(1000 + i), anything: anything)
  }

  /// How many results have other bits than the model; one more where anything else was written.
  func differences(
    _ table: bench_sweeps, _ products: bench_products, isNative: Bool, isHalf: Bool,
    _ model: HalfModel, isFused: Bool
  ) -> Int {
    let depth = lengths.reduce(0) { $0 + WeightPanels.depth($1) }
    // Weights as a matrix, and in panels.
    var panels = [Float](repeating: 0, count: WeightPanels.count(depth: depth, results: results))
    var (from, to) = (0, 0)
    for length in lengths {
      panels.withUnsafeMutableBufferPointer { panels in
        w.withUnsafeBufferPointer { w in
          guard let panels = panels.baseAddress, let w = w.baseAddress else { return }
          let matrix = bench_matrix(
            rows: length, columns: results, rowStride: results, columnStride: 1)
          if isNative {
            table.pair_panels(panels, 8 * depth, to, w + from * results, matrix)
          } else {
            table.panels(panels + to * 16, 16 * depth, w + from * results, matrix, 1)
          }
        }
      }
      from += length
      to += WeightPanels.depth(length)
    }
    let packed = Guarded<Float>(gaps: (x.count + 1) / 2)
    table.half.keep(packed.pointer(), x, x.count)
    let y = Guarded<Float>(gaps: 2 * rows * resultRow)
    var product = bench_product(
      rows: rows, columns: columns, operandRow: operandRow, operandColumn: operandColumn,
      resultRow: resultRow, resultColumn: resultColumn, results: results, depth: depth,
      runs: lengths.count, runStarts: nil, runLengths: nil)
    starts.withUnsafeBufferPointer { starts in
      lengths.withUnsafeBufferPointer { lengths in
        product.runStarts = starts.baseAddress
        product.runLengths = lengths.baseAddress
        if isNative {
          products.product(y.pointer(), isHalf ? 1 : 0, packed.pointer(), panels, &product)
        } else {
          products.product(y.pointer(), isHalf ? 1 : 0, x, panels, &product)
        }
      }
    }
    var wrong = y.isIntact ? 0 : 1
    y.values.withUnsafeBytes { bytes in
      for row in 0..<rows {
        for column in 0..<columns {
          for c in 0..<results {
            let place = row * resultRow + column * resultColumn + c
            let value =
              isHalf
              ? Float(
                bitPattern: UInt32(bytes.load(fromByteOffset: 2 * place, as: UInt16.self)) << 16)
              : bytes.load(fromByteOffset: 4 * place, as: Float.self)
            let sum = expected(row, column, c, model, isFused: isFused)
            wrong += bits(value) == bits(isHalf ? PlainModel.rounded(sum) : sum) ? 0 : 1
          }
        }
      }
    }
    return wrong
  }

  private func expected(
    _ row: Int, _ column: Int, _ c: Int, _ model: HalfModel, isFused: Bool
  ) -> Float {
    var first = 0
    let runs = zip(starts, lengths).map { start, length in
      defer { first += length }
      let place = start + row * operandRow + column * operandColumn
      return (0..<length).map { (x[place + $0], w[(first + $0) * results + c]) }
    }
    return model.sum(0, runs: runs, isFused: isFused)
  }
}

/// A random weights' gradient, whole or in part, added to what is there.
private struct GradientTrial {
  let rows, columns, results: Int
  let starts, lengths: [Int]
  let operandRow, operandColumn, gradientRow: Int
  let firstInput, endInput, firstResult: Int
  let x, dy, before: [Float]

  var shape: String {
    "\(rows)x\(columns)→\(results) runs \(lengths) at \(starts), \(operandRow) \(operandColumn), "
      + "inputs \(firstInput)..<\(endInput) from \(firstResult)"
  }

  /// - Parameter suitsUnit: whether some operands are shared by neighbouring places of a kernel.
  init(_ i: Int, suitsUnit: Bool = false) {
    var trial = Trial(i, of: suitsUnit ? 36 : 32)
    rows = trial.size(1...7)
    columns = suitsUnit ? trial.pick([1, 2, 5, 7, 8, 16, 31, 32, 64]) : trial.size(1...19)
    results = trial.size(1...40)
    let runs = trial.size(1...3)
    if suitsUnit, trial.pick([0, 1]) == 0 {
      // A kernel over blocks of 16 channels.
      operandColumn = 16 * trial.size(1...2)
      lengths = .init(repeating: 3 * operandColumn, count: runs)
      let row = (columns + trial.size(2...3)) * operandColumn
      operandRow = row
      starts = (0..<runs).map { $0 * row }
    } else {
      lengths = (0..<runs).map { _ in trial.size(1...31) }
      starts = lengths.map { _ in trial.size(0...9) }
      (operandColumn, operandRow) = (trial.size(1...9), trial.size(1...40))
    }
    gradientRow = columns * results + trial.size(0...5)
    let operands = zip(starts, lengths).map(+).max() ?? 0
    let anything = i % 4 == 3
    x = halfNumbers(
      operands + (columns - 1) * operandColumn + (rows - 1) * operandRow, seed: UInt64(i),
      anything: anything)
    dy = halfNumbers(
      (rows - 1) * gradientRow + columns * results, seed: UInt64(2000 + i), anything: anything)
    let inputs = lengths.reduce(0, +)
    before = halfNumbers(inputs * results, seed: UInt64(3000 + i))
    firstInput = trial.size(0...inputs - 1)
    endInput = firstInput + trial.size(1...inputs - firstInput)
    firstResult = trial.size(0...(results - 1) / 16) * 16
  }

  /// How many numbers have other bits than the model; one more where anything else was written.
  func differences(_ products: bench_products, _ model: HalfModel, isFused: Bool) -> Int {
    let dw = Guarded(before)
    var product = bench_weight_product(
      rows: rows, columns: columns, operandRow: operandRow, operandColumn: operandColumn,
      gradientRow: gradientRow, gradientColumn: results, results: results,
      firstInput: firstInput, endInput: endInput, firstResult: firstResult, endResult: results,
      runs: lengths.count, runStarts: nil, runLengths: nil)
    var isIntact = true
    starts.withUnsafeBufferPointer { starts in
      lengths.withUnsafeBufferPointer { lengths in
        product.runStarts = starts.baseAddress
        product.runLengths = lengths.baseAddress
        let scratch = Guarded<Float>(gaps: max(16, WeightPanels.scratchCount(&product)))
        products.weight_gradient(dw.pointer(), x, dy, &product, scratch.pointer())
        isIntact = scratch.isIntact && dw.isIntact
      }
    }
    let places = zip(starts, lengths).flatMap { start, length in (start..<start + length) }
    var wrong = isIntact ? 0 : 1
    for (at, value) in dw.values.enumerated() {
      let (input, c) = (at / results, at % results)
      var sum = before[at]
      if (firstInput..<endInput).contains(input), c >= firstResult {
        let factors = (0..<rows).map { row in
          (0..<columns).map {
            (
              x[places[input] + row * operandRow + $0 * operandColumn],
              dy[row * gradientRow + $0 * results + c]
            )
          }
        }
        sum = model.sum(sum, runs: model.gradientRuns(factors), isFused: isFused)
      }
      wrong += bits(value) == bits(sum) ? 0 : 1
    }
    return wrong
  }
}
