// Every buffer of an executor by its size, before anything is allocated.
import Numerics

/// Which buffers a network needs for batches of up to a given size, and how many numbers each has.
///
/// A value that allocates nothing. `NetworkExecutor` allocates from it and from nothing else, and
/// `bytes` adds up the same sizes, so that what is planned is what is taken. It does not have what
/// is no buffer: tables of the prepared products and Swift's arrays, some kilobytes a layer, and the
/// copy of the weights that `diagnosedTrainStep` makes for the time of a step.
public struct ExecutorLayout {
  /// The largest batch.
  public let batch: Int
  /// How many threads have working memory of their own.
  public let threads: Int
  /// Whether gradients will be asked for; without, activations share memory.
  public let trains: Bool
  /// How activations are kept.
  public let arithmetic: Arithmetic
  let plan: FusedPlan
  let gradientPlan: GradientPlan
  let units: [StepUnit]
  /// Weights, gradients and what the optimizer keeps.
  let state: StateLayout

  /// Each buffer of activations, [batch, H, W, C], and the buffer of each tensor.
  let activations: [StoredSize]
  let activationOf: IdentifiedArray<StoredTensor, Int>
  /// Each shared buffer of gradients, [batch][size].
  let gradients: [StoredSize]
  /// Tensors that are fp32 in any precision.
  let singleTensors: Set<TensorID>
  /// Bytes of the numbers of the others.
  let storedBytes: Int
  /// Numbers of the head's gradient, [batch, classes].
  let logitGradients: Int
  /// Of each unit the numbers of its weights as the forward pass reads them; nil where that is the
  /// weights' own form.
  let forwardWeights: [Int?]
  /// Of each unit the numbers of its weights as the data gradient reads them; 0 where not needed.
  let transposedWeights: [Int]
  /// Numbers that wide convolutions share: staged images, prepared weights, and the weights'
  /// gradient where it has a form of its own.
  let arena: Int
  let preparedWeights: Int
  let transformedGradient: Int
  /// Channels of each batch norm.
  let normChannels: [Int]
  let widestChannels: Int
  /// Numbers of the largest weight gradient that is summed up slice by slice.
  let largestWeight: Int
  /// Numbers of those sums, [slices][largestWeight].
  let partialWeights: Int
  /// Numbers, in double precision, of the slices' sums for batch norms and biases.
  let partialSums: Int
  /// What each thread has of its own.
  let scratch: ScratchLayout

  /// - Parameters:
  ///   - graph: the network.
  ///   - batch: images per batch, at least 1.
  ///   - threads: that work, at least 1.
  ///   - trains: whether gradients will be asked for.
  ///   - arithmetic: how activations are kept and products made.
  ///   - optimizer: what changes the weights; its state is allocated with its first step.
  public init(
    _ graph: Graph, batch: Int, threads: Int, trains: Bool = true, arithmetic: Arithmetic = .fp32,
    optimizer: any Optimizer = SGD()
  ) {
    precondition(batch >= 1, "a batch of \(batch) images")
    precondition(threads >= 1, "\(threads) threads")
    self.batch = batch
    self.threads = threads
    self.trains = trains
    self.arithmetic = arithmetic
    let plan = FusedPlan(graph)
    self.plan = plan
    let gradientPlan = GradientPlan(plan)
    self.gradientPlan = gradientPlan
    let state = StateLayout(graph, optimizerTensors: trains ? optimizer.stateNames.count : 0)
    self.state = state
    var padded: [PaddedShape] = []
    let units = plan.steps.enumerated().map { index, step in
      StepUnit(
        step, index: index, plan: plan, state: state, arithmetic: arithmetic, paddedShapes: &padded)
    }
    self.units = units

    let single = plan.singleTensors
    singleTensors = single
    let storedBytes = arithmetic.precision == .fp32 ? 4 : 2
    self.storedBytes = storedBytes
    // A buffer that any fp32 tensor uses has room for it.
    func size(_ numbers: Int, isSingle: Bool) -> StoredSize {
      StoredSize(numbers: numbers * batch, bytesPerNumber: isSingle ? 4 : storedBytes)
    }
    if trains {
      activations = plan.tensors.identified.map {
        size($0.element.count, isSingle: single.contains($0.id))
      }
      activationOf = IdentifiedArray(plan.tensors.indices.map(\.index))
    } else {
      let shared = EvaluationPlan(plan)
      let users = Set(single.map { shared.bufferOf[$0] })
      activations = shared.bufferSizes.enumerated().map {
        size($0.element, isSingle: users.contains($0.offset))
      }
      activationOf = shared.bufferOf
    }
    let users = Set(
      gradientPlan.bufferOf.compactMap { Self.isSingle($0.key, plan, single) ? $0.value : nil })
    gradients =
      trains
      ? gradientPlan.bufferSizes.enumerated().map {
        size($0.element, isSingle: users.contains($0.offset))
      } : []
    if trains, case .linear(let outputs)? = plan.steps.last?.kind {
      logitGradients = outputs * batch
    } else {
      logitGradients = 0
    }
    normChannels = plan.norms.map { graph.shape(of: $0.node).channels }

    forwardWeights = units.map { $0.preparesForward ? $0.preparedCount : nil }
    transposedWeights = units.map { trains && $0.needsDataGradient ? $0.preparedGradientCount : 0 }
    let kernels = units.compactMap(\.convolution)
    let staging = StagingMemory(kernels.compactMap(\.staged), batch: batch)
    let summed = kernels.compactMap { $0.perImage?.weightGradientCount }
    largestWeight = trains ? summed.max() ?? 0 : 0
    arena = staging.arena
    preparedWeights = staging.prepared
    transformedGradient = trains ? max(staging.transformed, largestWeight) : 0

    let shapes = Array(plan.tensors) + plan.sites.map(\.shape)
    widestChannels = shapes.map(\.channels).max() ?? 0
    let slices = min(batch, NetworkExecutor.mostSlices)
    let hasStaged = kernels.contains { $0.staged != nil }
    let sumSlices = min(batch, hasStaged ? NetworkExecutor.mostStagedSlices : slices)
    partialWeights = largestWeight * slices
    partialSums = NetworkExecutor.sumRows * widestChannels * sumSlices
    scratch = ScratchLayout(
      padded: padded, image: shapes.map(\.count).max() ?? 0,
      workspace: kernels.map(\.workspaceCount).max() ?? 0, weights: largestWeight,
      channels: widestChannels)
  }

