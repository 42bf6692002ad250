// The sweeps of the backward pass, against their definitions.
import CKernels
import Testing

@Suite struct SweepGradientTests {
  @Test(arguments: SweepTable.names)
  func gradient(table name: String) throws {
    let table = try SweepTable.named(name)
    for i in 0..<100 {
      var trial = Trial(i, of: 11)
      let (rows, width, channels) = (trial.size(1...6), trial.size(1...9), trial.channels())
      let pitch = width * channels + trial.pick([0, 0, 5, 2 * channels])
      let count = rows * width * channels
      let g = Guarded(trial.numbers(count))
      let z = trial.flag() ? Guarded(trial.numbers(count)) : nil
      let other = trial.flag() ? Guarded(trial.numbers(count)) : nil
      let tee = trial.flag() ? Guarded<Float>(gaps: count) : nil
      let numbers = (0..<4).map { _ in Guarded(trial.numbers(channels)) }
      let out = Guarded<Float>(gaps: rows * pitch)
      table.single.gradient(
        out.target(pitch: pitch), tee?.pointer(), g.pointer(),
        bench_norm_gradient(
          z: z?.pointer(), mean: numbers[0].pointer(), a: numbers[1].pointer(),
          b: numbers[2].pointer(), c: numbers[3].pointer()),
        other?.pointer(), bench_shape(rows: rows, width: width, channels: channels))
      let n = numbers.map { $0.values.map(Double.init) }
      let (gs, zs, others) = (g.values, z?.values, other?.values)
      let results = gs.indices.map { at -> Double in
        let c = at % channels
        var v = Double(gs[at])
        if let zs { v = n[1][c] * v + n[2][c] * (Double(zs[at]) - n[0][c]) + n[3][c] }
        return v + Double(others?[at] ?? 0)
      }
      var truth = [Double](repeating: gapValue, count: rows * pitch)
      for (at, v) in results.enumerated() {
        truth[at / (width * channels) * pitch + at % (width * channels)] = v
      }
      let what =
        "\(name) \(rows)x\(width)x\(channels) norm \(z != nil) other \(other != nil) "
        + "stored \(tee != nil)"
      expectClose(out, truth, tolerance: 3e-6, what)
      if let tee { expectClose(tee, results, tolerance: 3e-6, what) }
    }
  }

  /// One batch norm whose sums a join takes.
  private struct Moments {
    let z: Guarded<Float>
    let mean: Guarded<Float>
    let gradientSum: Guarded<Double>?
    let productSum: Guarded<Double>

    init(_ trial: inout Trial, count: Int, channels: Int) {
      z = Guarded(trial.numbers(count))
      mean = Guarded(trial.numbers(channels))
      gradientSum = trial.flag() ? Guarded(trial.numbers(channels).map(Double.init)) : nil
      productSum = Guarded(trial.numbers(channels).map(Double.init))
    }

    var pointers: bench_moments {
      bench_moments(
        z: z.pointer(), mean: mean.pointer(), gradientSum: gradientSum?.pointer(),
        productSum: productSum.pointer())
    }

    /// The sums as they have to be after a gradient of these numbers.
    func sums(after g: [Double]) -> (gradient: [Double]?, product: [Double]) {
      let (zs, means) = (z.values.map(Double.init), mean.values.map(Double.init))
      var gradient = gradientSum?.values
      var product = productSum.values
      for (at, value) in g.enumerated() {
        let c = at % means.count
        gradient?[c] += value
        product[c] += value * (zs[at] - means[c])
      }
      return (gradient, product)
    }
  }

