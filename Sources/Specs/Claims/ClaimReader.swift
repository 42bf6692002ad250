// From a spec's claims to values: keys that fit their kind, and sides that are one variant each.
import Statistics
import Text

/// Reads claims whose keys and types have been checked by their shape.
struct ClaimReader {
  private let nodes: [JSONNode]
  private(set) var problems: [SpecProblem] = []

  init(_ root: JSONNode) { nodes = root["claims"]?.elements ?? [] }

  // MARK: Keys

  private struct Keys {
    let required: [String]
    let optional: [String]
    let directions: [String]
  }

  private static func keys(of kind: Claim.Kind) -> Keys {
    switch kind {
    case .superiority:
      Keys(required: ["a", "b", "direction"], optional: [], directions: ["a>b", "a<b"])
    case .equivalence: Keys(required: ["a", "b", "margin"], optional: [], directions: [])
    case .order:
      Keys(
        required: ["sequence", "direction"], optional: [],
        directions: ["increasing", "decreasing"])
    case .diagnostic:
      Keys(
        required: ["a", "direction", "threshold"], optional: ["b", "statistic"],
        directions: ["above", "below"])
    }
  }

  /// Finds keys that a claim's kind lacks or does not have, and names used twice.
  mutating func checkKeys() {
    var seen: [String: TextPosition] = [:]
    for (index, node) in nodes.enumerated() {
      let path = "claims[\(index)]"
      if let id = node["id"], let name = id.text {
        if let first = seen[name] {
          report("another claim has the name \(name) already, at \(first)", id, "\(path).id")
        }
        seen[name] = seen[name] ?? id.position
      }
      guard let kind = node["kind"]?.text.flatMap(Claim.Kind.init(rawValue:)) else { continue }
      if let metric = node["metric"], Self.metric(node).scope == .layer, kind != .diagnostic {
        report("is of single layers, which only a diagnostic compares", metric, "\(path).metric")
      }
      if Self.metric(node) == .errorGap, let statistic = node["statistic"],
        statistic.text != Claim.Statistic.last.rawValue
      {
        report("of the gap there is the last value alone", statistic, "\(path).statistic")
      }
      checkReference(node, path)
      let keys = Self.keys(of: kind)
      for key in keys.required where node[key] == nil {
        report("the key \"\(key)\" of a claim of \(kind.rawValue) is missing", node, path)
      }
      let foreign = ["a", "b", "sequence", "direction", "margin", "statistic", "threshold"]
        .filter { !keys.required.contains($0) && !keys.optional.contains($0) }
      for member in node.members where foreign.contains(member.key) {
        problems.append(
          SpecProblem(
            position: member.keyPosition, path: "\(path).\(member.key)",
            message: "does not belong to a claim of \(kind.rawValue)"))
      }
      if let direction = node["direction"], let word = direction.text,
        !keys.directions.isEmpty, !keys.directions.contains(word)
      {
        report(
          "is no direction of a claim of \(kind.rawValue); "
            + suggestion(for: printable(word), among: keys.directions),
          direction, "\(path).direction")
      }
    }
  }

  /// What a source found must fit the claim and itself.
  private mutating func checkReference(_ node: JSONNode, _ path: String) {
    guard let reference = node["reference"] else { return }
    let sequence = node["sequence"]?.elements.count
    if let values = reference["values"], values.elements.count != sequence ?? 0 {
      report(
        sequence.map { "has \(values.elements.count) values for a sequence of \($0)" }
          ?? "belongs to a sequence; write a and b", values, "\(path).reference.values")
    }
    if let a = reference["a"]?.double, let b = reference["b"]?.double,
      let node = reference["difference"], let difference = node.double,
      // Printed numbers are rounded.
      (a - b - difference).magnitude > 0.0051 + 0.01 * difference.magnitude
    {
      report(
        "a − b is \(canonical(a - b)); leave the difference out, or mend one of the three", node,
        "\(path).reference.difference")
    }
  }

  /// A metric that a side's runs will not record has nothing to compare.
  private mutating func checkMetric(
    _ node: JSONNode, _ claim: Claim, _ path: String, _ variants: [Variant]
  ) {
    for variant in variants where claim.variants.contains(variant.name) {
      if let obstacle = claim.metric.obstacle(variant.trainingProtocol) {
        report(
          "\(variant.name) records no \(claim.metric.name): it \(obstacle)", node["metric"] ?? node,
          "\(path).metric")
        return
      }
    }
  }