  /// Whether a gradient is kept in fp32 in any precision: that of the pooled features.
  static func isSingle(_ id: GradientID, _ plan: FusedPlan, _ single: Set<TensorID>) -> Bool {
    switch id {
    case .site(let site), .partial(let site):
      let site = plan.sites[site]
      return site.stored.map { $0 != FusedPlan.input && single.contains($0) } == true
    case .tensor(let tensor): return single.contains(tensor)
    }
  }

  /// Bytes of all buffers of an executor and its state.
  public var bytes: Int { sharedBytes + threads * scratch.bytes + state.bytes }

  /// Bytes of the buffers that all threads share, without the state.
  var sharedBytes: Int {
    let floats =
      (activations + gradients).map(\.floats) + [logitGradients] + forwardWeights.compactMap(\.self)
      + transposedWeights
      + [arena, preparedWeights, transformedGradient, partialWeights]
      + normChannels.map(Normalization.coefficientCount)
    return floats.reduce(DoubleBuffer.bytes(count: partialSums)) {
      $0 + FloatBuffer.bytes(count: $1)
    }
  }
}

/// The sizes of one thread's working memory, in numbers.
struct ScratchLayout {
  /// An image of each shape with its border.
  let padded: [PaddedShape]
  /// The largest image without a border; there is room for `images` of them.
  let image: Int
  let workspace: Int
  /// The largest weights that are prepared.
  let weights: Int
  /// The most channels, in double precision, twice.
  let channels: Int

  /// The gradient of the input, three summands, and a product.
  static let images = 5

  var bytes: Int {
    let floats =
      padded.map(\.count) + .init(repeating: image, count: Self.images)
      + [workspace, weights]
    return floats.reduce(2 * DoubleBuffer.bytes(count: channels)) {
      $0 + FloatBuffer.bytes(count: $1)
    }
  }
}

/// Where each tensor of a network stands in its state's buffers: trainable ones first.
struct StateLayout {
  /// Every tensor, in the order of the layers.
  let specifications: [TensorSpecification]
  /// Where each starts, on a cache line.
  let offsets: [Int]
  /// How many numbers there are, gaps included.
  let count: Int
  /// How many numbers at the start the optimizer changes, gaps included.
  let trainableCount: Int
  /// How many numbers the optimizer keeps for each trainable one.
  let optimizerTensors: Int

  init(_ graph: Graph, optimizerTensors: Int = 0) {
    self.optimizerTensors = optimizerTensors
    let specifications = graph.tensorSpecifications
    self.specifications = specifications
    var offsets = [Int](repeating: 0, count: specifications.count)
    var end = 0
    func place(where isPlaced: (TensorSpecification) -> Bool) {
      for (i, tensor) in specifications.enumerated() where isPlaced(tensor) {
        offsets[i] = end
        end += (tensor.count + 15) / 16 * 16
      }
    }
    place(where: \.isTrainable)
    trainableCount = end
    place { !$0.isTrainable }
    count = end
    self.offsets = offsets
  }

  /// Where a node's tensor starts; nil where the node has none of the role.
  func offset(of node: ValueID, role isRole: (TensorSpecification.Role) -> Bool) -> Int? {
    specifications.firstIndex { $0.node == node && isRole($0.role) }.map { offsets[$0] }
  }

  /// Numbers of each buffer of the state: weights, gradients and what the optimizer keeps.
  var buffers: [Int] {
    [count, trainableCount] + [Int](repeating: trainableCount, count: optimizerTensors)
  }

  var bytes: Int { buffers.reduce(0) { $0 + FloatBuffer.bytes(count: $1) } }
}
