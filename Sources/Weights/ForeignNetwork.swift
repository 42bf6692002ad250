// Nets that are called ResNet and compute something else, told by what only they have.
import Text

/// Why a file's weights can belong to no network of this family.
enum ForeignNetwork {
  private struct Sign: Sendable {
    /// What the net has, as a message says it.
    var what: String
    var isShown: @Sendable (SafetensorsFile.Tensor) -> Bool
  }

  private static let signs: [Sign] = [
    Sign(what: "of Keras' ResNet v2, whose blocks begin with batch norm and ReLU") {
      $0.name.contains("preact_bn") || $0.name.contains("post_bn")
    },
    Sign(
      what: "of MXNet's ResNet v2, which normalises the images and begins blocks with batch norm"
    ) {
      $0.name.contains("resnetv2") || $0.name.hasSuffix("bn_data_gamma")
        || $0.name.hasSuffix("features.0.gamma")
    },
    Sign(what: "of a net with three 3x3 convolutions in place of the first 7x7 (ResNet-C, -D, -T)")
    {
      $0.name.hasSuffix("conv1.0.weight") && $0.shape.count == 4
    },
    Sign(what: "of a net that pools on its shortcuts (ResNet-D)") {
      $0.name.hasSuffix("downsample.1.weight") && $0.shape.count == 4
    },
    Sign(what: "of a net with attention over channels (SE, ECA and others)") {
      let parts = $0.name.split(separator: ".")
      return parts.contains { ["se", "se_module", "attn", "se_layer"].contains($0) }
    },
    Sign(what: "of a net with convolutions in groups (ResNeXt)") {
      $0.name.hasSuffix("conv2.weight") && $0.shape.count == 4 && $0.shape[2] == 3
        && $0.shape[1] > 0 && $0.shape[1] < $0.shape[0] && $0.shape[0] % $0.shape[1] == 0
        && $0.shape[0] / $0.shape[1] >= 8
    },
    Sign(what: "of a net with group norm, or with standardised weights (BiT)") {
      $0.name.contains("stages.") && $0.name.contains("blocks.")
        && $0.name.hasSuffix("norm1.weight")
    },
    Sign(
      what: "named as in pytorch_resnet_cifar10 or pytorch-cifar, whose shortcuts A put the old "
        + "channels into the middle of the new ones, where here they come first"
    ) { $0.name.hasSuffix("linear.weight") && $0.shape.count == 2 && $0.shape[1] == 64 },
    Sign(what: "of pytorch-cifar's ResNet, with a 3x3 convolution before four stages") {
      $0.name.hasSuffix("linear.weight") && $0.shape.count == 2 && $0.shape[1] >= 512
    },
  ]

  /// What the file's net is, where it shows.
  static func reason(_ file: SafetensorsFile) -> String? {
    for sign in signs {
      if let tensor = file.tensors.first(where: sign.isShown) {
        return "\(printable(tensor.name)) \(tensor.shape) is \(sign.what)"
      }
    }
    return nil
  }
}
