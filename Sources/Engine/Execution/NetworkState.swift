// The numbers of a network by name: weights, running statistics, gradients, the optimizer's state.
import CKernels
import Numerics

/// All numbers that training changes, each tensor under its name.
///
/// In memory convolution weights are [height, width, inputs, outputs]; `values(of:)` and
/// `setValues(_:of:)` speak the layout of files, [outputs, inputs, height, width].
public final class NetworkState: @unchecked Sendable {
  /// Every tensor, in the order of the layers.
  public let specifications: [TensorSpecification]
  let weights: FloatBuffer
  let gradients: FloatBuffer
  /// What the optimizer keeps, laid out as the weights, in the order of `optimizerStateNames`.
  private(set) var optimizerState: [FloatBuffer] = []
  /// The names of what the optimizer keeps for each trainable tensor; none until it is prepared.
  public private(set) var optimizerStateNames: [String] = []
  /// How many steps an optimizer has made since its state was 0.
  public internal(set) var optimizerSteps = 0
  /// Where each tensor stands in the buffers.
  let layout: StateLayout
  private let indexOfName: [String: Int]

  /// Allocates the state of a graph; all numbers are zero until `initialize(seed:)`.
  public convenience init(_ graph: Graph) { self.init(StateLayout(graph)) }

  init(_ layout: StateLayout) {
    self.layout = layout
    specifications = layout.specifications
    weights = FloatBuffer(count: layout.count)
    gradients = FloatBuffer(count: layout.trainableCount)
    indexOfName = Dictionary(
      specifications.enumerated().map { ($1.name, $0) },
      uniquingKeysWith: { first, second in
        preconditionFailure("two tensors of one name, \(first) and \(second)")
      })
  }

  private var offsets: [Int] { layout.offsets }

  /// How many numbers at the start of the buffers the optimizer changes, gaps included.
  var trainableCount: Int { layout.trainableCount }

  /// Makes room for what an optimizer keeps, all 0, unless it is there; a first step does the same.
  public func prepare(for optimizer: any Optimizer) {
    guard optimizerStateNames != optimizer.stateNames else { return }
    prepare(for: optimizer, afterSteps: 0)
  }

  /// The same in any case, for an optimizer that has made so many steps elsewhere.
  package func prepare(for optimizer: any Optimizer, afterSteps steps: Int) {
    optimizerStateNames = optimizer.stateNames
    optimizerState = optimizer.stateNames.map { _ in FloatBuffer(count: trainableCount) }
    optimizerSteps = steps
  }

  /// Sets every weight to its start for a seed; running means are 0, running variances 1, and no
  /// optimizer has made a step.
  ///
  /// Each tensor draws from a stream of its own, keyed by its position in the layers' order.
  public func initialize(seed: UInt64) {
    for (i, tensor) in specifications.enumerated() {
      var random = CounterRandom(seed: seed, purpose: .initialization, index: i)
      let values: [Float]
      switch tensor.role {
      case .convolutionWeight(let p, let initialization):
        let area = p.kernelSize * p.kernelSize
        values = Self.draw(
          tensor.count, initialization, fanIn: area * p.inputChannels,
          fanOut: area * p.outputChannels, &random)
      case .linearWeight(let inputs, let outputs, let initialization):
        values = Self.draw(tensor.count, initialization, fanIn: inputs, fanOut: outputs, &random)
      case .bias, .batchNormScale, .batchNormShift, .runningMean, .runningVariance:
        values = .init(repeating: tensor.start, count: tensor.count)
      }
      setValues(values, of: i)
    }
    optimizerState = []
    optimizerStateNames = []
    optimizerSteps = 0
  }

  private static func draw(
    _ count: Int, _ initialization: Initialization, fanIn: Int, fanOut: Int,
    _ random: inout CounterRandom
  ) -> [Float] {
    func uniform(_ bound: Float) -> [Float] {
      (0..<count).map { _ in random.uniform(-bound, bound) }
    }
    switch initialization {
    case .he, .gate:
      let deviation = (2 / Float(fanIn)).squareRoot()
      return (0..<count).map { _ in deviation * random.normal() }
    case .xavier: return uniform((6 / Float(fanIn + fanOut)).squareRoot())
    case .uniformFanIn: return uniform(1 / Float(fanIn).squareRoot())
    }
  }

  /// The numbers that belong to a tensor.
  public enum Quantity: Hashable, Sendable {
    case value
    case gradient
    /// What the optimizer keeps under a name, such as `velocity`.
    case optimizerState(String)
  }

  /// The numbers of a tensor in the layout of files; nil for an unknown name.
  /// Running statistics have values alone; nil too where the optimizer keeps nothing of the name.
  public func values(of name: String, _ quantity: Quantity = .value) -> [Float]? {
    guard let i = indexOfName[name], quantity == .value || specifications[i].isTrainable,
      let buffer = buffer(of: quantity)
    else { return nil }
    return reordered(buffer[offsets[i]], specifications[i], toFile: true)
  }

  /// Sets the numbers of a tensor, given in the layout of files.
  /// - Precondition: the names are known, and the count is the tensor's.
  public func setValues(_ values: [Float], of name: String, _ quantity: Quantity = .value) {
    guard let i = indexOfName[name] else { preconditionFailure("no tensor is named \(name)") }
    setValues(values, of: i, quantity)
  }

  private func setValues(_ values: [Float], of i: Int, _ quantity: Quantity = .value) {
    let tensor = specifications[i]
    precondition(
      values.count == tensor.count, "\(tensor.name): \(values.count) values for \(tensor.shape)")
    let ordered = values.withUnsafeBufferPointer { buffer in
      buffer.baseAddress.map { reordered($0, tensor, toFile: false) } ?? []
    }
    guard let buffer = buffer(of: quantity), quantity == .value || tensor.isTrainable else {
      preconditionFailure("\(tensor.name) has no \(quantity)")
    }
    let target = buffer[offsets[i]]
    for (j, value) in ordered.enumerated() { target[j] = value }
  }

  private func buffer(of quantity: Quantity) -> FloatBuffer? {
    switch quantity {
    case .value: weights
    case .gradient: gradients
    case .optimizerState(let name):
      optimizerStateNames.firstIndex(of: name).map { optimizerState[$0] }
    }
  }

  /// Between [height, width, inputs, outputs] in memory and [outputs, inputs, height, width] in files.
  private func reordered(
    _ source: UnsafePointer<Float>, _ tensor: TensorSpecification, toFile: Bool
  ) -> [Float] {
    let (area, inputs, outputs): (Int, Int, Int)
    switch tensor.role {
    case .convolutionWeight(let p, _):
      (area, inputs, outputs) = (p.kernelSize * p.kernelSize, p.inputChannels, p.outputChannels)
    case .linearWeight(let i, let o, _): (area, inputs, outputs) = (1, i, o)
    default: return Array(UnsafeBufferPointer(start: source, count: tensor.count))
    }
    var result = [Float](repeating: 0, count: tensor.count)
    for a in 0..<area {
      for i in 0..<inputs {
        for o in 0..<outputs {
          let memory = (a * inputs + i) * outputs + o
          let file = (o * inputs + i) * area + a
          if toFile { result[file] = source[memory] } else { result[memory] = source[file] }
        }
      }
    }
    return result
  }
}
