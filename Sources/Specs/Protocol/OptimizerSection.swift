// The optimizer of a protocol: checked, read, written and told from the descriptions of its kinds.
import Numerics
import Text

extension TrainingProtocol {
  /// How the weights are changed in each step.
  public struct Optimizer: Hashable, Sendable {
    /// The rate before the schedule changes it.
    public var learningRate: Double
    /// Which optimizer it is, with everything but the rate.
    public var settings: OptimizerSettings

    package init(learningRate: Double, settings: OptimizerSettings) {
      self.learningRate = learningRate
      self.settings = settings
    }
  }
}

/// What a spec says of one kind of optimizer.
protocol DescribedOptimizer: Hashable, Sendable {
  /// As the key `kind` has it.
  static var kind: String { get }
  /// As reports name it.
  static var title: String { get }
  /// One sentence for the schema.
  static var summary: String { get }
  /// All settings at their defaults.
  static var standard: Self { get }
  /// The keys besides `kind` and `learningRate`; none of them is required.
  static var fields: [OptimizerField<Self>] { get }

  var settings: OptimizerSettings { get }
  /// The first key whose value contradicts another's, and why; nil where none does.
  var contradiction: (key: String, message: String)? { get }
}

/// One key of an optimizer; its default is that of the settings.
struct OptimizerField<Settings: Sendable>: Sendable {
  /// Where the value is in the settings, and which values are allowed.
  enum Place: Sendable {
    case number(WritableKeyPath<Settings, Double> & Sendable, ClosedRange<Double>)
    case flag(WritableKeyPath<Settings, Bool> & Sendable)
  }

  let key: String
  let place: Place
  /// For the schema, where the key does not say enough.
  let meaning: String?
  /// Where the default is from.
  let source: String?
  /// What the papers' protocols call it.
  let term: String

  init(
    _ key: String, _ place: Place, meaning: String? = nil, source: String? = nil, term: String
  ) {
    self.key = key
    self.place = place
    self.meaning = meaning
    self.source = source
    self.term = term
  }

  fileprivate var shape: SpecShape {
    switch place {
    case .number(_, let range): .number(range, above: false)
    case .flag: .flag
    }
  }

  fileprivate func value(in settings: Settings) -> CanonicalJSON {
    switch place {
    case .number(let path, _): .number(settings[keyPath: path])
    case .flag(let path): .flag(settings[keyPath: path])
    }
  }

  fileprivate func set(_ node: JSONNode, in settings: inout Settings) {
    switch place {
    case .number(let path, _): settings[keyPath: path] = node.double ?? settings[keyPath: path]
    case .flag(let path): settings[keyPath: path] = node.flag ?? settings[keyPath: path]
    }
  }

  /// `L2 penalty on all parameters; 0.0001 (He et al. 2015, 4.2).`
  fileprivate func summary(standard: Settings) -> String {
    (meaning.map { "\($0); " } ?? "") + value(in: standard).text
      + (source.map { " (\($0))" } ?? "") + "."
  }
}

/// A key of one kind of optimizer, without the type of its settings.
private struct OptimizerKey {
  let kind: String
  let key: String
  let shape: SpecShape
  let summary: String
  let term: String
}

extension DescribedOptimizer {
  fileprivate static var keys: [OptimizerKey] {
    fields.map {
      OptimizerKey(
        kind: kind, key: $0.key, shape: $0.shape, summary: $0.summary(standard: standard),
        term: $0.term)
    }
  }

  /// Reads what is given; the rest is at its default.
  fileprivate static func reading(_ node: JSONNode) -> Self {
    var result = standard
    for field in fields {
      if let value = node[field.key] { field.set(value, in: &result) }
    }
    return result
  }

  /// Every key but `kind` with its value.
  var members: [(key: String, value: CanonicalJSON)] {
    Self.fields.map { ($0.key, $0.value(in: self)) }
  }
}

/// The optimizer's section for some kinds of optimizers.
struct OptimizerSection: Sendable {
  /// That of a protocol.
  static let all = OptimizerSection(
    kinds: OptimizerSettings.kinds, standard: OptimizerSettings.standardKind)

  let kinds: [any DescribedOptimizer.Type]
  /// The one of a section without the key `kind`.
  let standard: any DescribedOptimizer.Type

