// Numbers of single layers: kept as metrics of their own, under a name that says of which layer.

/// A metric of one layer. Its name is `QUANTITY:POSITION:LAYER`, such as
/// `responseDeviation:0002:layer1.0.conv1`; the view `layers` takes it apart again.
public struct LayerMetric: Hashable, Sendable {
  /// What was measured, as the view calls it.
  public enum Quantity: String, CaseIterable, Sendable {
    /// Standard deviation of the responses (He et al. 2015, Fig. 7).
    case responseDeviation
    /// Norm of the gradient of the weights.
    case layerGradientNorm
    /// Relative change of the weights in one step.
    case updateRatio
    /// Share of the following rectifier's channels that are always 0.
    case deadShare
  }

  public var quantity: Quantity
  /// The layer's place in the network, from 1.
  public var position: Int
  public var layer: String

  public init(_ quantity: Quantity, position: Int, layer: String) {
    self.quantity = quantity
    self.position = position
    self.layer = layer
  }

  /// The metric's name.
  public var name: String {
    let digits = String(position)
    let padding = String(repeating: "0", count: max(0, 4 - digits.count))
    return "\(quantity.rawValue):\(padding)\(digits):\(layer)"
  }

  /// Whether a metric is one layer's, and not the run's.
  public static func isName(_ name: String) -> Bool { name.contains(":") }
}
