// Which images a spec asks for, as the protocol keeps it.
import Testing

@testable import Datasets
@testable import Experiments
@testable import Specs
@testable import Text
@testable import Training

@Suite struct DataSpecificationTests {
  private func data(_ text: String) throws -> DataSpecification {
    try SpecFixture.spec(SpecFixture.text(proto: SpecFixture.proto(data: text))).baseProtocol.data
  }

  private func problems(_ text: String) -> [String] {
    SpecFixture.problems(SpecFixture.text(proto: SpecFixture.proto(data: text)))
  }

  @Test func cifar100HasHundredClassesOrTwenty() throws {
    let fine = try data(#"{"name": "cifar-100"}"#)
    #expect(fine.classes == 100)
    #expect(
      fine.canonicalJSON.text
        == #"{"labels":"fine","name":"cifar-100","size":32,"testCount":10000,"trainCount":50000}"#)
    let coarse = try data(#"{"name": "cifar-100", "labels": "coarse"}"#)
    #expect(coarse.classes == 20)
    let request = try coarse.datasetRequest()
    #expect(request.labels == .coarse)
    #expect(
      problems(#"{"name": "cifar-10", "labels": "coarse"}"#)
        == ["4:72: protocol.data.labels: cifar-10 has one label for each image; leave labels out"])
  }

  /// The classes reach the net: 100 outputs have 64 · 90 + 90 parameters more than ten.
  @Test func classesReachTheCosts() throws {
    func parameters(_ data: String) throws -> Int64 {
      let text = SpecFixture.text(
        proto: SpecFixture.proto(data: data), factors: #"{"depth": [20]}"#)
      return try EngineCostModel().cost(of: SpecFixture.variants(text)[0], threads: 1).parameters
    }
    let hundred = try parameters(#"{"name": "cifar-100"}"#)
    #expect(hundred == 275_572)
    let ten = try parameters(#"{"name": "cifar-10"}"#)
    #expect(hundred - ten == 5850)
  }
}