  /// The section's key in the grammar. With one kind only, there is no key `kind`.
  /// - Parameter partial: whether only changes are given, so that nothing is required.
  func field(partial: Bool) -> SpecField {
    let rate = SpecField(
      "learningRate", .number(SpecShape.smallest...1000, above: false), required: !partial,
      "The rate before the schedule changes it.")
    let kind = SpecField(
      "kind", .choice(kinds.map { $0.kind }),
      "Which optimizer; \(standard.kind). Given as a change, it takes over the learning rate alone."
    )
    let fields = keys.map { key in
      let owners = owners(of: key)
      let shapes = owners.map(\.shape)
      return SpecField(
        key, shapes.dropFirst().reduce(shapes[0]) { $0.union($1) },
        told(owners.map { ($0.kind, $0.summary) }))
    }
    return SpecField(
      "optimizer", .object((kinds.count > 1 ? [kind] : []) + [rate] + fields), required: !partial,
      told(kinds.map { ($0.kind, $0.summary) }))
  }

  /// What is said of each kind, in one text.
  private func told(_ texts: [(kind: String, text: String)]) -> String {
    guard kinds.count > 1 else { return texts.map(\.text).joined() }
    return texts.map { "\($0.kind): \($0.text)" }.joined(separator: " ")
  }

  /// The keys of all kinds, each once.
  private var keys: [String] { kinds.flatMap { $0.keys.map(\.key) }.uniqued }

  private func owners(of key: String) -> [OptimizerKey] {
    kinds.flatMap { $0.keys.filter { $0.key == key } }
  }

  /// The settings of a section whose keys and types have been checked, and what contradicts its
  /// kind or another key.
  func read(
    _ node: JSONNode
  ) -> (optimizer: any DescribedOptimizer, problems: [(key: String, message: String)]) {
    let kind = kinds.first { $0.kind == node["kind"]?.text } ?? standard
    let own = kind.keys
    var problems: [(key: String, message: String)] = []
    for key in keys {
      guard let value = node[key] else { continue }
      if let field = own.first(where: { $0.key == key }) {
        problems += field.shape.problems(in: value, path: []).map { (key, $0.message) }
      } else {
        let others = owners(of: key).map(\.kind).joined(separator: ", ")
        problems.append((key, "belongs to \(others); this optimizer is \(kind.kind)"))
      }
    }
    let optimizer = kind.reading(node)
    if let contradiction = optimizer.contradiction { problems.append(contradiction) }
    return (optimizer, problems)
  }

  /// Every key with its value; the kind is left out where it is the standard one.
  func canonicalJSON(
    _ optimizer: any DescribedOptimizer, learningRate: Double
  ) -> CanonicalJSON {
    var members = Dictionary(uniqueKeysWithValues: optimizer.members.map { ($0.key, $0.value) })
    members["learningRate"] = .number(learningRate)
    let kind = type(of: optimizer).kind
    if kind != standard.kind { members["kind"] = .text(kind) }
    return .object(members)
  }

  /// What papers say of an optimizer, in the terms of all kinds: `none` where it has no such key.
  func comparedFields(
    _ optimizer: any DescribedOptimizer, learningRate: Double
  ) -> [(name: String, value: String)] {
    let values = Dictionary(uniqueKeysWithValues: optimizer.members.map { ($0.key, $0.value) })
    return [
      ("optimizer", type(of: optimizer).title), ("learning rate", canonical(learningRate)),
    ]
      + keys.map { key in
        let term = owners(of: key)[0].term
        switch values[key] {
        case .flag(let flag): return (term, flag ? "yes" : "no")
        case let value?: return (term, value.text)
        case nil: return (term, "none")
        }
      }
  }
}

extension TrainingProtocol.Optimizer {
  /// As the key `kind` has it.
  var kind: String { type(of: settings.described).kind }

  var canonicalJSON: CanonicalJSON {
    OptimizerSection.all.canonicalJSON(settings.described, learningRate: learningRate)
  }

  /// The optimizer in the words of the papers' protocols; of any two, the names are the same.
  package var comparedFields: [(name: String, value: String)] {
    OptimizerSection.all.comparedFields(settings.described, learningRate: learningRate)
  }

  /// Every field as a level, by its dotted path.
  package var levels: [String: String] {
    var levels = [
      "optimizer.kind": kind, "optimizer.learningRate": canonical(learningRate),
    ]
    for member in settings.described.members {
      levels["optimizer.\(member.key)"] = member.value.text
    }
    return levels
  }
}

extension SpecShape {
  /// The shape of what fits this one or the other, of the same type.
  fileprivate func union(_ other: SpecShape) -> SpecShape {
    guard case .number(let a, let above) = self, case .number(let b, _) = other else { return self }
    return .number(
      min(a.lowerBound, b.lowerBound)...max(a.upperBound, b.upperBound), above: above)
  }
}
