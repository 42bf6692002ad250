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
  static let batchCount = "num_batches_tracked"
  static let strideLocationKey = "strideLocation"
  package static let networkKey = "network"
  private static let headWeight = "fc.weight"
  private static let headBias = "fc.bias"

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
      + Self.batchCounts(of: tensors).map {
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

  static func batchCounts(of tensors: [TensorSpecification]) -> [String] {
    tensors.filter { $0.role == .runningMean }.map {
      $0.name.dropLast("running_mean".count) + batchCount
    }
  }

  /// Why a file does not fit this network: every missing, unknown or misshapen tensor, and a
  /// stride elsewhere. Empty where it fits.
  /// - Parameter newHead: whether the classifier starts anew where the file's is another.
  package func problems(in file: SafetensorsFile, newHead: Bool = false) -> [String] {
    let mapping = WeightsMapping(file, tensors)
    var problems = misfits(mapping, newHead: newHead)
    let foreign = problems.isEmpty ? nil : ForeignNetwork.reason(file)
    if let reason = ModelConfiguration(beside: file.path).reason ?? foreign {
      return ["\(reason); it computes something else than \(architecture.name)"]
    }
    // A shallower or deeper net of the same names has them all, or is had by all.
    if mapping.found * 2 < min(tensors.count, file.tensors.count) {
      return [otherNames(mapping)]
    }
    if !mapping.convention.isOwn, !isOfTheOriginalKind {
      return [
        "its tensors are those of \(mapping.convention.program), which computes something else than "
          + architecture.name
      ]
    }
    if hasStrideChoice {
      let (stated, source) = stride(in: file, mapping)
      let found = stated ?? Architecture.StrideLocation.middle3x3.rawValue
      if found != architecture.strideLocation.rawValue {
        let others = source.map { " (\($0))" }
        problems.append(
          "its stride is on the \(printable(found))\(stated == nil ? " (assumed)" : others ?? "")"
            + ", the network's on the \(architecture.strideLocation.rawValue): the same weights "
            + "compute something else"
            + (others == nil ? "" : "; a network with strideLocation \(found) takes them"))
      }
    }
    return problems
  }

  /// Every missing, unknown or misshapen tensor.
  private func misfits(_ mapping: WeightsMapping, newHead: Bool) -> [String] {
    var problems: [String] = []
    for tensor in tensors {
      if newHead, startsAnew(tensor, mapping) { continue }
      // The network's own name stands beside another one.
      let own = mapping.convention.isOwn ? "" : " \(tensor.name)"
      guard let found = mapping.tensor(tensor.name) else {
        problems.append(
          "\(printable(mapping.name(tensor.name), limit: 120)) is missing; the network's\(own) has shape "
            + "\(mapping.shape(of: tensor))")
        continue
      }
      if found.shape != mapping.shape(of: tensor) {
        problems.append(
          "\(printable(found.name, limit: 120)) has shape \(found.shape), the network's\(own) has "
            + "\(mapping.shape(of: tensor))")
      } else if !found.type.isFloatingPoint {
        problems.append(
          "\(printable(found.name, limit: 120)) is \(found.type.rawValue), the network's\(own) is F32"
        )
      }
      if let bias = mapping.bias(before: tensor), bias.shape != tensor.shape {
        problems.append(
          "\(printable(bias.name, limit: 120)) has shape \(bias.shape), its batch norm has \(tensor.shape)"
        )
      }
    }
    let known = mapping.known
    for tensor in mapping.file.tensors where !known.contains(tensor.name) {
      problems.append(
        "\(printable(tensor.name, limit: 120)) \(tensor.shape) is unknown: the network has no such tensor"
      )
    }
    return problems
  }

  /// Whether a tensor is of a classifier that the file does not have in this shape.
  private func startsAnew(_ tensor: TensorSpecification, _ mapping: WeightsMapping) -> Bool {
    guard tensor.name == Self.headWeight || tensor.name == Self.headBias else { return false }
    return tensors.contains {
      ($0.name == Self.headWeight || $0.name == Self.headBias)
        && mapping.tensor($0.name)?.shape != mapping.shape(of: $0)
    }
  }

  /// What a file of altogether other names has.
  private func otherNames(_ mapping: WeightsMapping) -> String {
    func list(_ names: [String]) -> String {
      let more = names.count > 4 ? ", … and \(names.count - 4) more" : ""
      return names.prefix(4).joined(separator: ", ") + more
    }
    let theirs = mapping.file.tensors.sorted { $0.name < $1.name }
      .map { "\(printable($0.name)) \($0.shape)" }
    return
      "it has \(mapping.found == 0 ? "none" : "only \(mapping.found)") of the network's "
      + "\(tensors.count) tensors by name. In the file are "
      + "\(theirs.isEmpty ? "no tensors" : list(theirs)); the network has "
      + list(tensors.map { "\($0.name) \($0.shape)" })
  }

  /// What a user should know of a file that fits.
  func warnings(about file: SafetensorsFile, newHead: Bool = false) -> [String] {
    let path = printable(file.path, limit: 4096)
    let mapping = WeightsMapping(file, tensors)
    var warnings = mapping.notes
    if hasStrideChoice, stride(in: file, mapping).stated == nil {
      warnings.append(
        "\(path) does not say which convolution of a bottleneck block has the stride (metadata "
          + "\(Self.strideLocationKey)); the 3x3 is assumed, as in torchvision")
    }
    if let name = file.metadata[Self.networkKey], name != architecture.name {
      warnings.append("\(path) is of \(printable(name)), here it starts \(architecture.name)")
    }
    if newHead, let head = tensors.first(where: { $0.name == Self.headWeight }) {
      let isNew = startsAnew(head, mapping)
      let theirs = mapping.tensor(head.name).map { "has shape \($0.shape)" } ?? "is missing"
      warnings.append(
        isNew
          ? "\(mapping.name(head.name)) of \(path) \(theirs): the classifier starts anew, with "
            + "\(head.shape[0]) classes"
          : "\(path) has as many classes as the network, so its classifier is kept in spite of "
            + "newHead")
    }
    return warnings
  }

  /// Where a bottleneck block has its stride, and who says so where it is not the file itself.
  private func stride(
    in file: SafetensorsFile, _ mapping: WeightsMapping
  ) -> (stated: String?, source: String?) {
    if let stated = file.metadata[Self.strideLocationKey] { return (stated, nil) }
    if let stated = mapping.convention.strideLocation {
      return (stated.rawValue, mapping.convention.program)
    }
    let configured = ModelConfiguration(beside: file.path).strideLocation
    return (configured?.rawValue, configured.map { _ in ModelConfiguration.fileName })
  }

  /// Whether other programs' ResNets compute what this network does, the stride aside.
  private var isOfTheOriginalKind: Bool {
    architecture.family == .imagenet && architecture.network == .residual && architecture.batchNorm
      && architecture.activationOrder == .original
      && architecture.shortcut == .projectionOnChange
  }

  /// Whether nets of the same tensors differ in where their stride is.
  private var hasStrideChoice: Bool { architecture.block == .bottleneck }

  /// Puts a file's numbers into a network that it fits.
  /// - Parameter newHead: leaves the classifier as it is where the file's is another.
  /// - Throws: `WeightsError` where one cannot be read or is not finite.
  func load(
    _ file: SafetensorsFile, into state: NetworkState, newHead: Bool = false
  ) throws(WeightsError) {
    let mapping = WeightsMapping(file, tensors)
    for tensor in tensors {
      if newHead, startsAnew(tensor, mapping) { continue }
      guard let found = mapping.tensor(tensor.name) else { continue }
      state.setValues(try mapping.values(of: tensor, found), of: tensor.name)
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
