// What other programs call the tensors of a residual net and how they lay them out: the one table.
import Networks
import Numerics

/// How a program writes the weights of a residual net: one row of the table.
///
/// In the paths of layers, `{s1}` is the stage counted from 1 (`{s0}`, `{s2}`, `{s4}`: from 0, 2, 4),
/// `{b0}` or `{b1}` the block within it, `{l0}` or `{l1}` the layer within that, `{k0}` and `{k1}` its
/// places in a body of convolution, norm and activation, and `{n}` counts the stage's layers of a
/// kind, a block's projection last.
struct NamingConvention: Sendable {
  /// As messages name it.
  let program: String
  /// Before a tensor's own name.
  var joint = "."
  let stem: (convolution: String, norm: String)
  let body: (convolution: String, norm: String)
  let projection: (convolution: String, norm: String)
  let head: String
  /// A convolution's or the head's weights.
  var weight = "weight"
  /// Scale, shift, running mean and running variance.
  var norm = ["weight", "bias", "running_mean", "running_var"]
  /// Whether kernels are [height, width, inputs, outputs] and the head [inputs, outputs].
  var isInputsFirst = false
  /// Whether convolutions may have biases in front of their batch norms.
  var hasBiases = false
  /// What batch norms add to the variance; nil for what the engine adds.
  var epsilon: Double?
  /// Where a bottleneck block has its stride; nil where only the file can say.
  var strideLocation: Architecture.StrideLocation?

  /// torchvision's and timm's names are those of this project.
  static let torchvision = NamingConvention(
    program: "torchvision", stem: ("conv1", "bn1"),
    body: ("layer{s1}.{b0}.conv{l1}", "layer{s1}.{b0}.bn{l1}"),
    projection: ("layer{s1}.{b0}.downsample.0", "layer{s1}.{b0}.downsample.1"), head: "fc")

  static let transformers = NamingConvention(
    program: "transformers' ResNetForImageClassification",
    stem: ("resnet.embedder.embedder.convolution", "resnet.embedder.embedder.normalization"),
    body: (
      "resnet.encoder.stages.{s0}.layers.{b0}.layer.{l0}.convolution",
      "resnet.encoder.stages.{s0}.layers.{b0}.layer.{l0}.normalization"
    ),
    projection: (
      "resnet.encoder.stages.{s0}.layers.{b0}.shortcut.convolution",
      "resnet.encoder.stages.{s0}.layers.{b0}.shortcut.normalization"
    ), head: "classifier.1")

  static let keras = NamingConvention(
    program: "Keras' ResNet v1", joint: "/", stem: ("conv1_conv", "conv1_bn"),
    body: ("conv{s2}_block{b1}_{l1}_conv", "conv{s2}_block{b1}_{l1}_bn"),
    projection: ("conv{s2}_block{b1}_0_conv", "conv{s2}_block{b1}_0_bn"), head: "predictions",
    weight: "kernel", norm: ["gamma", "beta", "moving_mean", "moving_variance"],
    isInputsFirst: true, hasBiases: true, epsilon: 1.001e-5, strideLocation: .first1x1)

  /// Gluon's names by place, as `save_parameters` has them.
  static let gluon = NamingConvention(
    program: "MXNet's ResNet v1", stem: ("features.0", "features.1"),
    body: ("features.{s4}.{b0}.body.{k0}", "features.{s4}.{b0}.body.{k1}"),
    projection: ("features.{s4}.{b0}.downsample.0", "features.{s4}.{b0}.downsample.1"),
    head: "output", norm: ["gamma", "beta", "running_mean", "running_var"], hasBiases: true,
    strideLocation: .first1x1)

  /// Gluon's names by count, as `collect_params` and exported symbols have them.
  static let gluonCounted = NamingConvention(
    program: "MXNet's ResNet v1", joint: "_", stem: ("conv0", "batchnorm0"),
    body: ("stage{s1}_conv{n}", "stage{s1}_batchnorm{n}"),
    projection: ("stage{s1}_conv{n}", "stage{s1}_batchnorm{n}"), head: "dense0",
    norm: ["gamma", "beta", "running_mean", "running_var"], hasBiases: true,
    strideLocation: .first1x1)

  static let all = [torchvision, transformers, keras, gluon, gluonCounted]

  /// Whether it is the network's own.
  var isOwn: Bool { program == Self.torchvision.program }

