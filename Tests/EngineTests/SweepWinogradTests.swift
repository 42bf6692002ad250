// Winograd's transforms against their definitions.
import CKernels
import Testing

@Suite struct SweepWinogradTests {
  // Lavin & Gray 2016, section 4.1: Y = Aᵀ [(G g Gᵀ) ⊙ (Bᵀ d B)] A.
  private static let bT: [[Double]] = [
    [1, 0, -1, 0], [0, 1, 1, 0], [0, -1, 1, 0], [0, 1, 0, -1],
  ]
  private static let g: [[Double]] = [[1, 0, 0], [0.5, 0.5, 0.5], [0.5, -0.5, 0.5], [0, 0, 1]]
  private static let aT: [[Double]] = [[1, 1, 1, 0], [0, 1, -1, -1]]

  private static func transposed(_ m: [[Double]]) -> [[Double]] {
    m[0].indices.map { column in m.map { $0[column] } }
  }

  /// L m Lᵀ of a square matrix given and returned row by row.
  private static func sandwich(_ l: [[Double]], _ m: [Double]) -> [Double] {
    let n = l[0].count
    return l.flatMap { left in
      l.map { right in
        var sum = 0.0
        for i in 0..<n {
          for j in 0..<n { sum += left[i] * m[i * n + j] * right[j] }
        }
        return sum
      }
    }
  }

  /// Random tiles of a random image, and where they lie when they are transformed.
  private struct Tiles {
    let height: Int
    let width: Int
    let channels: Int
    let tilesWide: Int
    let first: Int
    let count: Int
    let w: Int
    let block: Int
    let plane: Int

    init(_ trial: inout Trial) {
      (height, width) = (trial.size(1...9), trial.size(1...9))
      w = trial.pick([16, 32, 48, 64])
      let blocks = trial.size(1...3)
      channels = w * blocks
      tilesWide = (width + 1) / 2
      let tiles = tilesWide * ((height + 1) / 2)
      first = trial.size(0...tiles - 1)
      count = trial.size(1...tiles - first)
      block = count * w + trial.pick([0, 16])
      plane = blocks * block + trial.pick([0, 16, 64])
    }

    var shape: bench_shape { bench_shape(rows: height, width: width, channels: channels) }
    var planes: bench_planes { bench_planes(plane: plane, block: block, width: w) }
    var range: bench_tiles { bench_tiles(tilesWide: tilesWide, first: first, count: count) }

    var what: String { "\(height)x\(width)x\(channels) by \(w), tiles \(first)+\(count)" }

    /// Where channel `c` of the `n`-th tile lies in a plane.
    func place(_ n: Int, _ c: Int) -> Int { c / w * block + n * w + c % w }

    /// Every channel of every tile, and the tile's first pixel.
    var all: [(n: Int, row: Int, column: Int, c: Int)] {
      (0..<count).flatMap { n in
        (0..<channels).map { c in
          (n, (first + n) / tilesWide * 2, (first + n) % tilesWide * 2, c)
        }
      }
    }
  }

  @Test(arguments: SweepTable.names)
  func input(table name: String) throws {
    let table = try SweepTable.named(name)
    for i in 0..<60 {
      var trial = Trial(i, of: 31)
      let tiles = Tiles(&trial)
      let rows = (tiles.height + 1) / 2 * 2 + 2
      let pitch = (tiles.tilesWide * 2 + 2) * tiles.channels + trial.pick([0, 16])
      let x = Guarded(trial.numbers(rows * pitch))
      let v = Guarded<Float>(gaps: 16 * tiles.plane)
      table.winograd_input(
        v.pointer(), tiles.planes, x.source(pitch: pitch), tiles.channels, tiles.range)
      var truth = [Double](repeating: gapValue, count: v.count)
      let values = x.values.map(Double.init)
      for (n, row, column, c) in tiles.all {
        let tile = (0..<16).map { k in
          values[(row + k / 4) * pitch + (column + k % 4) * tiles.channels + c]
        }
        for (k, value) in Self.sandwich(Self.bT, tile).enumerated() {
          truth[k * tiles.plane + tiles.place(n, c)] = value
        }
      }
      expectClose(v, truth, tolerance: 1e-6, "\(name) \(tiles.what)")
    }
  }

