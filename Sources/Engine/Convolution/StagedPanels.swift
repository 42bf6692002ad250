// A convolution with many weights as products with panels, on several images at once.
import CKernels
import Numerics

/// Some panels of weights stay in cache while a group of images goes through, and the weights' gradient
/// is summed up once instead of slice by slice.
///
/// The arena holds for all images of a group the padded input; in the backward pass the padded
/// gradients before it and the inputs' gradients behind, and where the CPU has a unit for bf16, behind
/// these the padded gradients as bf16. Pixels lie a cache line further apart than
/// they need to: at distances of a power of two they would all fall into the same few places of a cache.
final class StagedPanels: StagedConvolution {
  private let products: PanelProducts
  private let geometry: ConvolutionGeometry
  private let arithmetic: Arithmetic
  private let inputCount: Int

  /// Numbers of the panels that one job takes its images through, half a mebibyte.
  private static let cachedWeights = 128 * 1024
  /// Jobs that let many threads end a phase nearly together.
  private static let fewestJobs = 32
  /// Numbers between two pixels of the arena that nobody reads.
  private static let gap = 16

  init(_ geometry: ConvolutionGeometry, _ arithmetic: Arithmetic = .fp32) {
    products = PanelProducts(geometry, arithmetic, gap: Self.gap)
    self.arithmetic = arithmetic
    self.geometry = geometry
    inputCount = geometry.input.count
  }

  var paddedInput: PaddedShape { products.paddedInput }
  var paddedGradient: PaddedShape { products.paddedGradient }
  var preparedCount: Int { products.preparedCount }
  var workspaceCount: Int {
    WeightGradientBlock.workspaceCount(columns: geometry.output.width, arithmetic)
  }
  var weightGradientCount: Int { 0 }
  var stagedCount: Int { stagedGradientCount + stagedInputCount + inputCount + packedCount }

  private var stagedInputCount: Int { paddedInput.pixels * (paddedInput.channels + Self.gap) }
  private var stagedGradientCount: Int {
    paddedGradient.pixels * (paddedGradient.channels + Self.gap)
  }
  /// Of the gradient as bf16.
  private var packedCount: Int {
    products.backwardIsNative ? (stagedGradientCount + 31) / 32 * 16 : 0
  }

  // MARK: Weights

  private func panels(_ pass: StagedPass) -> Range<Int> {
    switch pass {
    case .forward: products.forward.allPanels
    case .backward: products.backward.first?.allPanels ?? 0..<0
    }
  }

  func preparationCount(_ pass: StagedPass) -> Int { panels(pass).count }

  func prepare(
    _ pass: StagedPass, piece: Int, _ weight: UnsafePointer<Float>,
    into prepared: UnsafeMutablePointer<Float>, workspace: UnsafeMutablePointer<Float>
  ) {
    let panels = piece..<piece + 1
    switch pass {
    case .forward: products.prepareForward(panels: panels, weight, into: prepared)
    case .backward: products.prepareBackward(panels: panels, weight, into: prepared)
    }
  }

  // MARK: The arena

  private func inputs(
    _ arena: UnsafeMutablePointer<Float>, _ images: Int, _ pass: StagedPass
  ) -> UnsafeMutablePointer<Float> {
    pass == .forward ? arena : arena + images * stagedGradientCount
  }

  private static func stage(
    _ image: UnsafePointer<Float>, _ shape: PaddedShape, into place: UnsafeMutablePointer<Float>
  ) {
    let channels = shape.channels
    for pixel in 0..<shape.pixels {
      (place + pixel * (channels + gap)).update(from: image + pixel * channels, count: channels)
    }
  }

  /// The same as bf16.
  private static func pack(
    _ image: UnsafePointer<Float>, _ shape: PaddedShape, into place: UnsafeMutableRawPointer
  ) {
    let channels = shape.channels
    for pixel in 0..<shape.pixels {
      sweeps.half.keep(
        place + 2 * pixel * (channels + gap), image + pixel * channels, channels)
    }
  }

  func stageInput(
    _ x: UnsafePointer<Float>, image: Int, of images: Int, _ pass: StagedPass,
    into arena: UnsafeMutablePointer<Float>
  ) {
    let place = inputs(arena, images, pass) + image * stagedInputCount
    if pass == .forward, products.forward.isNative {
      Self.pack(x, paddedInput, into: place)
    } else {
      Self.stage(x, paddedInput, into: place)
    }
  }

  func stageGradient(
    _ dy: UnsafePointer<Float>, image: Int, of images: Int, into arena: UnsafeMutablePointer<Float>
  ) {
    Self.stage(dy, paddedGradient, into: arena + image * stagedGradientCount)
    if products.backwardIsNative {
      Self.pack(dy, paddedGradient, into: packedGradient(arena, image: image, of: images))
    }
    guard !products.coverInput else { return }
    inputGradient(arena, image: image, of: images).update(repeating: 0, count: inputCount)
  }

