// The optimizer of a protocol: one kind as it always was, and what a second one needs.
import Numerics
import Testing

@testable import Specs
@testable import Text

/// A kind that is no optimizer of the program: it shares a key with SGD and lacks the others.
private struct OtherKind: DescribedOptimizer {
  var weightDecay = 0.25
  var warm = true

  static let kind = "other"
  static let title = "Other"
  static let summary = "Another one."
  static let standard = OtherKind()
  static let fields = [
    OptimizerField<OtherKind>(
      "weightDecay", .number(\.weightDecay, 0...8), meaning: "Decoupled", term: "weight decay"),
    OptimizerField<OtherKind>("warm", .flag(\.warm), source: "nobody", term: "warmth"),
  ]
  var settings: OptimizerSettings { .sgd(SGD()) }
  var contradiction: (key: String, message: String)? {
    warm && weightDecay == 0 ? ("warm", "contradicts weightDecay 0") : nil
  }
}

@Suite struct OptimizerSectionTests {
  private let two = OptimizerSection(kinds: [SGD.self, OtherKind.self], standard: SGD.self)

  private func node(_ text: String) throws -> JSONNode { try JSONReader.read(Array(text.utf8)) }

  private func members(_ section: OptimizerSection) -> [SpecField] {
    guard case .object(let fields) = section.field(partial: false).shape else { return [] }
    return fields
  }

  @Test func oneKindHasNoKeyForIt() {
    let section = OptimizerSection(kinds: [SGD.self], standard: SGD.self)
    #expect(
      members(section).map(\.key) == ["learningRate", "momentum", "weightDecay", "nesterov"])
    #expect(
      members(section).map(\.summary) == [
        "The rate before the schedule changes it.", "0.9 (He et al. 2015, 4.2).",
        "L2 penalty on all parameters; 0.0001 (He et al. 2015, 4.2).",
        "Nesterov's momentum; false.",
      ])
    #expect(
      section.field(partial: false).summary
        == "Stochastic gradient descent with momentum; the rate stands outside the velocity.")
  }

  @Test func aSecondKindIsDescribedBesideTheFirst() throws {
    let fields = members(two)
    #expect(
      fields.map(\.key) == [
        "kind", "learningRate", "momentum", "weightDecay", "nesterov", "warm",
      ])
    #expect(fields.filter(\.isRequired).map(\.key) == ["learningRate"])
    #expect(fields[2].summary == "sgd: 0.9 (He et al. 2015, 4.2).")
    #expect(
      fields[3].summary
        == "sgd: L2 penalty on all parameters; 0.0001 (He et al. 2015, 4.2). "
        + "other: Decoupled; 0.25.")
    #expect(fields[5].summary == "other: true (nobody).")
    #expect(
      two.field(partial: true).summary
        == "sgd: Stochastic gradient descent with momentum; the rate stands outside the velocity. "
        + "other: Another one.")
    // The grammar allows what any kind allows, the reader what this one does.
    #expect(
      fields[3].shape.schema
        == .object(["type": .text("number"), "minimum": .number(0), "maximum": .number(8)]))
    #expect(
      try two.read(node(#"{"learningRate": 1, "weightDecay": 2}"#)).problems.map(\.message)
        == ["expected a number from 0 to 1, found the number 2"])
  }

  @Test func theKindDecidesWhichKeysCount() throws {
    let first = try two.read(node(#"{"learningRate": 1, "momentum": 0.5}"#))
    #expect(first.problems.isEmpty && first.optimizer as? SGD == SGD(momentum: 0.5))
    let named = try two.read(node(#"{"kind": "sgd", "learningRate": 1}"#))
    #expect(named.problems.isEmpty && named.optimizer as? SGD == SGD())
    let other = try two.read(node(#"{"kind": "other", "learningRate": 1, "weightDecay": 2}"#))
    #expect(other.problems.isEmpty && other.optimizer as? OtherKind == OtherKind(weightDecay: 2))
    let foreign = try two.read(
      node(#"{"kind": "other", "learningRate": 1, "momentum": 0.5, "weightDecay": 0}"#))
    #expect(
      foreign.problems.map { "\($0.key) \($0.message)" } == [
        "momentum belongs to sgd; this optimizer is other", "warm contradicts weightDecay 0",
      ])
  }

  @Test func onlyAnotherKindIsWritten() {
    #expect(
      two.canonicalJSON(SGD(), learningRate: 0.1).text
        == #"{"learningRate":0.1,"momentum":0.9,"nesterov":false,"weightDecay":0.0001}"#)
    #expect(
      two.canonicalJSON(OtherKind(), learningRate: 1).text
        == #"{"kind":"other","learningRate":1,"warm":true,"weightDecay":0.25}"#)
  }

  @Test func everyKindIsToldInTheSameTerms() {
    func text(_ optimizer: any DescribedOptimizer) -> [String] {
      two.comparedFields(optimizer, learningRate: 0.1).map { "\($0.name): \($0.value)" }
    }
    #expect(
      text(SGD(nesterov: true)) == [
        "optimizer: SGD", "learning rate: 0.1", "momentum: 0.9", "weight decay: 0.0001",
        "Nesterov: yes", "warmth: none",
      ])
    #expect(
      text(OtherKind()) == [
        "optimizer: Other", "learning rate: 0.1", "momentum: none", "weight decay: 0.25",
        "Nesterov: none", "warmth: yes",
      ])
  }

  /// Levels have the kind, which canonical JSON leaves out.
  @Test func theStandardKindIsALevelToo() throws {
    let proto = try SpecFixture.spec(SpecFixture.text()).baseProtocol
    #expect(
      proto.level(of: "optimizer.kind") == FactorLevel(factor: "optimizer.kind", level: "sgd"))
    #expect(proto.level(of: "optimizer.momentum").numeric == 0.9)
    #expect(proto.level(of: "optimizer.warm").level == "none")
    #expect(
      proto.optimizer.levels == [
        "optimizer.kind": "sgd", "optimizer.learningRate": "0.1", "optimizer.momentum": "0.9",
        "optimizer.weightDecay": "0.0001", "optimizer.nesterov": "false",
      ])
  }

  /// What the former kind was told means nothing to the next; the rate is every kind's.
  @Test func aChangeOfKindTakesOverTheRate() throws {
    let base = try node(#"{"optimizer": {"learningRate": 0.1, "momentum": 0.5}, "batch": 8}"#)
    func merged(_ change: String) throws -> String {
      try base.merged(with: node(#"{"optimizer": \#(change)}"#)).json.filter { !" \n".contains($0) }
    }
    #expect(
      try merged(#"{"kind": "other", "warm": false}"#)
        == #"{"optimizer":{"learningRate":0.1,"kind":"other","warm":false},"batch":8}"#)
    #expect(
      try merged(#"{"nesterov": true}"#)
        == #"{"optimizer":{"learningRate":0.1,"momentum":0.5,"nesterov":true},"batch":8}"#)
  }
}
