// The products of one convolution with weights in panels: what meets what.
import CKernels
import Numerics

/// Consecutive places of a kernel that meet neighbouring pixels: their factors lie side by side.
private struct Run {
  /// Pixels of the padded operand between an output's first operand and this run's.
  let pixel: Int
  /// Places of the kernel, in the order of their pixels.
  var taps: [Int]

  /// The runs of some taps, in the order of their pixels.
  /// - Parameter joins: whether neighbouring pixels follow each other without a gap.
  static func runs(_ taps: [KernelTap], rowLength: Int, joins: Bool) -> [Run] {
    var runs: [Run] = []
    for tap in taps.sorted(by: { $0.pixel < $1.pixel }) {
      // Rows of a narrow image's operand may touch each other.
      if joins, let last = runs.last, last.pixel + last.taps.count == tap.pixel,
        last.taps[0] / rowLength == tap.index / rowLength
      {
        runs[runs.count - 1].taps.append(tap.index)
      } else {
        runs.append(Run(pixel: tap.pixel, taps: [tap.index]))
      }
    }
    return runs
  }
}

/// Numbers that C reads for as long as this lives.
private final class Numbers: @unchecked Sendable {
  let pointer: UnsafeMutablePointer<Int>

  init(_ values: [Int]) {
    pointer = .allocate(capacity: max(1, values.count))
    pointer.initialize(from: values, count: values.count)
  }

  deinit { pointer.deallocate() }
}

/// Weights in panels of 16 results, [panel][depth][16], rounded to bf16 where that is the precision;
/// for a unit of the CPU as bf16, [panel][depth / 2][16][2].
enum WeightPanels {
  /// How many numbers of a panel a run takes: whole pairs.
  static func depth(_ length: Int) -> Int { (length + 1) / 2 * 2 }

  /// Numbers of fp32 in the scratch that a unit needs for a weights' gradient.
  static func scratchCount(_ shape: inout bench_weight_product) -> Int {
    (bench_native_scratch(&shape) + 3) / 4
  }

  /// Numbers of all panels.
  static func count(depth: Int, results: Int) -> Int { (results + 15) / 16 * 16 * depth }
}

/// One product for every output of an image, or for those of one phase of a data gradient.
final class PanelProduct: @unchecked Sendable {
  private let runs: [Run]
  /// Numbers of a tap: channels of the operand.
  private let channels: Int
  private let starts: Numbers
  private let lengths: Numbers
  private let shape: bench_product
  private let products: bench_products
  private let isHalf: Bool
  /// Whether a unit of the CPU computes it: operands are bf16 then, and prepared weights too.
  let isNative: Bool
  /// Whether a unit could compute it.
  let suitsUnit: Bool
  /// Where the first result stands.
  private let start: Int

  /// - Parameters:
  ///   - arithmetic: decides the order of the sums.
  ///   - taps: what each output meets.
  ///   - channels: of the operand.
  ///   - gap: numbers between two of its pixels, 0 unless the channels are even in number.
  ///   - operandRow: numbers from one row's operands to the next one's.
  ///   - operandColumn: the same of columns.
  ///   - results: channels of the result.
  ///   - resultRow: numbers from one row's results to the next one's.
  ///   - resultColumn: the same of columns.
  ///   - start: where the first result stands, in numbers.
  ///   - usesUnit: whether it may be computed by a unit of the CPU.
  init(
    _ arithmetic: Arithmetic, _ taps: [KernelTap], kernelSize: Int, channels: Int, gap: Int,
    rows: Int, columns: Int, operandRow: Int, operandColumn: Int, results: Int, resultRow: Int,
    resultColumn: Int, start: Int = 0,
    usesUnit: Bool = true
  ) {
    precondition(gap == 0 || channels % 2 == 0, "a gap would part a pair of factors")
    let runs = Run.runs(taps, rowLength: kernelSize, joins: gap == 0)
    self.runs = runs
    isHalf = arithmetic.precision == .bf16
    // Units take whole pairs of channels, and tiles of one size.
    suitsUnit = channels % 2 == 0 && Set(runs.map(\.taps.count)).count <= 1
    let unit = usesUnit && suitsUnit ? arithmetic.unit : nil
    isNative = unit != nil
    products = unit ?? arithmetic.emulated
    self.channels = channels
    self.start = start
    starts = Numbers(runs.map { $0.pixel * (channels + gap) })
    lengths = Numbers(runs.map { $0.taps.count * channels })
    shape = bench_product(
      rows: rows, columns: columns, operandRow: operandRow, operandColumn: operandColumn,
      resultRow: resultRow, resultColumn: resultColumn, results: results,
      depth: runs.reduce(0) { $0 + WeightPanels.depth($1.taps.count * channels) }, runs: runs.count,
      runStarts: UnsafePointer(starts.pointer), runLengths: UnsafePointer(lengths.pointer))
  }

  /// Numbers of fp32 that the panels take.
  var preparedCount: Int {
    WeightPanels.count(depth: shape.depth, results: shape.results) / (isNative ? 2 : 1)
  }

