// The slow, plain truth: every operation as the loops of its definition, one after another.
//
// In Double, so that its own rounding is far below what is compared with it, and for no other type:
// generic loops, called from another module, are not specialised and take fifty times as long.
// Nothing here is fused, blocked or threaded. Activations are [N, H, W, C].
import Foundation
import Numerics

/// A value of the whole batch.
struct ReferenceTensor {
  let shape: ImageShape
  let count: Int
  var values: [Double]

  init(_ shape: ImageShape, count: Int) {
    self.shape = shape
    self.count = count
    values = .init(repeating: 0, count: shape.count * count)
  }

  func index(_ n: Int, _ y: Int, _ x: Int, _ c: Int) -> Int {
    ((n * shape.height + y) * shape.width + x) * shape.channels + c
  }
}

/// Runs a graph node by node, forward and backward.
struct ReferenceNetwork {
  let graph: Graph
  /// Tensors by name in the layout of files ([outputs, inputs, height, width]).
  var parameters: [String: [Double]] = [:]
  /// Filled by `backward`.
  var gradients: [String: [Double]] = [:]
  /// The values of all nodes after `forward`.
  private(set) var values = IdentifiedArray<Graph.Node, ReferenceTensor>()
  /// Gradients of the loss with respect to all values after `backward`.
  private(set) var valueGradients = IdentifiedArray<Graph.Node, ReferenceTensor>()
  /// As the executor's.
  var dropoutKey: UInt64 = 0
  private var statistics: [ValueID: (mean: [Double], inverse: [Double])] = [:]

  /// Takes over the numbers of an engine's state.
  init(_ graph: Graph, state: NetworkState) {
    self.graph = graph
    for tensor in graph.tensorSpecifications {
      parameters[tensor.name] = (state.values(of: tensor.name) ?? []).map { Double($0) }
    }
  }

  private func parameter(_ node: Graph.Node, _ suffix: String) -> [Double] {
    parameters["\(node.name).\(suffix)"] ?? []
  }

  // MARK: Forward

  /// Works out every value for a batch.
  /// - Parameters:
  ///   - input: [count, H, W, C].
  ///   - mode: training mode uses and moves the statistics.
  mutating func forward(_ input: [Double], count: Int, mode: ExecutionMode) {
    values = .init()
    statistics = [:]
    for (id, node) in graph.nodes.identified {
      var y = ReferenceTensor(node.shape, count: count)
      let x = node.inputs.first.map { values[$0] } ?? y
      switch node.operation {
      case .input: y.values = input
      case .convolution(let p, _): convolve(x, node, p, into: &y)
      case .batchNorm: normalise(x, node, id, mode, into: &y)
      case .relu: y.values = x.values.map { $0 > 0 ? $0 : 0 }
      case .add:
        let z = values[node.inputs[1]]
        for i in y.values.indices { y.values[i] = x.values[i] + z.values[i] }
      case .zeroPaddingShortcut(let stride, _):
        Self.forEachPixel(y) { n, row, column in
          for c in 0..<x.shape.channels {
            y.values[y.index(n, row, column, c)] =
              x.values[x.index(n, row * stride, column * stride, c)]
          }
        }
      case .scale, .dropout, .gate:
        let factors = multipliers(of: node, id, y, mode)
        for i in y.values.indices { y.values[i] = x.values[i] * factors[i] }
      case .maxPool(let k, let s, let padding):
        Self.forEachPixel(y) { n, row, column in
          for c in 0..<x.shape.channels {
            let at = Self.maximum(x, n, row, column, c, k, s, padding)
            y.values[y.index(n, row, column, c)] = x.values[at]
          }
        }
      case .globalAveragePool:
        Self.forEachPixel(x) { n, row, column in
          for c in 0..<x.shape.channels {
            y.values[n * x.shape.channels + c] +=
              x.values[x.index(n, row, column, c)] / Double(x.shape.pixels)
          }
        }
      case .linear(let outputs, _):
        let (weight, bias) = (parameter(node, "weight"), parameter(node, "bias"))
        let inputs = x.shape.channels
        for n in 0..<count {
          for o in 0..<outputs {
            var sum = bias[o]
            for i in 0..<inputs { sum += weight[o * inputs + i] * x.values[n * inputs + i] }
            y.values[n * outputs + o] = sum
          }
        }
      }
      values.append(y)
    }
  }

