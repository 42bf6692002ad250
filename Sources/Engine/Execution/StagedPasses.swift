// Wide convolutions forwards and backwards: group by group of images, in three phases each.
import CKernels
import Numerics

/// Memory that the staged convolutions of a network share, in numbers.
struct StagingMemory {
  let arena: Int
  let prepared: Int
  let transformed: Int

  init(_ staged: [any StagedConvolution], batch: Int) {
    arena =
      staged.map { layer in
        let most = NetworkExecutor.groups(of: layer, images: batch).map(\.images.count).max() ?? 0
        // A part of a batch may come in larger groups, but never beyond what a group should hold.
        return layer.stagedCount * min(batch, max(most, Staging.imagesPerGroup(layer)))
      }.max() ?? 0
    prepared = staged.map(\.preparedCount).max() ?? 0
    transformed = staged.map(\.weightGradientCount).max() ?? 0
  }
}

extension NetworkExecutor {
  /// Slices that go through a layer together, and their images.
  struct Group {
    let slices: Range<Int>
    let images: Range<Int>
  }

  /// Groups of whole slices, an even number of them, so that two threads share them evenly.
  static func groups(of staged: any StagedConvolution, images: Int) -> [Group] {
    let slices = min(images, mostStagedSlices)
    let most = Staging.imagesPerGroup(staged) * slices / images
    let together = max(2, most / 2 * 2)
    return stride(from: 0, to: slices, by: together).map { start in
      let end = min(slices, start + together)
      let first = Self.images(ofStagedSlice: start, of: slices, images: images)
      let last = Self.images(ofStagedSlice: end - 1, of: slices, images: images)
      return Group(slices: start..<end, images: first.lowerBound..<last.upperBound)
    }
  }

  /// The images of a slice where all are nearly equal.
  static func images(ofStagedSlice slice: Int, of slices: Int, images: Int) -> Range<Int> {
    slice * images / slices..<(slice + 1) * images / slices
  }

  func forward(_ unit: StepUnit, _ staged: any StagedConvolution, withMoments: Bool) {
    let shape = plan.tensors[unit.step.output]
    let output = tensors[unit.step.output]
    let weight = state.weights[unit.weightOffset]
    for group in Self.groups(of: staged, images: imageCount) {
      let (start, count) = (group.images.lowerBound, group.images.count)
      let pieces = start == 0 ? staged.preparationCount(.forward) : 0
      pool.run(tasks: group.slices.count + pieces) { task, worker in
        let scratch = scratch[worker]
        guard task < group.slices.count else {
          staged.prepare(
            .forward, piece: task - group.slices.count, weight, into: preparedWeights.pointer,
            workspace: scratch.workspace.pointer)
          return
        }
        for image in images(ofSlice: group.slices.lowerBound + task, of: unit) {
          let x = paddedInput(unit, image: image, storing: unit.isFirstReader, scratch)
          staged.stageInput(x, image: image - start, of: count, .forward, into: arena.pointer)
        }
      }
      let jobs = staged.products(
        .forward, images: count, arena: arena.pointer, weights: preparedWeights.pointer,
        out: output[start * shape.count])
      pool.run(tasks: jobs.count) { job, worker in
        jobs.run(job, scratch[worker].workspace.pointer)
      }
      pool.run(tasks: group.slices.count) { task, worker in
        let slice = group.slices.lowerBound + task
        for (position, image) in images(ofSlice: slice, of: unit).enumerated() {
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
    let site = plan.sites[unit.step.input]
    let weight = state.weights[unit.weightOffset]
    let dWeight = state.gradients[unit.weightOffset]
    for group in Self.groups(of: staged, images: imageCount) {
      let (start, count) = (group.images.lowerBound, group.images.count)
      let isFirst = start == 0
      let pieces = isFirst && unit.needsDataGradient ? staged.preparationCount(.backward) : 0
      pool.run(tasks: group.slices.count + pieces) { task, worker in
        let scratch = scratch[worker]
        guard task < group.slices.count else {
          staged.prepare(
            .backward, piece: task - group.slices.count, weight, into: preparedWeights.pointer,
            workspace: scratch.workspace.pointer)
          return
        }
        let slice = group.slices.lowerBound + task
        clearSums(slice)
        for image in images(ofSlice: slice, of: unit) {
          let gradient = scratch.padded[unit.gradientScratch]
          gatherGradient(
            of: unit.step.output, image: image,
            into: unit.gradientShape.interior(of: gradient.pointer), scratch)
          takeBiasGradient(unit, gradient.pointer, slice: slice)
          staged.stageGradient(
            gradient.pointer, image: image - start, of: count, into: arena.pointer)
          let x = paddedInput(unit, image: image, storing: false, scratch)
          staged.stageInput(x, image: image - start, of: count, .backward, into: arena.pointer)
        }
      }
      let weightJobs = staged.weightGradients(
        images: count, isFirst: isFirst, arena: arena.pointer, into: dWeight,
        transformed: transformedGradient.pointer)
      let dataJobs = staged.products(
        .backward, images: count, arena: arena.pointer, weights: preparedWeights.pointer, out: nil)
      // The data gradient may take the place of the staged input.
      pool.run(tasks: weightJobs.count) { job, worker in
        weightJobs.run(job, scratch[worker].workspace.pointer)
      }
      guard unit.needsDataGradient else { continue }
      pool.run(tasks: dataJobs.count) { job, worker in
        dataJobs.run(job, scratch[worker].workspace.pointer)
      }
      pool.run(tasks: group.slices.count) { task, worker in
        let scratch = scratch[worker]
        let slice = group.slices.lowerBound + task
        for image in images(ofSlice: slice, of: unit) {
          let dx = staged.finishBackward(
            image: image - start, of: count, arena: arena.pointer, into: scratch.dx.pointer)
          // Only a rectifier's mask asks for the value again.
          let x =
            site.relu && unit.isFirstReader
            ? paddedInput(unit, image: image, storing: false, scratch) : dx
          complete(
            unit, site, image: image, slice: slice, dx: dx,
            value: unit.inputShape.interior(of: x), scratch)
        }
      }
    }
    pool.run(tasks: staged.weightFinishCount) { piece, _ in
      staged.finishWeights(piece: piece, transformed: transformedGradient.pointer, into: dWeight)
    }
  }
}
