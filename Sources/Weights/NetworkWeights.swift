// A network's weights in files: torchvision's names, [outputs, inputs, height, width].
import Engine
import Networks
import Numerics
import Specs
import Text

/// Between a network's numbers and safetensors files that PyTorch loads with `strict=True`.
package struct NetworkWeights {
  /// What torchvision's files have for each batch norm besides its statistics: how many batches
  /// these have seen.
  private static let batchCount = "num_batches_tracked"
  static let strideLocationKey = "strideLocation"
  static let networkKey = "network"

  let architecture: Architecture
  let tensors: [TensorSpecification]

  package init(_ architecture: Architecture, _ graph: Graph) {
    self.architecture = architecture
    tensors = graph.tensorSpecifications
  }

  /// The weights and running statistics as a file's tensors.
  /// - Parameter steps: how many batches the running statistics have seen.
  package func entries(of state: NetworkState, steps: Int) -> [SafetensorsEntry] {
    tensors.map { tensor in
      SafetensorsEntry(
        name: tensor.name, shape: tensor.shape,
        numbers: .floats { state.values(of: tensor.name) ?? [] })
    }
      + batchCounts.map {
        SafetensorsEntry(name: $0, shape: [], numbers: .integers([Int64(steps)]))
      }
  }

  /// What the optimizer keeps, for checkpoints: the tensors of each of its names in turn.
  package func optimizerEntries(of state: NetworkState) -> [SafetensorsEntry] {
    state.optimizerStateNames.flatMap { kept in
      tensors.filter(\.isTrainable).map { tensor in
        SafetensorsEntry(
          name: Self.optimizerEntry(kept, of: tensor), shape: tensor.shape,
          numbers: .floats { state.values(of: tensor.name, .optimizerState(kept)) ?? [] })
      }
    }
  }

  /// `velocity.conv1.weight`
  private static func optimizerEntry(_ kept: String, of tensor: TensorSpecification) -> String {
    "\(kept).\(tensor.name)"
  }

  /// What a file says of the network that it is for.
  package func metadata(of images: ImageFacts) -> [String: String] {
    [
      "format": "pt", Self.networkKey: architecture.name, "input": images.shape.description,
      "classes": String(images.classes),
      Self.strideLocationKey: architecture.strideLocation.rawValue,
    ]
  }

  private var batchCounts: [String] {
    tensors.filter { $0.role == .runningMean }.map {
      $0.name.dropLast("running_mean".count) + Self.batchCount
    }
  }

  /// Why a file does not fit this network: every missing, unknown or misshapen tensor, and a
  /// stride elsewhere. Empty where it fits.
  func problems(in file: SafetensorsFile) -> [String] {
    var problems: [String] = []
    for tensor in tensors {
      guard let found = file.tensor(tensor.name) else {
        problems.append("\(tensor.name) is missing; the network's has shape \(tensor.shape)")
        continue
      }
      if found.shape != tensor.shape {
        problems.append(
          "\(tensor.name) has shape \(found.shape), the network's has \(tensor.shape)")
      } else if !found.type.isFloatingPoint {
        problems.append("\(tensor.name) is \(found.type.rawValue), the network's is F32")
      }
    }
    let known = Set(tensors.map(\.name) + batchCounts)
    for tensor in file.tensors where !known.contains(tensor.name) {
      problems.append(
        "\(printable(tensor.name)) \(tensor.shape) is unknown: the network has no such tensor")
    }
    if hasStrideChoice {
      let stated = file.metadata[Self.strideLocationKey]
      let found = stated ?? Architecture.StrideLocation.middle3x3.rawValue
      if found != architecture.strideLocation.rawValue {
        problems.append(
          "its stride is on the \(printable(found))\(stated == nil ? " (assumed)" : ""), the "
            + "network's on the \(architecture.strideLocation.rawValue): the same weights compute "
            + "something else")
      }
    }
    return problems
  }

  /// What a user should know of a file that fits.
  func warnings(about file: SafetensorsFile) -> [String] {
    let path = printable(file.path, limit: 4096)
    var warnings: [String] = []
    if hasStrideChoice, file.metadata[Self.strideLocationKey] == nil {
      warnings.append(
        "\(path) does not say which convolution of a bottleneck block has the stride (metadata "
          + "\(Self.strideLocationKey)); the 3x3 is assumed, as in torchvision")
    }
    if let name = file.metadata[Self.networkKey], name != architecture.name {
      warnings.append("\(path) is of \(printable(name)), here it starts \(architecture.name)")
    }
    return warnings
  }

  /// Whether nets of the same tensors differ in where their stride is.
  private var hasStrideChoice: Bool { architecture.block == .bottleneck }

  /// Puts a file's numbers into a network that it fits.
  /// - Throws: `WeightsError` where one cannot be read or is not finite.
  func load(_ file: SafetensorsFile, into state: NetworkState) throws(WeightsError) {
    for tensor in tensors {
      guard let found = file.tensor(tensor.name) else { continue }
      state.setValues(try file.finiteFloats(of: found), of: tensor.name)
    }
  }

  /// Puts a checkpoint's numbers into its network, the optimizer's too.
  /// - Parameter steps: how many steps had been made.
  /// - Throws: `WeightsError` where the file is of another network or optimizer, or cannot be read.
  package func restore(
    _ file: SafetensorsFile, into state: NetworkState, for optimizer: any Optimizer, steps: Int
  ) throws(WeightsError) {
    func values(_ name: String, _ tensor: TensorSpecification) throws(WeightsError) -> [Float] {
      guard let found = file.tensor(name), found.shape == tensor.shape else {
        throw WeightsError(
          "\(printable(file.path, limit: 4096)): has no \(name) of shape \(tensor.shape)")
      }
      return try file.floats(of: found)
    }
    state.prepare(for: optimizer, afterSteps: steps)
    for tensor in tensors {
      state.setValues(try values(tensor.name, tensor), of: tensor.name)
      for kept in optimizer.stateNames where tensor.isTrainable {
        state.setValues(
          try values(Self.optimizerEntry(kept, of: tensor), tensor), of: tensor.name,
          .optimizerState(kept))
      }
    }
  }
}

extension SafetensorsFile {
  /// A tensor's numbers.
  /// - Throws: `WeightsError` where one cannot be read or is not finite in single precision.
  func finiteFloats(of tensor: Tensor) throws(WeightsError) -> [Float] {
    let values = try floats(of: tensor)
    guard values.allSatisfy(\.isFinite) else {
      throw WeightsError(
        "\(printable(path, limit: 4096)): \(printable(tensor.name)) has a number that is not "
          + "finite")
    }
    return values
  }
}

extension SafetensorsFile.ElementType {
  /// Whether the numbers can be read as weights.
  var isFloatingPoint: Bool { [.f16, .bf16, .f32, .f64].contains(self) }
}
