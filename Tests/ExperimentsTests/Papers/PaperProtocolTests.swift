// The papers' protocols and numbers in the code are those of results/paper.json.
import Foundation
import Networks
import TestSupport
import Testing

@testable import Papers
@testable import Specs

@Suite struct PaperProtocolTests {
  /// The rows of a table of results/paper.json.
  private func rows(_ table: String) throws -> [[String: Any]] {
    let data = try Data(contentsOf: Repository.root.appending(path: "results/paper.json"))
    let root = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
    let tables = try #require(root["tables"] as? [[String: Any]])
    let found = try #require(tables.first { $0["id"] as? String == table })
    return try #require(found["rows"] as? [[String: Any]])
  }

  private func fields(_ name: String, data: String = "cifar-10") throws -> [String: String] {
    let proto = SpecFixture.proto(data: #"{"name": "\#(data)"}"#)
    let spec = try SpecFixture.spec(SpecFixture.text(proto: proto))
    let paper = PaperProtocol.of(try Architecture(name: name), ours: spec.baseProtocol)
    return Dictionary(uniqueKeysWithValues: paper.fields.map { ($0.name, $0.value) })
  }

  @Test func theProtocolOf2015IsThePapers() throws {
    let row = try #require(try rows("he2015.cifar_protocol").first)
    let fields = try fields("plain-56")
    func number(_ key: String) -> String { "\(row[key] ?? "")" }
    #expect(fields["batch"] == number("batch_size"))
    #expect(fields["steps"] == number("stop_iter"))
    #expect(fields["learning rate"] == number("lr"))
    #expect(fields["weight decay"].flatMap(Double.init) == row["weight_decay"] as? Double)
    #expect(fields["training images"] == number("train"))
    #expect(fields["test images"] == number("test"))
    #expect(fields["momentum"].map { "SGD momentum \($0)" } == row["optimizer"] as? String)
    let milestones = (row["lr_milestones_iter"] as? [Int])?.map(String.init).joined(separator: ", ")
    #expect(
      fields["schedule"] == "× \(number("lr_factor")) at steps \(milestones ?? "")")
    #expect(fields["warm-up"] == "none")
    #expect(try self.fields("resnet-110")["warm-up"]?.hasPrefix("0.01 until") == true)
    // 2016 warms every net up, for a number of steps instead.
    let facts = try rows("he2016.facts")
    let warmUp = try #require(facts.first { $0["id"] as? String == "cifar_warmup_all" })
    #expect((warmUp["text"] as? String)?.contains("lr 0.01 for about 400 iterations") == true)
    #expect(try self.fields("resnet-20-preact")["warm-up"] == "0.01 for 400 steps")
    let imageNet = try #require(try rows("he2015.imagenet_protocol").first)
    let large = try self.fields("resnet-34")
    #expect(large["batch"] == "\(imageNet["batch_size"] ?? "")")
    #expect(large["steps"] == "\(imageNet["max_iter"] ?? "")")
  }

  @Test func theSpecOfThePapersProtocolHasNoDeparture() throws {
    let spec = try SpecFilesTests.spec("degradation-cifar10")
    let comparison = PaperComparison([])
    let departures = try spec.expand().flatMap { comparison.departures(of: $0) }
    #expect(departures.isEmpty)
  }

