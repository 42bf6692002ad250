// The sweeps that read pending values and take statistics, against their definitions.
import CKernels
import Testing

@Suite struct SweepReadTests {
  /// One batch norm's numbers, or none.
  private struct Affine {
    let numbers: Guarded<Float>?
    let channels: Int

    init(_ trial: inout Trial, channels: Int) {
      self.channels = channels
      numbers = trial.flag() ? Guarded(trial.numbers(3 * channels)) : nil
    }

    var pointers: bench_affine {
      bench_affine(
        mean: numbers?.pointer(), scale: numbers?.pointer(at: channels),
        shift: numbers?.pointer(at: 2 * channels))
    }

    func apply(_ x: Float, channel c: Int) -> Double {
      guard let v = numbers?.values else { return Double(x) }
      return (Double(x) - Double(v[c])) * Double(v[channels + c]) + Double(v[2 * channels + c])
    }
  }

  @Test(arguments: SweepTable.names)
  func readOne(table name: String) throws {
    let table = try SweepTable.named(name)
    for i in 0..<80 {
      var trial = Trial(i, of: 1)
      let (rows, width, channels) = (trial.size(1...6), trial.size(1...9), trial.channels())
      let pitch = width * channels + trial.pick([0, 0, 5, 2 * channels])
      let x = Guarded(trial.numbers(rows * width * channels))
      let affine = Affine(&trial, channels: channels)
      let relu = trial.flag()
      let out = Guarded<Float>(gaps: rows * pitch)
      let tee = trial.flag() ? Guarded<Float>(gaps: rows * width * channels) : nil
      table.single.read_one(
        out.target(pitch: pitch), tee?.pointer(),
        bench_operand(values: x.pointer(), affine: affine.pointers),
        bench_shape(rows: rows, width: width, channels: channels), relu ? 1 : 0)
      var truth = [Double](repeating: gapValue, count: rows * pitch)
      for (at, value) in x.values.enumerated() {
        let v = affine.apply(value, channel: at % channels)
        truth[at / (width * channels) * pitch + at % (width * channels)] = relu ? max(0, v) : v
      }
      let what = "\(name) \(rows)x\(width)x\(channels) relu \(relu)"
      expectClose(out, truth, tolerance: 2e-6, what)
      if let tee {
        let stored = out.values.enumerated().filter { $0.offset % pitch < width * channels }
        #expect(tee.values == stored.map(\.element) && tee.isIntact, "\(what) stored")
      }
    }
  }

  @Test(arguments: SweepTable.names)
  func readTwo(table name: String) throws {
    let table = try SweepTable.named(name)
    for i in 0..<100 {
      var trial = Trial(i, of: 2)
      let (rows, width, channels) = (trial.size(1...6), trial.size(1...9), trial.channels())
      let pitch = width * channels + trial.pick([0, 0, 5, 2 * channels])
      let count = rows * width * channels
      let (x, y) = (Guarded(trial.numbers(count)), Guarded(trial.numbers(count)))
      let (first, second) = (
        Affine(&trial, channels: channels), Affine(&trial, channels: channels)
      )
      let relu = trial.flag()
      let out = Guarded<Float>(gaps: rows * pitch)
      let tee = trial.flag() ? Guarded<Float>(gaps: count) : nil
      table.single.read_two(
        out.target(pitch: pitch), tee?.pointer(),
        bench_operand(values: x.pointer(), affine: first.pointers),
        bench_operand(values: y.pointer(), affine: second.pointers),
        bench_shape(rows: rows, width: width, channels: channels), relu ? 1 : 0)
      let (xs, ys) = (x.values, y.values)
      let sums = xs.indices.map { at -> Double in
        let c = at % channels
        let v = first.apply(xs[at], channel: c) + second.apply(ys[at], channel: c)
        return relu ? max(0, v) : v
      }
      var truth = [Double](repeating: gapValue, count: rows * pitch)
      for (at, v) in sums.enumerated() {
        truth[at / (width * channels) * pitch + at % (width * channels)] = v
      }
      let what = "\(name) \(rows)x\(width)x\(channels) relu \(relu)"
      expectClose(out, truth, tolerance: 3e-6, what)
      if let tee { expectClose(tee, sums, tolerance: 3e-6, what + " stored") }
    }
  }

  @Test(arguments: SweepTable.names)
  func moments(table name: String) throws {
    let table = try SweepTable.named(name)
    for i in 0..<80 {
      var trial = Trial(i, of: 3)
      let (pixels, channels) = (
        trial.pick([1, 2, 3, 4, 7, 49, 255, 256, 257, 600]), trial.channels()
      )
      let offset: Float = trial.pick([0, 0, 3, 1000])
      let x = Guarded(trial.numbers(pixels * channels).map { $0 + offset })
      let (mean, m2) = (Guarded<Double>(gaps: channels), Guarded<Double>(gaps: channels))
      table.single.moments(x.pointer(), pixels, channels, mean.pointer(), m2.pointer())
      let values = x.values.map(Double.init)
      var means = [Double](repeating: 0, count: channels)
      var squares = means
      for (at, v) in values.enumerated() { means[at % channels] += v / Double(pixels) }
      for (at, v) in values.enumerated() {
        squares[at % channels] += (v - means[at % channels]) * (v - means[at % channels])
      }
      let what = "\(name) \(pixels)x\(channels) around \(offset)"
      expectClose(mean, means, tolerance: 1e-7, what + " mean")
      expectClose(m2, squares, tolerance: 2e-6, what + " squares")
    }
  }

  @Test(arguments: SweepTable.names)
  func channelSums(table name: String) throws {
    let table = try SweepTable.named(name)
    for i in 0..<60 {
      var trial = Trial(i, of: 4)
      let (rows, width, channels) = (trial.size(1...9), trial.size(1...40), trial.channels())
      let pitch = width * channels + trial.pick([0, 3, 2 * channels])
      let x = Guarded(trial.numbers(rows * pitch))
      let before = trial.numbers(channels).map(Double.init)
      let sums = Guarded(before)
      table.single.channel_sums(
        x.source(pitch: pitch), bench_shape(rows: rows, width: width, channels: channels),
        sums.pointer())
      var truth = before
      let values = x.values
      for row in 0..<rows {
        for at in 0..<width * channels { truth[at % channels] += Double(values[row * pitch + at]) }
      }
      expectClose(sums, truth, tolerance: 1e-5, "\(name) \(rows)x\(width)x\(channels)")
    }
  }
}