  /// What a product's first factor is multiplied with.
  private func multipliers(
    of node: Graph.Node, _ id: ValueID, _ y: ReferenceTensor, _ mode: ExecutionMode
  ) -> [Double] {
    switch node.operation {
    case .scale(let factor): return y.values.map { _ in Double(factor) }
    case .gate(let isComplement):
      return values[node.inputs[1]].values.map { z in
        let sigmoid = 1 / (1 + Foundation.exp(-Double(z)))
        return Double(isComplement ? 1 - sigmoid : sigmoid)
      }
    case .dropout(let rate):
      guard mode == .training else { return y.values.map { _ in Double(1 - rate) } }
      return (0..<y.count).flatMap { image -> [Double] in
        let mask = DropoutMask(rate: rate, key: dropoutKey, layer: id, image: image)
        return (0..<y.shape.count).map { mask.keeps($0) ? 1 : 0 }
      }
    default: preconditionFailure("\(node.operation) is no product")
    }
  }

  private static func forEachPixel(
    _ tensor: ReferenceTensor, _ body: (_ n: Int, _ row: Int, _ column: Int) -> Void
  ) {
    for n in 0..<tensor.count {
      for row in 0..<tensor.shape.height {
        for column in 0..<tensor.shape.width { body(n, row, column) }
      }
    }
  }

  /// The taps of a window that lie inside the input: kernel offsets and input position.
  private static func forEachTap(
    _ row: Int, _ column: Int, _ k: Int, _ s: Int, _ padding: Int, in shape: ImageShape,
    _ body: (_ ky: Int, _ kx: Int, _ y: Int, _ x: Int) -> Void
  ) {
    for ky in 0..<k {
      let y = row * s + ky - padding
      guard (0..<shape.height).contains(y) else { continue }
      for kx in 0..<k {
        let x = column * s + kx - padding
        guard (0..<shape.width).contains(x) else { continue }
        body(ky, kx, y, x)
      }
    }
  }

  private func convolve(
    _ x: ReferenceTensor, _ node: Graph.Node, _ p: ConvolutionParameters,
    into y: inout ReferenceTensor
  ) {
    let weight = parameter(node, "weight")
    let bias = p.hasBias ? parameter(node, "bias") : .init(repeating: 0, count: p.outputChannels)
    let k = p.kernelSize
    var sums = [Double](repeating: 0, count: p.outputChannels)
    for n in 0..<y.count {
      for row in 0..<y.shape.height {
        for column in 0..<y.shape.width {
          sums = bias
          Self.forEachTap(row, column, k, p.stride, p.padding, in: x.shape) { ky, kx, iy, ix in
            for i in 0..<p.inputChannels {
              let value = x.values[x.index(n, iy, ix, i)]
              for o in 0..<p.outputChannels {
                sums[o] += weight[((o * p.inputChannels + i) * k + ky) * k + kx] * value
              }
            }
          }
          for o in 0..<p.outputChannels { y.values[y.index(n, row, column, o)] = sums[o] }
        }
      }
    }
  }