  @Test func departuresAreComputedFieldByField() throws {
    let spec = try SpecFilesTests.spec("degradation")
    let variant = try #require(try spec.expand().first)
    #expect(
      PaperComparison([]).departures(of: variant).map { "\($0.field): \($0.ours), \($0.papers)" }
        == [
          "data: shapes, cifar-10", "image size: 16, 32", "test images: 2000, 10000",
          "steps: 600, 64000", "learning rate: 0.02, 0.1",
          "schedule: × 0.1 at steps 400, × 0.1 at steps 32000, 48000",
          "augmentation: crop from 2 pixels of padding, mirror, "
            + "crop from 4 pixels of padding, mirror",
        ])
  }

  @Test func publishedErrorsAreThePapers() throws {
    func value(_ name: String, _ metric: Metric = .testError, data: String = "cifar-10") throws
      -> PublishedError?
    {
      PublishedError.of(try Architecture(name: name)).first {
        $0.metric == metric && $0.data == data
      }
    }
    for row in try rows("he2015.table6") {
      guard let depth = row["depth"] as? Int else { continue }
      let expected = row["mean"] as? Double ?? row["test_err"] as? Double
      #expect(try value("resnet-\(depth)")?.value == expected)
    }
    for row in try rows("repro.scratch") {
      let name = try #require(row["model"] as? String).lowercased()
      let errors = PublishedError.of(try Architecture(name: name)).filter(\.isReproduction)
      #expect(errors.map(\.value) == [row["test_err"] as? Double, row["train_err"] as? Double])
    }
    for row in try rows("he2016.table3") {
      let model = try #require(row["model"] as? String)
      let data = try #require(row["dataset"] as? String).lowercased()
      guard !model.contains("skip") else { continue }
      let name = model.lowercased()
      #expect(try value(name, data: data)?.value == row["original_unit"] as? Double)
      #expect(try value("\(name)-preact", data: data)?.value == row["preact_unit"] as? Double)
    }
    let orders = [
      "original": "", "BN after addition": "-order=normAfterAddition",
      "ReLU before addition": "-order=reluBeforeAddition",
      "ReLU-only pre-activation": "-order=reluOnlyPre", "full pre-activation": "-preact",
    ]
    for row in try rows("he2016.table2") {
      let order = try #require(orders[row["case"] as? String ?? ""])
      #expect(try value("resnet-110\(order)")?.value == row["resnet110"] as? Double)
      #expect(try value("resnet-164\(order)")?.value == row["resnet164"] as? Double)
    }
    for row in try rows("he2016.table1") {
      let name: String? =
        switch (row["case"] as? String, row["on_F"] as? String, row["on_shortcut"] as? String) {
        case ("original", _, _): ""
        case ("constant scaling", "0.5", _): "-shortcut=scalingBoth"
        case ("constant scaling", "1", "0.5"): "-shortcut=scaling"
        case ("exclusive gating", _, _): "-shortcut=exclusiveGating"
        case ("shortcut-only gating", _, _): "-shortcut=shortcutGating"
        case ("1x1 conv shortcut", _, _): "-shortcut=C"
        case ("dropout shortcut", _, _): "-shortcut=dropout"
        default: nil  // scaling by 0 is a plain net
        }
      guard let name else { continue }
      let bias = (row["init_bg"] as? Int).map { $0 == -6 ? "" : "-gateBias=\($0)" } ?? ""
      // A range of biases stands for several nets, all without a number.
      guard (row["init_bg"] as? String) == nil else { continue }
      #expect(try value("resnet-110\(name)\(bias)")?.value == row["test_err"] as? Double)
    }
    let names = [
      "ResNet-18A": "resnet-18-shortcut=A", "ResNet-34A": "resnet-34-shortcut=A",
      "ResNet-34 A": "resnet-34-shortcut=A", "ResNet-34 B": "resnet-34",
      "ResNet-34 C": "resnet-34-shortcut=C", "ResNet-50": "resnet-50-stride=1x1",
      "ResNet-101": "resnet-101-stride=1x1", "ResNet-152": "resnet-152-stride=1x1",
      "plain-18": "plain-18", "plain-34": "plain-34",
    ]
    var compared = 0
    for row in try rows("he2015.table2") + rows("he2015.table3") {
      let model = "\(row["model"] ?? "")\(row["shortcut"] ?? "")"
      guard let name = names[model] else { continue }
      #expect(try value(name, data: "imagenet")?.value == row["top1_err"] as? Double)
      compared += 1
    }
    #expect(compared == 11)
  }

  /// Every reference of a claim that names a table has that table's numbers.
  @Test func referencesOfClaimsAreThePapers() throws {
    let table6 = Dictionary(
      try rows("he2015.table6").compactMap { row in
        (row["depth"] as? Int).map { ($0, row["test_err"] as? Double) }
      }, uniquingKeysWith: { first, _ in first })
    var reproduced: [String: [Double?]] = [:]
    for row in try rows("repro.scratch") {
      let name = try #require(row["model"] as? String).lowercased()
      reproduced[name] = [row["train_err"] as? Double, row["test_err"] as? Double]
    }
    var compared = 0
    for name in [
      "degradation", "degradation-cifar10", "degradation-cifar10-quick", "degradation-fashion",
    ] {
      let spec = try SpecFilesTests.spec(name)
      for claim in spec.claims(of: try spec.expand()) {
        let reference = try #require(claim.reference, "\(name) \(claim.id)")
        let depths = claim.variants.map { Int($0.split(separator: "-")[1]) ?? 0 }
        if reference.source.hasSuffix("Table 6") {
          let expected = depths.map { table6[$0] ?? nil }
          let sides = [reference.a, reference.b]
          let values = reference.values.isEmpty ? sides : reference.values.map(Optional.some)
          #expect(values == expected, "\(name) \(claim.id)")
        } else {
          let column = claim.metric == .trainError ? 0 : 1
          let expected = claim.variants.map { reproduced[$0]?[column] ?? nil }
          #expect([reference.a, reference.b] == expected, "\(name) \(claim.id)")
        }
        compared += 1
      }
    }
    #expect(compared == 17)
  }
}
