// From a graph to the steps that are carried out: batch norm, ReLU and sums are folded into their
// neighbours, so that they cost no memory passes of their own.
import Numerics

/// A tensor that is stored for the whole batch.
enum StoredTensor {}
typealias TensorID = Identifier<StoredTensor>
typealias NormID = Identifier<PlannedNorm>
typealias SiteID = Identifier<Site>

/// What a summand is multiplied with, number by number.
enum Multiplier: Hashable {
  case constant(Float)
  /// The sigmoid of a tensor that a step has stored, or one minus it.
  case gate(logits: TensorID, isComplement: Bool)
  /// A random mask of the layer in training, its expectation in evaluation.
  case dropout(rate: Float, layer: ValueID)
}

/// One summand of a pending value.
struct Operand {
  var tensor: TensorID
  /// Applied to the tensor as it is read; never together with a multiplier.
  var norm: NormID?
  /// The stride of a zero-padding shortcut between the tensor and the sum.
  var zeroPaddingStride: Int?
  /// Applied last, in the sum's shape.
  var multiplier: Multiplier?
  /// The site whose value the tensor is; nil for a step's raw output.
  var site: SiteID?

  /// What is read for it: the tensor, and a gate's logits.
  var tensors: [TensorID] {
    if case .gate(let logits, _) = multiplier { return [tensor, logits] }
    return [tensor]
  }

  /// Whether its value is worked out in memory of its own before it is summed.
  var isDerived: Bool { zeroPaddingStride != nil || multiplier != nil }
}

/// A value that steps read: a sum of one or two operands, rectified or not, worked out on the way in.
struct Site {
  var operands: [Operand]
  var relu: Bool
  let shape: ImageShape
  /// Where the first reader stores the value, if somebody else needs it too.
  var stored: TensorID?
  /// The steps that read it, in order. The first one stores the value and completes the gradient.
  var readers: [Int] = []

  func reads(_ tensor: TensorID) -> Bool { operands.contains { $0.tensors.contains(tensor) } }
}

/// One pass over the batch.
struct Step {
  enum Kind {
    case convolution(ConvolutionParameters)
    case maxPool(kernelSize: Int, stride: Int, padding: Int)
    case globalAveragePool
    /// Stores a pending value as a tensor of its own.
    case copy
    /// The linear layer on the pooled features, with the loss.
    case linear(outputs: Int)
  }

  let kind: Kind
  /// The graph's node that it stands for.
  let node: ValueID
  let input: SiteID
  var output: TensorID
  /// Added to the output as it is written: the residual stream of a pre-activation net.
  var addend: Operand?
}

/// A batch norm: its node, and the tensor that it normalises.
struct PlannedNorm {
  let node: ValueID
  let tensor: TensorID
}

/// What is stored, what is normalised, and which steps do it, for one graph.
struct FusedPlan {
  /// The network's input, which is the first tensor.
  static let input = TensorID(0)

  /// The shape of each tensor.
  private(set) var tensors = IdentifiedArray<StoredTensor, ImageShape>()
  private(set) var norms = IdentifiedArray<PlannedNorm, PlannedNorm>()
  private(set) var sites = IdentifiedArray<Site, Site>()
  private(set) var steps: [Step] = []

  /// Tensors that are fp32 whatever the others are: the network's input, its logits, and the pooled
  /// features that the linear layer alone reads.
  var singleTensors: Set<TensorID> {
    var single: Set = [Self.input]
    for step in steps {
      guard case .linear = step.kind else { continue }
      single.insert(step.output)
      let site = sites[step.input]
      if site.readers.count == 1, let features = site.stored, isPooled(features),
        !sites.contains(where: { $0.readers != site.readers && $0.reads(features) })
      {
        single.insert(features)
      }
    }
    return single
  }

  private func isPooled(_ tensor: TensorID) -> Bool {
    steps.contains {
      guard case .globalAveragePool = $0.kind else { return false }
      return $0.output == tensor
    }
  }

  /// The batch norms of each tensor.
  func norms(of tensor: TensorID) -> [NormID] {
    norms.indices.filter { norms[$0].tensor == tensor }
  }

  private enum Form {
    case stored(TensorID)
    case pending([Operand], relu: Bool)
    /// A zero-padding shortcut of another value.
    case padded(ValueID, stride: Int)
    /// Another value times something.
    case multiplied(ValueID, Multiplier)
  }

  private let graph: Graph
  private let consumers: IdentifiedArray<Graph.Node, [ValueID]>
  private var forms = IdentifiedArray<Graph.Node, Form>()
  private var siteOfValue: [ValueID: SiteID] = [:]
  private var stepOfTensor: [TensorID: Int] = [:]

  init(_ graph: Graph) {
    self.graph = graph
    consumers = graph.consumers
    for (id, node) in graph.nodes.identified { forms.append(form(of: node, id: id)) }
    if case .stored = forms[graph.output] {} else { _ = storedTensor(of: graph.output) }
  }

