// The backward pass: one sweep per step works out the gradient of its raw output, both products,
// and the sums that the next batch norm's gradient needs.
//
// Policy: activation gradients are assigned, joins add, parameter gradients are assigned per step.
import CKernels
import Numerics

extension NetworkExecutor {
  /// Carries out all steps backwards, from the gradient that the head has left.
  func backward() {
    for unit in units.reversed() {
      if case .linear = unit.step.kind {
        head?.backward(of: self, unit)
        profile?.lap(.backward, unit.index)
        continue
      }
      let site = plan.sites[unit.step.input]
      if let staged = unit.convolution?.staged {
        backward(unit, staged)
        profile?.lap(.backward, unit.index)
      } else {
        pool.run(tasks: sliceCount) { slice, worker in
          clearSums(slice)
          for (position, image) in images(ofSlice: slice).enumerated() {
            backward(unit, image: image, slice: slice, isFirst: position == 0, scratch[worker])
          }
        }
        profile?.lap(.backward, unit.index)
        reduceWeights(unit, slices: sliceCount)
        profile?.lap(.weightSums, unit.index)
      }
      if unit.isFirstReader && unit.needsDataGradient {
        finishNorms(site, slices: slices(of: unit))
      }
      if let bias = unit.biasOffset { reduceBias(bias, unit) }
      profile?.lap(.gradientSums, unit.index)
    }
  }

  private func backward(
    _ unit: StepUnit, image: Int, slice: Int, isFirst: Bool, _ scratch: WorkerScratch
  ) {
    let output = unit.step.output
    let gradient = scratch.padded[unit.gradientScratch]
    gatherGradient(
      of: output, image: image, into: unit.gradientShape.interior(of: gradient.pointer), scratch)
    let dy = UnsafePointer(gradient[unit.gradientShape.interior])

    let site = plan.sites[unit.step.input]
    let dx = scratch.dx.pointer
    let value: bench_source
    func compact() -> bench_source {
      bench_source(
        first: compactInput(unit, image: image, storing: false, scratch), pitch: site.shape.pitch)
    }
    switch unit.step.kind {
    case .convolution:
      guard let kernel = unit.convolution?.perImage else { return }
      let x = paddedInput(unit, image: image, storing: false, scratch)
      kernel.weightGradient(
        x, gradient.pointer, accumulate: !isFirst,
        into: partialWeights[slice * largestWeight], workspace: scratch.workspace.pointer)
      takeBiasGradient(unit, gradient.pointer, slice: slice)
      guard unit.needsDataGradient else { return }
      kernel.dataGradient(
        gradient.pointer, transposedWeights[unit.index].pointer, into: dx,
        workspace: scratch.workspace.pointer)
      value = unit.inputShape.interior(of: x)
    case .maxPool(let kernelSize, let stride, let padding):
      guard unit.needsDataGradient else { return }
      value = compact()
      images.max_pool_backward(
        dx, value.first, dy,
        bench_pooling(
          site.shape, kernelSize: kernelSize, stride: stride, padding: padding,
          output: plan.tensors[output]))
    case .globalAveragePool:
      guard unit.needsDataGradient else { return }
      value = compact()
      let share = 1 / Float(site.shape.pixels)
      for pixel in 0..<site.shape.pixels {
        for c in 0..<site.shape.channels { dx[pixel * site.shape.channels + c] = dy[c] * share }
      }
    case .copy:
      guard unit.needsDataGradient else { return }
      value = compact()
      dx.update(from: dy, count: site.shape.count)
    case .linear: return
    }
    complete(unit, site, image: image, slice: slice, dx: dx, value: value, scratch)
  }

  /// - Parameter dy: the padded gradient of the output.
  func takeBiasGradient(_ unit: StepUnit, _ dy: UnsafePointer<Float>, slice: Int) {
    guard unit.biasOffset != nil else { return }
    images.channel_sums(
      unit.gradientShape.interior(of: dy), bench_shape(plan.tensors[unit.step.output]),
      sums(ofSlice: slice) + 3 * widestChannels)
  }

  /// The gradient of a raw output for one image: the sum of all that flows back into it.
  func gatherGradient(
    of tensor: TensorID, image: Int, into out: bench_target, _ scratch: WorkerScratch
  ) {
    let shape = plan.tensors[tensor]
    let contributions = gradientPlan.ofTensor[tensor]
    if precision != .fp32, layout.singleTensors.contains(tensor), let only = contributions.first {
      // Pooled features: their reader's gradient is fp32, as an operand is.
      let g = stored(only.gradient, image: image, size: shape.count)
      sweeps.single.read_one(
        out, nil, bench_operand(values: g, affine: bench_affine()), bench_shape(shape), 0)
      return
    }
    let tee =
      gradientPlan.storedTensors.contains(tensor)
      ? stored(.tensor(tensor), image: image, size: shape.count) : nil
    var normed: (Normalization, UnsafeRawPointer)?
    var others: [UnsafeRawPointer] = []
    for contribution in contributions {
      if case .norm(let norm, let site) = contribution, normed == nil {
        normed = (
          norms[norm], UnsafeRawPointer(stored(.site(site), image: image, size: shape.count))
        )
      } else {
        others.append(
          direct(
            contribution, of: tensor, shape: shape, image: image,
            into: others.isEmpty ? scratch.auxiliary : scratch.second, scratch))
      }
    }
    precondition(others.count <= 2, "\(others.count) gradients flow into one value")
    var other = normed == nil ? others.dropFirst().first : others.first
    if normed != nil, others.count == 2 {
      let sum = UnsafeMutableRawPointer(scratch.auxiliary.pointer)
      if UnsafeRawPointer(sum) != others[0] {
        sum.copyMemory(from: others[0], byteCount: shape.count * images.bytes)
      }
      images.add(sum, others[1], shape.count)
      other = UnsafeRawPointer(sum)
    }
    if let (norm, g) = normed {
      let raw = tensors[tensor][image * shape.count]
      images.gradient(out, tee, g, norm.gradient(of: raw), other, bench_shape(shape))
    } else if let g = others.first {
      images.gradient(out, tee, g, bench_norm_gradient(), other, bench_shape(shape))
    } else {
      preconditionFailure("nothing reads tensor \(tensor)")
    }
  }

