// Wide convolutions forwards and backwards: group by group of images, in three phases each.
import CKernels

/// Memory that the staged convolutions of a network share, in numbers.
struct StagingMemory {
  let arena: Int
  let prepared: Int
  let transformed: Int

  init(_ staged: [any StagedConvolution], batch: Int) {
    let slices = min(batch, NetworkExecutor.mostSlices)
    arena =
      staged.map { layer in
        // A group is whole slices, so the last one of a group may go beyond.
        let slice = (batch + slices - 1) / slices
        return layer.stagedCount * min(batch, max(slice, Staging.imagesPerGroup(layer)))
      }.max() ?? 0
    prepared = staged.map(\.preparedCount).max() ?? 0
    transformed = staged.map(\.weightGradientCount).max() ?? 0
  }
}

extension NetworkExecutor {
  /// The slices of each group of images that go through a layer together.
  private func groups(of staged: any StagedConvolution) -> [Range<Int>] {
    let most = Staging.imagesPerGroup(staged)
    var groups: [Range<Int>] = []
    var start = 0
    while start < sliceCount {
      var end = start + 1
      while end < sliceCount
        && images(ofSlice: end).upperBound - images(ofSlice: start).lowerBound <= most
      { end += 1 }
      groups.append(start..<end)
      start = end
    }
    return groups
  }

  private func images(of group: Range<Int>) -> Range<Int> {
    images(ofSlice: group.lowerBound).lowerBound..<images(ofSlice: group.upperBound - 1).upperBound
  }

  func forward(_ unit: StepUnit, _ staged: any StagedConvolution, withMoments: Bool) {
    guard let kernel = unit.convolution else { return }
    let shape = plan.tensors[unit.step.output]
    let output = tensors[unit.step.output]
    let weight = state.weights[unit.weightOffset]
    for group in groups(of: staged) {
      let members = images(of: group)
      let (start, count) = (members.lowerBound, members.count)
      let pieces = group.lowerBound == 0 ? staged.preparationCount(.forward) : 0
      pool.run(tasks: group.count + pieces) { task, worker in
        let scratch = scratch[worker]
        guard task < group.count else {
          staged.prepare(
            .forward, piece: task - group.count, weight, into: preparedWeights.pointer,
            workspace: scratch.workspace.pointer)
          return
        }
        for image in images(ofSlice: group.lowerBound + task) {
          let x = convolutionInput(unit, kernel, image: image, storing: unit.isFirstReader, scratch)
          staged.stageInput(x, image: image - start, of: count, .forward, into: arena.pointer)
        }
      }
      let jobs = staged.products(
        .forward, images: count, arena: arena.pointer, weights: preparedWeights.pointer,
        out: output[start * shape.count])
      pool.run(tasks: jobs.count) { job, _ in jobs.run(job) }
      pool.run(tasks: group.count) { task, worker in
        let slice = group.lowerBound + task
        for (position, image) in images(ofSlice: slice).enumerated() {
          let y = output[image * shape.count]
          staged.finishForward(image: image - start, of: count, arena: arena.pointer, into: y)
          addBias(unit, to: y)
          addAddend(unit, image: image, to: y, scratch[worker])
          guard withMoments else { continue }
          takeMoments(
            of: unit.step.output, image: image, into: slice, channels: shape.channels, position,
            scratch[worker])
        }
      }
    }
  }

  func backward(_ unit: StepUnit, _ staged: any StagedConvolution) {
    guard let kernel = unit.convolution else { return }
    let site = plan.sites[unit.step.input]
    let weight = state.weights[unit.weightOffset]
    let dWeight = state.gradients[unit.weightOffset]
    for group in groups(of: staged) {
      let members = images(of: group)
      let (start, count) = (members.lowerBound, members.count)
      let isFirst = group.lowerBound == 0
      let pieces = isFirst && unit.needsDataGradient ? staged.preparationCount(.backward) : 0
      pool.run(tasks: group.count + pieces) { task, worker in
        let scratch = scratch[worker]
        guard task < group.count else {
          staged.prepare(
            .backward, piece: task - group.count, weight, into: preparedWeights.pointer,
            workspace: scratch.workspace.pointer)
          return
        }
        let slice = group.lowerBound + task
        clearSums(slice)
        for image in images(ofSlice: slice) {
          let gradient = scratch.padded[unit.gradientScratch]
          let dy = gradient[unit.gradientShape.interior]
          gatherGradient(
            of: unit.step.output, image: image, into: dy, pitch: unit.gradientShape.pitch, scratch)
          takeBiasGradient(unit, dy, slice: slice)
          staged.stageGradient(
            gradient.pointer, image: image - start, of: count, into: arena.pointer)
          let x = convolutionInput(unit, kernel, image: image, storing: false, scratch)
          staged.stageInput(x, image: image - start, of: count, .backward, into: arena.pointer)
        }
      }
      let weightJobs = staged.weightGradients(
        images: count, isFirst: isFirst, arena: arena.pointer, into: dWeight,
        transformed: transformedGradient.pointer)
      let dataJobs =
        unit.needsDataGradient
        ? staged.products(
          .backward, images: count, arena: arena.pointer, weights: preparedWeights.pointer, out: nil
        )
        : .none
      pool.run(tasks: weightJobs.count + dataJobs.count) { job, _ in
        if job < weightJobs.count {
          weightJobs.run(job)
        } else {
          dataJobs.run(job - weightJobs.count)
        }
      }
      guard unit.needsDataGradient else { continue }
      pool.run(tasks: group.count) { task, worker in
        let scratch = scratch[worker]
        let slice = group.lowerBound + task
        for image in images(ofSlice: slice) {
          let dx = staged.finishBackward(
            image: image - start, of: count, arena: arena.pointer, into: scratch.dx.pointer)
          // Only a rectifier's mask asks for the value again.
          let x =
            site.relu && unit.isFirstReader
            ? convolutionInput(unit, kernel, image: image, storing: false, scratch) : dx
          let value = site.relu ? x + unit.inputShape.interior : dx
          complete(
            unit, site, image: image, slice: slice, dx: dx, value: value,
            valuePitch: unit.inputShape.pitch, scratch)
        }
      }
    }
    pool.run(tasks: staged.weightFinishCount) { piece, _ in
      staged.finishWeights(piece: piece, transformed: transformedGradient.pointer, into: dWeight)
    }
  }
}
