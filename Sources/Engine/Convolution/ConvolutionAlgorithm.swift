// What every way of carrying out a convolution image by image can do.

/// One convolution that takes an image at a time through all its weights, on images of one size.
///
/// Weights are [kernel row][kernel column][input channel][output channel]. Images come with the
/// border that the algorithm asks for, and are in the cache of the thread that calls.
protocol ConvolutionAlgorithm: Sendable {
  /// How the input has to be padded.
  var paddedInput: PaddedShape { get }
  /// How the output's gradient has to be padded.
  var paddedGradient: PaddedShape { get }
  /// Numbers that the prepared weights take: of the forward pass, and of the data gradient.
  var preparedCount: Int { get }
  /// Numbers of working memory that a call needs.
  var workspaceCount: Int { get }
  /// Numbers of the weights' gradient as `weightGradient` sums it up.
  var weightGradientCount: Int { get }
  /// Whether `forward` reads prepared weights or the weights themselves.
  var preparesForward: Bool { get }
  /// Whether `weightGradient` sums up something that `finishWeightGradient` has to transform.
  var transformsWeightGradient: Bool { get }

  /// Brings weights into the form that `forward` reads, where it does not read them themselves.
  func prepareForward(
    _ weight: UnsafePointer<Float>, into prepared: UnsafeMutablePointer<Float>)
  /// Brings weights into the form that `dataGradient` reads: inputs and outputs exchanged.
  /// - Parameter scratch: as many numbers as the weights.
  func prepareDataGradient(
    _ weight: UnsafePointer<Float>, into prepared: UnsafeMutablePointer<Float>,
    scratch: UnsafeMutablePointer<Float>)

  /// y = x * weight.
  /// - Parameters:
  ///   - x: the padded input.
  ///   - weight: as `prepareForward` leaves it.
  ///   - y: [H′, W′, outputChannels] in the stored format, overwritten.
  ///   - workspace: `workspaceCount` numbers.
  func forward(
    _ x: UnsafePointer<Float>, _ weight: UnsafePointer<Float>, into y: UnsafeMutableRawPointer,
    workspace: UnsafeMutablePointer<Float>)
  /// dx = the gradient of the input.
  /// - Parameters:
  ///   - dy: the padded gradient of the output.
  ///   - weight: as `prepareDataGradient` leaves it.
  ///   - dx: [H, W, inputChannels], overwritten.
  ///   - workspace: `workspaceCount` numbers.
  func dataGradient(
    _ dy: UnsafePointer<Float>, _ weight: UnsafePointer<Float>,
    into dx: UnsafeMutablePointer<Float>, workspace: UnsafeMutablePointer<Float>)
  /// dWeight = (or +=) the gradient of the weights from one image.
  /// - Parameters:
  ///   - x: the padded input.
  ///   - dy: the padded gradient of the output.
  ///   - dWeight: `weightGradientCount` numbers.
  ///   - workspace: `workspaceCount` numbers.
  func weightGradient(
    _ x: UnsafePointer<Float>, _ dy: UnsafePointer<Float>, accumulate: Bool,
    into dWeight: UnsafeMutablePointer<Float>, workspace: UnsafeMutablePointer<Float>)
  /// Brings what `weightGradient` has summed up, over all images, into the weights' own form.
  func finishWeightGradient(
    _ sum: UnsafePointer<Float>, into dWeight: UnsafeMutablePointer<Float>)
}

/// Most algorithms read the weights, and sum up their gradient, as they are.
extension ConvolutionAlgorithm {
  var weightGradientCount: Int { preparedCount }
  var preparesForward: Bool { false }
  var transformsWeightGradient: Bool { false }

  func prepareForward(
    _ weight: UnsafePointer<Float>, into prepared: UnsafeMutablePointer<Float>
  ) {}

  func finishWeightGradient(
    _ sum: UnsafePointer<Float>, into dWeight: UnsafeMutablePointer<Float>
  ) {}
}