  /// Turns one reader's gradient `dx` into the stored one of the site's value.
  func complete(
    _ unit: StepUnit, _ site: Site, image: Int, slice: Int, dx: UnsafePointer<Float>,
    value: bench_source, _ scratch: WorkerScratch
  ) {
    let shape = site.shape
    var dx = dx
    guard unit.isFirstReader else {
      let partial = stored(.partial(unit.step.input), image: image, size: shape.count)
      if site.readers.last == unit.index {
        images.narrow(partial, dx, shape.count)
      } else {
        images.accumulate(partial, dx, shape.count)
      }
      return
    }
    var others: [UnsafeRawPointer] = []
    for contribution in gradientPlan.ofSite[unit.step.input] {
      let memory = [scratch.auxiliary, scratch.second, scratch.third][min(others.count, 2)]
      let other = direct(
        contribution, of: nil, shape: shape, image: image, into: memory, scratch)
      if others.count < 2 {
        others.append(other)
      } else {
        if dx != UnsafePointer(scratch.dx.pointer) {
          scratch.dx.pointer.update(from: dx, count: shape.count)
          dx = UnsafePointer(scratch.dx.pointer)
        }
        images.add_to(scratch.dx.pointer, other, shape.count)
      }
    }
    let sums = sums(ofSlice: slice)
    var moments = [bench_moments(), bench_moments()]
    var taken = 0
    for operand in site.operands {
      guard let norm = operand.norm else { continue }
      let pass = norms[norm].gradient(of: tensors[operand.tensor][image * shape.count])
      moments[taken] = bench_moments(
        z: pass.z, mean: pass.mean, gradientSum: taken == 0 ? sums : nil,
        productSum: sums + (1 + taken) * widestChannels)
      taken += 1
    }
    images.join(
      stored(.site(unit.step.input), image: image, size: shape.count),
      bench_summands(first: dx, second: others.first, third: others.dropFirst().first), value,
      site.relu ? 1 : 0, bench_shape(shape), moments[0], moments[1])
  }

  /// One image's part of a stored gradient of `size` numbers per image.
  func stored(_ id: GradientID, image: Int, size: Int) -> UnsafeMutableRawPointer {
    guard let buffer = gradientPlan.bufferOf[id] else {
      preconditionFailure("the gradient \(id) is not stored")
    }
    return gradientBuffers[buffer][image * size]
  }

  // MARK: Sums over slices, in order

  func clearSums(_ slice: Int) {
    sums(ofSlice: slice).update(repeating: 0, count: Self.sumRows * widestChannels)
  }

  func reduceWeights(_ unit: StepUnit, slices: Int) {
    guard let kernel = unit.convolution?.perImage else { return }
    let count = kernel.weightGradientCount
    let gradient = state.gradients[unit.weightOffset]
    let transforms = kernel.transformsWeightGradient
    let sum = transforms ? transformedGradient.pointer : gradient
    let chunk = 4096
    pool.run(tasks: (count + chunk - 1) / chunk) { task, _ in
      let start = task * chunk
      sweeps.sum_parts(
        sum + start, partialWeights[start], slices, largestWeight, min(chunk, count - start))
    }
    if transforms { kernel.finishWeightGradient(sum, into: gradient) }
  }

  private func finishNorms(_ site: Site, slices: Int) {
    let channels = site.shape.channels
    let total = partialSums.pointer
    for slice in 1..<max(1, slices) {
      let part = sums(ofSlice: slice)
      for row in 0..<3 {
        for c in 0..<channels {
          total[row * widestChannels + c] += part[row * widestChannels + c]
        }
      }
    }
    var taken = 0
    for operand in site.operands {
      guard let norm = operand.norm else { continue }
      norms[norm].finishGradient(
        gradientSum: total, productSum: total + (1 + taken) * widestChannels,
        count: imageCount * site.shape.pixels)
      taken += 1
    }
  }

  private func reduceBias(_ offset: Int, _ unit: StepUnit) {
    for c in 0..<plan.tensors[unit.step.output].channels {
      var sum = 0.0
      for slice in 0..<slices(of: unit) { sum += sums(ofSlice: slice)[3 * widestChannels + c] }
      state.gradients[offset + c].pointee = Float(sum)
    }
  }
}
