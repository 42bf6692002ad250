// A convolution of any shape as products with weights in panels.
import CKernels
import Numerics

/// Image by image. In bf16 operands are fp32 numbers that bf16 can hold, and so are the weights; the
/// order of the sums is the same in any precision.
final class PanelConvolution: ConvolutionAlgorithm {
  private let products: PanelProducts
  private let weightCount: Int
  private let inputCount: Int

  init(_ geometry: ConvolutionGeometry, _ precision: Precision = .fp32) {
    products = PanelProducts(geometry, precision)
    weightCount = geometry.weightCount
    inputCount = geometry.input.count
  }

  var paddedInput: PaddedShape { products.paddedInput }
  var paddedGradient: PaddedShape { products.paddedGradient }
  var preparedCount: Int { products.preparedCount }
  var workspaceCount: Int { 0 }
  var weightGradientCount: Int { weightCount }
  var preparesForward: Bool { true }

  func prepareForward(
    _ weight: UnsafePointer<Float>, into prepared: UnsafeMutablePointer<Float>
  ) {
    products.prepareForward(weight, into: prepared)
  }

  func prepareDataGradient(
    _ weight: UnsafePointer<Float>, into prepared: UnsafeMutablePointer<Float>,
    scratch: UnsafeMutablePointer<Float>
  ) {
    products.prepareBackward(weight, into: prepared)
  }

  func forward(
    _ x: UnsafePointer<Float>, _ weight: UnsafePointer<Float>, into y: UnsafeMutableRawPointer,
    workspace: UnsafeMutablePointer<Float>
  ) {
    products.forward.run(x, weight, into: y, storesHalf: products.isHalf)
  }

  func dataGradient(
    _ dy: UnsafePointer<Float>, _ weight: UnsafePointer<Float>,
    into dx: UnsafeMutablePointer<Float>, workspace: UnsafeMutablePointer<Float>
  ) {
    if !products.coverInput { dx.update(repeating: 0, count: inputCount) }
    products.dataGradient(dy, weight, into: dx)
  }

  func weightGradient(
    _ x: UnsafePointer<Float>, _ dy: UnsafePointer<Float>, accumulate: Bool,
    into dWeight: UnsafeMutablePointer<Float>, workspace: UnsafeMutablePointer<Float>
  ) {
    if !accumulate { dWeight.update(repeating: 0, count: weightCount) }
    products.weights.add(x, dy + paddedGradient.interior, into: dWeight)
  }
}

/// The same with many weights: some panels of them stay in cache while a group of images goes
/// through, and the weights' gradient is summed up once instead of slice by slice.
///
/// The arena holds for all images of a group the padded input; in the backward pass the padded
/// gradients before it and the inputs' gradients behind.
final class StagedPanels: StagedConvolution {
  private let products: PanelProducts
  private let inputCount: Int

  /// Numbers of the panels that one job takes its images through, half a mebibyte.
  private static let cachedWeights = 128 * 1024
  /// Rows and columns of the weights' gradient that one job works out.
  private static let rowsPerJob = 96
  private static let columnsPerJob = 64
  /// Jobs that let many threads end a phase nearly together.
  private static let fewestJobs = 32

  init(_ geometry: ConvolutionGeometry, _ precision: Precision = .fp32) {
    products = PanelProducts(geometry, precision)
    inputCount = geometry.input.count
  }

  var paddedInput: PaddedShape { products.paddedInput }
  var paddedGradient: PaddedShape { products.paddedGradient }
  var preparedCount: Int { products.preparedCount }
  var workspaceCount: Int { 0 }
  var weightGradientCount: Int { 0 }
  var stagedCount: Int { paddedGradient.count + paddedInput.count + inputCount }

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

  private func inputs(
    _ arena: UnsafeMutablePointer<Float>, _ images: Int, _ pass: StagedPass
  ) -> UnsafeMutablePointer<Float> {
    pass == .forward ? arena : arena + images * paddedGradient.count
  }

  func stageInput(
    _ x: UnsafePointer<Float>, image: Int, of images: Int, _ pass: StagedPass,
    into arena: UnsafeMutablePointer<Float>
  ) {
    (inputs(arena, images, pass) + image * paddedInput.count).update(
      from: x, count: paddedInput.count)
  }

  func stageGradient(
    _ dy: UnsafePointer<Float>, image: Int, of images: Int, into arena: UnsafeMutablePointer<Float>
  ) {
    (arena + image * paddedGradient.count).update(from: dy, count: paddedGradient.count)
    guard !products.coverInput else { return }
    let dx = arena + images * (paddedGradient.count + paddedInput.count) + image * inputCount
    dx.update(repeating: 0, count: inputCount)
  }

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
    let outputBytes = (products.isHalf ? 2 : 4) * products.forwardCount
    return StagedJobs(count: blocks * groups) { [self] job in
      let (block, group) = (job / groups, job % groups)
      let panels = block * together..<min((block + 1) * together, all.upperBound)
      for image in group * images / groups..<(group + 1) * images / groups {
        switch pass {
        case .forward:
          guard let out else { continue }
          product.run(
            panels: panels, arena + image * paddedInput.count, weights,
            into: out + image * outputBytes, storesHalf: products.isHalf)
        case .backward:
          let dx =
            arena + images * (paddedGradient.count + paddedInput.count) + image * inputCount
          products.dataGradient(
            panels: panels, arena + image * paddedGradient.count, weights, into: dx)
        }
      }
    }
  }

  func weightGradients(
    images: Int, isFirst: Bool, arena: UnsafeMutablePointer<Float>,
    into dWeight: UnsafeMutablePointer<Float>, transformed: UnsafeMutablePointer<Float>
  ) -> StagedJobs {
    let gradient = products.weights
    let down = (gradient.inputs + Self.rowsPerJob - 1) / Self.rowsPerJob
    let across = (gradient.results + Self.columnsPerJob - 1) / Self.columnsPerJob
    let x = inputs(arena, images, .backward)
    return StagedJobs(count: down * across) { [self] job in
      let (row, column) = (job / across, job % across)
      let rows = row * Self.rowsPerJob..<min((row + 1) * Self.rowsPerJob, gradient.inputs)
      let columns =
        column * Self.columnsPerJob..<min((column + 1) * Self.columnsPerJob, gradient.results)
      if isFirst {
        for i in rows {
          (dWeight + i * gradient.results + columns.lowerBound).update(
            repeating: 0, count: columns.count)
        }
      }
      for image in 0..<images {
        gradient.add(
          x + image * paddedInput.count,
          arena + image * paddedGradient.count + paddedGradient.interior, into: dWeight,
          inputs: rows, results: columns)
      }
    }
  }

  func finishForward(
    image: Int, of images: Int, arena: UnsafePointer<Float>, into y: UnsafeMutableRawPointer
  ) {}

  func finishBackward(
    image: Int, of images: Int, arena: UnsafePointer<Float>, into dx: UnsafeMutablePointer<Float>
  ) -> UnsafePointer<Float> {
    arena + images * (paddedGradient.count + paddedInput.count) + image * inputCount
  }

  var weightFinishCount: Int { 0 }

  func finishWeights(
    piece: Int, transformed: UnsafePointer<Float>, into dWeight: UnsafeMutablePointer<Float>
  ) {}
}
