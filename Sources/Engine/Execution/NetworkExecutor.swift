// Carries out a network on batches: the memory, the plan, and what a user of the engine calls.
import CKernels
import Foundation
import Numerics

/// What one training step gave.
public struct StepResult: Sendable, Equatable {
  /// Mean cross-entropy over the batch, in nats.
  public let loss: Double
  /// How many images of the batch were classified wrongly.
  public let errors: Int
  /// Euclidean norm of the gradient of all trainable tensors, weight decay not included.
  public let gradientNorm: Double
}

/// What one evaluation batch gave.
public struct EvaluationResult: Sendable, Equatable {
  /// Sum of the cross-entropies, in nats.
  public let lossSum: Double
  /// Whether each image was classified correctly.
  public let correct: [Bool]
  /// How many classes came before the right one for each image; 0 where it is correct.
  public let ranks: [Int32]
}

/// Whether batch norm uses the batch's statistics or the running ones.
public enum ExecutionMode: Sendable {
  case training
  case evaluation
}

/// A network with memory for batches of up to a given size.
///
/// All loops over the batch are cut into slices whose number depends on the batch alone; sums go
/// slice by slice in order. So the results have the same bits for any number of threads. Subnormal
/// numbers count as zero in all that it computes (FTZ and DAZ); its callers keep their own setting.
public final class NetworkExecutor {
  public let graph: Graph
  public let state: NetworkState
  /// What was allocated.
  let layout: ExecutorLayout
  let plan: FusedPlan
  let gradientPlan: GradientPlan
  let pool: WorkerPool
  let norms: IdentifiedArray<PlannedNorm, Normalization>
  let units: [StepUnit]
  /// Per tensor: [batch, H, W, C]. The first is the input.
  let tensors: IdentifiedArray<StoredTensor, StoredBuffer>
  /// Shared stores for gradients, [batch][size].
  let gradientBuffers: [StoredBuffer]
  /// The sweeps over images as they are stored here.
  let images: bench_image_sweeps
  let scratch: [WorkerScratch]
  /// Of each unit, the weights in the form that the forward pass reads; nil where that is the
  /// weights' own.
  let forwardWeights: [FloatBuffer?]
  /// Of each unit, the weights with inputs and outputs exchanged, for the data gradient; empty where
  /// not needed.
  let transposedWeights: [FloatBuffer]
  let partialWeights: FloatBuffer
  let partialSums: DoubleBuffer
  let widestChannels: Int
  let largestWeight: Int
  let head: ClassificationHead?
  /// What wide convolutions share: the staged images, the prepared weights, and the weights' gradient
  /// where it has a form of its own.
  let arena: FloatBuffer
  let preparedWeights: FloatBuffer
  let transformedGradient: FloatBuffer
  var imageCount = 0
  var mode = ExecutionMode.training
  /// What the random masks of the next training step depend on, besides layer, image and place.
  public var dropoutKey: UInt64 = 0
  /// Takes down where the time of each step goes, if set.
  public var profile: StepProfile?

  /// The most slices that a batch is cut into.
  static let mostSlices = 16
  /// The same where a slice costs no weight gradient of its own, and groups of slices need many.
  static let mostStagedSlices = 64

  /// Allocates everything that training or evaluating batches of `batch` images needs, but for the
  /// optimizer's state (`NetworkState.prepare(for:)`).
  /// - Parameters:
  ///   - graph: the network.
  ///   - batch: images per batch, at least 1.
  ///   - pool: the threads; one executor uses them at a time.
  ///   - state: the numbers to work on, by default new ones, all zero.
  ///   - trains: whether gradients will be asked for; without, activations share memory.
  ///   - arithmetic: how activations are kept and products made.
  public init(
    _ graph: Graph, batch: Int, pool: WorkerPool, state: NetworkState? = nil, trains: Bool = true,
    arithmetic: Arithmetic = .fp32
  ) {
    let layout = ExecutorLayout(
      graph, batch: batch, threads: pool.threads, trains: trains, arithmetic: arithmetic)
    self.layout = layout
    images = sweeps.images(arithmetic.precision)
    self.graph = graph
    self.pool = pool
    plan = layout.plan
    gradientPlan = layout.gradientPlan
    units = layout.units
    let state = state ?? NetworkState(layout.state)
    precondition(
      state.layout.offsets == layout.state.offsets, "the state is that of another network")
    self.state = state
    norms = IdentifiedArray(
      zip(layout.plan.norms, layout.normChannels).map {
        Normalization(node: $0.node, channels: $1, state: state)
      })
    let activations = layout.activations.map { StoredBuffer($0) }
    tensors = layout.activationOf.mapped { activations[$0] }
    gradientBuffers = layout.gradients.map { StoredBuffer($0) }
    forwardWeights = layout.forwardWeights.map { $0.map { FloatBuffer(count: $0) } }
    transposedWeights = layout.transposedWeights.map { FloatBuffer(count: $0) }
    arena = FloatBuffer(count: layout.arena)
    preparedWeights = FloatBuffer(count: layout.preparedWeights)
    transformedGradient = FloatBuffer(count: layout.transformedGradient)
    widestChannels = layout.widestChannels
    largestWeight = layout.largestWeight
    scratch = (0..<layout.threads).map { _ in WorkerScratch(layout.scratch) }
    partialWeights = FloatBuffer(count: layout.partialWeights)
    partialSums = DoubleBuffer(count: layout.partialSums)
    if case .linear(let outputs)? = layout.plan.steps.last?.kind, let unit = layout.units.last {
      head = ClassificationHead(
        classes: outputs, features: layout.plan.sites[unit.step.input].shape.channels,
        gradients: layout.logitGradients, precision: arithmetic.precision)
    } else {
      head = nil
    }
  }

