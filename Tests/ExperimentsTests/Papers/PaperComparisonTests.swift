// What variants are compared with is what their claims cite.
import Foundation
import TestSupport
import Testing

@testable import Papers
@testable import Specs

@Suite struct PaperComparisonTests {
  /// The departures of each variant of a shipped spec, by name, as `field: ours | papers'`.
  private func ledger(_ name: String) throws -> [String: [String]] {
    let spec = try SpecFilesTests.spec(name)
    let variants = try spec.expand()
    let comparison = PaperComparison(spec.claims(of: variants))
    return Dictionary(
      uniqueKeysWithValues: variants.map { variant in
        (
          variant.name,
          comparison.departures(of: variant).map { "\($0.field): \($0.ours) | \($0.papers)" }
        )
      })
  }

  /// The full specs of 2016 are that paper's experiments, warm-up and all.
  @Test(arguments: [
    "activation-orders", "pre-activation", "pre-activation-cifar100", "shortcut-kinds",
    "degradation-cifar10",
  ])
  func aFullSpecDepartsInNothing(name: String) throws {
    let departures = try ledger(name).filter { !$0.value.isEmpty }
    #expect(departures.isEmpty)
  }

  /// In 2015 the warm-up of 110 layers ends where an error is reached, not after so many steps.
  @Test func theCriterionOf2015StaysADeparture() throws {
    let departures = try ledger("depth").filter { !$0.value.isEmpty }
    #expect(
      departures == [
        "resnet-110": [
          "warm-up: 0.01 for 400 steps | 0.01 until the training error is below 80 % "
            + "(about 400 steps)"
        ]
      ])
  }

  /// The nets are of 2015's kind, but the table that is cited stands in the paper of 2016.
  @Test func theCitedPaperDecides() throws {
    let quick = try #require(try ledger("shortcut-kinds-quick")["resnet-56"])
    #expect(quick.contains("warm-up: 0.002 for 30 steps | 0.01 for 400 steps"))
    #expect(quick.contains("depth: 56 | 110"))
    let shortcuts = try #require(try ledger("shortcuts-quick")["resnet-20"])
    #expect(shortcuts.contains("data: shapes | imagenet"))
    #expect(shortcuts.contains("family: cifar | imagenet"))
    #expect(shortcuts.contains("depth: 20 | 34, 50, 101, 152"))
    // Claims on CIFAR nets that also cite ImageNet's section are of the figure's experiment.
    let responses = try #require(try ledger("layer-responses-quick")["plain-56"])
    #expect(responses.contains("data: shapes | cifar-10"))
  }

  @Test func fieldsOfTheNetAreInTheLedger() throws {
    let family = try #require(try ledger("imagenet-family-quick")["resnet-50-stride=1x1-width=0.5"])
    #expect(family.contains("width: 0.5 | 1"))
    let text = SpecFixture.text(
      factors: #"{"depth": [20], "initialization": ["xavier"], "batchNorm": [true, false]}"#,
      more: #""include": [{"depth": 20, "zeroInitResidual": true}, "#
        + #"{"depth": 50, "width": 0.5}]"#)
    let variants = try SpecFixture.variants(text)
    let all = variants.flatMap { variant in
      variant.architecture.departures(from: PaperSetting(of: variant.architecture), depths: [])
        .map { "\($0.field): \($0.ours) | \($0.papers)" }
    }
    #expect(
      all == [
        "initialisation: xavier | he", "batch norm: no | yes", "initialisation: xavier | he",
        "last norm of a block starts at zero: yes | no", "width: 0.5 | 1",
        "stride of a bottleneck: 3x3 | 1x1",
      ])
  }

  /// The depths of each citation are those of the table of that name in results/paper.json.
  @Test(arguments: [
    ("He et al. 2015, Table 1", "he2015.table1"), ("He et al. 2015, Table 2", "he2015.table2"),
    ("He et al. 2015, Table 3", "he2015.table3"), ("He et al. 2015, Table 4", "he2015.table4"),
    ("He et al. 2015, Table 6", "he2015.table6"), ("He et al. 2016, Table 2", "he2016.table2"),
    ("He et al. 2016, Table 3", "he2016.table3"), ("He et al. 2016, Table 4", "he2016.table4"),
  ])
  func depthsAreThePapers(source: String, table: String) throws {
    let data = try Data(contentsOf: Repository.root.appending(path: "results/paper.json"))
    let root = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
    let tables = try #require(root["tables"] as? [[String: Any]])
    let found = try #require(tables.first { $0["id"] as? String == table })
    let rows = try #require(found["rows"] as? [[String: Any]])
    let depths = rows.flatMap { row -> [Int] in
      if let depth = row["depth"] as? Int { return [depth] }
      // A model's name, or a column for each.
      let names = [row["model"] as? String ?? ""] + (row["case"] == nil ? [] : Array(row.keys))
      return names.compactMap { name in
        let isNet = ["resnet", "plain"].contains { name.lowercased().hasPrefix($0) }
        return isNet ? Int(name.drop { !$0.isNumber }.prefix { $0.isNumber }) : nil
      }
    }
    let cited = try #require(PaperCitation(source)).depths
    #expect(Set(cited) == Set(depths))
  }

  /// Every source that a shipped spec names is understood, but for the book's chapter on capacity.
  @Test func sourcesOfShippedSpecsAreKnown() throws {
    let files = try FileManager.default.contentsOfDirectory(atPath: SpecFilesTests.folder.path)
    var known = 0
    for file in files where file.hasSuffix(".json") && file != "spec.schema.json" {
      let spec = try SpecFilesTests.spec(String(file.dropLast(5)))
      for claim in spec.claims(of: try spec.expand()) {
        guard let source = claim.reference?.source, !source.contains("model complexity") else {
          continue
        }
        #expect(PaperCitation(source) != nil, "\(source)")
        known += 1
      }
    }
    #expect(known > 50)
  }

  /// A published number needs the published training where a factor or an override makes it a
  /// variant's own; what the whole experiment shares is no obstacle.
  @Test func whatSetsAVariantApartMustBeThePapers() throws {
    func apart(_ name: String, _ source: String = "He et al. 2015, Table 6") throws -> [String] {
      let spec = try SpecFilesTests.spec(name)
      return try spec.expand().filter { $0.isTrained(as: source, besides: spec.baseProtocol) }
        .map(\.name)
    }
    #expect(try apart("recipe") == ["resnet-20", "plain-20"])
    #expect(try apart("capacity-quick").isEmpty)
    // The warm-up of 110 layers is the paper's as far as steps can say it, and a shorter one that of
    // a shorter protocol; where warm-ups are what is compared, only the paper's is.
    #expect(try apart("depth").contains("resnet-110"))
    #expect(
      try apart("depth-quick") == [
        "resnet-20", "resnet-32", "resnet-44", "resnet-56", "resnet-110",
      ])
    let warmUps = try SpecFixture.spec(
      SpecFixture.text(
        proto: SpecFixture.proto(
          more: #""schedule": {"warmup": {"steps": 400, "learningRate": 0.01}}"#),
        factors: #"{"depth": [110], "schedule.warmup.steps": [40, 400]}"#))
    let published = try warmUps.expand().filter {
      $0.isTrained(as: "He et al. 2015, Table 6", besides: warmUps.baseProtocol)
    }
    #expect(published.map(\.name) == ["resnet-110-schedule.warmup.steps=400"])
    let text = SpecFixture.text(factors: #"{"depth": [20], "optimizer.momentum": [0, 0.9]}"#)
    let spec = try SpecFixture.spec(text)
    let trained = try spec.expand().filter {
      $0.isTrained(as: "He et al. 2015, Table 6", besides: spec.baseProtocol)
    }
    #expect(trained.map(\.name) == ["resnet-20-optimizer.momentum=0.9"])
  }
}
