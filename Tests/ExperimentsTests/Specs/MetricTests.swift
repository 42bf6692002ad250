// The list of metrics: names that agree with what is stored, titles, and what each needs.
import Testing

@testable import Specs

@Suite struct MetricTests {
  @Test func eachNameStandsForOneMetric() {
    #expect(Set(Metric.all.map(\.name)).count == Metric.all.count)
    for metric in Metric.all {
      let found = Metric(named: metric.name)
      #expect(found.title == metric.title && found.kind == metric.kind)
      // A colon is a layer's, and lists of names are joined by commas and spaces.
      #expect(metric.name.allSatisfy { $0.isLetter || $0.isNumber }, "\(metric.name)")
    }
  }

  @Test func ofAnotherNameNothingIsKnown() {
    let unknown = Metric(named: "someError")
    #expect(unknown.name == "someError" && unknown.label == "someError")
    #expect(unknown.kind == .other && !unknown.isPercent && unknown.scope == .run)
    #expect(Metric(named: "responseDeviation:0001:conv1").scope == .run)
  }

  @Test func labelsHaveTheUnit() {
    #expect(Metric.testError.label == "test error (%)")
    #expect(Metric.errorGap.label == "test − training error (%)")
    #expect(Metric.imagesPerSecond.label == "images/s")
  }

  /// Every error is in percent; of the other numbers only the difference of two errors is.
  @Test func whatIsAnErrorIsInPercent() {
    let errors = Metric.all.filter { $0.kind == .error }
    #expect(errors.count == 9 && errors.allSatisfy(\.isPercent))
    #expect(Metric.all.filter { $0.isPercent && $0.kind != .error }.map(\.name) == ["errorGap"])
    #expect(
      Metric.all.filter { $0.kind == .loss }.map(\.name)
        == ["trainLoss", "testLoss", "validationLoss"])
  }

  @Test func onlySpeedDependsOnTheClock() {
    #expect(Metric.all.filter(\.isTimed) == [.imagesPerSecond])
  }

  @Test func whatIsNeededIsAskedOfTheProtocol() throws {
    var own = try #require(try SpecFixture.variants(SpecFixture.text()).first).trainingProtocol
    #expect(
      Metric.all.filter { $0.obstacle(own) != nil }.map(\.name) == [
        "tenCropError", "tenCropTop5Error", "validationLoss", "validationError",
        "validationTop5Error", "selectedTestError",
        "selectedStep", "brokenFiles", "untestedClasses", "responseDeviation", "layerGradientNorm",
        "updateRatio",
        "deadShare",
      ])
    own.data.validationCount = 100
    own.evaluation.layersEvery = 10
    own.evaluation.tenCrop = true
    #expect(Metric.all.filter { $0.obstacle(own) != nil } == [.brokenFiles, .untestedClasses])
    own.data.classCount = 5
    #expect(
      Metric.all.filter { $0.obstacle(own) != nil } == [
        .testTop5Error, .tenCropTop5Error, .validationTop5Error, .brokenFiles, .untestedClasses,
      ])
    own.data.name = "image-folder"
    #expect(Metric.brokenFiles.obstacle(own) == nil)
  }
}