  private func inputGradient(
    _ arena: UnsafeMutablePointer<Float>, image: Int, of images: Int
  ) -> UnsafeMutablePointer<Float> {
    arena + images * (stagedGradientCount + stagedInputCount) + image * inputCount
  }

  private func packedGradient(
    _ arena: UnsafeMutablePointer<Float>, image: Int, of images: Int
  ) -> UnsafeMutablePointer<Float> {
    arena + images * (stagedGradientCount + stagedInputCount + inputCount) + image * packedCount
  }

  // MARK: Products

  func products(
    _ pass: StagedPass, images: Int, arena: UnsafeMutablePointer<Float>,
    weights: UnsafePointer<Float>, out: UnsafeMutableRawPointer?
  ) -> StagedJobs {
    let all = panels(pass)
    let product = pass == .forward ? products.forward : products.backward.first
    guard let product else { return .none }
    let together = product.panels(numbers: Self.cachedWeights)
    let blocks = (all.count + together - 1) / together
    let groups = min(images, (Self.fewestJobs + blocks - 1) / blocks)
    let outputBytes = (products.isHalf ? 2 : 4) * geometry.output.count
    return StagedJobs(count: blocks * groups) { [self] job, _ in
      let (block, group) = (job / groups, job % groups)
      let panels = block * together..<min((block + 1) * together, all.upperBound)
      for image in group * images / groups..<(group + 1) * images / groups {
        switch pass {
        case .forward:
          guard let out else { continue }
          product.run(
            panels: panels, arena + image * stagedInputCount, weights,
            into: out + image * outputBytes, storesHalf: products.isHalf)
        case .backward:
          let gradient =
            products.backwardIsNative
            ? packedGradient(arena, image: image, of: images)
            : arena + image * stagedGradientCount
          products.dataGradient(
            panels: panels, gradient, weights,
            into: inputGradient(arena, image: image, of: images))
        }
      }
    }
  }

  func weightGradients(
    images: Int, isFirst: Bool, arena: UnsafeMutablePointer<Float>,
    into dWeight: UnsafeMutablePointer<Float>, transformed: UnsafeMutablePointer<Float>
  ) -> StagedJobs {
    let blocks = WeightGradientBlock.blocks(of: geometry)
    let x = inputs(arena, images, .backward)
    let output = geometry.output
    let pixel = paddedInput.channels + Self.gap
    let gradientPixel = paddedGradient.channels + Self.gap
    let interior = paddedGradient.low * (paddedGradient.paddedWidth + 1) * gradientPixel
    return StagedJobs(count: blocks.count) { [self] job, workspace in
      let block = blocks[job]
      let place = WeightGradientBlock.Operands(
        rows: output.height, columns: output.width,
        row: geometry.parameters.stride * paddedInput.paddedWidth * pixel,
        column: geometry.parameters.stride * pixel,
        gradientRow: paddedGradient.paddedWidth * gradientPixel, gradientColumn: gradientPixel)
      // Where the tap's pixel and the block's channels start.
      let (down, across) = block.tap.quotientAndRemainder(
        dividingBy: geometry.parameters.kernelSize)
      let first = (down * paddedInput.paddedWidth + across) * pixel + block.inputs.lowerBound
      block.begin(workspace, dWeight, geometry, isFirst: isFirst)
      for image in 0..<images {
        block.add(
          x + image * stagedInputCount + first,
          arena + image * stagedGradientCount + interior + block.results.lowerBound, place,
          workspace, arithmetic)
      }
      block.end(workspace, dWeight, geometry)
    }
  }

  // MARK: Results

  func finishForward(
    image: Int, of images: Int, arena: UnsafePointer<Float>, into y: UnsafeMutableRawPointer
  ) {}

  func finishBackward(
    image: Int, of images: Int, arena: UnsafePointer<Float>, into dx: UnsafeMutablePointer<Float>
  ) -> UnsafePointer<Float> {
    arena + images * (stagedGradientCount + stagedInputCount) + image * inputCount
  }

  var weightFinishCount: Int { 0 }

  func finishWeights(
    piece: Int, transformed: UnsafePointer<Float>, into dWeight: UnsafeMutablePointer<Float>
  ) {}
}

/// A part of a weights' gradient, of one tap, that a thread sums up over all images in its cache.
///
/// The operands are copied row by row into compact blocks first: in place they would be a few numbers
/// of every pixel, far apart.
private struct WeightGradientBlock {
  let tap: Int
  let inputs: Range<Int>
  let results: Range<Int>

  /// Channels of either side that a block has at most.
  private static let mostInputs = 96
  private static let mostResults = 64
  /// Pixels that are copied at a time, about.
  private static let pixels = 128

  /// How the rows and columns of operands and gradients lie, in numbers.
  struct Operands {
    let rows: Int
    let columns: Int
    let row: Int
    let column: Int
    let gradientRow: Int
    let gradientColumn: Int
  }

