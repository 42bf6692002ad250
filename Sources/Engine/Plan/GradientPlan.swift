// How gradients flow back through a fused plan, and which of them share memory.
import Numerics

/// A gradient that is stored for the whole batch.
enum GradientID: Hashable {
  /// Of a site's value, behind the rectifier's mask.
  case site(SiteID)
  /// Of a step's raw output.
  case tensor(TensorID)
  /// What a site's later readers contribute, until its first reader completes it.
  case partial(SiteID)
}

/// One summand of a gradient.
enum Contribution {
  case direct(GradientID)
  /// Back through a zero-padding shortcut.
  case unpadded(GradientID, stride: Int)
  /// Back through a product, and then through a zero-padding shortcut if there is a stride.
  case multiplied(GradientID, Multiplier, stride: Int?)
  /// To the logits of the gate of an operand.
  case gateLogits(GradientID, Operand, isComplement: Bool)
  /// Back through a batch norm, from the site that it feeds.
  case norm(NormID, SiteID)

  var gradient: GradientID {
    switch self {
    case .direct(let id), .unpadded(let id, _), .multiplied(let id, _, _),
      .gateLogits(let id, _, _):
      return id
    case .norm(_, let site): return .site(site)
    }
  }
}

/// The backward pass of a fused plan: what adds up to what, in which memory.
struct GradientPlan {
  /// The summands of the gradient of each tensor (a step's raw output).
  private(set) var ofTensor: IdentifiedArray<StoredTensor, [Contribution]>
  /// The summands of the gradient of each site's value, besides its first reader's own.
  private(set) var ofSite: IdentifiedArray<Site, [Contribution]>
  /// Tensors whose gradient somebody else reads again.
  private(set) var storedTensors: Set<TensorID> = []
  /// The buffer of each stored gradient.
  private(set) var bufferOf: [GradientID: Int] = [:]
  /// Numbers per image of each buffer.
  private(set) var bufferSizes: [Int] = []

  init(_ plan: FusedPlan) {
    ofTensor = .init(repeating: [], like: plan.tensors)
    ofSite = .init(repeating: [], like: plan.sites)
    for (id, site) in plan.sites.identified {
      for operand in site.operands { add(operand, from: .site(id), site: id) }
    }
    for step in plan.steps {
      guard let addend = step.addend else { continue }
      add(addend, from: .tensor(step.output), site: nil)
      storedTensors.insert(step.output)
    }
    for (id, site) in plan.sites.identified where site.readers.count > 1 {
      ofSite[id].append(.direct(.partial(id)))
    }
    assignBuffers(plan)
  }

  private mutating func add(_ operand: Operand, from gradient: GradientID, site: SiteID?) {
    if let norm = operand.norm, let site {
      precondition(
        operand.zeroPaddingStride == nil && operand.multiplier == nil,
        "a padded or multiplied operand is not normalised")
      ofTensor[operand.tensor].append(.norm(norm, site))
      return
    }
    let contribution: Contribution
    if let multiplier = operand.multiplier {
      contribution = .multiplied(gradient, multiplier, stride: operand.zeroPaddingStride)
      if case .gate(let logits, let isComplement) = multiplier {
        ofTensor[logits].append(.gateLogits(gradient, operand, isComplement: isComplement))
      }
    } else {
      contribution =
        operand.zeroPaddingStride.map { .unpadded(gradient, stride: $0) } ?? .direct(gradient)
    }
    if let target = operand.site {
      ofSite[target].append(contribution)
    } else {
      ofTensor[operand.tensor].append(contribution)
    }
  }

  /// Whether nobody needs the gradient of a site's value: it is the network's input.
  static func isInput(_ site: Site) -> Bool {
    site.operands.count == 1 && site.operands[0].tensor == FusedPlan.input
  }

  /// Gives every stored gradient a buffer; one whose last reader has come is used again. Steps go
  /// image by image, so a buffer may be overwritten within its last reading step if the new
  /// gradient has the same number of values per image and is written after the last read.
  private mutating func assignBuffers(_ plan: FusedPlan) {
    var lastReader: [GradientID: Int] = [:]
    for (index, step) in plan.steps.enumerated().reversed() {
      for contribution in ofTensor[step.output] { lastReader[contribution.gradient] = index }
      if plan.sites[step.input].readers.first == index {
        for contribution in ofSite[step.input] { lastReader[contribution.gradient] = index }
      }
    }
    var free: [Int] = []
    func take(_ size: Int) -> Int {
      if let at = free.firstIndex(where: { bufferSizes[$0] == size }) { return free.remove(at: at) }
      bufferSizes.append(size)
      return bufferSizes.count - 1
    }
    for (index, step) in plan.steps.enumerated().reversed() {
      let site = plan.sites[step.input]
      let isFirst = site.readers.first == index
      let early = ofTensor[step.output].map(\.gradient)
      let late = isFirst ? ofSite[step.input].map(\.gradient) : []
      var released: Set<GradientID> = []
      func release(_ ids: [GradientID], size: Int?) {
        for id in ids where lastReader[id] == index && !released.contains(id) {
          guard let buffer = bufferOf[id], size == nil || bufferSizes[buffer] == size else {
            continue
          }
          released.insert(id)
          free.append(buffer)
        }
      }
      if storedTensors.contains(step.output) {
        let size = plan.tensors[step.output].count
        release(early.filter { !late.contains($0) }, size: size)
        bufferOf[.tensor(step.output)] = take(size)
      }
      if !Self.isInput(site) {
        release(early + late, size: site.shape.count)
        if isFirst {
          bufferOf[.site(step.input)] = take(site.shape.count)
        } else if bufferOf[.partial(step.input)] == nil {
          bufferOf[.partial(step.input)] = take(site.shape.count)
        }
      }
      release(early + late, size: nil)
    }
  }
}
