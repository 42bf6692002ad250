// The forward pass: each step reads its pending input image by image, and writes raw output.
import CKernels
import Numerics

extension NetworkExecutor {
  /// Carries out all steps but the loss on the first `count` images of `input`.
  func forward(count: Int, mode: ExecutionMode) {
    precondition((1...batch).contains(count), "\(count) images for a batch of at most \(batch)")
    imageCount = count
    self.mode = mode
    profile?.begin()
    if mode == .evaluation { for norm in norms { norm.useRunning() } }
    prepareWeights(withDataGradient: layout.trains && mode == .training)
    profile?.lap(.preparation)
    for unit in units {
      let taken = mode == .training ? plan.norms(of: unit.step.output) : []
      if case .linear = unit.step.kind {
        head?.logits(of: self, unit)
        profile?.lap(.forward, unit.index)
        continue
      }
      if let staged = unit.convolution?.staged {
        forward(unit, staged, withMoments: !taken.isEmpty)
        profile?.lap(.forward, unit.index)
        for norm in taken { finishMoments(norm, unit) }
        profile?.lap(.statistics, unit.index)
        continue
      }
      pool.run(tasks: sliceCount) { slice, worker in
        let scratch = scratch[worker]
        let channels = plan.tensors[unit.step.output].channels
        var merged = 0
        for image in images(ofSlice: slice) {
          forward(unit, image: image, scratch)
          guard !taken.isEmpty else { continue }
          takeMoments(
            of: unit.step.output, image: image, into: slice, channels: channels, merged, scratch)
          merged += 1
        }
      }
      profile?.lap(.forward, unit.index)
      for norm in taken { finishMoments(norm, unit) }
      profile?.lap(.statistics, unit.index)
    }
  }

  /// Brings the weights into the forms that the products read.
  private func prepareWeights(withDataGradient: Bool) {
    pool.run(tasks: units.count) { task, worker in
      let unit = units[task]
      let weight = state.weights[unit.weightOffset]
      let isNeeded = withDataGradient && unit.needsDataGradient && unit.weightCount > 0
      if let kernel = unit.convolution {
        guard let kernel = kernel.perImage else { return }
        if let prepared = forwardWeights[unit.index] {
          kernel.prepareForward(weight, into: prepared.pointer)
        }
        guard isNeeded else { return }
        kernel.prepareDataGradient(
          weight, into: transposedWeights[unit.index].pointer,
          scratch: scratch[worker].weights.pointer)
      } else if case .linear = unit.step.kind {
        head?.prepare(
          weight, forward: forwardWeights[unit.index]?.pointer,
          backward: isNeeded ? transposedWeights[unit.index].pointer : nil)
      }
    }
  }

  private func forward(_ unit: StepUnit, image: Int, _ scratch: WorkerScratch) {
    let shape = plan.tensors[unit.step.output]
    let output = tensors[unit.step.output][image * shape.count]
    switch unit.step.kind {
    case .convolution:
      guard let kernel = unit.convolution?.perImage else { return }
      let x = paddedInput(unit, image: image, storing: unit.isFirstReader, scratch)
      let weight = forwardWeights[unit.index]?.pointer ?? state.weights[unit.weightOffset]
      kernel.forward(x, weight, into: output, workspace: scratch.workspace.pointer)
      addBias(unit, to: output)
    case .maxPool(let kernelSize, let stride, let padding):
      let x = compactInput(unit, image: image, storing: unit.isFirstReader, scratch)
      images.max_pool(
        output, x,
        bench_pooling(
          plan.sites[unit.step.input].shape, kernelSize: kernelSize, stride: stride,
          padding: padding, output: shape))
    case .globalAveragePool:
      let x = compactInput(unit, image: image, storing: unit.isFirstReader, scratch)
      let from = plan.sites[unit.step.input].shape
      let sums = scratch.mean
      for c in 0..<from.channels { sums.pointer[c] = 0 }
      images.channel_sums(
        bench_source(first: x, pitch: from.pitch), bench_shape(from), sums.pointer)
      let means = scratch.dx.pointer
      for c in 0..<from.channels { means[c] = Float(sums.pointer[c] / Double(from.pixels)) }
      if layout.singleTensors.contains(unit.step.output) {
        sweeps.single.narrow(output, means, from.channels)
      } else {
        images.narrow(output, means, from.channels)
      }
    case .copy:
      let x = compactInput(unit, image: image, storing: unit.isFirstReader, scratch)
      images.keep(output, x, shape.count)
    case .linear: break
    }
    addAddend(unit, image: image, to: output, scratch)
  }

  func addBias(_ unit: StepUnit, to output: UnsafeMutableRawPointer) {
    guard let bias = unit.biasOffset else { return }
    let shape = plan.tensors[unit.step.output]
    images.add_bias(output, state.weights[bias], shape.pixels, shape.channels)
  }

  func addAddend(
    _ unit: StepUnit, image: Int, to output: UnsafeMutableRawPointer, _ scratch: WorkerScratch
  ) {
    guard let addend = unit.step.addend else { return }
    let shape = plan.tensors[unit.step.output]
    images.add(output, summand(addend, shape: shape, image: image, scratch), shape.count)
  }