  private mutating func form(of node: Graph.Node, id: ValueID) -> Form {
    switch node.operation {
    case .input:
      return .stored(tensors.append(node.shape))
    case .convolution(let parameters, _):
      return .stored(step(.convolution(parameters), id, reading: node.inputs[0]))
    case .maxPool(let kernelSize, let stride, let padding):
      let kind = Step.Kind.maxPool(kernelSize: kernelSize, stride: stride, padding: padding)
      return .stored(step(kind, id, reading: node.inputs[0]))
    case .globalAveragePool:
      return .stored(step(.globalAveragePool, id, reading: node.inputs[0]))
    case .linear(let outputs, _):
      return .stored(step(.linear(outputs: outputs), id, reading: node.inputs[0]))
    case .batchNorm:
      let tensor = storedTensor(of: node.inputs[0])
      let norm = norms.append(PlannedNorm(node: id, tensor: tensor))
      return .pending([Operand(tensor: tensor, norm: norm)], relu: false)
    case .relu:
      switch forms[node.inputs[0]] {
      case .stored(let tensor): return .pending([Operand(tensor: tensor)], relu: true)
      case .pending(let operands, relu: false)
      where consumers[node.inputs[0]].count == 1: return .pending(operands, relu: true)
      case .pending, .padded, .multiplied:
        return .pending([operand(for: node.inputs[0])], relu: true)
      }
    case .add:
      if let tensor = streamSum(node, id) { return .stored(tensor) }
      return .pending(node.inputs.map { summand(for: $0) }, relu: false)
    case .zeroPaddingShortcut(let stride, _):
      return .padded(node.inputs[0], stride: stride)
    case .scale(let factor):
      return .multiplied(node.inputs[0], .constant(factor))
    case .gate(let isComplement):
      let logits = storedTensor(of: node.inputs[1])
      return .multiplied(node.inputs[0], .gate(logits: logits, isComplement: isComplement))
    case .dropout(let rate):
      return .multiplied(node.inputs[0], .dropout(rate: rate, layer: id))
    }
  }

  private mutating func step(_ kind: Step.Kind, _ id: ValueID, reading value: ValueID) -> TensorID {
    let input = site(of: value)
    let output = tensors.append(graph.shape(of: id))
    sites[input].readers.append(steps.count)
    stepOfTensor[output] = steps.count
    steps.append(Step(kind: kind, node: id, input: input, output: output))
    return output
  }

  /// The site through which steps read a value.
  private mutating func site(of value: ValueID) -> SiteID {
    if let known = siteOfValue[value] { return known }
    let shape = graph.shape(of: value)
    let site: Site
    switch forms[value] {
    case .stored(let tensor):
      site = Site(operands: [Operand(tensor: tensor)], relu: false, shape: shape, stored: tensor)
    case .pending(let operands, let relu):
      site = Site(operands: operands, relu: relu, shape: shape)
    case .padded, .multiplied:
      site = Site(operands: [summand(for: value)], relu: false, shape: shape)
    }
    let id = sites.append(site)
    siteOfValue[value] = id
    return id
  }

  /// A value as a summand: a batch norm that nobody else reads is applied while adding.
  private mutating func summand(for value: ValueID) -> Operand {
    switch forms[value] {
    case .pending(let operands, relu: false)
    where operands.count == 1 && consumers[value].count == 1:
      return operands[0]
    case .padded(let source, let stride):
      var operand = operand(for: source)
      operand.zeroPaddingStride = stride
      return operand
    case .multiplied(let source, let multiplier):
      var operand: Operand
      if case .padded = forms[source] {
        operand = summand(for: source)
      } else {
        operand = self.operand(for: source)
      }
      operand.multiplier = multiplier
      return operand
    case .stored, .pending: return operand(for: value)
    }
  }

  /// A value as a stored operand.
  private mutating func operand(for value: ValueID) -> Operand {
    if case .stored(let tensor) = forms[value] { return Operand(tensor: tensor) }
    let id = site(of: value)
    // Somebody must store it: the first step that reads it, or a step of its own.
    if sites[id].readers.isEmpty { return Operand(tensor: storedTensor(of: value)) }
    let stored = sites[id].stored ?? tensors.append(sites[id].shape)
    sites[id].stored = stored
    return Operand(tensor: stored, site: id)
  }

  /// A value as a step's raw output, which is what a batch norm can take statistics of.
  private mutating func storedTensor(of value: ValueID) -> TensorID {
    if case .stored(let tensor) = forms[value] { return tensor }
    let tensor = copyStep(of: value)
    forms[value] = .stored(tensor)
    return tensor
  }

  private mutating func copyStep(of value: ValueID) -> TensorID {
    step(.copy, value, reading: value)
  }

  /// Folds a sum into the convolution that makes one summand, where that one's raw output serves
  /// nobody else: the convolution adds the other summand as it writes.
  private mutating func streamSum(_ node: Graph.Node, _ id: ValueID) -> TensorID? {
    for (value, other) in [(1, 0), (0, 1)].map({ (node.inputs[$0.0], node.inputs[$0.1]) }) {
      guard value > other, case .stored(let tensor) = forms[value], consumers[value].count == 1,
        let producer = stepOfTensor[tensor], case .convolution = steps[producer].kind,
        steps[producer].addend == nil, !isReadersSummand(other)
      else { continue }
      // The other summand must be complete before the convolution runs.
      if case .pending = forms[other] {
        guard let site = siteOfValue[other], let reader = sites[site].readers.first,
          reader < producer
        else { continue }
      }
      if case .padded(let source, _) = forms[other], case .pending = forms[source] {
        guard let site = siteOfValue[source], let reader = sites[site].readers.first,
          reader < producer
        else { continue }
      }
      steps[producer].addend = summand(for: other)
      return tensor
    }
    return nil
  }

  /// Whether a summand is worked out by the reader of the sum: a batch norm's result, a product.
  private func isReadersSummand(_ value: ValueID) -> Bool {
    switch forms[value] {
    case .pending(let operands, relu: false): operands.contains { $0.norm != nil }
    case .multiplied: true
    case .stored, .pending, .padded: false
    }
  }
}
