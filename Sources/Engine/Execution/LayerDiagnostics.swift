// What goes on in each layer during one training step: responses, gradients, updates, dead units.
import CKernels
import Foundation
import Numerics

/// One weighted layer's numbers in one training step.
public struct LayerDiagnostics: Sendable, Equatable {
  /// The layer's path in the graph, such as `layer1.0.conv1`.
  public let layer: String
  /// Standard deviation of the layer's responses over the batch, all pixels and channels: its
  /// output behind its own batch norm if it has one, before the rectifier or the sum (He et al.
  /// 2015, Fig. 7).
  public let responseDeviation: Double
  /// Euclidean norm of the gradient of its weights, weight decay not included.
  public let gradientNorm: Double
  /// ‖change of the weights in this step‖ / ‖weights before it‖.
  public let updateRatio: Double
  /// Share of the channels of the rectifier behind it that are 0 for every pixel of every image of
  /// the batch; nil where no rectifier follows.
  public let deadShare: Double?
}

extension NetworkExecutor {
  /// `trainStep`, with the same bits, and what went on in each convolution and linear layer.
  /// - Returns: the layers in the order of the graph.
  public func diagnosedTrainStep(
    labels: UnsafePointer<Int32>, count: Int, optimizer: any Optimizer, learningRate: Float
  ) -> (result: StepResult, layers: [LayerDiagnostics]) {
    flushingSubnormals {
      diagnosed(labels: labels, count: count, optimizer: optimizer, learningRate: learningRate)
    }
  }

  private func diagnosed(
    labels: UnsafePointer<Int32>, count: Int, optimizer: any Optimizer, learningRate: Float
  ) -> (result: StepResult, layers: [LayerDiagnostics]) {
    let result = computeGradients(labels: labels, count: count)
    let layers = units.filter { $0.weightCount > 0 }
    let deviations = layers.map(responseDeviation)
    let dead = deadShares()
    let gradients = layers.map { norm(state.gradients[$0.weightOffset], $0.weightCount) }
    let before = layers.map { norm(state.weights[$0.weightOffset], $0.weightCount) }
    let old = FloatBuffer(count: state.trainableCount)
    old.pointer.update(from: state.weights.pointer, count: state.trainableCount)
    optimizer.step(state, learningRate: learningRate, pool: pool)
    let diagnostics = layers.indices.map { i -> LayerDiagnostics in
      let unit = layers[i]
      let (now, then) = (state.weights[unit.weightOffset], old[unit.weightOffset])
      var squares = 0.0
      for j in 0..<unit.weightCount {
        let change = Double(now[j]) - Double(then[j])
        squares += change * change
      }
      return LayerDiagnostics(
        layer: graph.nodes[unit.step.node].name, responseDeviation: deviations[i],
        gradientNorm: gradients[i], updateRatio: squares.squareRoot() / before[i],
        deadShare: dead[unit.step.output])
    }
    return (result, diagnostics)
  }

  private func norm(_ values: UnsafeMutablePointer<Float>, _ count: Int) -> Double {
    sweeps.sum_of_squares(values, count).squareRoot()
  }

  /// From the moments of every image's raw output, taken channel by channel, and the coefficients
  /// of the batch norm behind it.
  private func responseDeviation(_ unit: StepUnit) -> Double {
    let shape = plan.tensors[unit.step.output]
    let channels = shape.channels
    let moments = DoubleBuffer(count: 2 * channels * imageCount)
    pool.run(tasks: imageCount) { image, worker in
      let mean = moments[2 * channels * image]
      let x = response(unit, image: image, scratch[worker])
      images.moments(x, shape.pixels, channels, mean, mean + channels)
    }
    let norm = plan.norms(of: unit.step.output).first {
      graph.nodes[plan.norms[$0].node].inputs == [unit.step.node]
    }
    let affine = norm.map { norms[$0].affine }
    var (total, squares) = (0.0, 0.0)
    for image in 0..<imageCount {
      let at = moments[2 * channels * image]
      for c in 0..<channels {
        var (mean, variance) = (at[c], at[channels + c] / Double(shape.pixels))
        if let affine, let centre = affine.mean, let scale = affine.scale, let shift = affine.shift
        {
          mean = (mean - Double(centre[c])) * Double(scale[c]) + Double(shift[c])
          variance *= Double(scale[c]) * Double(scale[c])
        }
        total += mean
        squares += variance + mean * mean
      }
    }
    let count = Double(imageCount * channels)
    return max(0, squares / count - total / count * (total / count)).squareRoot()
  }

  /// A step's raw output for one image without the summand that was added as it was written.
  private func response(
    _ unit: StepUnit, image: Int, _ scratch: WorkerScratch
  ) -> UnsafeRawPointer {
    let shape = plan.tensors[unit.step.output]
    let output = values(of: unit.step.output, image: image, scratch)
    guard let addend = unit.step.addend else { return output }
    let (difference, other) = (scratch.dx.pointer, scratch.product.pointer)
    images.widen(difference, output, shape.count)
    images.widen(other, summand(addend, shape: shape, image: image, scratch), shape.count)
    for i in 0..<shape.count { difference[i] -= other[i] }
    images.narrow(other, difference, shape.count)
    return UnsafeRawPointer(other)
  }

  /// For each tensor that a rectifier reads, alone or as the first summand, the share of its
  /// channels that are 0 throughout.
  private func deadShares() -> [TensorID: Double] {
    var shares: [TensorID: Double] = [:]
    for (id, site) in plan.sites.identified where site.relu {
      let read = (site.operands.first { $0.norm != nil } ?? site.operands[0]).tensor
      guard shares[read] == nil else { continue }
      let channels = site.shape.channels
      let largest = FloatBuffer(count: channels * imageCount)
      pool.run(tasks: imageCount) { image, worker in
        let values = scratch[worker].dx.pointer
        self.read(
          id, image: image, storing: false,
          into: bench_target(first: values, pitch: site.shape.pitch), scratch[worker])
        let out = largest[image * channels]
        for c in 0..<channels { out[c] = 0 }
        for pixel in 0..<site.shape.pixels {
          for c in 0..<channels { out[c] = max(out[c], values[pixel * channels + c]) }
        }
      }
      let dead = (0..<channels).count { c in
        (0..<imageCount).allSatisfy { largest.pointer[$0 * channels + c] == 0 }
      }
      shares[read] = Double(dead) / Double(channels)
    }
    return shares
  }
}
