// Convolutions of bf16 numbers, in both ways of carrying them out, against plain loops of the models.
import Testing

@testable import Engine
@testable import Numerics

/// A convolution in a model by its definition: an output's factors come kernel row by kernel row, in
/// each of them place by place and channel by channel.
private struct ModelConvolution {
  let model: HalfModel
  /// Whether each place of a kernel is a run of its own, instead of each row.
  let hasPlaces: Bool
  let p: ConvolutionParameters
  let input: ImageShape
  let output: ImageShape

  init(_ geometry: ConvolutionGeometry, _ model: HalfModel, hasPlaces: Bool) {
    self.model = model
    self.hasPlaces = hasPlaces
    (p, input, output) = (geometry.parameters, geometry.input, geometry.output)
  }

  private func value(_ image: [Float], _ shape: ImageShape, _ row: Int, _ column: Int, _ c: Int)
    -> Float
  {
    guard (0..<shape.height).contains(row), (0..<shape.width).contains(column) else { return 0 }
    return image[(row * shape.width + column) * shape.channels + c]
  }

  private func weight(_ w: [Float], _ kr: Int, _ kc: Int, _ i: Int, _ o: Int) -> Float {
    w[((kr * p.kernelSize + kc) * p.inputChannels + i) * p.outputChannels + o]
  }

  /// The factors of one row of the kernel.
  private func add(_ sum: Float, _ factors: HalfModel.Factors, _ channels: Int) -> Float {
    guard hasPlaces else { return model.sum(sum, factors) }
    let places = stride(from: 0, to: factors.count, by: channels).map {
      Array(factors[$0..<$0 + channels])
    }
    return model.sum(sum, runs: places)
  }

  func forward(_ x: [Float], _ w: [Float]) -> [Float] {
    var y: [Float] = []
    for row in 0..<output.height {
      for column in 0..<output.width {
        for o in 0..<output.channels {
          var sum: Float = 0
          for kr in 0..<p.kernelSize {
            let factors = (0..<p.kernelSize * p.inputChannels).map { at in
              let (kc, i) = at.quotientAndRemainder(dividingBy: p.inputChannels)
              return (
                value(
                  x, input, row * p.stride + kr - p.padding, column * p.stride + kc - p.padding, i),
                weight(w, kr, kc, i, o)
              )
            }
            sum = add(sum, factors, p.inputChannels)
          }
          y.append(PlainModel.rounded(sum))
        }
      }
    }
    return y
  }

  /// Rows of the output's gradient in their order, in each the pixels in theirs.
  func dataGradient(_ dy: [Float], _ w: [Float]) -> [Float] {
    func taps(_ at: Int) -> [(tap: Int, at: Int)] {
      (0..<p.kernelSize).reversed().compactMap { tap in
        let from = at + p.padding - tap
        return (from + p.padding * p.stride) % p.stride == 0
          ? (tap, Int((Double(from) / Double(p.stride)).rounded(.down))) : nil
      }
    }
    var dx: [Float] = []
    for row in 0..<input.height {
      for column in 0..<input.width {
        for i in 0..<input.channels {
          var sum: Float = 0
          for down in taps(row) {
            let factors = taps(column).flatMap { across in
              (0..<p.outputChannels).map {
                (
                  value(dy, output, down.at, across.at, $0),
                  weight(w, down.tap, across.tap, i, $0)
                )
              }
            }
            sum = add(sum, factors, p.outputChannels)
          }
          dx.append(sum)
        }
      }
    }
    return dx
  }

  /// Rows of the output in their order; images one after the other.
  func weightGradient(_ images: [(x: [Float], dy: [Float])]) -> [Float] {
    var dw: [Float] = []
    for kr in 0..<p.kernelSize {
      for kc in 0..<p.kernelSize {
        for i in 0..<p.inputChannels {
          for o in 0..<p.outputChannels {
            var sum: Float = 0
            for image in images {
              let rows = (0..<output.height).map { row in
                (0..<output.width).map {
                  (
                    value(
                      image.x, input, row * p.stride + kr - p.padding,
                      $0 * p.stride + kc - p.padding, i),
                    value(image.dy, output, row, $0, o)
                  )
                }
              }
              sum = model.sum(sum, runs: model.gradientRuns(rows))
            }
            dw.append(sum)
          }
        }
      }
    }
    return dw
  }
}

@Suite(.enabled(if: String(cString: sweeps.name) != "baseline", "products need FMA"))
struct PanelConvolutionTests {
  private static func padded(_ image: [Float], _ shape: PaddedShape) -> FloatBuffer {
    let buffer = FloatBuffer(count: shape.count)
    let row = shape.width * shape.channels
    for r in 0..<shape.height {
      for i in 0..<row { buffer[shape.interior + r * shape.pitch + i].pointee = image[r * row + i] }
    }
    return buffer
  }

  private static func widened(_ half: FloatBuffer, _ count: Int) -> [Float] {
    var values = [Float](repeating: 0, count: count)
    sweeps.half.widen(&values, half.pointer, count)
    return values
  }

  private static func same(_ one: [Float], _ other: [Float]) -> Bool {
    one.count == other.count && zip(one, other).allSatisfy { bits($0) == bits($1) }
  }

