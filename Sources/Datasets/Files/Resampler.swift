// Scales a picture and cuts a crop out of it, in one go: only what the crop shows is computed.
import CPictures
import Numerics

/// Where a crop lies in the scaled picture, and what is needed of the picture for it.
struct CropGeometry: Equatable {
  /// Of the whole picture after scaling.
  let scaled: Picture.Size
  /// The crop's rows and columns in the scaled picture.
  let rows: Range<Int>
  let columns: Range<Int>
  /// The part of the picture that is decoded.
  let part: Picture.Part

  /// - Parameter full: the picture's own size.
  init(_ full: Picture.Size, plan: CropPlan, shape: ImageShape) {
    let shorter = full.shorter
    // The longer side is truncated, as by torchvision.
    func side(_ full: Int) -> Int { plan.shorterSide * full / shorter }
    scaled = Picture.Size(width: side(full.width), height: side(full.height))
    rows = Self.range(plan.row, shape.height, of: scaled.height)
    columns = Self.range(plan.column, shape.width, of: scaled.width)
    var divisor = 1
    if plan.allowsScaledDecoding {
      while divisor < 8, shorter >= 4 * divisor * plan.shorterSide { divisor *= 2 }
    }
    let decoded = full.divided(by: divisor)
    part = Picture.Part(
      divisor: divisor,
      columns: LineFilter.reach(
        from: Double(full.width) / Double(divisor), lines: decoded.width, to: scaled.width, columns),
      rows: LineFilter.reach(
        from: Double(full.height) / Double(divisor), lines: decoded.height, to: scaled.height, rows)
    )
  }

  /// - Parameter place: 0.5 is the middle, where torchvision's centre crop has it: of two places the
  ///   even one, as Python rounds.
  private static func range(_ place: Double, _ size: Int, of side: Int) -> Range<Int> {
    let room = side - size
    let first =
      place == 0.5
      ? Int((Double(room) / 2).rounded(.toNearestOrEven))
      : min(room, Int(place * Double(room + 1)))
    return first..<first + size
  }
}

/// Which source lines each target line is made of, by how much: Pillow's bilinear filter, a triangle
/// as wide as two source lines where the picture is enlarged and as two target lines where it is made
/// smaller, in whole numbers.
struct LineFilter: Equatable {
  /// The first source line of each target line.
  private(set) var firsts: [Int32] = []
  /// `[lines][taps]`, in units of 2⁻²²; those of a line add up to about 1.
  private(set) var weights: [Int32] = []
  /// The most source lines of one target line.
  private(set) var taps = 0

  private static let one = Double(1 << 22)

  /// - Parameters:
  ///   - extent: how many lines the source is long; where a scaled one's last line is only partly
  ///     used, a fraction.
  ///   - source: the source's lines that are there, of all its lines.
  ///   - target: lines that the whole source is scaled to.
  ///   - range: the target lines wanted.
  init(from extent: Double, source: Range<Int>, of lines: Int, to target: Int, range: Range<Int>) {
    let ratio = extent / Double(target)
    let support = max(1, ratio)
    taps = range.reduce(1) {
      max($0, Self.span($1, ratio: ratio, support: support, lines: lines).count)
    }
    firsts.reserveCapacity(range.count)
    weights.reserveCapacity(range.count * taps)
    var heights = [Double](repeating: 0, count: taps)
    for line in range {
      let center = (Double(line) + 0.5) * ratio
      let span = Self.span(line, ratio: ratio, support: support, lines: lines)
      var sum = 0.0
      for (place, position) in span.enumerated() {
        // The order of these operations decides the last bit.
        let distance = abs((Double(position) - center + 0.5) * (1 / support))
        heights[place] = distance < 1 ? 1 - distance : 0
        sum += heights[place]
      }
      // All taps lie within the source: those that are not used come first where it ends.
      let first = min(span.lowerBound, source.upperBound - taps)
      firsts.append(Int32(first - source.lowerBound))
      for position in first..<first + taps {
        let isUsed = span.contains(position)
        let weight = isUsed ? heights[position - span.lowerBound] / sum : 0
        weights.append(Int32(0.5 + weight * Self.one))
      }
    }
  }