  private mutating func normalise(
    _ x: ReferenceTensor, _ node: Graph.Node, _ id: ValueID, _ mode: ExecutionMode,
    into y: inout ReferenceTensor
  ) {
    let channels = x.shape.channels
    let count = x.values.count / channels
    let (gamma, beta) = (parameter(node, "weight"), parameter(node, "bias"))
    var mean = parameter(node, "running_mean")
    var variance = parameter(node, "running_var")
    if mode == .training {
      let decay = Double(Normalization.runningDecay)
      for c in 0..<channels {
        var sum: Double = 0
        for i in 0..<count { sum += x.values[i * channels + c] }
        let batchMean = sum / Double(count)
        var squares: Double = 0
        for i in 0..<count {
          let d = x.values[i * channels + c] - batchMean
          squares += d * d
        }
        let unbiased = squares / Double(max(1, count - 1))
        parameters["\(node.name).running_mean"]?[c] = decay * mean[c] + (1 - decay) * batchMean
        parameters["\(node.name).running_var"]?[c] = decay * variance[c] + (1 - decay) * unbiased
        mean[c] = batchMean
        variance[c] = squares / Double(count)
      }
    }
    let inverse = variance.map { 1 / ($0 + Double(Normalization.epsilon)).squareRoot() }
    statistics[id] = (mean, inverse)
    for i in x.values.indices {
      let c = i % channels
      y.values[i] = (x.values[i] - mean[c]) * inverse[c] * gamma[c] + beta[c]
    }
  }

  /// Where the first maximum of a pooling window is.
  private static func maximum(
    _ x: ReferenceTensor, _ n: Int, _ row: Int, _ column: Int, _ c: Int, _ k: Int,
    _ s: Int, _ padding: Int
  ) -> Int {
    var best: Int?
    forEachTap(row, column, k, s, padding, in: x.shape) { _, _, y, at in
      let candidate = x.index(n, y, at, c)
      if let known = best, !(x.values[candidate] > x.values[known]) { return }
      best = candidate
    }
    return best ?? 0
  }

  // MARK: Loss

  /// Mean cross-entropy of the output, and its gradient with respect to the logits.
  func crossEntropy(labels: [Int32]) -> (loss: Double, gradient: [Double]) {
    let logits = values[graph.output]
    let classes = logits.shape.channels
    var loss = 0.0
    var gradient = logits.values
    for n in 0..<logits.count {
      let row = (0..<classes).map { Double(logits.values[n * classes + $0]) }
      let top = row.max() ?? 0
      let total = row.reduce(0) { $0 + Foundation.exp($1 - top) }
      loss += Foundation.log(total) + top - row[Int(labels[n])]
      for c in 0..<classes {
        let target: Double = c == Int(labels[n]) ? 1 : 0
        gradient[n * classes + c] = Double(
          (Foundation.exp(row[c] - top) / total - target) / Double(logits.count))
      }
    }
    return (loss / Double(logits.count), gradient)
  }

  // MARK: Backward

  /// Works out every gradient from the output's.
  mutating func backward(_ outputGradient: [Double]) {
    valueGradients = values.mapped { ReferenceTensor($0.shape, count: $0.count) }
    valueGradients[graph.output].values = outputGradient
    for (id, node) in graph.nodes.identified.reversed() {
      guard let source = node.inputs.first else { continue }
      let (x, dy) = (values[source], valueGradients[id])
      var dx = valueGradients[source]
      switch node.operation {
      case .input: break
      case .convolution(let p, _): convolveBackward(x, dy, node, p, into: &dx)
      case .batchNorm: normaliseBackward(x, dy, node, id, into: &dx)
      case .relu:
        for i in x.values.indices where x.values[i] > 0 { dx.values[i] += dy.values[i] }
      case .add:
        for i in dy.values.indices { dx.values[i] += dy.values[i] }
        valueGradients[source] = dx
        for i in dy.values.indices { valueGradients[node.inputs[1]].values[i] += dy.values[i] }
        continue
      case .zeroPaddingShortcut(let stride, _):
        Self.forEachPixel(dy) { n, row, column in
          for c in 0..<x.shape.channels {
            dx.values[x.index(n, row * stride, column * stride, c)] +=
              dy.values[dy.index(n, row, column, c)]
          }
        }
      case .scale, .dropout, .gate:
        let factors = multipliers(of: node, id, dy, .training)
        for i in dy.values.indices { dx.values[i] += dy.values[i] * factors[i] }
        guard case .gate(let isComplement) = node.operation else { break }
        let sign: Double = isComplement ? -1 : 1
        for i in dy.values.indices {
          let slope = sign * factors[i] * (1 - factors[i])
          valueGradients[node.inputs[1]].values[i] += dy.values[i] * x.values[i] * slope
        }
      case .maxPool(let k, let s, let padding):
        Self.forEachPixel(dy) { n, row, column in
          for c in 0..<x.shape.channels {
            dx.values[Self.maximum(x, n, row, column, c, k, s, padding)] +=
              dy.values[dy.index(n, row, column, c)]
          }
        }
      case .globalAveragePool:
        Self.forEachPixel(x) { n, row, column in
          for c in 0..<x.shape.channels {
            dx.values[x.index(n, row, column, c)] +=
              dy.values[n * x.shape.channels + c] / Double(x.shape.pixels)
          }
        }
      case .linear(let outputs, _):
        linearBackward(x, dy, node, outputs, into: &dx)
      }
      valueGradients[source] = dx
    }
  }

