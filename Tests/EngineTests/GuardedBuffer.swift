// Memory for kernels under test: what lies before and behind shows who reads or writes there.
import CKernels
import Testing

@testable import Numerics

/// Numbers with NaN on both sides: reading beyond the ends poisons the result, writing is noticed.
final class Guarded<Number: BinaryFloatingPoint> {
  private static var margin: Int { 40 }
  private let memory: UnsafeMutableBufferPointer<Number>
  let count: Int

  init(_ values: [Number]) {
    count = values.count
    memory = .allocate(capacity: values.count + 2 * Self.margin)
    memory.initialize(repeating: .nan)
    for (i, value) in values.enumerated() { memory[Self.margin + i] = value }
  }

  /// As many places that hold `gapValue` until somebody writes them.
  convenience init(gaps count: Int) {
    self.init(.init(repeating: Number(gapValue), count: count))
  }

  deinit { memory.deallocate() }

  /// - Parameter offset: where a kernel starts, such as an image inside its border.
  func pointer(at offset: Int = 0) -> UnsafeMutablePointer<Number>? {
    memory.baseAddress.map { $0 + Self.margin + offset }
  }

  /// The numbers as an image whose rows lie `pitch` apart.
  func source(pitch: Int, at offset: Int = 0) -> bench_source where Number == Float {
    bench_source(first: pointer(at: offset), pitch: pitch)
  }

  /// The place of an image whose rows lie `pitch` apart.
  func target(pitch: Int) -> bench_target where Number == Float {
    bench_target(first: pointer(), pitch: pitch)
  }

  var values: [Number] { Array(memory[Self.margin..<Self.margin + count]) }

  var isIntact: Bool {
    memory[..<Self.margin].allSatisfy(\.isNaN)
      && memory[(Self.margin + count)...].allSatisfy(\.isNaN)
  }
}

/// What a place holds that nobody may write.
let gapValue = -7777.0

/// Expects every number to be near its truth, and the guards untouched.
/// - Parameters:
///   - tolerance: of the difference over 1 + the truth's size.
///   - what: the kernel and its shapes, for the message.
func expectClose<Number: BinaryFloatingPoint>(
  _ actual: Guarded<Number>, _ truth: [Double], tolerance: Double, _ what: String,
  sourceLocation: SourceLocation = #_sourceLocation
) {
  #expect(actual.isIntact, "\(what): wrote beyond the end", sourceLocation: sourceLocation)
  #expect(actual.count == truth.count, "\(what)", sourceLocation: sourceLocation)
  var worst = 0.0
  var place = 0
  for (i, pair) in zip(actual.values, truth).enumerated() {
    let error = abs(Double(pair.0) - pair.1) / (1 + abs(pair.1))
    // A NaN is never near anything.
    if !(error <= worst) { (worst, place) = (error.isNaN ? .infinity : error, i) }
  }
  #expect(worst <= tolerance, "\(what): at \(place)", sourceLocation: sourceLocation)
}

/// The tables of sweeps that this CPU can run.
enum SweepTable {
  static let names: [String] = ["baseline", "avx2", "avx512"].filter {
    bench_sweeps_named($0) != nil
  }

  static func named(_ name: String) throws -> bench_sweeps {
    let table = try #require(bench_sweeps_named(name)).pointee
    try #require(String(cString: table.name) == name)
    return table
  }
}

/// Random shapes and numbers for one trial of a kernel.
struct Trial {
  private var random: CounterRandom

  init(_ index: Int, of kernel: UInt64) {
    random = CounterRandom(seed: kernel, purpose: .statistics, index: index)
  }

  mutating func pick<T>(_ values: [T]) -> T { values[random.integer(below: values.count)] }

  mutating func size(_ range: ClosedRange<Int>) -> Int {
    range.lowerBound + random.integer(below: range.count)
  }

  mutating func flag() -> Bool { random.integer(below: 2) == 1 }

  mutating func numbers(_ count: Int) -> [Float] { (0..<count).map { _ in random.normal() } }

  /// From 1 to 130, around the multiples of 16 and at the specialised widths.
  mutating func channels() -> Int {
    pick([
      1, 2, 3, 5, 7, 8, 15, 16, 16, 17, 24, 31, 32, 32, 33, 47, 48, 63, 64, 64, 65, 80, 96, 100,
      113, 128, 130,
    ])
  }
}
