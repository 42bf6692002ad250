// What a file of weights says of the images and classes that its network was trained on.
import Engine
import Foundation
import Networks
import Numerics
import Text

extension NetworkWeights {
  package static let inputKey = "input"
  package static let resizeKey = "resize"
  package static let classNamesKey = "classNames"
  package static let meanKey = "mean"
  package static let deviationKey = "std"
  /// In place of a mean: that a mean image was subtracted, which a file has no place for.
  package static let perPixel = "perPixel"

  /// What a file says of how images become what its network takes.
  /// - Parameters:
  ///   - mean: of each channel, in units of full brightness; nil for a mean image.
  ///   - deviation: by which each channel was divided.
  ///   - resize: the shorter side before the middle was cut out; nil where nothing was.
  package static func metadata(
    classNames: [String], mean: [Float]?, deviation: [Float], resize: Int?
  ) -> [String: String] {
    func text(_ values: [Float]) -> String { values.map { "\($0)" }.joined(separator: " ") }
    var metadata = [
      classNamesKey: CanonicalJSON.list(classNames.map { .text($0) }).text,
      meanKey: mean.map(text) ?? perPixel, deviationKey: text(deviation),
    ]
    if let resize { metadata[resizeKey] = String(resize) }
    return metadata
  }

  /// How many classes a file's classifier has.
  /// - Parameter probed: the classes of this network's own graph, a number that is no other size.
  /// - Throws: `WeightsError` where the file has no classifier of this network's.
  package func classes(of file: SafetensorsFile, besides probed: Int) throws(WeightsError) -> Int {
    let mapping = WeightsMapping(file, tensors)
    guard let own = tensors.first(where: { $0.name == "fc.weight" }),
      let place = mapping.shape(of: own).firstIndex(of: probed),
      let found = mapping.tensor(own.name), found.shape.count == own.shape.count,
      found.shape[place] > 0
    else {
      throw WeightsError(
        "\(printable(file.path, limit: 4096)) has no classifier of \(architecture.name)")
    }
    return found.shape[place]
  }

  /// Puts a file's numbers into a network.
  /// - Returns: what a user should know although the file fits.
  /// - Throws: `WeightsError` with what does not fit.
  package func fill(
    _ state: NetworkState, from file: SafetensorsFile
  ) throws(WeightsError) -> [String] {
    let problems = problems(in: file)
    guard problems.isEmpty else {
      throw WeightsError(
        "\(printable(file.path, limit: 4096)) does not fit \(architecture.name): "
          + problems.prefix(8).joined(separator: "; ")
          + (problems.count > 8 ? "; … and \(problems.count - 8) more" : ""))
    }
    try load(file, into: state)
    return warnings(about: file)
  }
}
