// Summands that are not read as they stand, forward and backward: shortcuts that pad, and products.
import CKernels
import Foundation
import Numerics

extension NetworkExecutor {
  /// An operand's values for one image, [H, W, C] of the sum's shape; a batch norm is the reader's.
  /// - Parameter isSecond: whether the first operand's memory is taken.
  func summand(
    _ operand: Operand, shape: ImageShape, image: Int, _ scratch: WorkerScratch,
    isSecond: Bool = false
  ) -> UnsafeRawPointer {
    let target = isSecond ? scratch.second : scratch.auxiliary
    let values = padded(operand, shape: shape, image: image, into: target, scratch)
    guard let multiplier = operand.multiplier else { return values }
    multiply(values, by: multiplier, into: target.pointer, count: shape.count, image: image)
    return UnsafeRawPointer(target.pointer)
  }

  /// An operand's values before its multiplier.
  private func padded(
    _ operand: Operand, shape: ImageShape, image: Int, into buffer: FloatBuffer,
    _ scratch: WorkerScratch
  ) -> UnsafeRawPointer {
    let from = plan.tensors[operand.tensor]
    let source = values(of: operand.tensor, image: image, scratch)
    guard let stride = operand.zeroPaddingStride else { return source }
    let target = UnsafeMutableRawPointer(buffer.pointer)
    let bytes = images.bytes
    memset(target, 0, shape.count * bytes)
    for row in 0..<shape.height {
      for column in 0..<shape.width {
        let to = target + (row * shape.width + column) * shape.channels * bytes
        let pixel = source + (row * stride * from.width + column * stride) * from.channels * bytes
        to.copyMemory(from: pixel, byteCount: from.channels * bytes)
      }
    }
    return UnsafeRawPointer(target)
  }

  private func multiply(
    _ x: UnsafeRawPointer, by multiplier: Multiplier, into out: UnsafeMutableRawPointer,
    count: Int, image: Int
  ) {
    switch multiplier {
    case .constant(let factor): images.scale(out, x, count, factor)
    case .gate(let logits, let isComplement):
      images.gate(out, x, tensors[logits][image * count], count, isComplement ? -1 : 1)
    case .dropout(let rate, let layer):
      guard mode == .training else {
        images.scale(out, x, count, 1 - rate)
        return
      }
      let mask = DropoutMask(rate: rate, key: dropoutKey, layer: layer, image: image)
      images.dropout(out, x, count, mask.keys.0, mask.keys.1, mask.threshold)
    }
  }

  /// A contribution that flows back without a batch norm, for one image.
  /// - Parameter tensor: whose gradient is gathered, if it is a step's output.
  func direct(
    _ contribution: Contribution, of tensor: TensorID?, shape: ImageShape, image: Int,
    into buffer: FloatBuffer, _ scratch: WorkerScratch
  ) -> UnsafeRawPointer {
    func gradient(_ id: GradientID) -> UnsafeRawPointer {
      UnsafeRawPointer(stored(id, image: image, size: shapeOf(id).count))
    }
    switch contribution {
    case .direct(let id): return gradient(id)
    case .norm: preconditionFailure("two batch norms read one value")
    case .unpadded(let id, let stride):
      unpad(gradient(id), shapeOf(id), stride: stride, into: buffer.pointer, shape)
    case .multiplied(let id, let multiplier, let stride):
      let from = shapeOf(id)
      let product = (stride == nil ? buffer : scratch.product).pointer
      multiply(gradient(id), by: multiplier, into: product, count: from.count, image: image)
      if let stride { unpad(product, from, stride: stride, into: buffer.pointer, shape) }
    case .gateLogits(let id, let operand, let isComplement):
      guard let tensor else { preconditionFailure("the logits of a gate are a step's output") }
      let x = padded(operand, shape: shape, image: image, into: scratch.product, scratch)
      images.gate_gradient(
        buffer.pointer, gradient(id), x, tensors[tensor][image * shape.count], shape.count,
        isComplement ? -1 : 1)
    }
    return UnsafeRawPointer(buffer.pointer)
  }

  private func unpad(
    _ source: UnsafeRawPointer, _ from: ImageShape, stride: Int,
    into target: UnsafeMutableRawPointer, _ shape: ImageShape
  ) {
    let bytes = images.bytes
    memset(target, 0, shape.count * bytes)
    for row in 0..<from.height {
      for column in 0..<from.width {
        let to = target + (row * stride * shape.width + column * stride) * shape.channels * bytes
        to.copyMemory(
          from: source + (row * from.width + column) * from.channels * bytes,
          byteCount: shape.channels * bytes)
      }
    }
  }

  private func shapeOf(_ id: GradientID) -> ImageShape {
    switch id {
    case .site(let site), .partial(let site): return plan.sites[site].shape
    case .tensor(let tensor): return plan.tensors[tensor]
    }
  }
}

/// Which numbers of one image a dropout zeroes: a function of what it is for, never of threads.
struct DropoutMask {
  let keys: (UInt32, UInt32)
  /// A number is zeroed where its hash is below.
  let threshold: UInt32

  /// - Parameters:
  ///   - rate: the probability of a zero, below 1.
  ///   - key: of the training step.
  ///   - layer: the node in the graph.
  ///   - image: the image's place in the batch.
  init(rate: Float, key: UInt64, layer: ValueID, image: Int) {
    var random = CounterRandom(seed: key, purpose: .dropout, epoch: layer.index, index: image)
    keys = (random.next32(), random.next32())
    threshold = UInt32(Double(rate) * 0x1p32)
  }

  /// Whether the number at `index` of the image is kept; the same as the sweep.
  func keeps(_ index: Int) -> Bool {
    func mixed(_ x: UInt32) -> UInt32 {
      var x = (x ^ (x >> 16)) &* 0x7feb_352d
      x = (x ^ (x >> 15)) &* 0x846c_a68b
      return x ^ (x >> 16)
    }
    let index = UInt32(truncatingIfNeeded: index)
    return mixed(mixed(index ^ keys.0) &+ keys.1) >= threshold
  }
}