  /// The input of a convolution, padded as its kernel wants it.
  func paddedInput(
    _ unit: StepUnit, image: Int, storing: Bool, _ scratch: WorkerScratch
  ) -> UnsafePointer<Float> {
    let padded = unit.inputShape
    if padded.low == 0 && padded.high == 0 {
      return compactInput(unit, image: image, storing: storing, scratch)
    }
    let buffer = scratch.padded[unit.inputScratch]
    read(
      unit.step.input, image: image, storing: storing, into: padded.interior(of: buffer.pointer),
      scratch)
    return UnsafePointer(buffer.pointer)
  }

  /// The input of a step without a border; the stored tensor itself where there is one in the
  /// operands' format.
  func compactInput(
    _ unit: StepUnit, image: Int, storing: Bool, _ scratch: WorkerScratch
  ) -> UnsafePointer<Float> {
    let site = plan.sites[unit.step.input]
    let isPlain = site.operands.count == 1 && site.stored == site.operands[0].tensor
    if let stored = site.stored, isPlain || !storing, images.bytes == images.operand_bytes {
      return UnsafePointer(
        tensors[stored][image * site.shape.count].assumingMemoryBound(to: Float.self))
    }
    let buffer = scratch.padded[unit.inputScratch]
    read(
      unit.step.input, image: image, storing: storing,
      into: bench_target(first: buffer.pointer, pitch: site.shape.pitch), scratch)
    return UnsafePointer(buffer.pointer)
  }

  /// One image's numbers of a tensor in the stored format.
  func values(of tensor: TensorID, image: Int, _ scratch: WorkerScratch) -> UnsafeRawPointer {
    let size = plan.tensors[tensor].count
    let values = tensors[tensor][image * size]
    guard precision != .fp32, layout.singleTensors.contains(tensor) else {
      return UnsafeRawPointer(values)
    }
    images.narrow(scratch.third.pointer, values.assumingMemoryBound(to: Float.self), size)
    return UnsafeRawPointer(scratch.third.pointer)
  }

  /// Works out a site's value for one image.
  /// - Parameters:
  ///   - storing: whether this is the first reading, which stores the value if others need it;
  ///     later ones read what is stored.
  func read(
    _ id: SiteID, image: Int, storing: Bool, into out: bench_target, _ scratch: WorkerScratch
  ) {
    let site = plan.sites[id]
    let shape = site.shape
    let size = bench_shape(shape)
    let none = bench_affine()
    let isPlain = site.operands.count == 1 && site.stored == site.operands[0].tensor
    if let stored = site.stored, isPlain || !storing {
      let x = values(of: stored, image: image, scratch)
      images.read_one(out, nil, bench_operand(values: x, affine: none), size, 0)
      return
    }
    let stored = site.stored.map { tensors[$0][image * shape.count] }
    let first = site.operands[0]
    let x = summand(first, shape: shape, image: image, scratch)
    let operand = bench_operand(values: x, affine: first.norm.map { norms[$0].affine } ?? none)
    let relu: Int32 = site.relu ? 1 : 0
    if site.operands.count == 1 {
      images.read_one(out, stored, operand, size, relu)
      return
    }
    let second = site.operands[1]
    let y = summand(
      second, shape: shape, image: image, scratch,
      isSecond: first.isDerived)
    let secondAffine = second.norm.map { norms[$0].affine } ?? none
    images.read_two(
      out, stored, operand, bench_operand(values: y, affine: secondAffine), size, relu)
  }

  // MARK: Statistics

  /// Adds one image's channel moments to its slice's, in Double (Chan et al. 1983).
  func takeMoments(
    of tensor: TensorID, image: Int, into slice: Int, channels: Int, _ merged: Int,
    _ scratch: WorkerScratch
  ) {
    let shape = plan.tensors[tensor]
    let mean = sums(ofSlice: slice)
    let m2 = mean + widestChannels
    let x = tensors[tensor][image * shape.count]
    guard merged > 0 else {
      images.moments(x, shape.pixels, channels, mean, m2)
      return
    }
    images.moments(x, shape.pixels, channels, scratch.mean.pointer, scratch.m2.pointer)
    Self.merge(
      mean, m2, count: merged * shape.pixels, with: scratch.mean.pointer, scratch.m2.pointer,
      count: shape.pixels, channels: channels)
  }

  private static func merge(
    _ mean: UnsafeMutablePointer<Double>, _ m2: UnsafeMutablePointer<Double>, count: Int,
    with otherMean: UnsafePointer<Double>, _ otherM2: UnsafePointer<Double>, count otherCount: Int,
    channels: Int
  ) {
    let total = Double(count + otherCount)
    let share = Double(otherCount) / total
    let weight = Double(count) * share
    for c in 0..<channels {
      let delta = otherMean[c] - mean[c]
      mean[c] += delta * share
      m2[c] += otherM2[c] + delta * delta * weight
    }
  }

  private func finishMoments(_ norm: NormID, _ unit: StepUnit) {
    let shape = plan.tensors[unit.step.output]
    let slices = slices(of: unit)
    let channels = shape.channels
    var mean = [Double](repeating: 0, count: channels)
    var m2 = mean
    var count = 0
    for slice in 0..<slices {
      let sliceMean = sums(ofSlice: slice)
      let sliceImages = images(ofSlice: slice, of: unit).count
      Self.merge(
        &mean, &m2, count: count, with: sliceMean, sliceMean + widestChannels,
        count: sliceImages * shape.pixels, channels: channels)
      count += sliceImages * shape.pixels
    }
    norms[norm].useBatch(mean: mean, m2: m2, count: count)
  }
}
