// A chart that a spec asks for, and its keys.
import Text

/// A chart of a spec's `figures`.
public struct FigureSpec: Hashable, Sendable {
  public enum Kind: String, CaseIterable, Sendable {
    /// Metrics against steps: mean, band and single seeds.
    case curves
    /// Final errors against the nets' size, with the papers' points.
    case error
    /// Final errors of all variants as bars with intervals.
    case bars
    /// A number of every layer, in order and sorted (He et al. 2015, Figure 7).
    case layers
  }

  /// How the two metrics of curves are told apart.
  public enum Style: String, CaseIterable, Sendable {
    /// Dashed training error, bold test error (He et al. 2015, Figure 6).
    case figure6
    /// Thin training error, bold test error (its Figure 4).
    case figure4
  }

  /// What stands on the horizontal axis of an error figure.
  public enum Abscissa: String, CaseIterable, Sendable {
    case depth, parameters, macs
  }

  /// The figure's file name.
  public var name: String
  public var kind: Kind
  public var title: String
  /// The factor with one panel for each of its levels.
  public var panels: String?
  /// The factor with one colour for each of its levels; nil for what varies.
  public var lines: String?
  /// One metric, or two: the first dashed or thin, the second bold.
  public var metrics: [Metric]
  public var style: Style
  public var x: Abscissa
  /// Whether the learning rate is drawn below curves.
  public var showsLearningRate: Bool

  public init(
    name: String, kind: Kind, title: String, panels: String?, lines: String?, metrics: [Metric],
    style: Style = .figure6, x: Abscissa = .depth, showsLearningRate: Bool = false
  ) {
    self.name = name
    self.kind = kind
    self.title = title
    self.panels = panels
    self.lines = lines
    self.metrics = metrics
    self.style = style
    self.x = x
    self.showsLearningRate = showsLearningRate
  }

  /// - Parameters:
  ///   - node: an entry whose shape has been checked.
  ///   - title: the experiment's.
  init(_ node: JSONNode, title: String) {
    let kind = node["kind"]?.text.flatMap(Kind.init(rawValue:)) ?? .curves
    self.init(
      name: node["name"]?.text ?? "", kind: kind, title: node["title"]?.text ?? title,
      panels: node["panels"]?.text, lines: node["lines"]?.text,
      metrics: node["metrics"]?.elements.compactMap { $0.text.map(Metric.init(named:)) }
        ?? kind.defaultMetrics,
      style: node["style"]?.text.flatMap(Style.init(rawValue:)) ?? .figure6,
      x: node["x"]?.text.flatMap(Abscissa.init(rawValue:)) ?? .depth,
      showsLearningRate: node["learningRate"]?.flag ?? false)
  }

  /// Keys and metrics that do not belong to the figure's kind.
  static func foreignKeys(_ node: JSONNode, path: String) -> [SpecProblem] {
    let kind = node["kind"]?.text ?? Kind.curves.rawValue
    let owners = ["style": "curves", "learningRate": "curves", "x": "error"]
    let foreignMetrics = (node["metrics"]?.elements ?? []).enumerated().compactMap {
      index, metric -> SpecProblem? in
      let isOfLayers = Metric(named: metric.text ?? "").scope == .layer
      guard isOfLayers != (kind == Kind.layers.rawValue) else { return nil }
      return SpecProblem(
        position: metric.position, path: "\(path).metrics[\(index)]",
        message: isOfLayers
          ? "belongs to a figure of layers; this one is of \(printable(kind))"
          : "is not a number of layers, which this figure is of")
    }
    return foreignMetrics
      + node.members.compactMap { member in
        guard let owner = owners[member.key], owner != kind else { return nil }
        return SpecProblem(
          position: member.keyPosition, path: "\(path).\(member.key)",
          message: "belongs to a figure of \(owner); this one is of \(printable(kind))")
      }
  }
}

extension FigureSpec.Kind {
  fileprivate var defaultMetrics: [Metric] {
    switch self {
    case .curves: [.trainError, .testError]
    case .error, .bars: [.testError]
    case .layers: [.responseDeviation]
    }
  }
}

extension SpecGrammar {
  static let figure = SpecShape.object([
    SpecField("name", .name, required: true, "The figure's file name."),
    SpecField(
      "kind", .choice(FigureSpec.Kind.allCases.map(\.rawValue)),
      "curves: metrics against steps. error: final errors against the size of the nets, beside the "
        + "papers'. bars: final errors of all variants. layers: a number of every layer at the last "
        + "look (evaluation.layersEvery), in order and sorted. curves."),
    SpecField("title", .line(maximumLength: 200), "By default the experiment's title."),
    SpecField(
      "panels", .choice(allFactors.map(\.key)), "One panel for each level of this factor; none."),
    SpecField(
      "lines", .choice(allFactors.map(\.key)),
      "One colour for each level of this factor; by default for what varies."),
    SpecField(
      "metrics", .list(of: .choice(Metric.inSpecs.map(\.name)), count: 1...2),
      "The first is dashed or thin, the second bold; errorGap is test error minus training error. "
        + "trainError and testError of curves, responseDeviation of layers, testError of others."),
    SpecField(
      "style", .choice(FigureSpec.Style.allCases.map(\.rawValue)),
      "Curves as in figure6 (dashed training error, bold test error) or figure4 (thin, bold) of He "
        + "et al. 2015; figure6."),
    SpecField(
      "x", .choice(FigureSpec.Abscissa.allCases.map(\.rawValue)),
      "What an error figure has on its horizontal axis; depth."),
    SpecField("learningRate", .flag, "Whether curves have the learning rate below them; false."),
  ])
}