  // MARK: Values

  /// The claims; those with a side that is not exactly one variant are left out, see `problems`.
  mutating func read(_ variants: [Variant]) -> [Claim] {
    var claims: [Claim] = []
    for (index, node) in nodes.enumerated() {
      guard let kind = node["kind"]?.text.flatMap(Claim.Kind.init(rawValue:)),
        let assertion = assertion(kind, node, "claims[\(index)]", variants)
      else { continue }
      var claim = Claim(
        id: node["id"]?.text ?? "", statement: "", metric: Self.metric(node),
        assertion: assertion, reference: node["reference"].map(Self.reference))
      claim.statement = node["statement"]?.text ?? claim.formula
      checkMetric(node, claim, "claims[\(index)]", variants)
      claims.append(claim)
    }
    return claims
  }

  private mutating func assertion(
    _ kind: Claim.Kind, _ node: JSONNode, _ path: String, _ variants: [Variant]
  ) -> Claim.Assertion? {
    let word = node["direction"]?.text ?? ""
    let direction: WelchTest.Direction =
      ["a>b", "decreasing", "above"].contains(word) ? .greater : .less
    let a = side(node["a"], "\(path).a", variants)
    let b = side(node["b"], "\(path).b", variants)
    if let a, a == b, let second = node["b"] {
      report("is the same variant as a, \(a)", second, "\(path).b")
      return nil
    }
    switch kind {
    case .superiority:
      guard let a, let b else { return nil }
      return .superiority(a: a, b: b, direction)
    case .equivalence:
      guard let a, let b, let margin = node["margin"]?.double else { return nil }
      return .equivalence(a: a, b: b, margin: margin)
    case .order:
      let nodes = node["sequence"]?.elements ?? []
      var names: [String] = []
      for (index, element) in nodes.enumerated() {
        let place = "\(path).sequence[\(index)]"
        guard let name = side(element, place, variants) else { continue }
        if names.contains(name) { report("\(name) is in the sequence already", element, place) }
        names.append(name)
      }
      return names.count == nodes.count && names.count > 1 ? .order(names, direction) : nil
    case .diagnostic:
      guard let a, let threshold = node["threshold"]?.double else { return nil }
      let statistic = node["statistic"]?.text.flatMap(Claim.Statistic.init(rawValue:)) ?? .last
      return .diagnostic(a: a, b: b, statistic, direction, threshold: threshold)
    }
  }

  /// The one variant that has all levels of a side.
  private mutating func side(
    _ node: JSONNode?, _ path: String, _ variants: [Variant]
  ) -> String? {
    guard let node else { return nil }
    guard !node.members.isEmpty else {
      report("names no level; write as many as tell one variant from the others", node, path)
      return nil
    }
    for member in node.members {
      let known = Set(variants.compactMap { $0.level(of: member.key)?.level })
      let unknown = SpecRules.unknownLevels(
        in: member.value, known: known.sorted(), path: "\(path).\(member.key)")
      guard unknown.isEmpty else {
        problems += unknown
        return nil
      }
    }
    let match = LevelMatch(node)
    let found = variants.filter { match.matches($0.levels) }.map(\.name)
    if found.isEmpty { report("no variant has all of these levels", node, path) }
    if found.count > 1 {
      let names = found.prefix(4).joined(separator: ", ") + (found.count > 4 ? ", …" : "")
      report("these levels are \(found.count) variants: \(names); name more levels", node, path)
    }
    return found.count == 1 ? found[0] : nil
  }

  private static func metric(_ node: JSONNode) -> Metric {
    node["metric"]?.text.map(Metric.init(named:)) ?? .testError
  }

  private static func reference(_ node: JSONNode) -> Claim.Reference {
    let (a, b) = (node["a"]?.double, node["b"]?.double)
    let difference = a.flatMap { a in b.map { a - $0 } }
    return Claim.Reference(
      source: node["source"]?.text ?? "", a: a, b: b,
      difference: node["difference"]?.double ?? difference,
      values: node["values"]?.elements.compactMap(\.double) ?? [], note: node["note"]?.text)
  }

  private mutating func report(_ message: String, _ node: JSONNode, _ path: String) {
    problems.append(SpecProblem(position: node.position, path: path, message: message))
  }
}

extension ExperimentSpec {
  /// The claims about these variants, which `expand()` has given.
  public func claims(of variants: [Variant]) -> [Claim] {
    var reader = ClaimReader(root)
    return reader.read(variants)
  }
}
