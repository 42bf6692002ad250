// The descriptions of fields say everything that specs, names, storage and ledgers need.
import Numerics
import Testing

@testable import Networks

@Suite struct ArchitectureFieldTests {
  /// Values of a field, the bounds of a range among them.
  private static func values(of field: ArchitectureField) -> [ArchitectureField.Value] {
    switch field.kind {
    case .choice(let words): words.map { .text($0) }
    case .integer(let range): [.integer(range.lowerBound), .integer(range.upperBound)]
    case .number(let range): [.number(range.lowerBound), .number(range.upperBound)]
    case .flag: [.flag(false), .flag(true)]
    }
  }

  /// What a value has, by the names of its properties.
  private static func properties(_ value: Any) -> [String: String] {
    let children = Mirror(reflecting: value).children
    return Dictionary(uniqueKeysWithValues: children.map { ($0.label ?? "", "\($0.value)") })
  }

  @Test func everyPropertyOfANetIsAField() throws {
    let keys = ArchitectureField.all.map(\.key)
    #expect(Set(keys).count == keys.count)
    #expect(Set(Self.properties(Architecture.Choices.defaults).keys) == Set(keys))
    #expect(Set(Self.properties(try Architecture(name: "resnet-20")).keys) == Set(keys))
    for order in [ArchitectureField.inNames, ArchitectureField.inLedgers] {
      #expect(order.map(\.key).sorted() == keys.sorted())
    }
  }

  /// A field writes its own property and no other, and reads the same from the net.
  @Test(arguments: ArchitectureField.all.map(\.key))
  func aFieldIsItsOwnProperty(key: String) throws {
    let field = try #require(ArchitectureField.all.first { $0.key == key })
    let untouched = Self.properties(Architecture.Choices.defaults)
    var seen: Set<String> = []
    for value in Self.values(of: field) {
      var choices = Architecture.Choices.defaults
      #expect(field.choose(value, in: &choices))
      let changed = Self.properties(choices).filter { $0.value != untouched[$0.key] }
      #expect(Array(changed.keys) == [key])
      #expect(seen.insert(changed[key] ?? "").inserted, "\(value) is another value too")
      #expect(field.choose(.none, in: &choices) && choices == .defaults)
    }
    // Other properties of these nets have values of the same kinds, which differ.
    for name in ["resnet-164-preact-width=0.5", "plain-18-nonorm", "resnet-8-zeroinit-init=xavier"]
    {
      let net = try Architecture(name: name)
      let property = Mirror(reflecting: net).children.first { $0.label == key }
      let expected = (property?.value as? any ArchitectureFieldType)?.fieldValue
      #expect(field.value(of: net) == expected ?? .none, "\(name)")
    }
  }

  @Test(arguments: ArchitectureField.all.map(\.key))
  func aValueOfAnotherKindIsRefused(key: String) throws {
    let field = try #require(ArchitectureField.all.first { $0.key == key })
    var choices = try Architecture(name: "resnet-110-shortcut=shortcutGating").choices
    let before = choices
    let strangers: [ArchitectureField.Value] = [.text("?"), .integer(7), .number(7), .flag(true)]
    let refused = strangers.filter { !field.choose($0, in: &choices) }
    switch field.kind {
    case .choice: #expect(refused == strangers && choices == before)
    case .integer, .number, .flag: #expect(refused.count == 3)
    }
  }

  /// Nets of every mixture of fields: names and choices are read back, no two nets share a name, and
  /// a field that is left out of name or storage is at its default.
  @Test func netsAreReadBack() throws {
    var random = CounterRandom(seed: 1, purpose: .statistics)
    var nets: Set<Architecture> = []
    var names: Set<String> = []
    for _ in 0..<20_000 {
      var choices = Architecture.Choices.defaults
      choices.depth = [11, 18, 20, 34, 50, 56, 164][random.integer(below: 7)]
      for field in ArchitectureField.all where field.key != "depth" && random.integer(below: 4) == 0
      {
        let values = Self.values(of: field)
        _ = field.choose(values[random.integer(below: values.count)], in: &choices)
      }
      guard let net = try? Architecture(choices) else { continue }
      #expect(try Architecture(name: net.name) == net)
      #expect(try Architecture(net.choices) == net)
      var stored = Architecture.Choices.defaults
      for field in ArchitectureField.all {
        guard let value = field.storedValue(of: net) else { continue }
        #expect(field.choose(value, in: &stored))
      }
      #expect(try Architecture(stored) == net)
      #expect(names.insert(net.name).inserted == nets.insert(net).inserted, "\(net.name)")
    }
    #expect(nets.count > 1000)
    for field in ArchitectureField.all where field.key != "depth" {
      let found = Set(nets.map { field.value(of: $0) })
      #expect(found.isSuperset(of: Self.values(of: field)), "\(field.key)")
    }
  }

  /// Canonical JSON of a net at the defaults is what the first version wrote, whatever is added.
  @Test(arguments: ["resnet-20", "plain-18", "resnet-18-textbook", "resnet-50-stride=1x1"])
  func fieldsOfLaterVersionsAreLeftOut(name: String) throws {
    let net = try Architecture(name: name)
    #expect(
      ArchitectureField.all.filter { $0.storedValue(of: net) != nil }.map(\.key) == [
        "network", "depth", "block", "activationOrder", "shortcut", "width", "strideLocation",
        "family",
      ])
  }
}
