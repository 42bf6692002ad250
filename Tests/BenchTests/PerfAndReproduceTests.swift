// `bench perf` and `bench reproduce` through the built program.
import Foundation
import Testing

@testable import Experiments
@testable import bench

@Suite struct PerfAndReproduceTests {
  @Test func aMeasurementIsSavedAndCompared() throws {
    let bench = try BuiltBinary()
    let first = try bench(
      "perf", "resnet-8", "--batch", "4", "--steps", "2", "--threads", "1", "--format", "json")
    #expect(first.status == 0, "\(first.errors)")
    let report = try JSONDecoder().decode(PerfReport.self, from: Data(first.output.utf8))
    #expect(report.imagesPerSecond > 0 && report.peakMemoryMB > 0 && report.peakGFLOPS > 0)
    #expect(abs(report.peakShare - report.gflops / report.peakGFLOPS) < 1e-6)
    #expect(report.operations.first?.name == "conv1")
    #expect(report.operations.last?.name == "optimizer")
    let share = report.operations.reduce(0) { $0 + $1.share }
    #expect(abs(share - 1) < 1e-6)

    let saved = try bench.write("saved.json", first.output)
    let second = try bench(
      "perf", "resnet-8", "--batch", "2", "--steps", "2", "--threads", "1", "--compare", saved)
    #expect(second.status == 0, "\(second.errors)")
    #expect(second.output.contains("layer1.0.conv*"))
    #expect(second.output.contains("change%"))
    #expect(second.errors.contains("the batch differs: 4 before, 2 now"))
    let foreign = try bench("perf", "resnet-8", "--compare", bench.spec)
    #expect(foreign.status == 2 && foreign.errors.contains("not a result"))
  }

  @Test func evaluationAndScaling() throws {
    let bench = try BuiltBinary()
    let evaluation = try bench("perf", "resnet-8", "--batch", "4", "--steps", "2", "--eval")
    #expect(evaluation.status == 0 && !evaluation.output.contains("backward"))
    let scaling = try bench(
      "perf", "resnet-8", "--batch", "4", "--steps", "5", "--threads", "2", "--scaling", "--format",
      "json")
    #expect(scaling.status == 0, "\(scaling.errors)")
    let object = try #require(
      try JSONSerialization.jsonObject(with: Data(scaling.output.utf8)) as? [String: Any])
    let ratio = try #require(object["efficiency"] as? Double)
    let (step, peak) = (object["stepSpeedUp"] as? Double, object["arithmeticSpeedUp"] as? Double)
    #expect(abs(ratio - (step ?? 0) / (peak ?? 1)) < 1e-9)
    #expect(try bench("perf", "--scaling", "--threads", "1").status == 2)
  }

  private func spec(depth: Int) -> String {
    """
    {"name": "tiny", "title": "Tiny", "protocol": {"name": "tiny",
      "data": {"name": "shapes", "size": 16, "trainCount": 64, "testCount": 20},
      "batch": 16, "iterations": 6, "optimizer": {"learningRate": 0.05},
      "schedule": {"kind": "step", "milestones": [4]}, "augmentation": {"padding": 2, "flip": true},
      "evaluation": {"every": 3, "recordEvery": 1}},
     "factors": {"depth": [\(depth)]}, "seeds": [0]}
    """
  }

  @Test func aRunIsReproduced() throws {
    let bench = try BuiltBinary()
    let file = try bench.write("tiny.json", spec(depth: 8))
    #expect(try bench("run", file, "--quiet", "--threads", "2").status == 0)
    // The spec may change; what counts is what was stored.
    _ = try bench.write("tiny.json", spec(depth: 14))
    let database = bench.folder.appending(path: "results/bench.sqlite")
    let before = try Data(contentsOf: database)

    let same = try bench("reproduce", "tiny/resnet-8/0", "--threads", "1")
    #expect(same.status == 0, "\(same.output)\(same.errors)")
    #expect(same.output.contains("identical: all 30 values have the same bits"))
    #expect(same.output.contains("threads 2, now 1 (has no influence on the numbers)"))
    #expect(same.output.contains("weightsHash equal"))

    let part = try bench("reproduce", "tiny/resnet-8/0", "--steps", "2")
    #expect(part.status == 0 && part.output.contains("weightsHash not compared"))
    #expect(part.output.contains("the first 2 of 6 steps"))

    let other = try bench("reproduce", "tiny/resnet-8/0", environment: ["BENCH_CONV": "direct"])
    #expect(other.status == 1, "\(other.output)")
    #expect(other.output.contains("convolution winograd, now direct"))
    #expect(other.output.contains("not identical"))

    #expect(try bench("reproduce", "tiny/resnet-14/0").status == 2)
    #expect(try bench("reproduce", "tiny/resnet-8/0", "--steps", "0").status == 2)
    #expect(try Data(contentsOf: database) == before)
  }

  @Test func aMetricThatWasNotRecordedIsNamed() {
    let loss = Reproduction.ComparedMetric(
      name: "trainLoss", compared: 3, equal: 3, firstDifference: nil, largestRelativeDifference: 0)
    let result = Reproduction(
      metrics: [loss], newMetrics: ["trainTop5Error", "weightNorm"], weights: .equal("abc"),
      endings: [], lastStep: 3)
    #expect(
      ReproduceText.text(result, isMixed: false, differences: [], configuration: []).hasSuffix(
        """
        weightsHash equal: abc
        not recorded then, so not compared: trainTop5Error, weightNorm

        identical: all 3 values have the same bits
        """))
  }
}