  @Test(arguments: SweepTable.names)
  func join(table name: String) throws {
    let table = try SweepTable.named(name)
    for i in 0..<120 {
      var trial = Trial(i, of: 12)
      let (rows, width, channels) = (trial.size(1...7), trial.size(1...20), trial.channels())
      let pitch = width * channels + trial.pick([0, 0, 7, 2 * channels])
      let count = rows * width * channels
      let dx = Guarded(trial.numbers(count))
      let first = trial.flag() ? Guarded(trial.numbers(count)) : nil
      let second = trial.pick([true, false, false]) ? Guarded(trial.numbers(count)) : nil
      let value = Guarded(trial.numbers(rows * pitch).map { $0 < -1 ? 0 : $0 })
      let relu = trial.flag()
      let one = trial.flag() ? Moments(&trial, count: count, channels: channels) : nil
      let two = one != nil && trial.flag() ? Moments(&trial, count: count, channels: channels) : nil
      let place = trial.pick([0, 1, 2])
      let target = place == 0 ? Guarded<Float>(gaps: count) : place == 1 ? dx : first ?? dx

      let (values, xs, firsts, seconds) = (
        value.values, dx.values, first?.values, second?.values
      )
      let truth = xs.indices.map { at -> Double in
        let v = values[at / (width * channels) * pitch + at % (width * channels)]
        if relu && !(v > 0) { return 0 }
        return Double(xs[at]) + Double(firsts?[at] ?? 0) + Double(seconds?[at] ?? 0)
      }
      let sums = [one, two].map { $0?.sums(after: truth) }
      table.single.join(
        target.pointer(),
        bench_summands(first: dx.pointer(), second: first?.pointer(), third: second?.pointer()),
        value.source(pitch: pitch), relu ? 1 : 0,
        bench_shape(rows: rows, width: width, channels: channels),
        one?.pointers ?? bench_moments(), two?.pointers ?? bench_moments())
      let what =
        "\(name) \(rows)x\(width)x\(channels) first \(first != nil) second \(second != nil) "
        + "relu \(relu) into \(place)"
      expectClose(target, truth, tolerance: 1e-6, what)
      for (moments, expected) in zip([one, two], sums) {
        guard let moments, let expected else { continue }
        expectClose(moments.productSum, expected.product, tolerance: 3e-5, what + " products")
        if let sum = moments.gradientSum, let gradient = expected.gradient {
          expectClose(sum, gradient, tolerance: 2e-5, what + " sums")
        }
      }
    }
  }

  @Test(arguments: SweepTable.names)
  func sums(table name: String) throws {
    let table = try SweepTable.named(name)
    for i in 0..<60 {
      var trial = Trial(i, of: 13)
      let count = trial.size(1...200)
      let (x, y) = (Guarded(trial.numbers(count)), Guarded(trial.numbers(count)))
      let total = zip(x.values, y.values).map { Double($0) + Double($1) }
      table.single.add(x.pointer(), y.pointer(), count)
      expectClose(x, total, tolerance: 1e-7, "\(name) add \(count)")

      let (pixels, channels) = (trial.size(1...9), trial.channels())
      let image = Guarded(trial.numbers(pixels * channels))
      let bias = Guarded(trial.numbers(channels))
      let biases = bias.values
      let shifted = image.values.enumerated().map { Double($1) + Double(biases[$0 % channels]) }
      table.single.add_bias(image.pointer(), bias.pointer(), pixels, channels)
      expectClose(image, shifted, tolerance: 1e-7, "\(name) bias \(pixels)x\(channels)")
    }
  }

  /// Forward and backward, with so few different values that most windows have ties.
  @Test(arguments: SweepTable.names)
  func maxPool(table name: String) throws {
    let table = try SweepTable.named(name)
    for i in 0..<100 {
      var trial = Trial(i, of: 14)
      let (kernel, stride, channels) = (trial.size(1...4), trial.size(1...3), trial.channels())
      let padding = trial.size(0...kernel / 2)
      let height = kernel + trial.size(0...8) - padding
      let width = kernel + trial.size(0...8) - padding
      let outHeight = (height + 2 * padding - kernel) / stride + 1
      let outWidth = (width + 2 * padding - kernel) / stride + 1
      let steps: Float = trial.pick([1, 2, 1000])
      let x = Guarded(
        trial.numbers(height * width * channels).map { ($0 * steps).rounded() / steps })
      let dy = Guarded(trial.numbers(outHeight * outWidth * channels))
      let (xs, dys) = (x.values, dy.values)
      var y = [Double](repeating: 0, count: dys.count)
      var dx = [Double](repeating: 0, count: xs.count)
      for at in dys.indices {
        let (row, column, c) = (at / channels / outWidth, at / channels % outWidth, at % channels)
        var best: Int?
        for ky in 0..<kernel {
          for kx in 0..<kernel {
            let (iy, ix) = (row * stride + ky - padding, column * stride + kx - padding)
            guard (0..<height).contains(iy), (0..<width).contains(ix) else { continue }
            let candidate = (iy * width + ix) * channels + c
            if let known = best, xs[candidate] <= xs[known] { continue }
            best = candidate
          }
        }
        let winner = try #require(best)
        y[at] = Double(xs[winner])
        dx[winner] += Double(dys[at])
      }
      let what = "\(name) \(height)x\(width)x\(channels), \(kernel)/\(stride)+\(padding)"
      let pooling = bench_pooling(
        input: bench_shape(rows: height, width: width, channels: channels), kernel: kernel,
        stride: stride, padding: padding, outRows: outHeight, outWidth: outWidth)
      let out = Guarded<Float>(gaps: dys.count)
      table.single.max_pool(out.pointer(), x.pointer(), pooling)
      expectClose(out, y, tolerance: 0, what)
      let back = Guarded<Float>(gaps: xs.count)
      table.single.max_pool_backward(back.pointer(), x.pointer(), dy.pointer(), pooling)
      expectClose(back, dx, tolerance: 2e-6, what + " backward")
    }
  }
}