  /// How activations are kept and products made.
  public var arithmetic: Arithmetic { layout.arithmetic }

  public var precision: Precision { arithmetic.precision }

  /// The largest batch.
  public var batch: Int { layout.batch }

  /// How many threads work.
  public var threads: Int { pool.threads }

  /// Where a batch's images go: [batch, H, W, C]. Filled by the caller before each step.
  public var input: UnsafeMutablePointer<Float> { tensors[FusedPlan.input].floats }

  /// How many slices a batch is cut into, and which images each one has.
  var sliceCount: Int { min(imageCount, Self.mostSlices) }

  /// Rows of sums per slice: forward mean and squared deviations; backward the gradient's sum, its
  /// products with up to two normalised tensors, and the bias gradient.
  static let sumRows = 4

  func sums(ofSlice slice: Int) -> UnsafeMutablePointer<Double> {
    partialSums[slice * Self.sumRows * widestChannels]
  }

  /// How many slices a unit takes the batch in.
  func slices(of unit: StepUnit) -> Int {
    unit.convolution?.staged == nil ? sliceCount : min(imageCount, Self.mostStagedSlices)
  }

  /// The images of one of `sliceCount` slices. Later slices are smaller, so that threads end a phase
  /// nearly together.
  func images(ofSlice slice: Int) -> Range<Int> {
    let slices = sliceCount
    func start(_ s: Int) -> Int {
      s + (imageCount - slices) * s * (3 * slices - s) / (2 * slices * slices)
    }
    return start(slice)..<start(slice + 1)
  }

  /// The same for the slices in which a unit takes the batch.
  func images(ofSlice slice: Int, of unit: StepUnit) -> Range<Int> {
    unit.convolution?.staged == nil
      ? images(ofSlice: slice)
      : Self.images(ofStagedSlice: slice, of: slices(of: unit), images: imageCount)
  }

  /// One step of training on the images in `input`.
  /// - Parameters:
  ///   - labels: the class of each image, [count].
  ///   - count: how many images, at most `batch`.
  public func trainStep(
    labels: UnsafePointer<Int32>, count: Int, optimizer: any Optimizer, learningRate: Float
  ) -> StepResult {
    flushingSubnormals {
      let result = computeGradients(labels: labels, count: count)
      optimizer.step(state, learningRate: learningRate, pool: pool)
      profile?.lap(.optimizer)
      return result
    }
  }

  /// Forward and backward pass in training mode; leaves the gradients in `state`.
  public func computeGradients(labels: UnsafePointer<Int32>, count: Int) -> StepResult {
    guard let head else { preconditionFailure("the network does not end in a linear layer") }
    precondition(layout.trains, "this executor was made for evaluation only")
    return flushingSubnormals {
      forward(count: count, mode: .training)
      let outcome = head.loss(of: self, labels: labels, withGradient: true)
      profile?.lap(.loss)
      backward()
      let norm = gradientNorm()
      profile?.lap(.gradientNorm)
      return StepResult(
        loss: outcome.lossSum / Double(count), errors: outcome.correct.count { !$0 },
        gradientNorm: norm)
    }
  }

  /// Classifies the images in `input` with the running statistics.
  public func evaluate(labels: UnsafePointer<Int32>, count: Int) -> EvaluationResult {
    guard let head else { preconditionFailure("the network does not end in a linear layer") }
    return flushingSubnormals {
      forward(count: count, mode: .evaluation)
      defer { profile?.lap(.loss) }
      return head.loss(of: self, labels: labels, withGradient: false)
    }
  }

  /// The network's output for the images in `input`, [count, H, W, C] of the graph's output.
  public func predict(count: Int, mode: ExecutionMode = .evaluation) -> [Float] {
    flushingSubnormals { forward(count: count, mode: mode) }
    guard let last = plan.steps.last else { return [] }
    let size = plan.tensors[last.output].count * count
    let output = tensors[last.output]
    return Array(unsafeUninitializedCapacity: size) { values, initialized in
      guard let start = values.baseAddress else { return }
      if layout.singleTensors.contains(last.output) {
        start.update(from: output.floats, count: size)
      } else {
        images.widen(start, output[0], size)
      }
      initialized = size
    }
  }