  @Test(arguments: SweepTable.names)
  func output(table name: String) throws {
    let table = try SweepTable.named(name)
    for i in 0..<60 {
      var trial = Trial(i, of: 32)
      let tiles = Tiles(&trial)
      let m = Guarded(trial.numbers(16 * tiles.plane))
      let y = Guarded<Float>(gaps: tiles.height * tiles.width * tiles.channels)
      table.winograd_output(
        y.pointer(), tiles.shape, m.pointer(), tiles.planes, tiles.range)
      var truth = [Double](repeating: gapValue, count: y.count)
      let values = m.values.map(Double.init)
      for (n, row, column, c) in tiles.all {
        let tile = (0..<16).map { values[$0 * tiles.plane + tiles.place(n, c)] }
        for (k, value) in Self.sandwich(Self.aT, tile).enumerated() {
          let (r, s) = (row + k / 2, column + k % 2)
          guard r < tiles.height, s < tiles.width else { continue }
          truth[(r * tiles.width + s) * tiles.channels + c] = value
        }
      }
      expectClose(y, truth, tolerance: 2e-6, "\(name) \(tiles.what)")
    }
  }

  @Test(arguments: SweepTable.names)
  func gradient(table name: String) throws {
    let table = try SweepTable.named(name)
    for i in 0..<60 {
      var trial = Trial(i, of: 33)
      let tiles = Tiles(&trial)
      let rows = (tiles.height + 1) / 2 * 2
      let pitch = tiles.tilesWide * 2 * tiles.channels + trial.pick([0, 16])
      let dy = Guarded(trial.numbers(rows * pitch))
      let v = Guarded<Float>(gaps: 16 * tiles.plane)
      table.winograd_gradient(
        v.pointer(), tiles.planes, dy.source(pitch: pitch), tiles.channels, tiles.range)
      var truth = [Double](repeating: gapValue, count: v.count)
      let values = dy.values.map(Double.init)
      for (n, row, column, c) in tiles.all {
        let tile = (0..<4).map { k in
          values[(row + k / 2) * pitch + (column + k % 2) * tiles.channels + c]
        }
        for (k, value) in Self.sandwich(Self.transposed(Self.aT), tile).enumerated() {
          truth[k * tiles.plane + tiles.place(n, c)] = value
        }
      }
      expectClose(v, truth, tolerance: 1e-6, "\(name) \(tiles.what)")
    }
  }

  /// The weights' transform and its adjoint.
  @Test(arguments: SweepTable.names)
  func weights(table name: String) throws {
    let table = try SweepTable.named(name)
    for i in 0..<60 {
      var trial = Trial(i, of: 34)
      let (rows, columns) = (trial.size(1...40), trial.pick([16, 32, 48, 80]))
      let rowStride = columns + trial.pick([0, 16])
      let tapStride = rows * rowStride + trial.pick([0, 32])
      let plane = rows * columns + trial.pick([0, 16])
      let w = Guarded(trial.numbers(9 * tapStride))
      let u = Guarded<Float>(gaps: 16 * plane)
      let layout = bench_weights(
        tapStride: tapStride, rowStride: rowStride, rows: rows, columns: columns)
      table.winograd_weight(u.pointer(), plane, w.pointer(), layout)
      let du = Guarded(trial.numbers(16 * plane))
      let dw = Guarded<Float>(gaps: 9 * tapStride)
      table.winograd_weight_gradient(dw.pointer(), layout, du.pointer(), plane)

      var truth = [Double](repeating: gapValue, count: u.count)
      var adjoint = [Double](repeating: gapValue, count: dw.count)
      let (weights, gradients) = (w.values.map(Double.init), du.values.map(Double.init))
      for r in 0..<rows {
        for c in 0..<columns {
          let taps = (0..<9).map { weights[$0 * tapStride + r * rowStride + c] }
          for (k, value) in Self.sandwich(Self.g, taps).enumerated() {
            truth[k * plane + r * columns + c] = value
          }
          let tile = (0..<16).map { gradients[$0 * plane + r * columns + c] }
          for (k, value) in Self.sandwich(Self.transposed(Self.g), tile).enumerated() {
            adjoint[k * tapStride + r * rowStride + c] = value
          }
        }
      }
      expectClose(u, truth, tolerance: 1e-6, "\(name) \(rows)x\(columns)")
      expectClose(dw, adjoint, tolerance: 2e-6, "\(name) \(rows)x\(columns) adjoint")
    }
  }

}