  private mutating func convolveBackward(
    _ x: ReferenceTensor, _ dy: ReferenceTensor, _ node: Graph.Node,
    _ p: ConvolutionParameters, into dx: inout ReferenceTensor
  ) {
    let weight = parameter(node, "weight")
    let k = p.kernelSize
    var dWeight = [Double](repeating: 0, count: weight.count)
    var dBias = [Double](repeating: 0, count: p.outputChannels)
    for n in 0..<dy.count {
      for row in 0..<dy.shape.height {
        for column in 0..<dy.shape.width {
          for o in 0..<p.outputChannels { dBias[o] += dy.values[dy.index(n, row, column, o)] }
          Self.forEachTap(row, column, k, p.stride, p.padding, in: x.shape) { ky, kx, iy, ix in
            for i in 0..<p.inputChannels {
              let at = x.index(n, iy, ix, i)
              for o in 0..<p.outputChannels {
                let w = ((o * p.inputChannels + i) * k + ky) * k + kx
                let d = dy.values[dy.index(n, row, column, o)]
                dWeight[w] += d * x.values[at]
                dx.values[at] += d * weight[w]
              }
            }
          }
        }
      }
    }
    gradients["\(node.name).weight"] = dWeight
    if p.hasBias { gradients["\(node.name).bias"] = dBias }
  }

  private mutating func normaliseBackward(
    _ x: ReferenceTensor, _ dy: ReferenceTensor, _ node: Graph.Node,
    _ id: ValueID, into dx: inout ReferenceTensor
  ) {
    let channels = x.shape.channels
    let count = x.values.count / channels
    let gamma = parameter(node, "weight")
    guard let (mean, inverse) = statistics[id] else { return }
    var dGamma = [Double](repeating: 0, count: channels)
    var dBeta = dGamma
    for i in x.values.indices {
      let c = i % channels
      dGamma[c] += dy.values[i] * (x.values[i] - mean[c]) * inverse[c]
      dBeta[c] += dy.values[i]
    }
    for i in x.values.indices {
      let c = i % channels
      let normalised = (x.values[i] - mean[c]) * inverse[c]
      let centred = dy.values[i] - dBeta[c] / Double(count)
      dx.values[i] +=
        gamma[c] * inverse[c] * (centred - normalised * dGamma[c] / Double(count))
    }
    gradients["\(node.name).weight"] = dGamma
    gradients["\(node.name).bias"] = dBeta
  }

  private mutating func linearBackward(
    _ x: ReferenceTensor, _ dy: ReferenceTensor, _ node: Graph.Node,
    _ outputs: Int, into dx: inout ReferenceTensor
  ) {
    let weight = parameter(node, "weight")
    let inputs = x.shape.channels
    var dWeight = [Double](repeating: 0, count: weight.count)
    var dBias = [Double](repeating: 0, count: outputs)
    for n in 0..<dy.count {
      for o in 0..<outputs {
        let d = dy.values[n * outputs + o]
        dBias[o] += d
        for i in 0..<inputs {
          dWeight[o * inputs + i] += d * x.values[n * inputs + i]
          dx.values[n * inputs + i] += d * weight[o * inputs + i]
        }
      }
    }
    gradients["\(node.name).weight"] = dWeight
    gradients["\(node.name).bias"] = dBias
  }
}
