// The linear layer on the pooled features, and softmax cross-entropy.
import CKernels
import Foundation

/// Logits, loss and their gradients, slice by slice.
final class ClassificationHead {
  private let classes: Int
  private let features: Int
  private let dLogits: FloatBuffer
  private var sliceLoss: [Double] = []

  /// - Parameter gradients: numbers of the logits' gradient, [batch, classes]; 0 where nobody asks.
  init(classes: Int, features: Int, gradients: Int) {
    self.classes = classes
    self.features = features
    dLogits = FloatBuffer(count: gradients)
  }

  /// logits = features · weight + bias, [count, classes].
  func logits(of executor: NetworkExecutor, _ unit: StepUnit) {
    let input = featureTensor(executor, unit)
    let weight = executor.state.weights[unit.weightOffset]
    let output = executor.tensors[unit.step.output]
    executor.pool.run(tasks: executor.sliceCount) { slice, _ in
      let images = executor.images(ofSlice: slice)
      let product = BatchReduceGemm(
        m: classes, n: images.count, k: features, leadingA: classes, leadingB: features,
        leadingC: classes)
      let out = output[images.lowerBound * classes]
      product.run(weight, input[images.lowerBound * features], out)
      if let bias = unit.biasOffset {
        sweeps.add_bias(out, executor.state.weights[bias], images.count, classes)
      }
    }
  }

  private func featureTensor(_ executor: NetworkExecutor, _ unit: StepUnit) -> FloatBuffer {
    let site = executor.plan.sites[unit.step.input]
    guard let stored = site.stored, site.operands.count == 1, site.operands[0].tensor == stored
    else { preconditionFailure("the linear layer does not read pooled features") }
    return executor.tensors[stored]
  }

  /// Cross-entropy of the logits that `logits` has left, in Double; optionally its gradient.
  func loss(
    of executor: NetworkExecutor, labels: UnsafePointer<Int32>, withGradient: Bool
  ) -> EvaluationResult {
    guard let unit = executor.units.last else {
      return EvaluationResult(lossSum: 0, correct: [], ranks: [])
    }
    let logits = executor.tensors[unit.step.output].pointer
    let count = executor.imageCount
    var lossSum = 0.0
    var correct = [Bool](repeating: false, count: count)
    var ranks = [Int32](repeating: Int32(classes), count: count)
    for image in 0..<count {
      let z = logits + image * classes
      let label = Int(labels[image])
      precondition(
        (0..<classes).contains(label), "label \(label) of image \(image), \(classes) classes")
      var best = 0
      for c in 1..<classes where z[c] > z[best] { best = c }
      // A NaN anywhere makes the loss NaN, which the caller takes as divergence.
      let top = Double(z[best])
      var total = 0.0
      for c in 0..<classes { total += exp(Double(z[c]) - top) }
      lossSum += log(total) + top - Double(z[label])
      correct[image] = best == label && total.isFinite
      if total.isFinite {
        let before = (0..<classes).count { z[$0] > z[label] || (z[$0] == z[label] && $0 < label) }
        ranks[image] = Int32(before)
      }
      guard withGradient else { continue }
      let d = dLogits[image * classes]
      for c in 0..<classes {
        let probability = exp(Double(z[c]) - top) / total
        d[c] = Float((probability - (c == label ? 1 : 0)) / Double(count))
      }
    }
    return EvaluationResult(lossSum: lossSum, correct: correct, ranks: ranks)
  }

  /// Features whose weights' gradient one task works out.
  private static let featuresPerTask = 64

  /// Gradients of the features and of the weights.
  func backward(of executor: NetworkExecutor, _ unit: StepUnit) {
    let input = featureTensor(executor, unit)
    executor.pool.run(tasks: executor.sliceCount) { slice, _ in
      let images = executor.images(ofSlice: slice)
      let dy = dLogits[images.lowerBound * classes]
      let dx = executor.stored(.site(unit.step.input), image: images.lowerBound, size: features)
      BatchReduceGemm(
        m: features, n: images.count, k: classes, leadingA: features, leadingB: classes,
        leadingC: features
      ).run(executor.transposedWeights[unit.index].pointer, dy, dx)
    }
    let chunk = Self.featuresPerTask
    executor.pool.run(tasks: (features + chunk - 1) / chunk) { task, _ in
      let first = task * chunk
      BatchReduceGemm(
        m: classes, n: min(chunk, features - first), k: executor.imageCount, leadingA: classes,
        leadingB: features, leadingC: classes, transposeB: true
      ).run(
        dLogits.pointer, input[first],
        executor.state.gradients[unit.weightOffset + first * classes])
    }
    guard let bias = unit.biasOffset else { return }
    for c in 0..<classes {
      var sum = 0.0
      for image in 0..<executor.imageCount { sum += Double(dLogits[image * classes + c].pointee) }
      executor.state.gradients[bias + c].pointee = Float(sum)
    }
  }
}