  private func gradientNorm() -> Double {
    let chunk = 1 << 15
    let total = state.trainableCount
    var sums = [Double](repeating: 0, count: (total + chunk - 1) / chunk)
    sums.withUnsafeMutableBufferPointer { buffer in
      let out = UncheckedPointer(buffer.baseAddress)
      pool.run(tasks: buffer.count) { task, _ in
        out.pointer?[task] = sweeps.sum_of_squares(
          state.gradients[task * chunk], min(chunk, total - task * chunk))
      }
    }
    return sums.reduce(0, +).squareRoot()
  }
}

/// A pointer that phases write through, each task in its own place.
struct UncheckedPointer<Element>: @unchecked Sendable {
  let pointer: UnsafeMutablePointer<Element>?
  init(_ pointer: UnsafeMutablePointer<Element>?) { self.pointer = pointer }
}

/// One thread's working memory, small enough to stay in its cache.
final class WorkerScratch: @unchecked Sendable {
  /// One per padded shape; the borders stay zero.
  let padded: [FloatBuffer]
  let dx: FloatBuffer
  let auxiliary: FloatBuffer
  let second: FloatBuffer
  let third: FloatBuffer
  let product: FloatBuffer
  let workspace: FloatBuffer
  let weights: FloatBuffer
  let mean: DoubleBuffer
  let m2: DoubleBuffer

  init(_ layout: ScratchLayout) {
    padded = layout.padded.map { FloatBuffer(count: $0.count) }
    dx = FloatBuffer(count: layout.image)
    auxiliary = FloatBuffer(count: layout.image)
    second = FloatBuffer(count: layout.image)
    third = FloatBuffer(count: layout.image)
    product = FloatBuffer(count: layout.image)
    workspace = FloatBuffer(count: layout.workspace)
    weights = FloatBuffer(count: layout.weights)
    mean = DoubleBuffer(count: layout.channels)
    m2 = DoubleBuffer(count: layout.channels)
  }
}

/// A step with its prepared products and the places of its parameters.
final class StepUnit: Sendable {
  let step: Step
  let index: Int
  let convolution: ConvolutionKernel?
  /// Which padded scratch the input and the output's gradient use.
  let inputScratch: Int
  let gradientScratch: Int
  let inputShape: PaddedShape
  let gradientShape: PaddedShape
  let weightOffset: Int
  let biasOffset: Int?
  let weightCount: Int
  /// Numbers of the weights as the products read them; 0 where the products prepare them themselves.
  let preparedCount: Int
  /// The same as the data gradient reads them.
  let preparedGradientCount: Int
  /// Whether the forward pass reads prepared weights.
  let preparesForward: Bool
  /// Whether this step is the first to read its site.
  let isFirstReader: Bool
  /// Whether the gradient of the input is needed.
  let needsDataGradient: Bool

  init(
    _ step: Step, index: Int, plan: FusedPlan, state: StateLayout, arithmetic: Arithmetic,
    paddedShapes: inout [PaddedShape]
  ) {
    self.step = step
    self.index = index
    let site = plan.sites[step.input]
    isFirstReader = site.readers.first == index
    needsDataGradient = !GradientPlan.isInput(site)
    func scratchIndex(_ shape: PaddedShape, besides other: Int?) -> Int {
      let known = paddedShapes.indices.first { paddedShapes[$0] == shape && $0 != other }
      if let known { return known }
      paddedShapes.append(shape)
      return paddedShapes.count - 1
    }
    var kernel: ConvolutionKernel?
    var weightCount = 0
    switch step.kind {
    case .convolution(let parameters):
      kernel = ConvolutionKernel(parameters, input: site.shape, arithmetic: arithmetic)
      weightCount =
        parameters.kernelSize * parameters.kernelSize * parameters.inputChannels
        * parameters.outputChannels
    case .linear(let outputs): weightCount = outputs * site.shape.channels
    case .maxPool, .globalAveragePool, .copy: break
    }
    convolution = kernel
    let inputShape = kernel?.paddedInput ?? PaddedShape(site.shape)
    let gradientShape = kernel?.paddedGradient ?? PaddedShape(plan.tensors[step.output])
    self.inputShape = inputShape
    self.gradientShape = gradientShape
    // The two scratch images must never be one.
    inputScratch = scratchIndex(inputShape, besides: nil)
    gradientScratch = scratchIndex(gradientShape, besides: inputScratch)
    self.weightCount = weightCount
    weightOffset =
      state.offset(of: step.node) {
        switch $0 {
        case .convolutionWeight, .linearWeight: true
        default: false
        }
      } ?? 0
    biasOffset = state.offset(of: step.node) { $0 == .bias }
    // Staged convolutions prepare their weights in memory that they share.
    if case .linear(let outputs) = step.kind, arithmetic.precision == .bf16 {
      let panels = ClassificationHead.panels(features: site.shape.channels, classes: outputs)
      (preparedCount, preparedGradientCount) = (panels.forward, panels.backward)
      preparesForward = true
    } else {
      preparedCount = kernel.map { $0.perImage?.preparedCount ?? 0 } ?? weightCount
      preparedGradientCount = preparedCount
      preparesForward = kernel?.perImage?.preparesForward == true
    }
  }
}
