// What the config.json beside a downloaded model says that names and shapes do not.
import Foundation
import Networks
import Text

/// The configuration of a model of timm's or transformers' in the folder of its weights.
struct ModelConfiguration {
  static let fileName = "config.json"
  private static let maximumBytes = 1 << 20

  private let root: JSONNode?

  /// - Parameter path: of the weights. Where nothing readable stands beside them, nothing is said.
  init(beside path: String) {
    let file = URL(fileURLWithPath: path).deletingLastPathComponent()
      .appending(path: Self.fileName).resolvingSymlinksInPath()
    let attributes = try? FileManager.default.attributesOfItem(atPath: file.path)
    guard attributes?[.type] as? FileAttributeType == .typeRegular,
      (attributes?[.size] as? NSNumber)?.intValue ?? .max <= Self.maximumBytes,
      let bytes = try? Data(contentsOf: file)
    else {
      root = nil
      return
    }
    root = try? JSONReader.read(Array(bytes), rules: .lenient)
  }

  /// Why the model computes something else than a net with its names and shapes would.
  var reason: String? {
    if let name = root?["architecture"]?.text,
      name.contains("resnetaa") || name.contains("resnetblur")
    {
      return "\(Self.fileName) beside it says \(printable(name)), which blurs before it strides"
    }
    guard isTransformersResNet else { return nil }
    if let activation = root?["hidden_act"]?.text, activation != "relu" {
      return "\(Self.fileName) beside it says that its activation is \(printable(activation))"
    }
    if root?["downsample_in_first_stage"]?.flag == true {
      return "\(Self.fileName) beside it says that its first stage strides"
    }
    return nil
  }

  /// Where it says that bottleneck blocks have their stride.
  var strideLocation: Architecture.StrideLocation? {
    guard isTransformersResNet else { return nil }
    return root?["downsample_in_bottleneck"]?.flag.map { $0 ? .first1x1 : .middle3x3 }
  }

  private var isTransformersResNet: Bool { root?["model_type"]?.text == "resnet" }
}