  /// The source lines of one target line.
  private static func span(
    _ line: Int, ratio: Double, support: Double, lines: Int
  ) -> Range<Int> {
    let center = (Double(line) + 0.5) * ratio
    let first = max(0, Int(center - support + 0.5))
    return first..<max(first + 1, min(lines, Int(center + support + 0.5)))
  }

  /// The source lines that a range of target lines is made of.
  static func reach(
    from extent: Double, lines: Int, to target: Int, _ range: Range<Int>
  ) -> Range<Int> {
    let ratio = extent / Double(target)
    let support = max(1, ratio)
    let first = span(range.lowerBound, ratio: ratio, support: support, lines: lines)
    let last = span(range.upperBound - 1, ratio: ratio, support: support, lines: lines)
    return first.lowerBound..<last.upperBound
  }
}

/// Keeps its memory between pictures. For one thread at a time.
struct Resampler {
  /// The rows after the horizontal pass.
  private var between: [UInt8] = []

  /// Brings a picture to its crop: bilinear with antialiasing, in two passes, rounded to bytes after
  /// each, as `Resize` and a crop of torchvision do on Pillow's pictures.
  ///
  /// The horizontal pass comes first, but for pictures that lose more than twice as many rows as
  /// columns: Pillow has that order since version 13, and it decides the last bit.
  /// - Parameter output: `[H, W, 3]` of the crop.
  mutating func cut(
    _ picture: Picture, _ geometry: CropGeometry, to output: UnsafeMutablePointer<UInt8>
  ) {
    let (full, part) = (picture.full, picture.part)
    let decoded = full.divided(by: part.divisor)
    let (width, height) = (
      Double(full.width) / Double(part.divisor), Double(full.height) / Double(part.divisor)
    )
    // Of a picture that is decoded whole only these rows are looked at.
    let reach = LineFilter.reach(
      from: height, lines: decoded.height, to: geometry.scaled.height, geometry.rows)
    let columns = LineFilter(
      from: width, source: part.columns, of: decoded.width, to: geometry.scaled.width,
      range: geometry.columns)
    let rows = LineFilter(
      from: height, source: reach, of: decoded.height, to: geometry.scaled.height,
      range: geometry.rows)
    let pitch = picture.pitch
    let lostRows = decoded.height - geometry.scaled.height
    let lostColumns = decoded.width - geometry.scaled.width
    let goesDownFirst = lostRows > 0 && lostRows > 2 * lostColumns
    let needed = max(3 * geometry.columns.count * reach.count, 3 * part.columns.count + 16)
    if between.count < needed { between = [UInt8](repeating: 0, count: needed) }
    picture.pixels.withUnsafeBufferPointer { pixels in
      let first = pixels.dropFirst(
        (reach.lowerBound - part.rows.lowerBound) * pitch + picture.offset)
      columns.withFilter { columns in
        rows.withFilter { rows in
          let first = UnsafeBufferPointer(rebasing: first).baseAddress
          if goesDownFirst {
            bench_resize_down_first(first, pitch, columns, rows, &between, output)
          } else {
            bench_resize(
              first, pitch, Int32(reach.count), columns, rows, &between, output)
          }
        }
      }
    }
  }
}

extension LineFilter {
  func withFilter(_ body: (bench_filter) -> Void) {
    firsts.withUnsafeBufferPointer { firsts in
      weights.withUnsafeBufferPointer { weights in
        body(
          bench_filter(
            firsts: firsts.baseAddress, weights: weights.baseAddress,
            lines: Int32(firsts.count), taps: Int32(taps)))
      }
    }
  }
}
