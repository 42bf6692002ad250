// The linear layer on the pooled features, and softmax cross-entropy.
import CKernels
import Foundation
import Numerics

/// Logits, loss and their gradients, slice by slice.
final class ClassificationHead {
  private let classes: Int
  private let features: Int
  private let dLogits: FloatBuffer
  private let precision: Precision
  private var sliceLoss: [Double] = []

  /// - Parameters:
  ///   - gradients: numbers of the logits' gradient, [batch, classes]; 0 where nobody asks.
  ///   - precision: features and logits are fp32 in any, but in bf16 the order of their sums is that
  ///     of its other products, so that results have the same bits on every CPU with FMA.
  init(classes: Int, features: Int, gradients: Int, precision: Precision) {
    self.precision = precision
    self.classes = classes
    self.features = features
    dLogits = FloatBuffer(count: gradients)
  }

  /// Numbers of the weights as bf16's products read them, forward and for the features' gradient.
  static func panels(features: Int, classes: Int) -> (forward: Int, backward: Int) {
    (
      WeightPanels.count(depth: WeightPanels.depth(features), results: classes),
      WeightPanels.count(depth: WeightPanels.depth(classes), results: features)
    )
  }

  /// Brings the weights, [features, classes], into the forms that the products read.
  /// - Parameters:
  ///   - forward: nil where that is the weights' own.
  ///   - backward: nil where nobody needs the features' gradient.
  func prepare(
    _ weight: UnsafePointer<Float>, forward: UnsafeMutablePointer<Float>?,
    backward: UnsafeMutablePointer<Float>?
  ) {
    switch precision {
    case .fp32:
      if let backward {
        sweeps.transpose(backward, features, weight, classes, features, classes)
      }
    case .bf16:
      if let forward {
        sweeps.panels(
          forward, 16 * WeightPanels.depth(features), weight,
          bench_matrix(rows: features, columns: classes, rowStride: classes, columnStride: 1), 0)
      }
      if let backward {
        sweeps.panels(
          backward, 16 * WeightPanels.depth(classes), weight,
          bench_matrix(rows: classes, columns: features, rowStride: 1, columnStride: classes), 0)
      }
    }
  }

  /// Rows of `inputs` numbers times panels, to rows of `results` numbers.
  private func multiply(
    rows: Int, inputs: Int, results: Int, _ x: UnsafePointer<Float>,
    _ panels: UnsafePointer<Float>, into y: UnsafeMutablePointer<Float>
  ) {
    var (start, length) = (0, inputs)
    withUnsafePointer(to: &start) { start in
      withUnsafePointer(to: &length) { length in
        var product = bench_product(
          rows: 1, columns: rows, operandRow: 0, operandColumn: inputs, resultRow: 0,
          resultColumn: results, results: results, depth: WeightPanels.depth(inputs), runs: 1,
          runStarts: start, runLengths: length)
        sweeps.pairs.product(y, 0, x, panels, &product)
      }
    }
  }

  /// logits = features · weight + bias, [count, classes].
  func logits(of executor: NetworkExecutor, _ unit: StepUnit) {
    let input = featureTensor(executor, unit)
    let weight = executor.state.weights[unit.weightOffset]
    let output = executor.tensors[unit.step.output].floats
    executor.pool.run(tasks: executor.sliceCount) { slice, _ in
      let images = executor.images(ofSlice: slice)
      let x = input + images.lowerBound * features
      let out = output + images.lowerBound * classes
      switch precision {
      case .fp32:
        let product = BatchReduceGemm(
          m: classes, n: images.count, k: features, leadingA: classes, leadingB: features,
          leadingC: classes)
        product.run(weight, x, out)
      case .bf16:
        guard let panels = executor.forwardWeights[unit.index] else { return }
        multiply(
          rows: images.count, inputs: features, results: classes, x, panels.pointer, into: out)
      }
      if let bias = unit.biasOffset {
        sweeps.single.add_bias(out, executor.state.weights[bias], images.count, classes)
      }
    }
  }

  private func featureTensor(
    _ executor: NetworkExecutor, _ unit: StepUnit
  ) -> UnsafeMutablePointer<Float> {
    let site = executor.plan.sites[unit.step.input]
    guard let stored = site.stored, site.operands.count == 1, site.operands[0].tensor == stored,
      precision == .fp32 || executor.layout.singleTensors.contains(stored)
    else { preconditionFailure("the linear layer does not read pooled features") }
    return executor.tensors[stored].floats
  }

  /// Cross-entropy of the logits that `logits` has left, in Double; optionally its gradient.
  func loss(
    of executor: NetworkExecutor, labels: UnsafePointer<Int32>, withGradient: Bool
  ) -> EvaluationResult {
    guard let unit = executor.units.last else {
      return EvaluationResult(lossSum: 0, correct: [], ranks: [])
    }
    let logits = executor.tensors[unit.step.output].floats
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

  /// gradient += the products of some features with the logits' gradients, over all images.
  private func addWeightGradient(
    images: Int, inputs: Int, _ x: UnsafePointer<Float>, into gradient: UnsafeMutablePointer<Float>
  ) {
    var (start, length) = (0, inputs)
    withUnsafePointer(to: &start) { start in
      withUnsafePointer(to: &length) { length in
        var product = bench_weight_product(
          rows: 1, columns: images, operandRow: 0, operandColumn: features, gradientRow: 0,
          gradientColumn: classes, results: classes, firstInput: 0, endInput: inputs,
          firstResult: 0, endResult: classes, runs: 1, runStarts: start, runLengths: length)
        sweeps.pairs.weight_gradient(gradient, x, dLogits.pointer, &product, nil)
      }
    }
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
        .assumingMemoryBound(to: Float.self)
      let weight = executor.transposedWeights[unit.index].pointer
      switch precision {
      case .fp32:
        BatchReduceGemm(
          m: features, n: images.count, k: classes, leadingA: features, leadingB: classes,
          leadingC: features
        ).run(weight, dy, dx)
      case .bf16:
        multiply(rows: images.count, inputs: classes, results: features, dy, weight, into: dx)
      }
    }
    let chunk = Self.featuresPerTask
    executor.pool.run(tasks: (features + chunk - 1) / chunk) { task, _ in
      let first = task * chunk
      let count = min(chunk, features - first)
      let gradient = executor.state.gradients[unit.weightOffset + first * classes]
      switch precision {
      case .fp32:
        BatchReduceGemm(
          m: classes, n: count, k: executor.imageCount, leadingA: classes, leadingB: features,
          leadingC: classes, transposeB: true
        ).run(dLogits.pointer, input + first, gradient)
      case .bf16:
        gradient.update(repeating: 0, count: count * classes)
        addWeightGradient(
          images: executor.imageCount, inputs: count, input + first, into: gradient)
      }
    }
    guard let bias = unit.biasOffset else { return }
    for c in 0..<classes {
      var sum = 0.0
      for image in 0..<executor.imageCount { sum += Double(dLogits[image * classes + c].pointee) }
      executor.state.gradients[bias + c].pointee = Float(sum)
    }
  }
}
