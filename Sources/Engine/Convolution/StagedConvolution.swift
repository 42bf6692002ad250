// A convolution whose weights do not fit a thread's cache, carried out on several images at once.
import CKernels
import Numerics

/// Channels in blocks that lie apart, so that a block of many pixels is contiguous.
struct ChannelBlocks {
  /// Channels per block, at most 64 and a multiple of 16.
  let width: Int
  let count: Int

  /// - Parameter channels: a multiple of 16.
  init(_ channels: Int) {
    precondition(channels % 16 == 0, "blocks of \(channels) channels")
    width = [64, 48, 32].first { channels % $0 == 0 } ?? 16
    count = channels / width
  }
}

/// The products of one wide convolution on a group of images.
///
/// Where a `ConvolutionAlgorithm` takes an image through all weights while the image is in cache, here a
/// block of weights stays in cache and a group of images goes through it. Inputs, gradients and
/// results wait in an arena that all such layers share, channels in blocks. Three phases with a
/// barrier after each: stage every image, multiply, finish every image. Jobs of the middle phase
/// write apart from each other and add images in order, so results do not depend on threads.
protocol StagedConvolution: Sendable {
  /// How the input has to be padded.
  var paddedInput: PaddedShape { get }
  /// How the output's gradient has to be padded.
  var paddedGradient: PaddedShape { get }
  /// Numbers that prepared weights take.
  var preparedCount: Int { get }
  /// Numbers that a thread needs to prepare weights, or for a job.
  var workspaceCount: Int { get }
  /// Numbers of memory for the weights' gradient in a form of its own; 0 where it has none.
  var weightGradientCount: Int { get }
  /// Numbers of the arena that one image takes at most, in either pass.
  var stagedCount: Int { get }

  /// Independent pieces in which weights are prepared.
  func preparationCount(_ pass: StagedPass) -> Int
  func prepare(
    _ pass: StagedPass, piece: Int, _ weight: UnsafePointer<Float>,
    into prepared: UnsafeMutablePointer<Float>, workspace: UnsafeMutablePointer<Float>)

  /// Takes the padded input of one image of the group into the arena.
  func stageInput(
    _ x: UnsafePointer<Float>, image: Int, of images: Int, _ pass: StagedPass,
    into arena: UnsafeMutablePointer<Float>)
  /// Takes the padded gradient of one image's output into the arena.
  func stageGradient(
    _ dy: UnsafePointer<Float>, image: Int, of images: Int, into arena: UnsafeMutablePointer<Float>)

  /// y or dx for all images of the group. `out` is the first image's output, [images][H][W][C]
  /// in the stored format;
  /// only direct forward passes write it, everything else stays in the arena.
  func products(
    _ pass: StagedPass, images: Int, arena: UnsafeMutablePointer<Float>,
    weights: UnsafePointer<Float>, out: UnsafeMutableRawPointer?
  ) -> StagedJobs
  /// dWeight from all images of the group, added to that of earlier groups.
  func weightGradients(
    images: Int, isFirst: Bool, arena: UnsafeMutablePointer<Float>,
    into dWeight: UnsafeMutablePointer<Float>, transformed: UnsafeMutablePointer<Float>
  ) -> StagedJobs

  /// One image's output; nothing to do where the products wrote it.
  func finishForward(
    image: Int, of images: Int, arena: UnsafePointer<Float>, into y: UnsafeMutableRawPointer)
  /// One image's input gradient, [H][W][C], in the arena or in `dx`.
  func finishBackward(
    image: Int, of images: Int, arena: UnsafePointer<Float>, into dx: UnsafeMutablePointer<Float>
  ) -> UnsafePointer<Float>

  /// Independent pieces in which the weights' gradient is brought into its final form.
  var weightFinishCount: Int { get }
  func finishWeights(
    piece: Int, transformed: UnsafePointer<Float>, into dWeight: UnsafeMutablePointer<Float>)
}

/// Which way a staged convolution goes.
enum StagedPass: Sendable {
  case forward
  case backward
}

/// Independent products of one phase.
struct StagedJobs {
  var count: Int
  /// Carries out one of them, with `workspaceCount` numbers of the thread's own.
  var run: (_ job: Int, _ workspace: UnsafeMutablePointer<Float>) -> Void

  static var none: StagedJobs { StagedJobs(count: 0) { _, _ in } }
}

/// How many images go through a staged convolution together.
enum Staging {
  /// Numbers of the arena that a group should take, 10 MiB, so that it stays in the last-level cache.
  static let arenaGoal = 5 << 19

  /// Images that go through a layer together: as many as the arena should hold, in whole slices.
  /// Large weights are read once a group, so they ask for larger groups.
  static func imagesPerGroup(_ staged: any StagedConvolution) -> Int {
    max(1, max(arenaGoal, 2 * staged.preparedCount) / staged.stagedCount)
  }
}