  static func blocks(of geometry: ConvolutionGeometry) -> [WeightGradientBlock] {
    func ranges(_ count: Int, _ most: Int) -> [Range<Int>] {
      stride(from: 0, to: count, by: most).map { $0..<min(count, $0 + most) }
    }
    return (0..<geometry.taps).flatMap { tap in
      ranges(geometry.input.channels, mostInputs).flatMap { inputs in
        ranges(geometry.output.channels, mostResults).map {
          WeightGradientBlock(tap: tap, inputs: inputs, results: $0)
        }
      }
    }
  }

  /// Pixels that are copied together: whole rows, or as many as a unit's pieces have.
  private static func pixelsTogether(columns: Int, _ arithmetic: Arithmetic) -> Int {
    arithmetic == .bf16(.tiles) ? pixels : max(1, pixels / columns) * columns
  }

  static func workspaceCount(columns: Int, _ arithmetic: Arithmetic) -> Int {
    let together = pixelsTogether(columns: columns, arithmetic)
    let copies = mostInputs * mostResults + together * (mostInputs + mostResults)
    guard arithmetic.isNative else { return copies }
    return withProduct(
      rows: arithmetic == .bf16(.tiles) ? 1 : together / columns,
      columns: arithmetic == .bf16(.tiles) ? together : columns, inputs: mostInputs,
      results: mostResults
    ) { (copies + 15) / 16 * 16 + WeightPanels.scratchCount(&$0) }
  }

  /// One product of compact copies.
  private static func withProduct<Result>(
    rows: Int, columns: Int, inputs: Int, results: Int,
    _ body: (inout bench_weight_product) -> Result
  ) -> Result {
    withUnsafePointer(to: 0) { start in
      withUnsafePointer(to: inputs) { length in
        var product = bench_weight_product(
          rows: rows, columns: columns, operandRow: columns * inputs, operandColumn: inputs,
          gradientRow: columns * results, gradientColumn: results, results: results,
          firstInput: 0, endInput: inputs, firstResult: 0, endResult: results, runs: 1,
          runStarts: start, runLengths: length)
        return body(&product)
      }
    }
  }

  private func rows(
    of dWeight: UnsafeMutablePointer<Float>, _ geometry: ConvolutionGeometry
  ) -> UnsafeMutablePointer<Float> {
    let (inputChannels, outputChannels) = (geometry.input.channels, geometry.output.channels)
    return dWeight + (tap * inputChannels + inputs.lowerBound) * outputChannels
      + results.lowerBound
  }

  /// Takes the sums so far, [inputs][results], into the workspace.
  func begin(
    _ workspace: UnsafeMutablePointer<Float>, _ dWeight: UnsafeMutablePointer<Float>,
    _ geometry: ConvolutionGeometry, isFirst: Bool
  ) {
    guard !isFirst else {
      workspace.update(repeating: 0, count: inputs.count * results.count)
      return
    }
    let from = rows(of: dWeight, geometry)
    for i in 0..<inputs.count {
      (workspace + i * results.count).update(
        from: from + i * geometry.output.channels, count: results.count)
    }
  }

  func end(
    _ workspace: UnsafePointer<Float>, _ dWeight: UnsafeMutablePointer<Float>,
    _ geometry: ConvolutionGeometry
  ) {
    let to = rows(of: dWeight, geometry)
    for i in 0..<inputs.count {
      (to + i * geometry.output.channels).update(
        from: workspace + i * results.count, count: results.count)
    }
  }

  /// Adds one image.
  func add(
    _ x: UnsafePointer<Float>, _ dy: UnsafePointer<Float>, _ place: Operands,
    _ workspace: UnsafeMutablePointer<Float>, _ arithmetic: Arithmetic
  ) {
    let (m, n) = (inputs.count, results.count)
    let operands = workspace + Self.mostInputs * Self.mostResults
    let together = Self.pixelsTogether(columns: place.columns, arithmetic)
    let gradients = operands + together * Self.mostInputs
    let copies =
      Self.mostInputs * Self.mostResults + together * (Self.mostInputs + Self.mostResults)
    let scratch = workspace + (copies + 15) / 16 * 16
    let products = arithmetic.weightProducts
    let pixels = place.rows * place.columns
    for first in stride(from: 0, to: pixels, by: together) {
      let count = min(together, pixels - first)
      for at in 0..<count {
        let (row, column) = (first + at).quotientAndRemainder(dividingBy: place.columns)
        (operands + at * m).update(from: x + row * place.row + column * place.column, count: m)
        (gradients + at * n).update(
          from: dy + row * place.gradientRow + column * place.gradientColumn, count: n)
      }
      // In `tiles` pixels follow each other; in `pairs` those of a row.
      let rows = arithmetic == .bf16(.tiles) ? 1 : count / place.columns
      Self.withProduct(rows: rows, columns: count / rows, inputs: m, results: n) {
        products.weight_gradient(workspace, operands, gradients, &$0, scratch)
      }
    }
  }
}
