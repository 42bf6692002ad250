// The kinds of figures: the keys of each, what it shows, and which numbers it needs.
import Text

/// A kind of figure with its own settings. The type that stands for it here is drawn in `Reports`,
/// where it conforms to `FigureDrawing`.
package protocol FigureKind: Sendable {
  /// The word in a spec.
  static var name: String { get }
  /// One clause for the schema.
  static var summary: String { get }
  /// The keys that this kind has besides those of all figures.
  static var keys: [SpecField] { get }
  /// Whose numbers it shows.
  static var scope: Metric.Scope { get }
  /// What it shows where the spec does not say.
  static var defaultMetrics: [Metric] { get }
  /// Whether it draws whole series, and not only last values.
  static var drawsSeries: Bool { get }

  /// - Parameter node: an entry of the spec whose shape has been checked.
  init(_ node: JSONNode)

  /// The metrics that it needs besides those it is asked for.
  var furtherMetrics: [Metric] { get }
}

extension FigureKind {
  package static var keys: [SpecField] { [] }
  package static var scope: Metric.Scope { .run }
  package static var defaultMetrics: [Metric] { [.testError] }
  package static var drawsSeries: Bool { false }
  package var furtherMetrics: [Metric] { [] }
}

/// All kinds of figures, in the order of the schema; the first is meant where a spec names none.
package enum FigureKinds {
  package static let all: [any FigureKind.Type] = [
    CurvesFigure.self, ErrorFigure.self, BarsFigure.self, LayersFigure.self,
  ]
}

// MARK: The kinds

/// Metrics against steps: mean, band and single seeds.
package struct CurvesFigure: FigureKind {
  /// How the two metrics are told apart.
  package enum Style: String, CaseIterable, Sendable {
    /// Dashed training error, bold test error (He et al. 2015, Figure 6).
    case figure6
    /// Thin training error, bold test error (its Figure 4).
    case figure4
  }

  package static let name = "curves"
  package static let summary = "metrics against steps"
  package static let defaultMetrics: [Metric] = [.trainError, .testError]
  package static let drawsSeries = true
  package static let keys = [
    SpecField(
      "style", .choice(Style.allCases.map(\.rawValue)),
      "Curves as in figure6 (dashed training error, bold test error) or figure4 (thin, bold) of He "
        + "et al. 2015; figure6."),
    SpecField("learningRate", .flag, "Whether curves have the learning rate below them; false."),
  ]

  package var style = Style.figure6
  /// Whether the learning rate is drawn below.
  package var showsLearningRate = false

  package init() {}

  package init(_ node: JSONNode) {
    style = node["style"]?.text.flatMap(Style.init(rawValue:)) ?? .figure6
    showsLearningRate = node["learningRate"]?.flag ?? false
  }

  package var furtherMetrics: [Metric] { showsLearningRate ? [.learningRate] : [] }
}

/// Final errors against the nets' size, with the papers' points.
package struct ErrorFigure: FigureKind {
  /// What stands on the horizontal axis.
  package enum Abscissa: String, CaseIterable, Sendable {
    case depth, parameters, macs
  }

  package static let name = "error"
  package static let summary = "final errors against the size of the nets, beside the papers'"
  package static let keys = [
    SpecField(
      "x", .choice(Abscissa.allCases.map(\.rawValue)),
      "What an error figure has on its horizontal axis; depth.")
  ]

  package var x: Abscissa

  package init(_ node: JSONNode) {
    x = node["x"]?.text.flatMap(Abscissa.init(rawValue:)) ?? .depth
  }
}

/// Final errors of all variants as bars with intervals.
package struct BarsFigure: FigureKind {
  package static let name = "bars"
  package static let summary = "final errors of all variants"

  package init(_ node: JSONNode) {}
}

/// A number of every layer, in order and sorted (He et al. 2015, Figure 7).
package struct LayersFigure: FigureKind {
  package static let name = "layers"
  package static let summary =
    "a number of every layer at the last look (evaluation.layersEvery), in order and sorted"
  package static let scope = Metric.Scope.layer
  package static let defaultMetrics: [Metric] = [.responseDeviation]
  package static let drawsSeries = true

  package init(_ node: JSONNode) {}
}