  /// The same three passes through both: one image each, and a group of images.
  @Test(arguments: 0..<60, HalfModel.allCases)
  func bothWaysFollowTheModel(index: Int, half: HalfModel) {
    var trial = Trial(index, of: 40)
    let kernel = trial.pick([1, 1, 2, 3, 3, 3, 5])
    let stride = trial.pick([1, 1, 2, 3])
    let parameters = ConvolutionParameters(
      inputChannels: trial.pick([1, 3, 4, 7, 16, 16, 17, 32]),
      outputChannels: trial.pick([1, 5, 8, 16, 16, 31, 48]), kernelSize: kernel, stride: stride,
      padding: trial.pick([kernel / 2, 0, (kernel + 1) / 2]))
    let least = max(1, kernel - 2 * parameters.padding)
    let input = ImageShape(
      height: trial.size(least...least + 5), width: trial.size(least...least + 7),
      channels: parameters.inputChannels)
    let geometry = ConvolutionGeometry(parameters, input: input)
    let what = "\(parameters) of \(input) \(half)"
    let model = ModelConvolution(geometry, half, hasPlaces: false)
    let products = PanelProducts(geometry, .bf16(half))
    let count = trial.size(1...3)
    let images = (0..<count).map { image in
      (
        x: halfNumbers(input.count, seed: UInt64(10 * index + image)),
        dy: halfNumbers(geometry.output.count, seed: UInt64(5000 + 10 * index + image))
      )
    }
    let weight = halfNumbers(geometry.weightCount, seed: UInt64(9000 + index))
    flushingSubnormals {
      let outputs = images.map { model.forward($0.x, weight) }
      let inputs = images.map { model.dataGradient($0.dy, weight) }
      let gradient = model.weightGradient(images)

      let single = PanelConvolution(geometry, .bf16(half))
      let (forward, backward) = (
        FloatBuffer(count: single.preparedCount), FloatBuffer(count: single.preparedCount)
      )
      let dw = FloatBuffer(count: geometry.weightCount)
      let nothing = FloatBuffer(count: max(1, single.workspaceCount))
      single.prepareForward(weight, into: forward.pointer)
      single.prepareDataGradient(weight, into: backward.pointer, scratch: nothing.pointer)
      for (i, image) in images.enumerated() {
        let x = Self.padded(image.x, products.paddedInput)
        let dy = Self.padded(image.dy, products.paddedGradient)
        let y = FloatBuffer(count: geometry.output.count)
        let dx = FloatBuffer(count: input.count)
        single.forward(x.pointer, forward.pointer, into: y.pointer, workspace: nothing.pointer)
        single.dataGradient(
          dy.pointer, backward.pointer, into: dx.pointer, workspace: nothing.pointer)
        single.weightGradient(
          x.pointer, dy.pointer, accumulate: i > 0, into: dw.pointer, workspace: nothing.pointer)
        #expect(Self.same(Self.widened(y, geometry.output.count), outputs[i]), "\(what) forward")
        #expect(Self.same((0..<input.count).map { dx.pointer[$0] }, inputs[i]), "\(what) backward")
      }
      #expect(
        Self.same((0..<geometry.weightCount).map { dw.pointer[$0] }, gradient), "\(what) weights")

      // The rules give it multiples of 16 channels; it asks for an even number.
      guard parameters.inputChannels % 2 == 0, parameters.outputChannels % 2 == 0 else { return }
      // Its operands have gaps, so every place of a kernel is a run of its own.
      let placed = ModelConvolution(geometry, half, hasPlaces: true)
      let (placedOutputs, placedInputs) = (
        images.map { placed.forward($0.x, weight) },
        images.map { placed.dataGradient($0.dy, weight) }
      )
      let staged = StagedPanels(geometry, .bf16(half))
      let workspace = FloatBuffer(count: staged.workspaceCount)
      let arena = FloatBuffer(count: staged.stagedCount * count)
      let y = FloatBuffer(count: geometry.output.count * count)
      let prepared = FloatBuffer(count: staged.preparedCount)
      let sum = FloatBuffer(count: geometry.weightCount)
      func prepare(_ pass: StagedPass) {
        for piece in 0..<staged.preparationCount(pass) {
          staged.prepare(
            pass, piece: piece, weight, into: prepared.pointer, workspace: nothing.pointer)
        }
      }
      prepare(.forward)
      for (i, image) in images.enumerated() {
        let x = Self.padded(image.x, products.paddedInput)
        staged.stageInput(x.pointer, image: i, of: count, .forward, into: arena.pointer)
      }
      let jobs = staged.products(
        .forward, images: count, arena: arena.pointer, weights: prepared.pointer, out: y.pointer)
      for job in 0..<jobs.count { jobs.run(job, workspace.pointer) }
      #expect(
        Self.same(Self.widened(y, geometry.output.count * count), placedOutputs.flatMap { $0 }),
        "\(what) forward, staged")
      prepare(.backward)
      for (i, image) in images.enumerated() {
        let x = Self.padded(image.x, products.paddedInput)
        let dy = Self.padded(image.dy, products.paddedGradient)
        staged.stageGradient(dy.pointer, image: i, of: count, into: arena.pointer)
        staged.stageInput(x.pointer, image: i, of: count, .backward, into: arena.pointer)
      }
      let weightJobs = staged.weightGradients(
        images: count, isFirst: true, arena: arena.pointer, into: sum.pointer,
        transformed: nothing.pointer)
      for job in (0..<weightJobs.count).reversed() { weightJobs.run(job, workspace.pointer) }
      #expect(
        Self.same((0..<geometry.weightCount).map { sum.pointer[$0] }, gradient),
        "\(what) weights, staged")
      let dataJobs = staged.products(
        .backward, images: count, arena: arena.pointer, weights: prepared.pointer, out: nil)
      for job in 0..<dataJobs.count { dataJobs.run(job, workspace.pointer) }
      for i in 0..<count {
        let dx = staged.finishBackward(
          image: i, of: count, arena: arena.pointer, into: nothing.pointer)
        #expect(
          Self.same((0..<input.count).map { dx[$0] }, placedInputs[i]), "\(what) backward, staged")
      }
    }
  }
}
