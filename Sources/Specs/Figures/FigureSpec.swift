// A chart that a spec asks for, and the keys that all kinds of charts have.
import Text

/// A chart of a spec's `figures`.
public struct FigureSpec: Sendable {
  /// The figure's file name.
  public var name: String
  /// The kind with its own settings.
  package var kind: any FigureKind
  public var title: String
  /// The factor with one panel for each of its levels.
  public var panels: String?
  /// The factor with one colour for each of its levels; nil for what varies.
  public var lines: String?
  /// One metric, or two: the first dashed or thin, the second bold.
  public var metrics: [Metric]

  package init(
    name: String, kind: any FigureKind, title: String, panels: String?, lines: String?,
    metrics: [Metric]
  ) {
    self.name = name
    self.kind = kind
    self.title = title
    self.panels = panels
    self.lines = lines
    self.metrics = metrics
  }

  /// - Parameters:
  ///   - node: an entry whose shape has been checked.
  ///   - title: the experiment's.
  init(_ node: JSONNode, title: String) {
    let kind = FigureKinds.kind(of: node) ?? CurvesFigure.self
    self.init(
      name: node["name"]?.text ?? "", kind: kind.init(node), title: node["title"]?.text ?? title,
      panels: node["panels"]?.text, lines: node["lines"]?.text,
      metrics: node["metrics"]?.elements.compactMap { $0.text.map(Metric.init(named:)) }
        ?? kind.defaultMetrics)
  }

  /// All metrics that the figure is drawn from.
  package var allMetrics: [Metric] { metrics + kind.furtherMetrics }

  /// Keys and metrics that do not belong to the figure's kind.
  static func foreignKeys(_ node: JSONNode, path: String) -> [SpecProblem] {
    let word = printable(node["kind"]?.text ?? CurvesFigure.name)
    let kind = FigureKinds.kind(of: node)
    let scope = kind?.scope ?? .run
    let foreignMetrics = (node["metrics"]?.elements ?? []).enumerated().compactMap {
      index, metric -> SpecProblem? in
      let own = Metric(named: metric.text ?? "").scope
      guard own != scope else { return nil }
      let owners = FigureKinds.names { $0.scope == .layer }
      return SpecProblem(
        position: metric.position, path: "\(path).metrics[\(index)]",
        message: own == .layer
          ? "belongs to a figure of \(owners); this one is of \(word)"
          : "is not a number of layers, which this figure is of")
    }
    return foreignMetrics
      + node.members.compactMap { member in
        func has(_ kind: any FigureKind.Type) -> Bool {
          kind.keys.contains { $0.key == member.key }
        }
        let owners = FigureKinds.names(where: has)
        guard !owners.isEmpty, kind.map(has) != true else { return nil }
        return SpecProblem(
          position: member.keyPosition, path: "\(path).\(member.key)",
          message: "belongs to a figure of \(owners); this one is of \(word)")
      }
  }
}

extension FigureKinds {
  /// The kind that an entry of a spec names; nil where there is none of that name.
  fileprivate static func kind(of node: JSONNode) -> (any FigureKind.Type)? {
    guard let word = node["kind"]?.text else { return CurvesFigure.self }
    return all.first { $0.name == word }
  }

  /// Their names, as in "curves or layers".
  fileprivate static func names(where matches: (any FigureKind.Type) -> Bool) -> String {
    all.filter(matches).map { $0.name }.joined(separator: " or ")
  }

  /// Each kind with its default metrics, those with the test error alone together at the end.
  fileprivate static var defaults: String {
    let others = all.filter { $0.defaultMetrics != [.testError] }.map { kind in
      "\(kind.defaultMetrics.map(\.name).joined(separator: " and ")) of \(kind.name)"
    }
    return (others + ["testError of others"]).joined(separator: ", ")
  }

  /// The keys of single kinds: the first of each kind, then the second of each, and so on.
  fileprivate static var keys: [SpecField] {
    let most = all.map { $0.keys.count }.max() ?? 0
    let fields = (0..<most).flatMap { index in
      all.compactMap { $0.keys.count > index ? $0.keys[index] : nil }
    }
    // Kinds may share a key.
    return fields.enumerated().filter { index, field in
      fields.firstIndex { $0.key == field.key } == index
    }.map(\.element)
  }
}

extension SpecGrammar {
  static let figure = SpecShape.object(
    [
      SpecField("name", .name, required: true, "The figure's file name."),
      SpecField(
        "kind", .choice(FigureKinds.all.map { $0.name }),
        FigureKinds.all.map { "\($0.name): \($0.summary). " }.joined() + "\(CurvesFigure.name)."),
      SpecField("title", .line(maximumLength: 200), "By default the experiment's title."),
      SpecField(
        "panels", .choice(allFactors.map(\.key)), "One panel for each level of this factor; none."),
      SpecField(
        "lines", .choice(allFactors.map(\.key)),
        "One colour for each level of this factor; by default for what varies."),
      SpecField(
        "metrics", .list(of: .choice(Metric.inSpecs.map(\.name)), count: 1...2),
        "The first is dashed or thin, the second bold; errorGap is test error minus training error. "
          + "\(FigureKinds.defaults)."),
    ] + FigureKinds.keys)
}
