// The CPU's units for bf16: which there are, whether they compute what the models say, which is used.
import CKernels
import Foundation
import Numerics

/// The CPU's units for products of bf16 numbers.
package enum HalfUnits {
  /// The unit that computes a model's products, tried against plain FMAs; nil where this process has none.
  static func products(_ model: HalfModel) -> bench_products? {
    switch model {
    case .pairs: pairs.products
    case .tiles: tiles.products
    }
  }

  /// Why a unit that the CPU has is not used, in a sentence; nil where all that are there are used.
  package static func note(_ model: HalfModel) -> String? {
    (model == .pairs ? pairs : tiles).note
  }

  /// Whether products of a model are computed by a unit for them, or by FMAs of fp32.
  package static func isNative(_ model: HalfModel) -> Bool { products(model) != nil }

  private struct Unit: @unchecked Sendable {
    let products: bench_products?
    let note: String?
  }

  private static let pairs = unit(.pairs)
  private static let tiles = unit(.tiles)

  private static func unit(_ model: HalfModel) -> Unit {
    let name = model == .pairs ? "AVX512_BF16" : "AMX"
    guard String(cString: sweeps.name) == "avx512" else { return Unit(products: nil, note: nil) }
    guard let products = bench_native_products(model.rawValue)?.pointee else {
      let isRefused = model == .tiles && bench_refuses_tiles() != 0
      let note =
        "the CPU has AMX, but the system does not let this process use it: bf16 is computed without"
      return Unit(products: nil, note: isRefused ? note : nil)
    }
    guard UnitTrial(model).agrees(products, sweeps.emulated(model)) else {
      let note =
        "the CPU's \(name) does not compute what its manual says: bf16 is computed without it, with "
        + "the right bits and more slowly"
      return Unit(products: nil, note: note)
    }
    return Unit(products: products, note: nil)
  }
}

extension bench_sweeps {
  /// Products of a model by fp32's FMAs.
  func emulated(_ model: HalfModel) -> bench_products {
    switch model {
    case .pairs: pairs
    case .tiles: tiles
    }
  }
}

extension HalfModel {
  /// What `BENCH_BF16` asks for; nil where it asks for nothing.
  private static let asked = ProcessInfo.processInfo.environment["BENCH_BF16"].flatMap {
    $0.isEmpty ? nil : $0
  }

  /// What is wrong with `BENCH_BF16`; nil where nothing is.
  static let obstacle: String? = asked.flatMap { text in
    guard HalfModel(rawValue: text) == nil else { return nil }
    return
      "BENCH_BF16=\(text): give \(allCases.map(\.rawValue).joined(separator: " or ")), or nothing"
  }

  /// The model of trainings that begin in this process: what `BENCH_BF16` says, else the one for which
  /// the CPU has a unit, tiles before pairs.
  public static let current =
    asked.flatMap { HalfModel(rawValue: $0) } ?? (HalfUnits.isNative(.tiles) ? .tiles : .pairs)
}

extension Arithmetic {
  /// What a training in a precision computes in where it begins in this process.
  public static func current(_ precision: Precision) -> Arithmetic {
    Arithmetic(precision, precision == .bf16 ? .current : .pairs)
  }
}

/// A few products of a few thousand numbers, computed in two ways.
private struct UnitTrial {
  private let model: HalfModel

  init(_ model: HalfModel) { self.model = model }

  /// One product: whole pieces and a shorter one, several tiles and a last one that overlaps.
  private static let (columns, channels, results) = (75, 48, 32)
  private static var operands: Int { (columns + 2) * channels }
  private static var depth: Int { 3 * channels }

  func agrees(_ unit: bench_products, _ emulated: bench_products) -> Bool {
    flushingSubnormals {
      (0..<3).allSatisfy { kind in
        var random = CounterRandom(seed: UInt64(kind), purpose: .statistics)
        func numbers(_ count: Int) -> [Float] {
          (0..<count).map { _ in number(&random, kind) }
        }
        let x = numbers(Self.operands)
        let w = numbers(Self.depth * Self.results)
        let dy = numbers(Self.columns * Self.results)
        return sameBits(
          product(unit, x, w, isNative: true), product(emulated, x, w, isNative: false))
          && sameBits(gradient(unit, x, dy), gradient(emulated, x, dy))
      }
    }
  }

  /// Around 1; or with products around the smallest normal number; or subnormal.
  private func number(_ random: inout CounterRandom, _ kind: Int) -> Float {
    let bits = random.next32()
    let exponent = [120 + bits >> 8 % 8, 55 + bits >> 8 % 16, bits >> 8 % 3][kind]
    return Float(bitPattern: bits & 0x8000_0000 | exponent << 23 | bits & 0x7f_0000)
  }

  private func sameBits(_ a: [Float], _ b: [Float]) -> Bool {
    zip(a, b).allSatisfy { $0.bitPattern == $1.bitPattern || $0.isNaN && $1.isNaN }
  }

  private func product(
    _ products: bench_products, _ x: [Float], _ w: [Float], isNative: Bool
  ) -> [Float] {
    let depth = Self.depth
    let matrix = bench_matrix(
      rows: depth, columns: Self.results, rowStride: Self.results, columnStride: 1)
    var panels = [Float](repeating: 0, count: depth * Self.results)
    var operands = x
    if isNative {
      sweeps.pair_panels(&panels, 8 * depth, 0, w, matrix)
      x.withUnsafeBytes { sweeps.half.keep(&operands, $0.baseAddress, x.count) }
    } else {
      sweeps.panels(&panels, 16 * depth, w, matrix, 1)
    }
    var result = [Float](repeating: 0, count: Self.columns * Self.results)
    withUnsafePointer(to: 0) { start in
      withUnsafePointer(to: depth) { length in
        var shape = bench_product(
          rows: 1, columns: Self.columns, operandRow: 0, operandColumn: Self.channels, resultRow: 0,
          resultColumn: Self.results, results: Self.results, depth: depth, runs: 1,
          runStarts: start, runLengths: length)
        products.product(&result, 0, operands, panels, &shape)
      }
    }
    return result
  }

  private func gradient(_ products: bench_products, _ x: [Float], _ dy: [Float]) -> [Float] {
    var result = [Float](repeating: 0.5, count: Self.depth * Self.results)
    withUnsafePointer(to: 0) { start in
      withUnsafePointer(to: Self.depth) { length in
        var shape = bench_weight_product(
          rows: 1, columns: Self.columns, operandRow: 0, operandColumn: Self.channels,
          gradientRow: 0, gradientColumn: Self.results, results: Self.results, firstInput: 0,
          endInput: Self.depth, firstResult: 0, endResult: Self.results, runs: 1,
          runStarts: start, runLengths: length)
        let scratch = UnsafeMutableRawPointer.allocate(
          byteCount: max(64, bench_native_scratch(&shape)), alignment: 64)
        defer { scratch.deallocate() }
        products.weight_gradient(&result, x, dy, &shape, scratch)
      }
    }
    return result
  }
}
