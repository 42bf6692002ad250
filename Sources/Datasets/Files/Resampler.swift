// Scales a picture and cuts a crop out of it, in one go: only what the crop shows is computed.
import Numerics

/// The source lines that one target line is made of.
struct FilterTap: Equatable {
  /// The first source line.
  var first: Int
  /// One for each source line from there on; they add up to 1.
  var weights: [Float]

  /// A triangle filter, as wide as two source lines where the picture is enlarged and as two target
  /// lines where it is made smaller.
  ///
  /// - Parameters:
  ///   - source: lines of the source.
  ///   - target: lines that the whole source is scaled to.
  ///   - range: the target lines wanted.
  static func taps(from source: Int, to target: Int, range: Range<Int>) -> [FilterTap] {
    let ratio = Double(source) / Double(target)
    let support = max(1, ratio)
    return range.map { line in
      let center = (Double(line) + 0.5) * ratio
      let first = max(0, Int((center - support + 0.5).rounded(.down)))
      let end = max(first + 1, min(source, Int((center + support + 0.5).rounded(.down))))
      let heights = (first..<end).map { max(0, 1 - abs((Double($0) + 0.5 - center) / support)) }
      let sum = heights.reduce(0, +)
      return FilterTap(first: first, weights: heights.map { Float($0 / sum) })
    }
  }

  var end: Int { first + weights.count }
}

/// Keeps its memory between pictures. For one thread at a time.
struct Resampler {
  /// One row of the picture after the vertical pass, and room for a last vector beyond it.
  private var row: [Float] = []

  /// - Parameters:
  ///   - plan: the scaled size and the crop's place in it.
  ///   - output: `[H, W, 3]` of the shape, rounded to the nearest byte.
  mutating func cut(
    _ picture: Picture, plan: CropPlan, shape: ImageShape,
    to output: UnsafeMutablePointer<UInt8>
  ) {
    precondition(shape.channels == 3, "\(shape.channels) channels of a colour picture")
    let shorter = min(picture.fullWidth, picture.fullHeight)
    func scaled(_ side: Int) -> Int {
      max(
        plan.shorterSide,
        Int((Double(side) * Double(plan.shorterSide) / Double(shorter)).rounded()))
    }
    let (width, height) = (scaled(picture.fullWidth), scaled(picture.fullHeight))
    func range(_ place: Double, _ size: Int, of side: Int) -> Range<Int> {
      let first = min(side - size, Int(place * Double(side - size + 1)))
      return first..<first + size
    }
    let rows = FilterTap.taps(
      from: picture.height, to: height, range: range(plan.row, shape.height, of: height))
    let columns = FilterTap.taps(
      from: picture.width, to: width, range: range(plan.column, shape.width, of: width))
    let from = columns.map(\.first).min() ?? 0
    let to = columns.map(\.end).max() ?? 0
    let count = 3 * (to - from)
    if row.count < count + 1 { row = [Float](repeating: 0, count: count + 1) }
    row.withUnsafeMutableBufferPointer { row in
      picture.pixels.withUnsafeBufferPointer { pixels in
        for (line, tap) in rows.enumerated() {
          Self.sum(tap, pixels, width: picture.width, from: from, count: count, to: row)
          Self.mix(columns, row, from: from, to: output + line * shape.width * 3)
        }
      }
    }
  }

  /// The weighted sum of some of the picture's rows, from column `from` on.
  private static func sum(
    _ tap: FilterTap, _ pixels: UnsafeBufferPointer<UInt8>, width: Int, from: Int, count: Int,
    to row: UnsafeMutableBufferPointer<Float>
  ) {
    for (index, weight) in tap.weights.enumerated() {
      let start = 3 * ((tap.first + index) * width + from)
      let source = UnsafeBufferPointer(rebasing: pixels[start..<start + count])
      if index == 0 {
        for i in 0..<count { row[i] = weight * Float(source[i]) }
      } else {
        for i in 0..<count { row[i] += weight * Float(source[i]) }
      }
    }
  }

  /// One row of the result: of each pixel the weighted sum of its source columns, three channels
  /// and one idle lane at a time.
  private static func mix(
    _ columns: [FilterTap], _ row: UnsafeMutableBufferPointer<Float>, from: Int,
    to output: UnsafeMutablePointer<UInt8>
  ) {
    let source = UnsafeRawBufferPointer(row)
    for (column, tap) in columns.enumerated() {
      var sum = SIMD4<Float>(repeating: 0.5)
      var offset = 12 * (tap.first - from)
      for weight in tap.weights {
        sum += weight * source.loadUnaligned(fromByteOffset: offset, as: SIMD4<Float>.self)
        offset += 12
      }
      output[3 * column] = UInt8(sum.x)
      output[3 * column + 1] = UInt8(sum.y)
      output[3 * column + 2] = UInt8(sum.z)
    }
  }
}