  /// A name without what some writers put around it: MXNet's `arg:` and `aux:`, Keras 2's `:0`.
  static func bare(_ name: String) -> String {
    var bare = name[...]
    if bare.hasPrefix("arg:") || bare.hasPrefix("aux:") { bare = bare.dropFirst(4) }
    if bare.hasSuffix(":0") { bare = bare.dropLast(2) }
    return String(bare)
  }
}

extension NamingConvention {
  /// A layer of the residual family by where it stands.
  private struct Place {
    var stage = 0
    var block = 0
    var layer = 0

    func filledIn(_ template: String, number: Int) -> String {
      [
        ("{s0}", stage), ("{s1}", stage + 1), ("{s2}", stage + 2), ("{s4}", stage + 4),
        ("{b0}", block), ("{b1}", block + 1), ("{l0}", layer), ("{l1}", layer + 1),
        ("{k0}", 3 * layer), ("{k1}", 3 * layer + 1), ("{n}", number),
      ].reduce(template) { $0.replacing($1.0, with: String($1.1)) }
    }
  }

  /// What each of a network's tensors is called here, the biases in front of batch norms and the
  /// counts of batches too, by the network's names; nil for a net that has other layers.
  func names(of tensors: [TensorSpecification]) -> [String: String]? {
    var names: [String: String] = [:]
    if isOwn {
      for tensor in tensors { names[tensor.name] = tensor.name }
      for count in NetworkWeights.batchCounts(of: tensors) { names[count] = count }
      return names
    }
    var numbers: [String: Int] = [:]
    for tensor in tensors {
      guard let dot = tensor.name.lastIndex(of: ".") else { return nil }
      let layer = String(tensor.name[..<dot])
      guard let (template, place) = Self.template(of: layer, in: self) else { return nil }
      let number: Int
      switch tensor.role {
      case .convolutionWeight, .batchNormScale:
        let kind = "\(place.stage) \(tensor.role == .batchNormScale) \(layer.contains("layer"))"
        number = numbers[kind, default: 0]
        numbers[kind] = number + 1
        numbers[layer] = number
      default: number = numbers[layer] ?? 0
      }
      let path = place.filledIn(template, number: number) + joint
      switch tensor.role {
      case .convolutionWeight:
        names[tensor.name] = path + weight
        if hasBiases { names["\(layer).bias"] = "\(path)bias" }
      case .linearWeight: names[tensor.name] = path + weight
      case .bias: names[tensor.name] = "\(path)bias"
      case .batchNormScale: names[tensor.name] = path + norm[0]
      case .batchNormShift: names[tensor.name] = path + norm[1]
      case .runningMean:
        names[tensor.name] = path + norm[2]
        names["\(layer).\(NetworkWeights.batchCount)"] = path + NetworkWeights.batchCount
      case .runningVariance: names[tensor.name] = path + norm[3]
      }
    }
    return names
  }

  /// The row's template for one of the network's layers, and where that stands.
  private static func template(
    of layer: String, in row: NamingConvention
  ) -> (String, Place)? {
    switch layer {
    case "conv1": return (row.stem.convolution, Place())
    case "bn1": return (row.stem.norm, Place())
    case "fc": return (row.head, Place())
    default: break
    }
    let parts = layer.split(separator: ".").map(String.init)
    guard parts.count >= 3, parts[0].hasPrefix("layer"), let stage = Int(parts[0].dropFirst(5)),
      let block = Int(parts[1])
    else { return nil }
    var place = Place(stage: stage - 1, block: block)
    if parts[2] == "downsample", parts.count == 4 {
      return (parts[3] == "0" ? row.projection.convolution : row.projection.norm, place)
    }
    let isNorm = parts[2].hasPrefix("bn")
    guard parts.count == 3, isNorm || parts[2].hasPrefix("conv"),
      let number = Int(parts[2].dropFirst(isNorm ? 2 : 4))
    else { return nil }
    place.layer = number - 1
    return (isNorm ? row.body.norm : row.body.convolution, place)
  }

  /// The convolution in front of a batch norm, by the network's names.
  static func convolution(before norm: String) -> String {
    if norm.hasSuffix("downsample.1") { return norm.dropLast() + "0" }
    let parts = norm.split(separator: ".", omittingEmptySubsequences: false)
    let last = (parts.last ?? "").replacing("bn", with: "conv")
    return (parts.dropLast() + [last[...]]).joined(separator: ".")
  }
}