  /// Numbers of fp32 that one panel takes.
  private var panelCount: Int { (isNative ? 8 : 16) * shape.depth }

  /// Panels of 16 results whose weights take about as many numbers.
  func panels(numbers: Int) -> Int { max(1, numbers / (16 * shape.depth)) }

  /// Brings weights into panels.
  /// - Parameters:
  ///   - panels: which of them.
  ///   - matrix: of each tap, where its weights start and how they lie: rows are the operand's
  ///     channels, columns the results.
  func prepare(
    panels: Range<Int>, _ weight: UnsafePointer<Float>, into prepared: UnsafeMutablePointer<Float>,
    matrix: (_ tap: Int) -> (start: Int, rowStride: Int, columnStride: Int)
  ) {
    let first = panels.lowerBound * 16
    let columns = min(panels.upperBound * 16, shape.results) - first
    let to = prepared + panels.lowerBound * panelCount
    var depth = 0
    for run in runs {
      for (place, tap) in run.taps.enumerated() {
        let from = matrix(tap)
        let values = weight + from.start + first * from.columnStride
        let block = bench_matrix(
          rows: channels, columns: columns, rowStride: from.rowStride,
          columnStride: from.columnStride)
        let row = depth + place * channels
        if isNative {
          sweeps.pair_panels(to, panelCount, row, values, block)
        } else {
          sweeps.panels(to + row * 16, panelCount, values, block, isHalf ? 1 : 0)
        }
      }
      depth += WeightPanels.depth(run.taps.count * channels)
    }
  }

  /// All panels there are.
  var allPanels: Range<Int> { 0..<(shape.results + 15) / 16 }

  /// - Parameters:
  ///   - panels: the results asked for.
  ///   - x: the padded operand in fp32, or in bf16 where this is native.
  ///   - result: the whole image of results, as bf16 or fp32.
  func run(
    panels: Range<Int>? = nil, _ x: UnsafeRawPointer, _ prepared: UnsafePointer<Float>,
    into result: UnsafeMutableRawPointer, storesHalf: Bool
  ) {
    var shape = shape
    let panels = panels ?? allPanels
    shape.results = min(shape.results, panels.upperBound * 16) - panels.lowerBound * 16
    let bytes = storesHalf ? 2 : 4
    products.product(
      result + (start + panels.lowerBound * 16) * bytes, storesHalf ? 1 : 0, x,
      prepared + panels.lowerBound * panelCount, &shape)
  }
}

/// The gradient of a convolution's weights.
final class PanelWeightGradient: @unchecked Sendable {
  private let starts: Numbers
  private let lengths: Numbers
  private let shape: bench_weight_product
  private let products: bench_products
  /// Numbers of working memory that `add` needs.
  let workspaceCount: Int

  /// - Parameters:
  ///   - arithmetic: decides the order of the sums.
  ///   - padded: the input as the products read it.
  ///   - gradient: the output's gradient with its border.
  init(
    _ geometry: ConvolutionGeometry, _ arithmetic: Arithmetic, padded: PaddedShape,
    gradient: PaddedShape
  ) {
    let p = geometry.parameters
    let length = p.kernelSize * p.inputChannels
    starts = Numbers((0..<p.kernelSize).map { $0 * padded.pitch })
    lengths = Numbers(.init(repeating: length, count: p.kernelSize))
    products = arithmetic.unit ?? arithmetic.emulated
    var shape = bench_weight_product(
      rows: geometry.output.height, columns: geometry.output.width,
      operandRow: p.stride * padded.pitch, operandColumn: p.stride * p.inputChannels,
      gradientRow: gradient.pitch, gradientColumn: p.outputChannels, results: p.outputChannels,
      firstInput: 0, endInput: p.kernelSize * length, firstResult: 0,
      endResult: p.outputChannels, runs: p.kernelSize, runStarts: UnsafePointer(starts.pointer),
      runLengths: UnsafePointer(lengths.pointer))
    workspaceCount = arithmetic.unit == nil ? 0 : WeightPanels.scratchCount(&shape)
    self.shape = shape
  }

  /// Rows of the gradient: places of the kernel times input channels.
  var inputs: Int { shape.endInput }
  var results: Int { shape.results }

  /// dWeight += the gradient from one image.
  /// - Parameters:
  ///   - dy: the gradient's interior.
  ///   - workspace: `workspaceCount` numbers.
  func add(
    _ x: UnsafePointer<Float>, _ dy: UnsafePointer<Float>,
    into dWeight: UnsafeMutablePointer<Float>, workspace: UnsafeMutablePointer<Float>
  ) {
    var shape = shape
    products.weight_gradient(dWeight, x, dy, &shape, workspace)
  }
}

/// All products of one convolution.
struct PanelProducts: Sendable {
  let paddedInput: PaddedShape
  let paddedGradient: PaddedShape
  let forward: PanelProduct
  /// One for each phase of the data gradient, their panels one after the other.
  let backward: [PanelProduct]
  /// Whether a unit of the CPU computes the data gradient.
  let backwardIsNative: Bool
  /// Whether the phases make up the whole of the input's gradient.
  let coverInput: Bool
  let weights: PanelWeightGradient
  /// Whether factors are bf16, and results stored as such.
  let isHalf: Bool
  private let geometry: ConvolutionGeometry

