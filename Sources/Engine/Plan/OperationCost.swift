// What each operation of a fused plan must do at least: multiply-adds and bytes.
import Numerics

/// The work of one operation on a batch.
///
/// Multiply-adds are those of direct convolution, whatever algorithm is used. Bytes are the tensors
/// of the whole batch that a pass reads and writes, each once however often it is touched image by
/// image (the second time it is in the cache), and the weights once. What one thread keeps in its
/// cache (padded images, Winograd's tiles, the gradient within a sweep) does not count, nor do
/// evictions: a pass cannot move less, and may move more.
public struct OperationCost: Sendable {
  /// The layer's path in the graph, such as `layer1.0.conv1`.
  public let name: String
  /// What it does to what: `3x3/2 16→32 at 32x32`, of the input's size.
  public let summary: String
  public let forwardMACs: Int
  /// Both gradients; the weights' alone where nobody needs the input's.
  public let backwardMACs: Int
  public let forwardBytes: Int
  public let backwardBytes: Int
  /// Of bringing its weights into the forms that a training step reads, before the passes.
  public let preparationBytes: Int
  /// Of adding up the slices' parts of its weight gradient, after its way back.
  public let weightSumBytes: Int
}

extension NetworkExecutor {
  /// The work of each operation on `count` images; operation i is that of `StepProfile`.
  public func operationCosts(count: Int) -> [OperationCost] {
    plan.steps.indices.map { cost(of: $0, count: count) }
  }

  private func cost(of index: Int, count: Int) -> OperationCost {
    let step = plan.steps[index]
    let site = plan.sites[step.input]
    let output = plan.tensors[step.output]
    let needsDataGradient = !GradientPlan.isInput(site)
    let summary: String
    var macs = 0
    var weights = 0
    switch step.kind {
    case .convolution(let p):
      let stride = p.stride == 1 ? "" : "/\(p.stride)"
      summary =
        "\(p.kernelSize)x\(p.kernelSize)\(stride) \(p.inputChannels)→\(p.outputChannels) at "
        + "\(site.shape.height)x\(site.shape.width)"
      weights = p.kernelSize * p.kernelSize * p.inputChannels * p.outputChannels
      macs = weights * output.pixels
    case .linear(let outputs):
      summary = "linear \(site.shape.channels)→\(outputs)"
      weights = site.shape.channels * outputs
      macs = weights
    case .maxPool(let kernelSize, let stride, _):
      summary = "max \(kernelSize)x\(kernelSize)/\(stride), \(site.shape)"
    case .globalAveragePool: summary = "mean, \(site.shape)"
    case .copy: summary = "copy, \(site.shape)"
    }
    let gradients = needsDataGradient ? 2 : 1
    // Convolutions with many weights prepare them within their passes, and like the linear layer have
    // one gradient instead of one for each slice.
    let kernel = units[index].convolution
    let isStaged = kernel?.staged != nil
    let hasParts = kernel != nil && !isStaged
    let parts = hasParts ? min(count, Self.mostSlices) : 1
    let forms = needsDataGradient ? 2 : 1
    // Activations in their stored format, weights in fp32.
    let single = MemoryLayout<Float>.stride
    let forward =
      forwardNumbers(step, index) * count * layout.storedBytes + weights * single
    let backward =
      backwardNumbers(step, index, needsDataGradient: needsDataGradient) * count
      * layout.storedBytes + weights * (parts + forms - 1) * single
    return OperationCost(
      name: graph.nodes[step.node].name, summary: summary, forwardMACs: macs * count,
      backwardMACs: gradients * macs * count,
      forwardBytes: forward, backwardBytes: backward,
      preparationBytes: isStaged ? 0 : forms * weights * single,
      weightSumBytes: hasParts ? (parts + 1) * weights * single : 0)
  }

  /// Tensors from which a site's value is worked out, with how many numbers per image are read.
  private func inputs(of site: Site, storing: Bool) -> [TensorID: Int] {
    if let stored = site.stored, !storing || site.operands.map(\.tensor) == [stored] {
      return [stored: site.shape.count]
    }
    return Dictionary(
      site.operands.flatMap(\.tensors).map {
        ($0, site.shape.pixels * plan.tensors[$0].channels)
      },
      uniquingKeysWith: max)
  }

  /// Numbers per image that the forward pass of a step reads and writes.
  private func forwardNumbers(_ step: Step, _ index: Int) -> Int {
    let site = plan.sites[step.input]
    let isFirst = site.readers.first == index
    var read = inputs(of: site, storing: isFirst)
    let output = plan.tensors[step.output]
    if let addend = step.addend {
      read[addend.tensor] = output.pixels * plan.tensors[addend.tensor].channels
    }
    let storesInput = site.stored != nil && isFirst && site.stored.map { read[$0] == nil } == true
    return read.values.reduce(0, +) + output.count + (storesInput ? site.shape.count : 0)
  }

  /// Numbers per image that the backward pass of a step reads and writes.
  private func backwardNumbers(_ step: Step, _ index: Int, needsDataGradient: Bool) -> Int {
    let site = plan.sites[step.input]
    func size(_ id: GradientID) -> Int {
      switch id {
      case .site(let site), .partial(let site): plan.sites[site].shape.count
      case .tensor(let tensor): plan.tensors[tensor].count
      }
    }
    var read = inputs(of: site, storing: false)
    var gradients: Set<GradientID> = []
    var written = 0
    for contribution in gradientPlan.ofTensor[step.output] {
      gradients.insert(contribution.gradient)
      switch contribution {
      case .norm, .gateLogits: read[step.output] = plan.tensors[step.output].count
      case .direct, .unpadded, .multiplied: break
      }
    }
    if gradientPlan.storedTensors.contains(step.output) {
      written += plan.tensors[step.output].count
    }
    if needsDataGradient {
      written += site.shape.count
      if site.readers.first == index {
        for contribution in gradientPlan.ofSite[step.input] {
          gradients.insert(contribution.gradient)
        }
        for operand in site.operands where operand.norm != nil {
          read[operand.tensor] = site.shape.count
        }
      } else if site.readers.last != index {
        gradients.insert(.partial(step.input))
      }
    }
    return read.values.reduce(0, +) + gradients.reduce(0) { $0 + size($1) } + written
  }
}