  /// - Parameter gap: numbers between two pixels of padded operands.
  init(_ geometry: ConvolutionGeometry, _ arithmetic: Arithmetic, gap: Int = 0) {
    self.geometry = geometry
    isHalf = arithmetic.precision == .bf16
    let (p, input, output) = (geometry.parameters, geometry.input, geometry.output)
    let padded = geometry.paddedInput
    paddedInput = padded
    // Small images without borders are one row, which leaves fewer odd columns.
    let isOneRow = geometry.isFlat && output.pixels <= Self.rowPixels
    forward = PanelProduct(
      arithmetic, geometry.forwardTaps, kernelSize: p.kernelSize, channels: p.inputChannels,
      gap: gap,
      rows: isOneRow ? 1 : output.height, columns: isOneRow ? output.pixels : output.width,
      operandRow: p.stride * padded.paddedWidth * (p.inputChannels + gap),
      operandColumn: p.stride * (p.inputChannels + gap), results: p.outputChannels,
      resultRow: output.pitch, resultColumn: p.outputChannels)
    let phases = GradientPhases(geometry)
    let gradient = phases.paddedGradient
    paddedGradient = gradient
    coverInput = phases.coverInput
    func products(usesUnit: Bool) -> [PanelProduct] {
      phases.phases.map {
        PanelProduct(
          arithmetic, $0.taps, kernelSize: p.kernelSize, channels: p.outputChannels, gap: gap,
          rows: isOneRow ? 1 : $0.rows, columns: isOneRow ? input.pixels : $0.columns,
          operandRow: gradient.paddedWidth * (p.outputChannels + gap),
          operandColumn: p.outputChannels + gap,
          results: p.inputChannels, resultRow: p.stride * input.pitch,
          resultColumn: p.stride * p.inputChannels, start: $0.start * p.inputChannels,
          usesUnit: usesUnit)
      }
    }
    // All phases read one operand.
    let native = products(usesUnit: true)
    let allSuit = native.allSatisfy(\.suitsUnit)
    backward = allSuit ? native : products(usesUnit: false)
    backwardIsNative = allSuit && native.contains(where: \.isNative)
    weights = PanelWeightGradient(geometry, arithmetic, padded: padded, gradient: gradient)
  }

  private static let rowPixels = 256

  /// Numbers of the panels of either pass, whichever takes more.
  var preparedCount: Int {
    max(forward.preparedCount, backward.reduce(0) { $0 + $1.preparedCount })
  }

  func prepareForward(
    panels: Range<Int>? = nil, _ weight: UnsafePointer<Float>,
    into prepared: UnsafeMutablePointer<Float>
  ) {
    let (inputs, outputs) = (geometry.input.channels, geometry.output.channels)
    forward.prepare(panels: panels ?? forward.allPanels, weight, into: prepared) {
      ($0 * inputs * outputs, outputs, 1)
    }
  }

  func prepareBackward(
    panels: Range<Int>? = nil, _ weight: UnsafePointer<Float>,
    into prepared: UnsafeMutablePointer<Float>
  ) {
    let (inputs, outputs) = (geometry.input.channels, geometry.output.channels)
    var at = prepared
    for phase in backward {
      phase.prepare(panels: panels ?? phase.allPanels, weight, into: at) {
        ($0 * inputs * outputs, 1, outputs)
      }
      at += phase.preparedCount
    }
  }

  /// Numbers of the padded operand as bf16, in fp32; 0 where the products read it as it is.
  func packedCount(_ pass: StagedPass) -> Int {
    switch pass {
    case .forward: forward.isNative ? (paddedInput.count + 1) / 2 : 0
    case .backward: backwardIsNative ? (paddedGradient.count + 1) / 2 : 0
    }
  }

  /// dx, [H, W, inputChannels] in fp32.
  /// - Parameters:
  ///   - panels: the channels asked for.
  ///   - dy: the padded gradient in fp32, or in bf16 where these products are native.
  func dataGradient(
    panels: Range<Int>? = nil, _ dy: UnsafeRawPointer, _ prepared: UnsafePointer<Float>,
    into dx: UnsafeMutablePointer<Float>
  ) {
    var at = prepared
    for phase in backward {
      phase.run(panels: panels, dy, at, into: dx, storesHalf: false)
      at += phase.preparedCount
    }
  }
}

extension Arithmetic {
  /// The unit of the CPU that computes its products; nil where there is none.
  fileprivate var unit: bench_products? {
    if case .bf16(let model) = self { HalfUnits.products(model) } else { nil }
  }

  /// Its products by FMAs of fp32.
  fileprivate var emulated: bench_products {
    if case .bf16(let model) = self { sweeps.emulated(model) } else { sweeps.pairs }
  }

  /// The products that compute weights' gradients.
  var weightProducts: bench_products { unit ?? emulated }

  /// Whether a unit of the CPU computes them.
  var isNative: Bool { unit != nil }
}
